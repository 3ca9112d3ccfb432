"""One contender in its own process. It reads orders and writes answers as lines of JSON, and takes the times itself.

    python bench/peers/engine.py --kind torch --model FOLDER --threads 2

An order is {"texts": […], "seconds": S, "least": N}: pass over the texts until S seconds are over and N passes are
made. The answer is {"ms": [[…], …], "positive": […]}: milliseconds of each text in each pass, and the probability of
"positive" of each text. gunicorn serves the same engines over HTTP: `create_app` is the tutorial's service.
"""

# Each process imports only the libraries that it measures.
# ruff: noqa: PLC0415

import argparse
import functools
import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

Classify = Callable[[str], float]
"""Text → probability of "positive"."""
_MAX_TOKENS = 512


def _load_torch(folder: Path, options: argparse.Namespace) -> tuple[Classify, str]:
    """PyTorch: padded to 512 tokens as in the tutorial's service, or unpadded and in bfloat16, as a tuned one."""
    import torch
    from transformers import AutoTokenizer, BertForSequenceClassification

    if options.threads:
        torch.set_num_threads(options.threads)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = BertForSequenceClassification.from_pretrained(folder).eval()
    positive = model.config.label2id["positive"]
    if options.precision == "bf16":
        model = model.to(torch.bfloat16)
    how: dict[str, Any] = {"padding": "max_length" if options.padded else False, "truncation": True}

    def classify(text: str) -> float:
        inputs = tokenizer(" ".join(text.split()), max_length=_MAX_TOKENS, return_tensors="pt", **how)
        with torch.inference_mode():
            logits = model(**inputs).logits[0].float()
        return float(torch.softmax(logits, dim=-1)[positive])

    length = f"padded to {_MAX_TOKENS}" if options.padded else "unpadded"
    return classify, f"PyTorch {torch.__version__}, {options.precision}, {length}, {torch.get_num_threads()} threads"


def _load_onnxruntime(folder: Path, options: argparse.Namespace) -> tuple[Classify, str]:
    """ONNX Runtime with all graph optimizations, as the package does by default, and the Rust tokenizer."""
    import numpy as np
    import onnxruntime as ort
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(_MAX_TOKENS)
    positive = json.loads((folder / "config.json").read_text("utf-8"))["label2id"]["positive"]
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.log_severity_level = 3
    settings.add_session_config_entry("session.intra_op.allow_spinning", str(int(options.spinning)))
    session = ort.InferenceSession(folder / options.graph, settings, providers=["CPUExecutionProvider"])
    names = {entry.name for entry in session.get_inputs()}

    def classify(text: str) -> float:
        ids = np.array([tokenizer.encode(" ".join(text.split())).ids], dtype=np.int64)
        values = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        feeds = {name: value for name, value in values.items() if name in names}
        logits = session.run(["logits"], feeds)[0][0].astype(np.float64)
        powers = np.exp(logits - logits.max())
        return float(powers[positive] / powers.sum())

    spinning = "spinning" if options.spinning else "not spinning"
    return classify, f"ONNX Runtime {ort.__version__}, {options.graph}, {options.threads} threads, {spinning}"


