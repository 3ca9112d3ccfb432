"""An engine behind Flask, with the tutorial service's answer: gunicorn loads `create_app()` in each of its workers."""

import json
import os
import time
from typing import Any

from flask import Flask, request

from engine import load, read_options


def create_app() -> Flask:
    """The application; `PEER_OPTIONS` holds the arguments of engine.py as a JSON list."""
    classify, _ = load(read_options(json.loads(os.environ["PEER_OPTIONS"])))
    app = Flask(__name__)

    @app.get("/predict")
    def predict() -> dict[str, Any]:
        sentence = request.args.get("sentence", "")
        begun = time.time()
        positive = classify(sentence)
        return {
            "response": {
                "positive": str(positive),
                "negative": str(1 - positive),
                "sentence": sentence,
                "time_taken": str(time.time() - begun),
            }
        }

    return app
