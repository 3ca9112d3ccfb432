"""TensorBoard event files: what they hold, beside which checkpoints, and that a continued run repeats no step."""

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Run as RunScript
from tensorboardX.proto.event_pb2 import Event
from test_loop import make_run

from errors import StoppedError, StoreError
from run.checkpoint_store import open_checkpoint_store
from run.checkpoints import Checkpoints
from run.event_files import EventFiles
from run.interruption import Stop
from run.loop import train as train_run
from run.step import Run

RECORDED = ("training/loss", "training/gradient_norm", "training/learning_rate")


def read_events(path: Path) -> Iterator[Event]:
    """The records of an event file: length, checksum, content, checksum."""
    content, place = path.read_bytes(), 0
    while place < len(content):
        (length,) = struct.unpack_from("<Q", content, place)
        yield Event.FromString(content[place + 12 : place + 12 + length])
        place += 16 + length


def read_scalars(paths: list[Path]) -> list[tuple[int, str, float]]:
    """Step, name and value of all scalars, in the order in which TensorBoard reads the files."""
    events = [event for path in sorted(paths) for event in read_events(path)]
    values = [(event.step, value) for event in events for value in event.summary.value]
    return [
        (step, value.tag, value.simple_value) for step, value in values if value.WhichOneof("value") == "simple_value"
    ]


def make_recorded(base: Path, folder: Path, uri: str) -> Run:
    """A run of two epochs of 12 steps that writes event files."""
    run = make_run(base, folder)
    store = open_checkpoint_store(uri, [])
    assert store is not None
    run.checkpoints = Checkpoints(store, "run")
    run.events = EventFiles(store, "run", {"SEED": 3, "DEVICE": "cpu"})
    return run


class StopAfter(Stop):
    """Asks the run to stop when it has looked so many times, once in each step and each batch of validation."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self._looks = looks

    @property
    def asked(self) -> bool:
        self._looks -= 1
        return self._looks <= 0


class FullStore(Checkpoints):
    """Checkpoints whose store is full."""

    def save(self, *_: object) -> None:
        raise StoreError("full")


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_a_stopped_and_continued_run_records_what_an_undisturbed_one_does(
    tiny_base: Path, tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    whole = make_recorded(tiny_base, tmp_path / "whole", str(tmp_path / "whole"))
    progress = train_run(whole)
    expected = read_scalars(list((tmp_path / "whole" / "tensorboard" / "run").iterdir()))
    assert [(step, name) for step, name, _ in expected if step in {10, 20}] == [
        (step, name) for step in (10, 20) for name in RECORDED
    ]
    accuracies = [round(value, 6) for _, name, value in expected if name == "validation/accuracy"]
    assert accuracies == [entry["accuracy"] for entry in progress.history]
    assert [step for step, name, _ in expected if name == "validation/accuracy"] == [12, 24]

    uri = str(tmp_path / "parts") if kind == "folder" else f"s3://{request.getfixturevalue('s3_bucket')}/some/prefix"
    for looks in (11, 1, 2, 6):
        run = make_recorded(tiny_base, tmp_path / "parts", uri)
        run.stop = StopAfter(looks)
        with pytest.raises(StoppedError):
            train_run(run)
        # What a run leaves that is killed between the event file and its checkpoint.
        killed = make_recorded(tiny_base, tmp_path / "parts", uri)
        killed.checkpoints = FullStore(killed.checkpoints.store, "run")
        killed.stop = StopAfter(12)
        with pytest.raises(StoreError):
            train_run(killed)
    last = make_recorded(tiny_base, tmp_path / "parts", uri)
    train_run(last)
    (tmp_path / "fetched").mkdir()
    keys = last.checkpoints.store.list_keys("tensorboard/run/")
    paths = [last.checkpoints.store.fetch(key, tmp_path / "fetched") for key in keys]
    assert len(keys) > 2 and read_scalars([path for path in paths if path]) == expected


def test_the_first_file_holds_the_settings(tiny_base: Path, tmp_path: Path) -> None:
    train_run(make_recorded(tiny_base, tmp_path / "run", str(tmp_path / "run")))
    first, *_ = sorted((tmp_path / "run" / "tensorboard" / "run").iterdir())
    version, *others = read_events(first)
    assert version.file_version == "brain.Event:2"
    values = {value.tag: value for event in others for value in event.summary.value}
    assert "| SEED | 3 |" in values["settings/text_summary"].tensor.string_val[0].decode()
    assert b"DEVICE" in values["_hparams_/session_start_info"].metadata.plugin_data.content


def test_a_run_with_event_files_has_the_weights_of_one_without(train: RunScript, tmp_path: Path) -> None:
    digests: list[tuple[Path, bytes]] = []
    for wanted in (False, True):
        done = train(tensorboard=wanted, epochs=1, floor=0, checkpoint_path=tmp_path / f"checkpoints-{wanted}")
        assert done.returncode == 0, done.stderr
        (version,) = set((tmp_path / "models" / "versions").iterdir()) - {digest[0] for digest in digests}
        digests.append((version, (version / "model.safetensors").read_bytes()))
    assert digests[0][1] == digests[1][1]
    assert not (tmp_path / "checkpoints-False" / "tensorboard").exists()
    (run,) = (tmp_path / "checkpoints-True" / "tensorboard").iterdir()
    names = {name for _, name, _ in read_scalars(list(run.iterdir()))}
    assert {*RECORDED, "training/epoch_loss", "validation/accuracy", "validation/negative/recall"} <= names
