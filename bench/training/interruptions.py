"""train.py as a user runs it, on the device: killed and continued, with the same bits or the same loss, to a published
version."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[2] / "test" / "training"))

from tiny import make_reviews, write_base, write_csv

ROOT = Path(__file__).parents[2]


def check_interruptions(device: str) -> dict[str, Any]:
    """Trains undisturbed, and killed by SIGKILL and continued, in deterministic mode and without.

    Returns:
        By mode: `equal_bits`: whether both published the same weights; `loss_gap`: largest relative difference of an
        epoch's loss; `exit_codes`; `kills`: how often the second run was killed; and what the version says of itself.
    """
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_base(folder / "base")
        write_csv(folder / "imdb.csv", list(make_reviews(400)))
        jobs = [(mode, kills) for mode in ("deterministic", "plain") for kills in (0, 2)]
        with ThreadPoolExecutor(len(jobs)) as pool:
            runs = dict(zip(jobs, pool.map(lambda job: _train(folder, device, *job), jobs), strict=True))
        return {mode: _compare(runs[mode, 0], runs[mode, 2]) for mode in ("deterministic", "plain")}


def _compare(undisturbed: dict[str, Any], killed: dict[str, Any]) -> dict[str, Any]:
    if "sha256" not in undisturbed or "sha256" not in killed:
        return {"failed": [undisturbed, killed]}
    pairs = zip(undisturbed["losses"], killed["losses"], strict=True)
    return {
        "equal_bits": undisturbed["sha256"] == killed["sha256"],
        "loss_gap": max(abs(first - second) / abs(first) for first, second in pairs),
        "exit_codes": [undisturbed["code"], killed["code"]],
        "kills": killed["kills"],
        "accuracy": undisturbed["accuracy"],
        "proof_failures": undisturbed["failures"],
    }


def _train(folder: Path, device: str, mode: str, kills: int) -> dict[str, Any]:
    """Trains to a published version, killed so many times on the way."""
    models = folder / f"models-{mode}-{kills}"
    settings = {
        "training_file": folder / "imdb.csv",
        "bert_path": folder / "base",
        "model_path": models,
        "checkpoint_path": folder / f"checkpoints-{mode}-{kills}",
        "checkpoint_seconds": 0 if kills else 600,
        "epochs": 2,
        "max_len": 48,
        "train_batch_size": 16,
        "learning_rate": 3e-3,
        "device": device,
        "deterministic": mode == "deterministic",
        "floor": 0,
        "behaviours": False,
        "threads": 2,
    }
    environment = {**os.environ, **{name.upper(): str(value) for name, value in settings.items()}}
    environment["AWS_EC2_METADATA_DISABLED"] = "true"
    said, done = "", 0
    for checkpoints in [*range(3, 3 + 4 * kills, 4), None]:
        code, told = _run(environment, checkpoints)
        said += told
        done += code == -signal.SIGKILL
    published = list(models.glob("versions/*/model.safetensors"))
    if len(published) != 1:
        return {"code": code, "said": said[-1500:]}
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    losses = {event["epoch"]: event["loss"] for event in events if event["event"] == "evaluated"}
    proved = [event for event in events if event["event"] == "proved"]
    accuracy = [event["accuracy"] for event in events if event["event"] == "measured"]
    return {
        "sha256": hashlib.sha256(published[0].read_bytes()).hexdigest(),
        "losses": [losses[epoch] for epoch in sorted(losses)],
        "code": code,
        "kills": done,
        "accuracy": accuracy[-1],
        "failures": proved[-1]["failures"],
    }


def _run(environment: dict[str, str], checkpoints: int | None) -> tuple[int, str]:
    """Runs train.py, killed after so many checkpoints; its exit code and what it said."""
    command = [sys.executable, str(ROOT / "training" / "train.py")]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        said: list[str] = []
        saved = 0
        for line in process.stderr or []:
            said.append(line)
            saved += '"event": "saved"' in line
            if checkpoints is not None and saved >= checkpoints:
                process.kill()
                checkpoints = None
        return process.wait(), "".join(said)
