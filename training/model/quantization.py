"""Quantization to int8, and the scaling of outlier channels before it: see docs/decisions/0004.

A dynamically quantized matrix product has one scale for all of its activations. One large channel therefore costs all
others their resolution. Such channels are divided by a factor, and the weights that read them are multiplied by it. In
exact arithmetic this changes nothing (SmoothQuant, Xiao et al., 2022, arXiv:2211.10438, here for outliers only). It
halved the error of the int8 logits: see LOG.md.
"""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import BertForSequenceClassification

_THRESHOLD = 2.5
"""Channels whose largest activation is above this multiple of the median channel's are scaled down to it."""

_LEAST_STRETCH = 2.0
"""Inputs whose worst channel is less than this multiple of what it may be are left alone: scaling them costs time
in every answer and brought nothing that could be measured (LOG.md)."""

Peaks = dict[str, torch.Tensor]


class Equalized(torch.nn.Module):
    """A linear layer behind a scaling of its inputs, float32 [features]; layers that read the same input share it."""

    def __init__(self, linear: torch.nn.Linear, shrink: torch.nn.Parameter) -> None:
        super().__init__()
        self.linear, self.shrink = linear, shrink

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = self.linear(inputs * self.shrink)
        return outputs


def equalize(model: BertForSequenceClassification, texts: list[list[int]]) -> BertForSequenceClassification:
    """A copy of the model that computes the same function and whose activations have no outlier channels worth it.

    Args:
        texts: token ids of some training texts, which show the range of each channel.
    """
    equal = copy.deepcopy(model).cpu().eval()
    peaks = _measure_peaks(equal, texts)
    for readers in _list_readers(equal):
        peak = peaks[readers[0][0]]
        stretch = (peak / (peak.median() * _THRESHOLD)).clamp(min=1.0)
        if stretch.max() < _LEAST_STRETCH:
            continue
        shrink = torch.nn.Parameter(1 / stretch)
        for _, parent, attribute in readers:
            linear = getattr(parent, attribute)
            linear.weight.data *= stretch
            setattr(parent, attribute, Equalized(linear, shrink))
    return equal


def _list_readers(model: BertForSequenceClassification) -> Iterator[list[tuple[str, Any, str]]]:
    """The encoder's linear layers as (full name, parent, attribute), grouped by the input that they share."""
    layers: Any = model.bert.encoder.layer
    for index, layer in enumerate(layers):
        root = f"bert.encoder.layer.{index}"
        attention = layer.attention
        yield [(f"{root}.attention.self.{name}", attention.self, name) for name in ("query", "key", "value")]
        yield [(f"{root}.intermediate.dense", layer.intermediate, "dense")]
        yield [(f"{root}.output.dense", layer.output, "dense")]


def _measure_peaks(model: BertForSequenceClassification, texts: list[list[int]]) -> Peaks:
    """Largest absolute input of each channel of each linear layer, float32 [features], by the layer's name."""
    peaks: Peaks = {}

    def watch(name: str, inputs: torch.Tensor) -> None:
        seen = inputs.detach().abs().flatten(0, -2).amax(dim=0)
        peaks[name] = torch.maximum(peaks[name], seen) if name in peaks else seen

    hooks = [
        module.register_forward_pre_hook(lambda _, inputs, name=name: watch(name, inputs[0]))
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear)
    ]
    with torch.inference_mode():
        for text in texts:
            model(torch.tensor([text]))
    for hook in hooks:
        hook.remove()
    return peaks


def quantize(source: Path, path: Path) -> None:
    """Writes the int8 model: signed weights of reduced range per output channel, activations quantized as they come.

    The reduced range (7 bits) keeps sums of products from saturating on processors without VNNI, so that they give the
    same labels (https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html). One scale per channel
    is 8 % slower than one per matrix and has a third of its error: see LOG.md.
    """
    # The quantizer does not know ONNX Runtime's own operators: what it cannot infer is float32.
    extra = {"DefaultTensorType": TensorProto.FLOAT}
    quantize_dynamic(
        source, path, weight_type=QuantType.QInt8, reduce_range=True, per_channel=True, extra_options=extra
    )
