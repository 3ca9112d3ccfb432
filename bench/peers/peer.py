"""What all engines have in common."""

from collections.abc import Callable
from dataclasses import dataclass

Classify = Callable[[str], float]
"""Text → probability of "positive"."""

MAX_TOKENS = 512


@dataclass(frozen=True)
class Load:
    """How a model is loaded.

    Attributes:
        threads: of one run; 0 leaves it to the library.
        precision: fp32 or bf16 (PyTorch).
        padded: every text padded to 512 tokens (PyTorch).
        spinning: threads spin while they wait for work (ONNX Runtime).
        graph: file in the model's folder (ONNX Runtime).
        backend: who multiplies int8 matrices (the floor).
    """

    threads: int
    precision: str = "fp32"
    padded: bool = False
    spinning: bool = False
    graph: str = "model_quantized.onnx"
    backend: str = "onednn"
