"""Makes the benchmark's large model: BERT-base with random weights, exported as training exports, in a model store.

    .venv/bin/python bench/models.py            writes bench/models/bert-base, unless it is there already
    .venv/bin/python bench/models.py --again    makes it anew, after a change of the export

Its answers mean nothing; its size, graph and speed are those of a trained one.
"""

import argparse
import random
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "training"))

import onnxruntime  # noqa: E402
import torch  # noqa: E402
from transformers import BertConfig, BertForSequenceClassification  # noqa: E402

from export import export  # noqa: E402
from manifest import PART_BYTES, describe_file, list_files, name_version  # noqa: E402
from pointer import promote  # noqa: E402
from publication import publish  # noqa: E402
from store import FolderStore  # noqa: E402

SEED = 42
TARGET = ROOT / "bench" / "models" / "bert-base"
_TOKENIZER = "versions/*/tokenizer.json"
_QUALITY = {"accuracy": 0.5, "f1": 0.5, "auc": 0.5, "ece": 0.5}


def make_network(seed: int = SEED) -> BertForSequenceClassification:
    """BERT-base (uncased) with two labels, its weights drawn from the seed."""
    torch.manual_seed(seed)
    return BertForSequenceClassification(BertConfig()).eval()


def make_ids(count: int = 32, seed: int = SEED) -> list[list[int]]:
    """Token ids of random texts, to calibrate the quantization with."""
    chooser = random.Random(seed)
    return [[101, *chooser.choices(range(1000, 30522), k=chooser.randint(6, 126)), 102] for _ in range(count)]


def write_model(folder: Path) -> None:
    """Leaves model.onnx and tokenizer.json in the folder."""
    export(make_network(), make_ids(), folder)
    for path in folder.iterdir():
        if path.name != "model.onnx":
            path.unlink()
    # The sample model has the vocabulary of bert-base-uncased.
    shutil.copy(next((ROOT / "models" / "sample").glob(_TOKENIZER)), folder / "tokenizer.json")


def describe(folder: Path, now: datetime) -> dict[str, Any]:
    """A manifest; its metrics are made up."""
    return {
        "schema": 1,
        "version": name_version(folder, now),
        "createdAt": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "labels": ["negative", "positive"],
        "maxTokens": 512,
        "temperature": 1.0,
        "precision": "int8",
        "onnxruntime": onnxruntime.__version__,
        "partBytes": PART_BYTES,
        "metrics": {"rows": 0, **_QUALITY, "reference": _QUALITY, "flipped": 0.0},
        "provenance": {"base": "BERT-base, random weights", "seed": SEED},
        "files": [describe_file(path) for path in list_files(folder)],
    }


def make_store(target: Path) -> None:
    """Writes the store beside its place and moves it there, so that half a store is never taken for one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as place:
        folder, store = Path(place) / "files", FolderStore(Path(place) / "store")
        folder.mkdir()
        write_model(folder)
        manifest = publish(store, folder, lambda _: describe(folder, datetime(2026, 1, 1, tzinfo=UTC)))
        promote(store, manifest)
        shutil.rmtree(target, ignore_errors=True)
        store.folder.rename(target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--again", action="store_true", help="make the model even if it is there")
    if parser.parse_args().again or not (TARGET / "current.json").exists():
        make_store(TARGET)
    print(TARGET)


if __name__ == "__main__":
    main()
