"""Processors that the sample model is tried on: this machine's own, and families that qemu-user emulates."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model.metrics import Floats, to_probabilities

SAMPLE = next((Path(__file__).parents[2] / "models" / "sample" / "versions").iterdir())
GOLDEN: dict[str, Any] = json.loads((SAMPLE / "golden.json").read_text("ascii"))
TEMPERATURE: float = json.loads((SAMPLE / "manifest.json").read_text("utf-8"))["temperature"]

EMULATOR = "qemu-x86_64"

FAMILIES = {
    "Nehalem": ["SSE41"],
    "SandyBridge": ["SSE41", "AVX"],
    "Haswell": ["SSE41", "AVX", "FMA3", "AVX2"],
    "EPYC-Milan": ["SSE41", "AVX", "FMA3", "AVX2"],
}
"""Emulated processors, and the instruction sets that the process must see on each.

qemu 7.2 emulates no AVX-512: its Skylake-Server and Cascadelake-Server are Haswell for ONNX Runtime.
"""

TWINS = {"SandyBridge": "Nehalem", "EPYC-Milan": "Haswell"}
"""Families that choose the kernels of another one: they are asked every fourth text, which shows it."""

TWIN_STEP = 4

_SHORT = 64


@dataclass(frozen=True)
class Replayed:
    """Answers of one processor: probabilities, float64 [texts, labels], and the instruction sets that it has."""

    probabilities: Floats
    features: list[str]


def pick_texts(short: int, long: int) -> list[int]:
    """Places of golden texts, spread evenly over the lengths: some of at most 64 tokens and some longer ones."""
    lengths = [len(case["ids"]) for case in GOLDEN["cases"]]
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    border = sum(length <= _SHORT for length in lengths)
    return _spread(order[:border], short) + _spread(order[border:], long)


def _spread(places: list[int], count: int) -> list[int]:
    return [places[round(step)] for step in np.linspace(0, len(places) - 1, count)]


def take(indexes: list[int]) -> dict[str, Any]:
    """The golden file with these texts alone."""
    return {**GOLDEN, "cases": [GOLDEN["cases"][index] for index in indexes]}


def replay(indexes: list[int], family: str | None = None, model: Path = SAMPLE / "model.onnx") -> Replayed:
    """Answers golden texts in a process of its own, on this machine's processor or on an emulated family."""
    if family and not shutil.which(EMULATOR):
        pytest.fail(f"{EMULATOR} is missing: install the package qemu-user (apt-get install qemu-user).")
    emulator = [EMULATOR, "-cpu", family] if family else []
    script = Path(__file__).with_name("replay.py")
    # The virtual environment's launcher is a link that the emulator resolves: its packages are named instead.
    packages = os.pathsep.join(path for path in sys.path if "site-packages" in path)
    interpreter = str(Path(sys.executable).resolve())
    command = [*emulator, interpreter, str(script), str(model), str(SAMPLE / "golden.json"), *map(str, indexes)]
    environment = {**os.environ, "PYTHONPATH": packages}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    logits = np.array(answer["logits"], dtype=np.float32)
    return Replayed(to_probabilities(torch.from_numpy(logits), TEMPERATURE), answer["features"])
