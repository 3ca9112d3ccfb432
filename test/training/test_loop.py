"""Steps that do not fit into memory, losses that are no numbers, and processes that train together."""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from rehearsal import make_data, make_settings
from safetensors.torch import load_file
from test_interruption import SCRIPT, TRAINING, wait_for

from data.tokens import plan_batches
from errors import DivergenceError, InputError
from model.encoder import load_encoder
from run.checkpoint_store import FolderCheckpointStore
from run.checkpoints import Checkpoints, Progress
from run.loop import make_optimizer, train
from run.step import Batch, Run, take_step

NO_DROPOUT: dict[str, Any] = {"dropout": 0.0, "encoder_dropout": 0.0}


def make_run(base: Path, folder: Path, **settings: Any) -> Run:
    """A run of two epochs of 12 steps, with its checkpoints in the folder."""
    torch.set_num_threads(1)
    torch.manual_seed(3)
    folder.mkdir(exist_ok=True)
    given = make_settings(**settings)
    model = load_encoder(base, given.dropout, given.encoder_dropout)
    return Run(model, make_data(190, 1), make_data(64, 2), given, Checkpoints(FolderCheckpointStore(folder), "run"))


def measure_gap(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> float:
    """Largest relative difference of a tensor. A key's bias moves no softmax: its gradient is rounding alone, which
    AdamW makes large."""
    gaps = [(first[name] - second[name]).norm() / second[name].norm() for name in second if "key.bias" not in name]
    return float(max(gap for gap in gaps if gap.isfinite()))


def test_a_run_that_goes_on_on_another_processor_says_so_and_keeps_both(
    tiny_base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = make_run(tiny_base, tmp_path)
    first.processor = "Zen 3, avx2"
    assert train(first).processors == ["Zen 3, avx2"]
    again = make_run(tiny_base, tmp_path)
    again.processor = "Zen 4, avx2 avx512f"
    assert train(again).processors == ["Zen 3, avx2", "Zen 4, avx2 avx512f"]
    assert '"event": "other processor"' in capsys.readouterr().err


def limit_memory(model: Any, texts: int) -> None:
    """Lets the network run out of memory when it learns from more texts than these at a time."""

    def check(_: object, inputs: tuple[torch.Tensor]) -> None:
        if torch.is_grad_enabled() and len(inputs[0]) > texts:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    model.bert.pooler.dense.register_forward_pre_hook(check)


def test_a_batch_too_large_for_memory_is_computed_in_parts_with_the_same_result(
    tiny_base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = make_run(tiny_base, tmp_path / "whole", **NO_DROPOUT)
    train(whole)
    short = make_run(tiny_base, tmp_path / "short", **NO_DROPOUT)
    limit_memory(short.model, 5)
    capsys.readouterr()
    progress = train(short)
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    shrunk = [line for line in said if line["event"] == "out_of_memory"]
    assert [line["micro_batch"] for line in shrunk] == [8, 4]
    assert all(line["effective_batch"] == 16 and line["at"] == "epoch 1, step 1" for line in shrunk)
    assert progress.micro == 4
    assert measure_gap(short.model.state_dict(), whole.model.state_dict()) < 1e-4


def test_one_review_too_large_for_memory_is_told_with_its_step(tiny_base: Path, tmp_path: Path) -> None:
    run = make_run(tiny_base, tmp_path / "run")
    limit_memory(run.model, 0)
    with pytest.raises(InputError, match=r"one review at a time \(epoch 1, step 1\); lower MAX_LEN"):
        train(run)


def refuse_state(optimizer: torch.optim.Optimizer, times: int) -> None:
    """Lets so many of the optimizer's steps run out of memory, the first of them half-way through its state."""
    step = optimizer.step

    def try_step() -> None:
        nonlocal times
        if times:
            times -= 1
            first = optimizer.param_groups[0]["params"][0]
            optimizer.state[first] = {"step": torch.zeros(()), "exp_avg": torch.zeros_like(first)}
            raise torch.OutOfMemoryError("CUDA out of memory.")
        step()

    optimizer.step = try_step  # type: ignore[method-assign, assignment]


def take_first_step(run: Run, refused: int) -> torch.Tensor:
    optimizer = make_optimizer(run.model, run.settings)
    refuse_state(optimizer, refused)
    rows = list_batches(run)[0]
    run.model.train()
    figures = take_step(run, optimizer, Batch(rows, rows, 1, "epoch 1, step 1"), Progress(micro=16))
    assert len(optimizer.state) == len(list(run.model.parameters()))
    return figures


def test_a_first_update_without_room_for_its_state_is_taken_once_more(
    tiny_base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, short = (make_run(tiny_base, tmp_path / name) for name in ("whole", "short"))
    assert torch.equal(take_first_step(whole, 0), take_first_step(short, 1))
    assert '"at": "the optimizer\'s first step"' in capsys.readouterr().err
    assert measure_gap(short.model.state_dict(), whole.model.state_dict()) == 0
    with pytest.raises(InputError, match="Memory does not suffice for AdamW's state; take a smaller BERT"):
        take_first_step(make_run(tiny_base, tmp_path / "never"), 2)


@pytest.mark.parametrize("seconds", [0.0, 1e9])
def test_a_loss_that_is_no_number_names_step_and_batch_and_keeps_the_last_good_checkpoint(
    tiny_base: Path, tmp_path: Path, seconds: float
) -> None:
    run = make_run(tiny_base, tmp_path / "run", checkpoint_seconds=seconds)
    with torch.no_grad():
        run.model.bert.embeddings.word_embeddings.weight[99] = torch.nan
    first = next(
        step for step, rows in enumerate(list_batches(run), start=1) if any(99 in run.training.ids[row] for row in rows)
    )
    with pytest.raises(DivergenceError, match=rf"nan .* epoch 1, step {first} \(training rows \d+, .*LEARNING_RATE"):
        train(run)
    fresh = make_run(tiny_base, tmp_path / "run")
    restored = run.checkpoints.restore(fresh.model, make_optimizer(fresh.model, fresh.settings))
    assert restored.step == (first - 1 if seconds == 0 else 0)


def list_batches(run: Run) -> list[list[int]]:
    lengths = [len(ids) for ids in run.training.ids]
    return plan_batches(lengths, run.settings.train_batch_size, run.settings.seed)


def launch(
    python: str, base: Path, folder: Path, processes: int, data: str = "hard", **settings: Any
) -> "subprocess.Popen[str]":
    """A rehearsal in several processes, with its checkpoints and final weights in the folder."""
    told: dict[str, Any] = {
        "base": str(base),
        "checkpoints": str(folder),
        "weights": str(folder / "weights"),
        "settings": settings,
    }
    told["data"] = data
    command = [python, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    environment = {**os.environ, "PYTHONPATH": str(TRAINING), "OMP_NUM_THREADS": "1"}
    environment["AWS_EC2_METADATA_DISABLED"] = "true"
    return subprocess.Popen(
        [*command, str(SCRIPT), json.dumps(told)], env=environment, stderr=subprocess.PIPE, text=True
    )


def test_two_processes_give_the_weights_of_one_and_continue_each_other(
    preloaded: str, tiny_base: Path, tmp_path: Path
) -> None:
    alone = make_run(tiny_base, tmp_path / "alone", **NO_DROPOUT)
    train(alone)
    run = launch(preloaded, tiny_base, tmp_path / "two", 2, **NO_DROPOUT)
    _, said = run.communicate(timeout=300)
    assert run.returncode == 0, said
    assert said.count('"event": "evaluated"') == 2
    together = load_file(tmp_path / "two" / "weights")
    assert measure_gap(together, alone.model.state_dict()) < 1e-3

    stopped = launch(preloaded, tiny_base, tmp_path / "stopped", 2, **NO_DROPOUT)
    wait_for(stopped, "evaluated", 1)
    stopped.send_signal(signal.SIGTERM)
    _, said = stopped.communicate(timeout=300)
    assert stopped.returncode not in {0, None}, said
    again = launch(preloaded, tiny_base, tmp_path / "stopped", 2, **NO_DROPOUT)
    _, said = again.communicate(timeout=300)
    assert again.returncode == 0, said
    assert '"event": "continued"' in said
    assert (tmp_path / "stopped" / "weights").read_bytes() == (tmp_path / "two" / "weights").read_bytes()
