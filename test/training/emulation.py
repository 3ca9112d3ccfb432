"""A published model on two processors: this one, and an emulated one without AVX-512 and VNNI."""

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
from numpy.typing import NDArray

REPLAY = Path(__file__).parents[2] / "training" / "replay.py"
EMULATOR = ("qemu-x86_64", "-cpu", "Haswell")


@dataclass(frozen=True)
class Replayed:
    """Logits on this processor and on the emulated one, float64 [texts, labels] each."""

    here: NDArray[np.float64]
    emulated: NDArray[np.float64]

    def count_flips(self) -> int:
        """Texts whose label differs."""
        return int((self.here.argmax(axis=1) != self.emulated.argmax(axis=1)).sum())


def replay_both(folder: Path, texts: int) -> Replayed:
    """Answers the shortest golden texts of a version on both processors; fails where there is no emulator."""
    if not shutil.which(EMULATOR[0]):
        pytest.fail("qemu-x86_64 is missing: install the package qemu-user (apt-get install qemu-user).")
    here, emulated = _replay((), folder, texts), _replay(EMULATOR, folder, texts)
    assert not emulated["avx512"], "the emulator lends the processor's own AVX-512"
    return Replayed(np.array(here["logits"]), np.array(emulated["logits"]))


def _replay(emulator: tuple[str, ...], folder: Path, texts: int) -> dict[str, Any]:
    # The virtual environment's launcher is a link that the emulator resolves: its packages are named instead.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if "site-packages" in path)}
    command = [*emulator, str(Path(sys.executable).resolve()), str(REPLAY), str(folder), str(texts)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
