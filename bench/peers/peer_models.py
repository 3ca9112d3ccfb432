"""Makes the compared models: one network of seeded random weights, as this project publishes it and as others run it.

    python bench/peers/peer_models.py OUT --tokenizer tokenizer.json [--shape base]

OUT/peer holds PyTorch's weights and the int8 graph of a stock export, in the layout of @huggingface/transformers;
OUT/store is a model store with the version that training/model/export.py makes of the same weights.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import BertConfig, BertForSequenceClassification

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from model.export import export
from release.manifest import PART_BYTES, describe_file, list_files, list_libraries, name_version
from release.publication import promote, publish
from release.store import FolderStore

SHAPES = {"tiny": (32, 2, 2), "small": (384, 6, 12), "base": (768, 12, 12)}
"""Hidden size, layers and heads; small is the shape of the sample model."""

LABELS = ["negative", "positive"]


def make_network(shape: str, vocabulary: int) -> BertForSequenceClassification:
    """BERT with the same random weights every time."""
    width, layers, heads = SHAPES[shape]
    torch.manual_seed(20)
    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        id2label=dict(enumerate(LABELS)),
        label2id={"negative": 0, "positive": 1},
    )
    model = BertForSequenceClassification(config).eval()
    # Larger than at the start of a training: answers differ from text to text, so that a wrong one shows.
    model.classifier.weight.data *= 20
    return model


def export_stock(model: BertForSequenceClassification, path: Path) -> None:
    """Exports the model as a user of PyTorch does, with dynamic batch and length."""
    ids = torch.ones(2, 8, dtype=torch.int64)
    inputs = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    axes = {name: {0: "batch", 1: "length"} for name in inputs}
    how: dict[str, Any] = {"dynamic_axes": {**axes, "logits": {0: "batch"}}, "opset_version": 17, "dynamo": False}
    how |= {"input_names": list(inputs), "output_names": ["logits"]}
    torch.onnx.export(model, tuple(inputs.values()), str(path), **how)


def write_peer(model: BertForSequenceClassification, tokenizer: Path, folder: Path) -> None:
    """Weights, tokenizer and the dynamic int8 of ONNX Runtime's own quantizer, one scale per matrix: its fastest."""
    (folder / "onnx").mkdir(parents=True)
    model.save_pretrained(folder)
    shutil.copy(tokenizer, folder / "tokenizer.json")
    settings = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    with tempfile.TemporaryDirectory() as place:
        raw = Path(place, "raw.onnx")
        export_stock(model, raw)
        quantize_dynamic(raw, folder / "onnx" / "model_quantized.onnx", weight_type=QuantType.QInt8)


def write_store(model: BertForSequenceClassification, tokenizer: Path, folder: Path) -> None:
    """Publishes the network to a model store, as this project's training does."""
    chooser = random.Random(20)
    texts = [[chooser.randrange(1000, model.config.vocab_size) for _ in range(64)] for _ in range(8)]
    store = FolderStore(folder)
    with tempfile.TemporaryDirectory() as place:
        files = Path(place, "files")
        files.mkdir()
        _, served = export(model, texts, Path(place))
        shutil.move(served, files)
        shutil.copy(tokenizer, files / "tokenizer.json")
        promote(store, publish(store, files, lambda now: describe(files, now)))


def describe(folder: Path, now: datetime) -> dict[str, Any]:
    """Returns the manifest. Its metrics are those of guessing: nobody measures how well random weights do."""
    unknown = {"accuracy": 0.5, "f1": 0.5, "auc": 0.5, "ece": 0.0}
    return {
        "schema": 1,
        "version": name_version(folder, now),
        "createdAt": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "labels": LABELS,
        "maxTokens": 512,
        "temperature": 1.0,
        "precision": "int8",
        "onnxruntime": list_libraries()["onnxruntime"],
        "partBytes": PART_BYTES,
        "files": [describe_file(path) for path in list_files(folder)],
        "metrics": {"rows": 0, **unknown, "reference": unknown, "flipped": 0.0},
        "provenance": {"base": {"name": "random weights"}},
    }


def main(arguments: list[str] | None = None) -> None:
    """Makes both folders."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--shape", choices=SHAPES, default="base")
    options = parser.parse_args(arguments)
    vocabulary = json.loads(options.tokenizer.read_text("utf-8"))["model"]["vocab"]
    model = make_network(options.shape, len(vocabulary))
    write_peer(model, options.tokenizer, options.out / "peer")
    write_store(model, options.tokenizer, options.out / "store")


if __name__ == "__main__":
    main()
