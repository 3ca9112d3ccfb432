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

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import BertForSequenceClassification

_THRESHOLD = 1.5
"""Channels whose largest activation is above this multiple of the median channel's are scaled down to it."""

_LEAST_STRETCH = 2.0
"""Inputs whose worst channel is less than this multiple of what it may be are left alone: scaling them costs time
in every answer and brings little."""

_WORDS = "word_embeddings.weight"

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
    stretches = find_stretches(equal, texts)
    for readers in _list_readers(equal):
        stretch = stretches.get(readers[0][0])
        if stretch is None:
            continue
        shrink = torch.nn.Parameter(1 / stretch)
        for _, parent, attribute in readers:
            linear = getattr(parent, attribute)
            linear.weight.data *= stretch
            setattr(parent, attribute, Equalized(linear, shrink))
    return equal


def find_stretches(model: BertForSequenceClassification, texts: list[list[int]]) -> dict[str, torch.Tensor]:
    """What the input channels of linear layers are divided by, float32 [inputs], by the layer's full name.

    Layers whose inputs have no outliers worth it are left out.

    Args:
        model: on the CPU, in evaluation mode.
        texts: token ids of some training texts. They are not read where the layers say what they were trained with.
    """
    trained = {name: module.stretch for name, module in model.named_modules() if hasattr(module, "stretch")}
    if trained:
        return {name: stretch for name, stretch in trained.items() if stretch.max() > 1}
    peaks, stretches = _measure_peaks(model, texts), {}
    for readers in _list_readers(model):
        peak = peaks[readers[0][0]]
        stretch = (peak / (peak.median() * _THRESHOLD)).clamp(min=1.0)
        if stretch.max() >= _LEAST_STRETCH:
            stretches.update({name: stretch for name, _, _ in readers})
    return stretches


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
        source,
        path,
        op_types_to_quantize=["MatMul"],
        weight_type=QuantType.QInt8,
        reduce_range=True,
        per_channel=True,
        extra_options=extra,
    )
    model = onnx.load(str(path))
    _quantize_words(model.graph)
    onnx.save(model, str(path))


def _quantize_words(graph: onnx.GraphProto) -> None:
    """Stores the word embeddings as int8 with one scale per word.

    ONNX Runtime's quantizer has one scale for the table: the largest value of [CLS] then rounds all other words. No sum
    of products is taken of them, so that they use all 8 bits.
    """
    stored = {tensor.name: tensor for tensor in graph.initializer}
    (words,) = (node for node in graph.node if node.op_type == "Gather" and node.input[0].endswith(_WORDS))
    name, ids = words.input
    table = numpy_helper.to_array(stored[name])
    scale = np.abs(table).max(axis=1, keepdims=True) / 127
    scale[scale == 0] = 1
    graph.initializer.remove(stored[name])
    graph.initializer.append(numpy_helper.from_array(np.rint(table / scale).astype(np.int8), name + "_quantized"))
    graph.initializer.append(numpy_helper.from_array(scale, name + "_scale"))
    parts = {part: f"{words.name}_{part}" for part in ("whole", "number", "scale")}
    made = [
        helper.make_node("Gather", [name + "_quantized", ids], [parts["whole"]], parts["whole"]),
        helper.make_node("Cast", [parts["whole"]], [parts["number"]], parts["number"], to=TensorProto.FLOAT),
        helper.make_node("Gather", [name + "_scale", ids], [parts["scale"]], parts["scale"]),
        helper.make_node("Mul", [parts["number"], parts["scale"]], list(words.output), words.name),
    ]
    place = list(graph.node).index(words)
    graph.node.remove(words)
    for offset, node in enumerate(made):
        graph.node.insert(place + offset, node)
