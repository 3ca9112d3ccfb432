"""BERT in Python's ONNX Runtime with the Rust tokenizer."""

import math
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from peer import MAX_TOKENS, Classify, Load


def open_session(path: Path, how: Load) -> ort.InferenceSession:
    """Opens the model with all optimizations, as the package does by default."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = how.threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "1" if how.spinning else "0")
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def load(folder: Path, how: Load) -> tuple[Classify, str]:
    """Text → probability of "positive", and in words what answers."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    session = open_session(folder / how.graph, how)
    names = {entry.name for entry in session.get_inputs()}

    def classify(text: str) -> float:
        ids = np.array([tokenizer.encode(" ".join(text.split())).ids], dtype=np.int64)
        values = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        feeds = {name: value for name, value in values.items() if name in names}
        negative, positive = session.run(["logits"], feeds)[0][0]
        return 1 / (1 + math.exp(negative - positive))

    spinning = "spinning" if how.spinning else "not spinning"
    return classify, f"ONNX Runtime {ort.__version__}, {how.graph}, {how.threads} threads, {spinning}"