def _load_floor(folder: Path, options: argparse.Namespace) -> tuple[Classify, str]:
    """BERT's matrix products alone, by PyTorch's best kernels: int8 in linear layers, fp32 in attention.

    Nothing is quantized, normalized or added between them: no engine with these products can be faster. The
    probability is always 0.5.
    """
    import torch
    from tokenizers import Tokenizer
    from transformers import BertConfig

    warnings.filterwarnings("ignore")
    torch.set_num_threads(options.threads)
    torch.backends.quantized.engine = options.backend
    linear = torch.ops.quantized.linear
    config = BertConfig.from_pretrained(folder)
    width, inner, heads = config.hidden_size, config.intermediate_size, config.num_attention_heads
    shapes = [(3 * width, width), (width, width), (inner, width), (width, inner)]
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(_MAX_TOKENS)

    def pack(outputs: int, inputs: int) -> Any:
        weight = torch.quantize_per_tensor(torch.randn(outputs, inputs), 0.05, 0, torch.qint8)
        return torch.ops.quantized.linear_prepack(weight, torch.zeros(outputs))

    # Tokenization is no matrix product: both are done when a text is new, which is in the warmup.
    @functools.cache
    def count_tokens(text: str) -> int:
        return len(tokenizer.encode(text).ids)

    @functools.cache
    def make_inputs(length: int) -> Any:
        rows = [torch.randn(length, size) for size in (width, inner)]
        wide = [torch.quantize_per_tensor(values, 0.05, 128, torch.quint8) for values in rows]
        narrow = torch.randn(heads, length, width // heads)
        return *wide, narrow, narrow.transpose(1, 2).contiguous()

    layers = [[pack(*shape) for shape in shapes] for _ in range(config.num_hidden_layers)]

    def classify(text: str) -> float:
        hidden, intermediate, narrow, transposed = make_inputs(count_tokens(text))
        with torch.inference_mode():
            for attention, output, widening, narrowing in layers:
                linear(hidden, attention, 0.1, 128)
                torch.matmul(torch.matmul(narrow, transposed), narrow)
                linear(hidden, output, 0.1, 128)
                linear(hidden, widening, 0.1, 128)
                linear(intermediate, narrowing, 0.1, 128)
        return 0.5

    return classify, f"PyTorch {torch.__version__}, {options.backend}, {options.threads} threads"


_KINDS = {"torch": _load_torch, "onnxruntime": _load_onnxruntime, "floor": _load_floor}


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line, or the arguments that the service gets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=_KINDS, required=True)
    parser.add_argument("--model", required=True, help="folder that bench/peers/peer_models.py made")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as the library takes by itself")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--padded", action="store_true", help="every text padded to 512 tokens")
    parser.add_argument("--spinning", action="store_true", help="threads spin while they wait for work")
    parser.add_argument("--graph", default="onnx/model_quantized.onnx", help="file in the folder")
    parser.add_argument("--backend", default="onednn", help="PyTorch's int8 backend")
    return parser.parse_args(arguments)


def load(options: argparse.Namespace) -> tuple[Classify, str]:
    """Loads the engine. Returns text → probability of "positive", and a description of the engine."""
    return _KINDS[options.kind](Path(options.model), options)


def carry_out(classify: Classify, order: dict[str, Any]) -> dict[str, Any]:
    """Passes over the order's texts. A warmup is an order of its own, whose times are dropped."""
    passes: list[list[float]] = []
    positive: list[float] = []
    ends = time.perf_counter() + order["seconds"]
    while len(passes) < order["least"] or time.perf_counter() < ends:
        times, positive = [], []
        for text in order["texts"]:
            begun = time.perf_counter()
            positive.append(classify(text))
            times.append(1000 * (time.perf_counter() - begun))
        passes.append(times)
    return {"ms": passes, "positive": positive}


def create_app() -> Any:
    """Flask application for gunicorn's workers. `PEER_OPTIONS` holds the arguments of this file as a JSON list."""
    from flask import Flask, request

    classify, _ = load(read_options(json.loads(os.environ["PEER_OPTIONS"])))
    app = Flask(__name__)

    @app.get("/predict")
    def predict() -> dict[str, Any]:
        sentence = request.args.get("sentence", "")
        begun = time.time()
        positive = classify(sentence)
        answer = {"positive": str(positive), "negative": str(1 - positive), "sentence": sentence}
        return {"response": {**answer, "time_taken": str(time.time() - begun)}}

    return app


def main() -> None:
    """Answers orders until standard input ends. Everything else that is printed goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    classify, about = load(read_options())
    print(json.dumps({"ready": about}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(carry_out(classify, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
