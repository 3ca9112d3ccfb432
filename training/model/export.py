"""From PyTorch to ONNX: the network that is served, its fp32 export, the int8 model for CPUs, the fp16 one for GPUs."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import onnx
import onnxruntime as ort
import torch
from onnxruntime.transformers.float16 import convert_float_to_float16
from transformers import BertForSequenceClassification

from model.encoder import classify, run_layer
from model.quantization import equalize, quantize

Graph = Any


class _Attention(torch.autograd.Function):
    """Attention as one node, which ONNX Runtime computes block by block without writing all scores to memory.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MultiHeadAttention
    """

    @staticmethod
    def forward(_: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, heads: int) -> torch.Tensor:
        """Mixed values, shaped like the query; each argument is float32 [batch, length, heads * width]."""
        states = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (query, key, value))
        return torch.nn.functional.scaled_dot_product_attention(*states).transpose(1, 2).flatten(2)

    @staticmethod
    def symbolic(graph: Graph, query: Graph, key: Graph, value: Graph, heads: int) -> Graph:
        """The node in the exported graph."""
        return graph.op("com.microsoft::MultiHeadAttention", query, key, value, num_heads_i=heads).setType(query.type())


class ServedNetwork(torch.nn.Module):
    """From ids, int64 [batch, length], of texts of one length, to logits, float32 [batch, labels].

    It computes what transformers' forward pass computes, written for the exporter. Without padding there is no mask. A
    single text has one token type. The last layer computes [CLS] alone, because the classifier reads nothing else; that
    saves one twelfth of the work of BERT-base and a seventh of that of six layers (docs/performance.md).

    It leaves the model in evaluation mode.
    """

    def __init__(self, model: BertForSequenceClassification) -> None:
        super().__init__()
        self.model = model
        self.eval()

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """The logits; dropout never applies."""
        bert: Any = self.model.bert
        hidden = _embed(bert.embeddings, ids)
        *layers, last = bert.encoder.layer
        for layer in layers:
            hidden = run_layer(layer, hidden, hidden, self._attend)
        return classify(self.model, run_layer(last, hidden[:, :1], hidden, self._attend)[:, 0])

    def _attend(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        mixed: torch.Tensor = _Attention.apply(query, key, value, self.model.config.num_attention_heads)
        return mixed


def _embed(embeddings: Any, ids: torch.Tensor) -> torch.Tensor:
    places = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
    embedded: torch.Tensor = embeddings.LayerNorm(embeddings.word_embeddings(ids) + places[: ids.shape[1]])
    return embedded


_OPSET = 17

FP16 = "model.fp16.onnx"
"""Name of the graph for GPUs."""

_BASIC = "basic.onnx"
"""Name of the fp32 graph that the others are made from."""

_SLOW_FUSIONS = ["SkipLayerNormFusion"]
"""Its kernel takes three times as long as the sum and the LayerNormalization that it replaces (docs/performance.md)."""


def export_fp32(model: BertForSequenceClassification, path: Path) -> None:
    """Writes the model as ONNX: `input_ids`, int64 [batch, length], to `logits`, float32 [batch, labels]."""
    ids = torch.ones(2, 8, dtype=torch.int64)
    with torch.inference_mode():
        torch.onnx.export(
            ServedNetwork(model),
            (ids,),
            str(path),
            input_names=["input_ids"],
            output_names=["logits"],
            dynamic_axes={"input_ids": {0: "batch", 1: "length"}, "logits": {0: "batch"}},
            opset_version=_OPSET,
            custom_opsets={"com.microsoft": 1},
            # The TorchScript exporter: its graph is what ONNX Runtime's quantizer and fusions know best.
            dynamo=False,
        )


def optimize(source: Path, path: Path, level: ort.GraphOptimizationLevel) -> None:
    """Writes the graph as ONNX Runtime optimizes it."""
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.optimized_model_filepath = str(path)
    options.log_severity_level = 3
    ort.InferenceSession(source, options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOW_FUSIONS)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's and the quantizer's advice, which is for people who write graphs by hand."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(logging.NOTSET)


def export(model: BertForSequenceClassification, calibration: list[list[int]], folder: Path) -> tuple[Path, Path]:
    """Exports into `folder`; returns the paths of the fp32 reference and of the int8 model that is served.

    Both are optimized at ONNX Runtime's extended level, the highest that is portable between processors, so that
    serving may load them with optimization off.

    Args:
        calibration: token ids of some training texts.
    """
    raw, basic, rough = folder / "raw.onnx", folder / _BASIC, folder / "rough.onnx"
    reference, served = folder / "fp32.onnx", folder / "model.onnx"
    with _quiet():
        export_fp32(equalize(model, calibration), raw)
        # Before quantization, so that what several layers read is scaled and quantized once.
        optimize(raw, basic, ort.GraphOptimizationLevel.ORT_ENABLE_BASIC)
        quantize(basic, rough)
    optimize(raw, reference, ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED)
    optimize(rough, served, ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED)
    return reference, served


def export_fp16(folder: Path) -> Path:
    """Writes the fp16 graph of a model that `export` wrote into `folder`, and returns its path.

    Inputs stay int64 and logits float32. A session on a GPU makes its own fusions, so the graph has none.
    """
    graph = convert_float_to_float16(onnx.load(folder / _BASIC), keep_io_types=True, disable_shape_infer=True)
    onnx.save(graph, folder / FP16)
    return folder / FP16


def open_session(model: Path | bytes, threads: int = 0) -> ort.InferenceSession:
    """Opens an exported model, a file or its content, as serving does: optimization off."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = threads
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
