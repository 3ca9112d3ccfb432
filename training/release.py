"""From a trained network to a published version: calibrate, export, prove, describe, upload."""

import hashlib
import importlib.metadata
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import BertForSequenceClassification

from checkpoint import copy_weights
from dataset import LABELS, Encoded
from export import export, open_session
from golden import list_texts
from loop import compute_all_logits
from metrics import fit_temperature, measure, to_probabilities
from pointer import promote
from progress import announce
from proof import prove, run_network, run_session
from settings import Settings
from store import Store
from text import describe, encode

PART_BYTES = 8 * 2**20
"""Bytes per separately hashed part of a file."""

_LIBRARIES = ("torch", "transformers", "tokenizers", "onnx", "onnxruntime", "numpy")
_ROLES = {
    "model.onnx": "model",
    "tokenizer.json": "tokenizer",
    "golden.json": "golden",
    "model.safetensors": "weights",
    "config.json": "config",
}


@dataclass(frozen=True)
class Trained:
    """What training leaves.

    Attributes:
        model: the network with the best epoch's weights.
        tokenizer: its tokenizer, without truncation.
        calibration: token ids of some training texts, for the quantization.
        validation: held-out rows: the temperature and the metrics come from them.
        settings: the settings of the run.
        origin: base, data and settings, for the manifest's provenance.
    """

    model: BertForSequenceClassification
    tokenizer: Tokenizer
    calibration: list[list[int]]
    validation: Encoded
    settings: Settings
    origin: dict[str, Any]


@dataclass(frozen=True)
class Exported:
    """The exported models, open, and the temperature that calibrates them."""

    fp32: onnxruntime.InferenceSession
    int8: onnxruntime.InferenceSession
    temperature: float


def release(trained: Trained, store: Store) -> str:
    """Publishes the network as a new version and returns its name.

    Raises:
        ProofError: an export does not answer like the network.
        StoreError: the store refused a file.
    """
    settings, validation = trained.settings, trained.validation
    logits = compute_all_logits(trained.model, validation, settings)
    temperature = fit_temperature(logits, torch.tensor(validation.labels))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        reference, served = export(trained.model, trained.calibration, folder)
        announce("exported", temperature=temperature, bytes=served.stat().st_size)
        exported = Exported(
            open_session(reference, settings.threads), open_session(served, settings.threads), temperature
        )
        golden = _make_golden(trained, exported)
        answers = run_session(exported.int8, validation.ids, "int8 validation")
        metrics = _measure(logits, answers, validation, temperature)
        announce("measured", **metrics)
        _write_files(folder, trained, golden)
        manifest = _describe(folder, metrics, temperature, trained)
        _upload(store, folder, manifest)
    if settings.promote:
        promote(store, manifest)
        announce("promoted", version=manifest["version"], store=store.location)
    return str(manifest["version"])


def _make_golden(trained: Trained, exported: Exported) -> dict[str, Any]:
    texts = list_texts()
    pairs = encode(trained.tokenizer, texts, trained.settings.max_len)
    ids = [kept for kept, _ in pairs]
    network, served = run_network(trained.model, ids), run_session(exported.int8, ids, "int8 golden")
    fp32 = run_session(exported.fp32, ids, "fp32 golden")
    announce("proved", **prove(network, fp32, served, exported.temperature))
    probabilities = [to_probabilities(logits, exported.temperature) for logits in (network, served)]
    cases = [
        {"text": text, "ids": kept, "dropped": dropped, "reference": _round(reference), "served": _round(answer)}
        for text, (kept, dropped), reference, answer in zip(texts, pairs, *probabilities, strict=True)
    ]
    return {"schema": 1, "libraries": _list_libraries(), "cases": cases}


def _round(probabilities: Any) -> list[float]:
    return [round(float(value), 8) for value in probabilities]


def _measure(reference: torch.Tensor, served: torch.Tensor, data: Encoded, temperature: float) -> dict[str, Any]:
    labels = np.array(data.labels)
    exact, rounded = to_probabilities(reference, temperature), to_probabilities(served, temperature)
    return {
        "rows": len(labels),
        **measure(rounded[:, 1], labels).rounded(),
        "reference": measure(exact[:, 1], labels).rounded(),
        "flipped": round(float(np.mean(exact.argmax(axis=1) != rounded.argmax(axis=1))), 6),
    }


def _write_files(folder: Path, trained: Trained, golden: dict[str, Any]) -> None:
    """Leaves in the folder what is published, and nothing else."""
    for path in folder.iterdir():
        if path.name != "model.onnx":
            path.unlink()
    (folder / "tokenizer.json").write_bytes(describe(trained.tokenizer))
    # ASCII, because an unpaired surrogate has no UTF-8 form.
    (folder / "golden.json").write_text(json.dumps(golden, separators=(",", ":")), "ascii")
    if trained.settings.keep_weights:
        save_file(copy_weights(trained.model), folder / "model.safetensors")
        (folder / "config.json").write_text(trained.model.config.to_json_string(use_diff=False), "utf-8")


def _describe(folder: Path, metrics: dict[str, Any], temperature: float, trained: Trained) -> dict[str, Any]:
    files = [_describe_file(path) for path in sorted(folder.iterdir())]
    content = "".join(f"{file['sha256']}  {file['path']}\n" for file in files)
    now = datetime.now(UTC)
    return {
        "schema": 1,
        "version": f"{now:%Y%m%dT%H%M%SZ}-{hashlib.sha256(content.encode()).hexdigest()[:7]}",
        "createdAt": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "labels": list(LABELS),
        "maxTokens": trained.settings.max_len,
        "temperature": temperature,
        "precision": "int8",
        "onnxruntime": onnxruntime.__version__,
        "partBytes": PART_BYTES,
        "files": files,
        "metrics": metrics,
        "provenance": {
            **trained.origin,
            "seed": trained.settings.seed,
            "revision": _find_revision(),
            "libraries": _list_libraries(),
            "device": str(trained.model.device),
            "parent": None,
        },
    }


def _describe_file(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    parts = [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)]
    return {
        "role": _ROLES[path.name],
        "path": path.name,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "parts": [hashlib.sha256(part).hexdigest() for part in parts],
    }


def _list_libraries() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in _LIBRARIES}


def _find_revision() -> str | None:
    """The code's git commit: from CODE_REVISION in a container, else from the checkout, else unknown."""
    if given := os.environ.get("CODE_REVISION"):
        return given
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _upload(store: Store, folder: Path, manifest: dict[str, Any]) -> None:
    """Creates every file of the version, the manifest last: until it exists, the version does not."""
    root = f"versions/{manifest['version']}"
    for file in manifest["files"]:
        store.create(f"{root}/{file['path']}", folder / file["path"])
        announce("uploaded", key=f"{root}/{file['path']}", bytes=file["bytes"])
    described = folder / "manifest.json"
    described.write_text(json.dumps(manifest, indent=1), "utf-8")
    store.create(f"{root}/manifest.json", described)
