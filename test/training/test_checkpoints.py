"""Checkpoints: whole or not there, in a folder and in S3."""

import json
import resource
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from data.dataset import Rows
from data.tokenizer import load_tokenizer
from data.tokens import Encoded, tokenize_once
from errors import StoreError
from run.checkpoint_store import CheckpointStore, FolderCheckpointStore, check_free_space, open_checkpoint_store
from run.checkpoints import FILES, Checkpoints, Progress

Trained = tuple[torch.nn.Linear, torch.optim.AdamW]


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> CheckpointStore:
    """Each kind of store, empty."""
    if request.param == "s3":
        place = f"s3://{request.getfixturevalue('s3_bucket')}/some/prefix"
    else:
        place = str(tmp_path / "store")
    problems: list[str] = []
    opened = open_checkpoint_store(place, problems)
    assert opened is not None and problems == []
    return opened


def make_trained(seed: int = 0) -> Trained:
    """A layer after one step of its optimizer."""
    torch.manual_seed(seed)
    layer = torch.nn.Linear(4, 4)
    optimizer = torch.optim.AdamW(layer.parameters(), fused=True)
    layer(torch.ones(4)).sum().backward()
    optimizer.step()
    return layer, optimizer


def make_progress(step: int, best: float = 1.0) -> Progress:
    return Progress(2, step, 0.1 + 0.2, 4, [{"epoch": 1, "accuracy": 0.5}], ["Zen"], {"weight": torch.full((3,), best)})


def test_what_is_saved_is_restored_to_the_bit(store: CheckpointStore) -> None:
    layer, optimizer = make_trained(1)
    Checkpoints(store, "run").save(layer, optimizer, make_progress(7))
    fresh, other = make_trained(2)
    progress = Checkpoints(store, "run").restore(fresh, other)
    assert (progress.epochs, progress.step, progress.loss, progress.micro) == (2, 7, 0.1 + 0.2, 4)
    assert progress.history == [{"epoch": 1, "accuracy": 0.5}] and progress.processors == ["Zen"]
    assert torch.equal(progress.best["weight"], torch.ones(3))
    assert all(torch.equal(fresh.state_dict()[name], tensor) for name, tensor in layer.state_dict().items())
    before, after = optimizer.state_dict()["state"], other.state_dict()["state"]
    assert all(torch.equal(before[index][key], after[index][key]) for index in before for key in before[index])


def test_the_newest_is_kept_alone_and_unchanged_best_weights_are_not_sent_again(store: CheckpointStore) -> None:
    checkpoints = Checkpoints(store, "run")
    Checkpoints(store, "another").save(*make_trained(), make_progress(1))
    for step, best in ((1, 1.0), (2, 1.0), (3, 5.0), (4, 5.0)):
        checkpoints.save(*make_trained(), make_progress(step, best))
    keys = store.list_keys("run/")
    assert len(keys) == 4 and {"run/latest.json", "run/epoch-2-step-3/best.safetensors"} <= set(keys)
    assert checkpoints.restore(*make_trained()).step == 4
    assert Checkpoints(store, "another").restore(*make_trained()).step == 1
    checkpoints.discard()
    assert store.list_keys("run/") == []
    assert checkpoints.restore(*make_trained()).step == 0


def test_a_checkpoint_without_its_pointer_is_never_used(store: CheckpointStore, tmp_path: Path) -> None:
    checkpoints = Checkpoints(store, "run")
    checkpoints.save(*make_trained(), make_progress(1))
    for name in FILES:
        (tmp_path / name).write_bytes(b"half of a file")
        store.put(f"run/epoch-2-step-9/{name}", tmp_path / name)
    assert checkpoints.restore(*make_trained()).step == 1
    checkpoints.save(*make_trained(), make_progress(2))
    assert not store.list_keys("run/epoch-2-step-9/")


def test_a_file_that_changed_is_refused_by_name(store: CheckpointStore, tmp_path: Path) -> None:
    checkpoints = Checkpoints(store, "run")
    checkpoints.save(*make_trained(), make_progress(1))
    (tmp_path / "changed").write_bytes(b"something else")
    store.put("run/epoch-2-step-1/optimizer.safetensors", tmp_path / "changed")
    with pytest.raises(StoreError, match=r"step-1/optimizer.safetensors is not what was written; delete .*/run to"):
        checkpoints.restore(*make_trained())


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"step": 1', '"step": 2'),
        lambda text: text.replace('"loss": 0.3', '"loss": 0.5'),
        lambda text: text.replace("digest", "digesu"),
        lambda text: text[:-1],
        lambda text: "[" * 100_000,
        lambda text: "null",
    ],
)
def test_a_pointer_that_changed_is_refused_by_name(
    store: CheckpointStore, tmp_path: Path, change: Callable[[str], str]
) -> None:
    checkpoints = Checkpoints(store, "run")
    checkpoints.save(*make_trained(), make_progress(1))
    latest = store.fetch("run/latest.json", tmp_path)
    assert latest
    (tmp_path / "changed").write_text(change(latest.read_text()))
    store.put("run/latest.json", tmp_path / "changed")
    with pytest.raises(StoreError, match=r"/run/latest.json is not what was written; delete .*/run to start over"):
        checkpoints.restore(*make_trained())


