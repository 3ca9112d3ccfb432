"""What only a GPU can show of training. `python bench/training/gpu.py --only tests` runs these on a machine with one.

They import nothing that a test of `test/training` needs beside PyTorch, transformers and pytest. Short memory is a part
of `gpu.py`, in a process of its own: what is left of other tests would move its limits.
"""

import gc
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch

from attention_kernels import attend_nested, attend_varlen
from contenders import Task
from equality import BF16_BOUND, RELATIVE_BOUND, check_dropout, check_equality, check_graphs
from model.packing import pack
from reviews import invent_reviews, make_network
from run.checkpoints import Progress
from run.loop import make_optimizer
from run.step import Batch, Run, open_graphs, take_step
from settings import Settings


@pytest.fixture(autouse=True)
def empty_memory() -> Iterator[None]:
    """Frees what the test before has captured, so that limits of memory mean what they say."""
    gc.collect()
    torch.cuda.empty_cache()
    yield


@pytest.fixture
def task() -> Task:
    """Sixty-four reviews and a network of six layers."""
    settings = Settings(train_batch_size=8, max_len=512, precision="bf16", cuda_graphs=True)
    return Task(make_network("small", 0.0), invent_reviews(64, 512, 30522), torch.device("cuda", 0), settings)


def make_run(task: Task) -> Run:
    return task.make_run(task.copy_model("sdpa"))


def test_packed_texts_have_the_loss_and_gradients_of_padded_ones(task: Task) -> None:
    gaps = check_equality(task, "small")
    assert gaps["loss"] < RELATIVE_BOUND and gaps["gradient"] < RELATIVE_BOUND, gaps
    assert gaps["bf16_gradient"] < BF16_BOUND, gaps


def test_a_seed_gives_the_same_dropout_twice(task: Task) -> None:
    gaps = check_dropout(task, "small")
    assert gaps["same_loss"] == 0 and gaps["same_gradient"] < 1e-2 and gaps["other_loss"] > 0, gaps


def test_captured_steps_move_the_weights_as_launched_ones_do(task: Task) -> None:
    gaps = check_graphs(task, "small")
    # Fillers change the rounding of bfloat16, as the order of sums does between two runs without graphs.
    assert gaps["weights"] < max(3 * gaps["noise_weights"], 1e-4), gaps
    assert gaps["loss"] < max(3 * gaps["noise_loss"], 0.05), gaps
    assert gaps["repeated_loss"] < 0.05 < gaps["other_dropout_loss"], gaps


def test_captured_steps_read_the_soft_labels_of_their_batch(task: Task) -> None:
    labels = [-1 if row % 3 == 1 else label for row, label in enumerate(task.data.labels)]
    soft: list[tuple[float, ...] | None] = [None if row % 3 == 0 else (row / 64, 1 - row / 64) for row in range(64)]
    gaps = check_graphs(replace(task, data=replace(task.data, labels=labels, soft=soft)), "small")
    assert gaps["weights"] < max(3 * gaps["noise_weights"], 1e-4), gaps
    assert gaps["loss"] < max(3 * gaps["noise_loss"], 0.05), gaps


def test_a_step_is_captured_the_second_time_that_its_size_comes(task: Task) -> None:
    run = make_run(task)
    optimizer, progress = make_optimizer(run.model, run.settings), Progress(micro=8)
    graphs = open_graphs(run, optimizer)
    assert graphs
    rows = list(range(8))
    assert graphs.replay(run.training, rows, 1) is None
    take_step(run, optimizer, Batch(rows, rows, 1, "step 1"), progress)
    figures = graphs.replay(run.training, rows, 1)
    assert figures is not None and torch.isfinite(figures).all()


def test_a_step_that_cannot_be_captured_is_taken_without_a_graph(
    task: Task, capsys: pytest.CaptureFixture[str]
) -> None:
    # With dropout: a capture that fails must leave random numbers as they were.
    run = make_run(replace(task, model=make_network("small", 0.1)))
    optimizer, progress = make_optimizer(run.model, run.settings), Progress(micro=8)
    graphs = open_graphs(run, optimizer)
    pooler: Any = run.model.bert.pooler
    pooler.dense.register_forward_hook(lambda _module, _inputs, output: print(output.sum().item()))
    rows = list(range(8))
    for number in range(4):
        figures = take_step(run, optimizer, Batch(rows, rows, number, "step"), progress, graphs)
        assert torch.isfinite(figures).all()
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert [line["event"] for line in told].count("no cuda graphs") == 1


def test_the_public_interfaces_give_what_the_kernel_gives(task: Task) -> None:
    from model.attention import attend_packed  # noqa: PLC0415

    spans = pack(task.data, list(range(16))).to(task.device).spans
    torch.manual_seed(2)
    made = [torch.randn(int(spans.bounds[-1]), 12, 64, device="cuda", dtype=torch.bfloat16) for _ in range(3)]
    states = (made[0], made[1], made[2])
    own = attend_packed(states, spans, 0.0)
    assert torch.equal(attend_varlen(states, spans, 0.0), own)
    assert (attend_nested(states, spans, 0.0).float() - own.float()).norm() < 1e-2 * own.float().norm()
