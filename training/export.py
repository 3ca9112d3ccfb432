"""From PyTorch to ONNX: exported in fp32, quantized to int8, optimized once so that serving loads it as it is."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnxruntime as ort
import torch
from onnx import TensorProto
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import BertForSequenceClassification

from equalization import equalize
from served import Served

_OPSET = 17

_SLOW_FUSIONS = ["SkipLayerNormFusion"]
"""Its kernel takes three times as long as the sum and the LayerNormalization that it replaces (docs/performance.md)."""


def export_fp32(model: BertForSequenceClassification, path: Path) -> None:
    """Writes the model as ONNX: `input_ids`, int64 [batch, length], to `logits`, float32 [batch, labels]."""
    ids = torch.ones(2, 8, dtype=torch.int64)
    with torch.inference_mode():
        torch.onnx.export(
            Served(model),
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
    raw, basic, rough = folder / "raw.onnx", folder / "basic.onnx", folder / "rough.onnx"
    reference, served = folder / "fp32.onnx", folder / "model.onnx"
    with _quiet():
        export_fp32(equalize(model, calibration), raw)
        # Before quantization, so that what several layers read is scaled and quantized once.
        optimize(raw, basic, ort.GraphOptimizationLevel.ORT_ENABLE_BASIC)
        quantize(basic, rough)
    optimize(raw, reference, ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED)
    optimize(rough, served, ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED)
    return reference, served


def open_session(model: Path | bytes, threads: int = 0) -> ort.InferenceSession:
    """Opens an exported model, a file or its content, as serving does: optimization off."""
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = threads
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
