"""A run that is killed at any moment and started again ends with the weights of an undisturbed one."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

SCRIPT = Path(__file__).with_name("rehearsal.py")
TRAINING = Path(__file__).parents[2] / "training"
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(preloaded: str, tiny_base: Path, tmp_path: Path) -> Start:
    """Starts a rehearsal, preloaded or by another Python; keyword arguments are settings."""

    def begin(name: str, checkpoints: str, python: str = preloaded, **settings: Any) -> "subprocess.Popen[str]":
        weights = str(tmp_path / f"{name}.safetensors")
        told = {"base": str(tiny_base), "checkpoints": checkpoints, "weights": weights, "settings": settings}
        environment = {"AWS_EC2_METADATA_DISABLED": "true", **os.environ, "PYTHONPATH": str(TRAINING)}
        command = [python, str(SCRIPT), json.dumps(told)]
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    return begin


@pytest.fixture
def undisturbed(start: Start, tmp_path: Path) -> bytes:
    """The final weights of a run that nobody disturbs, in a Python of its own."""
    return finish(start("whole", str(tmp_path / "whole"), sys.executable), tmp_path / "whole.safetensors")


def finish(run: "subprocess.Popen[str]", weights: Path) -> bytes:
    _, said = run.communicate(timeout=300)
    assert run.returncode == 0, said
    return weights.read_bytes()


def wait_for(run: "subprocess.Popen[str]", word: str, times: int) -> None:
    """Reads what the run says until it has said the word so many times, or has ended."""
    assert run.stderr is not None
    while times and (line := run.stderr.readline()):
        times -= f'"event": "{word}"' in line


def test_killed_at_random_moments_it_ends_with_the_same_bits(start: Start, undisturbed: bytes, tmp_path: Path) -> None:
    chooser = random.Random(os.urandom(4))
    checkpoints = tmp_path / "killed"
    weights = tmp_path / "killed.safetensors"
    killed, codes = 0, []
    for _ in range(4):
        weights.unlink(missing_ok=True)
        run = start("killed", str(checkpoints), checkpoint_seconds=0)
        # Somewhere within the steps and within the writing of a checkpoint.
        wait_for(run, "saved", chooser.randint(1, 5))
        time.sleep(chooser.random() * 0.05)
        signal_number = chooser.choice([signal.SIGKILL, signal.SIGTERM])
        run.send_signal(signal_number)
        run.communicate(timeout=300)
        codes.append((signal_number, run.returncode))
        killed += run.returncode != 0
        # At its end, or on the way out, where Python no longer listens to SIGTERM: the weights are written.
        assert weights.exists() or run.returncode not in {0, -signal.SIGTERM}, codes
    assert killed > 1, codes
    expected = {signal.SIGKILL: {0, -signal.SIGKILL}, signal.SIGTERM: {0, 143, -signal.SIGTERM}}
    for number, code in codes:
        assert code in expected[number], codes
    assert finish(start("killed", str(checkpoints)), weights) == undisturbed
    (latest,) = checkpoints.rglob("latest.json")
    files = json.loads(latest.read_text())["checkpoint"]["files"]
    assert sorted(files) == ["best.safetensors", "model.safetensors", "optimizer.safetensors"]
    # Best weights that the checkpoint before had as the model's are not written again.
    named = {checkpoints / file["key"] for file in files.values()}
    assert {path for path in checkpoints.rglob("*") if path.is_file()} == {latest, *named}


def test_a_checkpoint_in_s3_continues_on_another_machine(
    start: Start, undisturbed: bytes, s3_bucket: str, tmp_path: Path
) -> None:
    place = f"s3://{s3_bucket}/checkpoints"
    run = start("s3", place)
    wait_for(run, "evaluated", 1)
    run.send_signal(signal.SIGTERM)
    _, said = run.communicate(timeout=300)
    assert run.returncode == 143, said
    again = start("s3", place)
    assert finish(again, tmp_path / "s3.safetensors") == undisturbed
    listed = boto3.client("s3").list_objects_v2(Bucket=s3_bucket)["Contents"]
    assert len(listed) == 4 and "checkpoints/rehearsal/latest.json" in {entry["Key"] for entry in listed}


def test_processes_that_are_told_to_stop_end_with_the_code_of_one_and_continue(
    preloaded: str, tiny_base: Path, tiny_reviews: Path, tmp_path: Path
) -> None:
    flags = [
        f"--training-file={tiny_reviews}",
        f"--bert-path={tiny_base}",
        f"--model-path={tmp_path / 'models'}",
        f"--checkpoint-path={tmp_path / 'checkpoints'}",
        *("--processes=2", "--epochs=6", "--max-len=48", "--learning-rate=3e-3", "--threads=1", "--floor=0"),
        *("--device=cpu", "--precision=fp32", "--encoder-dropout=0", "--train-batch-size=16"),
    ]
    environment = {**os.environ, "AWS_EC2_METADATA_DISABLED": "true"}

    def begin(*more: str) -> "subprocess.Popen[str]":
        command = [preloaded, str(TRAINING / "train.py"), *flags, *more]
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    refused = begin("--bert-path=/nowhere")
    _, said = refused.communicate(timeout=300)
    assert refused.returncode == 2, said
    assert "/nowhere: no such folder" in said and "Traceback" not in said

    run = begin()
    wait_for(run, "evaluated", 2)
    run.send_signal(signal.SIGTERM)
    _, said = run.communicate(timeout=300)
    assert run.returncode == 143, said
    assert "Traceback" not in said and not list((tmp_path / "models").rglob("manifest.json"))

    again = begin()
    _, said = again.communicate(timeout=300)
    # The proof may refuse so small a model; here it counts that one process came to it.
    assert again.returncode in {0, 3}, said
    assert '"event": "continued"' in said and said.count('"event": "proved"') == 1
    # One process continues what two have begun: their number is not among what decides the weights.
    assert len(list((tmp_path / "checkpoints").rglob("latest.json"))) == 1


class Metadata(BaseHTTPRequestHandler):
    """The instance metadata service, version 2, of a Spot machine that is taken away when `noticed` is set."""

    noticed: threading.Event

    def do_PUT(self) -> None:
        self._answer(200 if "X-aws-ec2-metadata-token-ttl-seconds" in self.headers else 400, "a-token")

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != "a-token":
            self._answer(401, "")
        elif self.path == "/latest/meta-data/spot/instance-action" and self.noticed.is_set():
            self._answer(200, json.dumps({"action": "terminate", "time": "2026-01-01T00:00:00Z"}))
        else:
            self._answer(404, "")

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, status: int, content: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(content.encode())


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set the event, and the metadata service gives notice."""
    noticed = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Service", (Metadata,), {"noticed": noticed}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    yield noticed
    server.shutdown()


def test_the_spot_notice_stops_the_run_with_a_checkpoint(
    start: Start, metadata: threading.Event, tmp_path: Path
) -> None:
    run = start("spot", str(tmp_path / "spot"), epochs=100000)
    wait_for(run, "evaluated", 1)
    metadata.set()
    _, said = run.communicate(timeout=300)
    assert run.returncode == 143, said
    assert '"event": "spot_notice", "action": "terminate"' in said
    assert '"event": "saved"' in said.split('"event": "spot_notice"')[1]
