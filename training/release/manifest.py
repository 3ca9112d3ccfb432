"""What a version is: its files, their hashes, its name, and where it came from."""

import hashlib
import importlib.metadata
import os
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

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
    """The files of a version in this folder, its manifest left out, by name."""
    return sorted(path for path in folder.iterdir() if path.name in _ROLES)


def name_version(folder: Path, now: datetime) -> str:
    """UTC time and the beginning of the hash over all files but the report, which tells of the time."""
    paths = [path for path in list_files(folder) if path.name != REPORT]
    content = "".join(f"{_hash(path.read_bytes())}  {path.name}\n" for path in paths)
    return f"{now:%Y%m%dT%H%M%SZ}-{_hash(content.encode())[:7]}"


def describe_file(path: Path) -> dict[str, Any]:
    """Role, length and hashes of one file."""
    content = path.read_bytes()
    parts = [content[at : at + PART_BYTES] for at in range(0, len(content), PART_BYTES)]
    return {
        "role": _ROLES[path.name],
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
