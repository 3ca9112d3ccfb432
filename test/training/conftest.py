"""What every training test shares: a tiny base and reviews, a real S3 server, and a way to run train.py."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from tiny import make_reviews, write_base, write_csv

PRELOADED = Path(__file__).with_name("preloaded.py")
Run = Callable[..., "subprocess.CompletedProcess[str]"]
SCRIPT = Path(__file__).parents[2] / "training" / "train.py"


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the tiny pretrained BERT."""
    return write_base(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="session")
def tiny_reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file of 400 reviews."""
    return write_csv(tmp_path_factory.mktemp("data") / "imdb.csv", list(make_reviews(400)))


@pytest.fixture(scope="session")
def preloaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Python that has imported torch and transformers when it starts; elsewhere than on Linux, Python itself."""
    if sys.platform != "linux":
        yield sys.executable
        return
    folder = tmp_path_factory.mktemp("python")
    python, socket = folder / "python", folder / "socket"
    words = [sys.executable, "-I", "-S", str(PRELOADED.with_name("preloaded_client.py")), str(socket)]
    python.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$0" "$@"\n')
    python.chmod(0o755)
    command = [sys.executable, str(PRELOADED), str(socket)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as server:
        assert server.stdout and server.stdout.readline() == b"ready\n"
        yield str(python)
        server.terminate()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Address of a real S3 server for the whole run."""
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A bucket of the test's own, with the AWS environment pointing to its server."""
    for name, value in aws_environment(s3_endpoint).items():
        monkeypatch.setenv(name, value)
    name = f"bucket-{abs(hash(request.node.nodeid)) % 10**12}"
    boto3.client("s3").create_bucket(Bucket=name)
    return name


def aws_environment(endpoint: str) -> dict[str, str]:
    """The environment in which AWS clients talk to the S3 server of the tests."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


@pytest.fixture
def train(preloaded: str, tiny_base: Path, tiny_reviews: Path, tmp_path: Path) -> Run:
    """Runs train.py on the tiny base, preloaded or by another Python; keyword arguments are settings."""

    def run(python: str = preloaded, **settings: object) -> "subprocess.CompletedProcess[str]":
        given = {
            "training_file": tiny_reviews,
            "bert_path": tiny_base,
            "model_path": tmp_path / "models",
            "checkpoint_path": tmp_path / "checkpoints",
            "epochs": 2,
            "max_len": 48,
            "train_batch_size": 16,
            "learning_rate": 3e-3,
            "encoder_dropout": 0,
            "threads": 1,
            "behaviours": False,
            **settings,
        }
        environment = {**os.environ, **{name.upper(): str(value) for name, value in given.items()}}
        command = [python, str(SCRIPT)]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)

    return run
