"""Reads weights back from a published int8 model, so that training can go on where fp32 weights were not kept:

    python restore.py OUT VERSION BASE

VERSION is a version's folder, BASE the pretrained BERT that it was trained from. OUT then holds config.json,
tokenizer.json and model.safetensors, a base for `train.py`. A weight differs from the trained one by at most half a
step of its channel's int8 scale.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from safetensors.numpy import save_file

Arrays = dict[str, NDArray[Any]]

_EMBEDDINGS = "bert.embeddings."
_QUANTIZED = "_quantized"


def restore(version: Path, base: Path, out: Path) -> None:
    """Writes the version's weights in fp32, with configuration and tokenizer, into a new folder.

    Raises:
        ValueError: the model is not one that training/model/export.py wrote.
        FileExistsError: `out` is there already.
    """
    labels = json.loads((version / "manifest.json").read_text("utf-8"))["labels"]
    config = json.loads((base / "config.json").read_text("utf-8"))
    config |= {
        "architectures": ["BertForSequenceClassification"],
        "id2label": {str(index): label for index, label in enumerate(labels)},
        "label2id": {label: index for index, label in enumerate(labels)},
    }
    graph = onnx.load(str(version / "model.onnx")).graph
    weights = _read_weights(graph, config["max_position_embeddings"], config["type_vocab_size"])
    out.mkdir()
    save_file(weights, out / "model.safetensors", {"format": "pt"})
    (out / "config.json").write_text(json.dumps(config, indent=2), "utf-8")
    shutil.copy(version / "tokenizer.json", out / "tokenizer.json")


def _read_weights(graph: onnx.GraphProto, positions: int, types: int) -> Arrays:
    stored = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    words = _EMBEDDINGS + "word_embeddings.weight"
    if f"model.{words}{_QUANTIZED}" not in stored:
        raise ValueError("model.onnx holds no int8 word embeddings under the name that training gives them.")
    weights = {_rename(name): array for name, array in stored.items() if _is_named(name)}
    weights[words] = _dequantize(stored, f"model.{words}")
    # The export adds the first token type to the positions.
    (weights[_EMBEDDINGS + "position_embeddings.weight"],) = (
        array
        for name, array in stored.items()
        if array.dtype == np.float32 and array.shape == (positions, weights[words].shape[1])
        if not name.startswith("model.")
    )
    weights[_EMBEDDINGS + "token_type_embeddings.weight"] = np.zeros((types, weights[words].shape[1]), np.float32)
    for name, weight in _read_products(graph, stored):
        weights[name] = np.ascontiguousarray(weight.T)
    return weights


def _is_named(name: str) -> bool:
    return name.startswith("model.") and not name.endswith((_QUANTIZED, "_scale", "_zero_point", ".shrink"))


def _rename(name: str) -> str:
    """A tensor's name in the Hugging Face layout."""
    return name.removeprefix("model.").replace(".linear.", ".")


def _dequantize(stored: Arrays, name: str) -> NDArray[Any]:
    whole = stored[name + _QUANTIZED].astype(np.float32)
    # Word embeddings have none.
    if name + "_zero_point" in stored:
        whole -= stored[name + "_zero_point"].astype(np.float32)
    return np.asarray(whole * stored[name + "_scale"], np.float32)


def _read_products(graph: onnx.GraphProto, stored: Arrays) -> Iterator[tuple[str, NDArray[Any]]]:
    """Name and weight, float32 [inputs, outputs], of each linear layer; its bias tells which layer it is."""
    makers = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        quantized = [name for name in node.input if name in stored and name.endswith(_QUANTIZED)]
        if not quantized or node.op_type not in {"DynamicQuantizeMatMul", "MatMulIntegerToFloat"}:
            continue
        weight = _dequantize(stored, quantized[0].removesuffix(_QUANTIZED))
        maker = makers.get(node.input[0])
        if maker and maker.op_type == "DynamicQuantizeLinear":
            maker = makers.get(maker.input[0])
        shrinks = [stored[name] for name in (maker.input if maker else ()) if name.endswith(".shrink")]
        if shrinks:
            weight = shrinks[0][:, None] * weight
        readers = [node, *(other for other in graph.node if node.output[0] in other.input)]
        bias = next(name for reader in readers for name in reader.input if name.endswith(".bias") and name in stored)
        yield _rename(bias).removesuffix("bias") + "weight", weight


if __name__ == "__main__":
    try:
        restore(Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[1]))
    except (ValueError, FileExistsError, FileNotFoundError) as error:
        sys.exit(str(error))
