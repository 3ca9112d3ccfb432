"""What a version is: its files, their hashes, its name, and where it came from."""

import hashlib
import importlib.metadata
import os
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

from model.export import FP16

PART_BYTES = 8 * 2**20
"""Bytes per separately hashed part of a file."""

REPORT = "report.html"

_LIBRARIES = ("torch", "transformers", "tokenizers", "onnx", "onnxruntime", "numpy")
_ROLES = {
    "model.onnx": "model",
    "tokenizer.json": "tokenizer",
    "golden.json": "golden",
    "model.safetensors": "weights",
    "config.json": "config",
    REPORT: "report",
}


def list_files(folder: Path) -> list[Path]:
    """The files of a version in this folder that have a role, its manifest left out, by name."""
    return sorted(path for path in folder.iterdir() if path.name in _ROLES)


def describe_fp16(folder: Path) -> dict[str, Any]:
    """The manifest's field for the fp16 graph; empty if there is none.

    It is not one of the files with a role: programs from before it refuse a role that they do not know.
    """
    return {"fp16": _describe_content(folder / FP16)} if (folder / FP16).exists() else {}


def name_version(folder: Path, now: datetime) -> str:
    """UTC time and the beginning of the hash over all files but the report, which tells of the time."""
    paths = sorted(path for path in folder.iterdir() if path.name in {*_ROLES, FP16} - {REPORT})
    content = "".join(f"{_hash(path.read_bytes())}  {path.name}\n" for path in paths)
    return f"{now:%Y%m%dT%H%M%SZ}-{_hash(content.encode())[:7]}"


def describe_file(path: Path) -> dict[str, Any]:
    """Role, length and hashes of one file."""
    return {"role": _ROLES[path.name], **_describe_content(path)}


def _describe_content(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    parts = [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)]
    return {
        "path": path.name,
        "bytes": len(content),
        "sha256": _hash(content),
        "parts": [_hash(part) for part in parts],
    }


def list_libraries() -> dict[str, str]:
    """Versions of the libraries that decide what comes out."""
    return {name: importlib.metadata.version(name) for name in _LIBRARIES}


def find_revision() -> str | None:
    """The code's git commit: from CODE_REVISION in a container, else from the checkout, else unknown."""
    if given := os.environ.get("CODE_REVISION"):
        return given
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