def test_a_pointer_from_before_digests_is_read(store: CheckpointStore, tmp_path: Path) -> None:
    checkpoints = Checkpoints(store, "run")
    checkpoints.save(*make_trained(), make_progress(5))
    latest = store.fetch("run/latest.json", tmp_path)
    assert latest
    (tmp_path / "older").write_text(json.dumps(json.loads(latest.read_text())["checkpoint"]))
    store.put("run/latest.json", tmp_path / "older")
    assert checkpoints.restore(*make_trained()).step == 5


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may grow beyond a page, which the system refuses to the writer as it would on a full disk.

    Not for longer than the write that is tried: the limit is also that of a file that pytest itself prints to.
    """
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_one_sentence_and_the_last_checkpoint_stays(tmp_path: Path) -> None:
    checkpoints = Checkpoints(FolderCheckpointStore(tmp_path), "run")
    checkpoints.save(*make_trained(), make_progress(1))
    large = make_progress(2)
    large.best = {"weight": torch.ones(100_000)}
    expected = pytest.raises(
        StoreError, match=r"the checkpoint could not be written .* The last one is kept; make room"
    )
    with expected, full_disk():
        checkpoints.save(*make_trained(), large)
    assert checkpoints.restore(*make_trained()).step == 1
    assert not list(tmp_path.glob(".staged-*"))


def test_a_disk_too_small_for_the_checkpoints_is_found_before_training(tmp_path: Path) -> None:
    weights = tmp_path / "model.safetensors"
    with weights.open("wb") as file:
        # Takes no room: the file is a hole.
        file.truncate(2**42)
    problems: list[str] = []
    check_free_space(FolderCheckpointStore(tmp_path), weights, problems)
    assert len(problems) == 1 and "GB free, but checkpoints take 35184.4 GB; make room" in problems[0]
    weights.write_bytes(b"small")
    problems = []
    check_free_space(FolderCheckpointStore(tmp_path), weights, problems)
    assert problems == []


def test_rows_are_tokenized_once_and_again_when_text_or_length_changes(
    store: CheckpointStore, tiny_base: Path, tmp_path: Path
) -> None:
    tokenizer = load_tokenizer(tiny_base)
    rows = Rows(["a good film", "a bad film , really " * 9], [1, 0])
    first = tokenize_once(rows, tokenizer, 12, store)
    assert (len(store.list_keys("tokens/")), first.cut) == (1, 1)
    assert tokenize_once(rows, tokenizer, 12, store) == first
    assert len(store.list_keys("tokens/")) == 1
    assert tokenize_once(Rows(rows.texts, [0, 1]), tokenizer, 12, store).labels == [0, 1]
    assert len(store.list_keys("tokens/")) == 1
    assert max(map(len, tokenize_once(rows, tokenizer, 20, store).ids)) == 20
    tokenize_once(Rows(["a good film!", rows.texts[1]], [1, 0]), tokenizer, 12, store)
    keys = store.list_keys("tokens/")
    assert len(keys) == 3
    for key in keys:
        figures = {"ids": np.array([7, 8, 9], np.int32), "lengths": np.array([1, 2], np.int32), "cut": np.array([5])}
        save_file(figures, tmp_path / "kept")
        store.put(key, tmp_path / "kept")
    assert tokenize_once(rows, tokenizer, 12, store) == Encoded([[7], [8, 9]], [1, 0], 5)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [("ftp://somewhere", "is neither a folder nor s3://"), ("s3://no-such-bucket-here/x", "does not exist")],
)
@pytest.mark.usefixtures("s3_bucket")
def test_a_place_that_cannot_be_written_is_found_before_training(place: str, sentence: str) -> None:
    problems: list[str] = []
    open_checkpoint_store(place, problems)
    assert len(problems) == 1
    assert problems[0].startswith("CHECKPOINT_PATH ") and sentence in problems[0]
