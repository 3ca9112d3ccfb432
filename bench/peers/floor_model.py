"""The floor: BERT's matrix products alone, by PyTorch's best kernels: int8 in linear layers, fp32 in attention.

Nothing is quantized, normalized or added on the way, so that no engine with these products can be faster.
"""

import warnings
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import BertConfig

from peer import MAX_TOKENS, Classify, Load

Products = list[tuple[Any, torch.Tensor]]
"""Packed weights of one layer's products, each with an int8 input [length, features]."""


def load(folder: Path, how: Load) -> tuple[Classify, str]:
    """Text → its length's products; the number that comes out means nothing."""
    warnings.filterwarnings("ignore")
    torch.set_num_threads(how.threads)
    torch.backends.quantized.engine = how.backend
    config = BertConfig.from_pretrained(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(MAX_TOKENS)
    layers = [_pack_layer(config) for _ in range(config.num_hidden_layers)]
    lengths: dict[str, int] = {}
    inputs: dict[int, Any] = {}

    def classify(text: str) -> float:
        # Tokenization is no matrix product: it is done when a text is seen for the first time, which nobody times.
        if text not in lengths:
            lengths[text] = len(tokenizer.encode(text).ids)
            inputs[lengths[text]] = _make_inputs(config, lengths[text])
        _multiply(layers, inputs[lengths[text]])
        return 0.5

    return classify, f"PyTorch {torch.__version__}, {how.backend}, {how.threads} threads"


def _pack_layer(config: BertConfig) -> list[Any]:
    width, inner = config.hidden_size, config.intermediate_size
    shapes = [(3 * width, width), (width, width), (inner, width), (width, inner)]
    return [_pack(torch.randn(shape)) for shape in shapes]


def _pack(weight: torch.Tensor) -> Any:
    quantized = torch.quantize_per_tensor(weight, 0.05, 0, torch.qint8)
    return torch.ops.quantized.linear_prepack(quantized, torch.zeros(len(weight)))


def _make_inputs(config: BertConfig, length: int) -> Any:
    heads = config.num_attention_heads
    wide = {size: _quantize(torch.randn(length, size)) for size in (config.hidden_size, config.intermediate_size)}
    narrow = torch.randn(heads, length, config.hidden_size // heads)
    return wide[config.hidden_size], wide[config.intermediate_size], narrow, narrow.transpose(1, 2).contiguous()


def _quantize(values: torch.Tensor) -> torch.Tensor:
    return torch.quantize_per_tensor(values, 0.05, 128, torch.quint8)


def _multiply(layers: list[list[Any]], inputs: Any) -> None:
    linear = torch.ops.quantized.linear
    hidden, inner, narrow, turned = inputs
    with torch.inference_mode():
        for mixing, output, widening, narrowing in layers:
            linear(hidden, mixing, 0.1, 128)
            torch.matmul(torch.matmul(narrow, turned), narrow)
            linear(hidden, output, 0.1, 128)
            linear(hidden, widening, 0.1, 128)
            linear(inner, narrowing, 0.1, 128)
