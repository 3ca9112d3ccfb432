"""Class weights in the loss, and training that ends when validation no longer improves."""

import json
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from test_interruption import Start, start, wait_for
from test_loop import NO_DROPOUT, make_run
from torch.nn.functional import cross_entropy

from data.dataset import CLASSES
from data.tokens import Encoded
from model.packing import compute_logits, pack
from run.checkpoints import Progress
from run.loop import make_optimizer, train
from run.step import Batch, Run, take_step, weigh_classes
from settings import read_settings

__all__ = ["start"]


def test_weights_are_inverse_to_the_rows_and_one_on_average() -> None:
    labels = [0] * 6 + [1] * 1 + [2] * 3
    weights = weigh_classes(Encoded([[2, 3]] * 10, labels, 0, CLASSES))
    assert weights.tolist() == pytest.approx([10 / 18, 10 / 3, 10 / 9])
    assert weights[torch.tensor(labels)].mean().item() == pytest.approx(1)


def take_first_step(base: Path, folder: Path, micro: int) -> tuple[Run, torch.Tensor]:
    """The loss of a weighed step, computed in parts of so many reviews."""
    run = make_run(base, folder, class_weights="balanced", **NO_DROPOUT)
    run.class_weights = torch.tensor([0.5, 3.0])
    rows = list(range(16))
    run.model.train()
    figures = take_step(run, make_optimizer(run.model, run.settings), Batch(rows, rows, 1, ""), Progress(micro=micro))
    return run, figures


def test_a_step_weighs_each_review_by_its_class_in_parts_too(tiny_base: Path, tmp_path: Path) -> None:
    fresh = make_run(tiny_base, tmp_path / "fresh", **NO_DROPOUT)
    texts = pack(fresh.training, list(range(16)))
    losses = cross_entropy(compute_logits(fresh.model, texts), texts.labels, reduction="none")
    expected = (losses * torch.tensor([0.5, 3.0])[texts.labels]).sum() / 16
    (_, whole), (_, parts) = (take_first_step(tiny_base, tmp_path / str(micro), micro) for micro in (16, 5))
    assert whole[0].item() == pytest.approx(expected.item(), rel=1e-5)
    assert torch.allclose(whole, parts, rtol=1e-4)


def measure_rare_class(base: Path, folder: Path, class_weights: str) -> float:
    """F1 of a class that one row in eight has, after a short training."""
    run = make_run(base, folder, class_weights=class_weights, epochs=6, learning_rate=3e-3, **NO_DROPOUT)
    data, kept = run.training, []
    for row, label in enumerate(data.labels):
        if label == 0 or row % 7 == 0:
            kept.append(row)
    run.training = replace(data, ids=[data.ids[row] for row in kept], labels=[data.labels[row] for row in kept])
    progress = train(run)
    return progress.history[-1]["f1"]


def test_balanced_weights_find_more_of_a_rare_class(tiny_base: Path, tmp_path: Path) -> None:
    alike, balanced = (measure_rare_class(tiny_base, tmp_path / name, name) for name in ("none", "balanced"))
    assert balanced > alike + 0.1


def test_training_ends_when_validation_does_not_improve(
    tiny_base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = train(make_run(tiny_base, tmp_path, epochs=9, patience=2))
    figures = [entry["accuracy"] for entry in progress.history]
    first_best = figures.index(max(figures))
    assert len(figures) == first_best + 3 < 9
    assert '"event": "stopped early"' in capsys.readouterr().err
    again = train(make_run(tiny_base, tmp_path, epochs=9, patience=2))
    assert again.history == progress.history


def test_a_run_that_was_killed_ends_early_with_the_same_bits(start: Start, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"epochs": 9, "patience": 2, "checkpoint_seconds": 0}
    whole = start("whole", str(tmp_path / "a"), **settings)
    _, told = whole.communicate(timeout=300)
    assert whole.returncode == 0 and '"event": "stopped early"' in told, told
    killed = start("killed", str(tmp_path / "b"), **settings)
    wait_for(killed, "evaluated", 2)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=300)
    again = start("killed", str(tmp_path / "b"), **settings)
    _, said = again.communicate(timeout=300)
    assert again.returncode == 0 and '"event": "continued"' in said, said
    weights = [(tmp_path / f"{name}.safetensors").read_bytes() for name in ("whole", "killed")]
    assert weights[0] == weights[1]
    epochs = [
        json.loads(next((tmp_path / name).rglob("latest.json")).read_text())["checkpoint"]["progress"]["epochs"]
        for name in "ab"
    ]
    assert epochs[0] == epochs[1] < 9


def test_an_unknown_way_of_weighing_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLASS_WEIGHTS", "equal")
    with pytest.raises(SystemExit, match="2"):
        read_settings([])
    assert "environment variable CLASS_WEIGHTS: 'equal' is none of none, balanced" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        read_settings(["--class-weights", "equal"])
