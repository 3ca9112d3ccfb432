"""The ways to train that are compared: each trains epochs over the same reviews and says how long they took.

All have the same network, the same random initial weights, dropout, learning rate and clipping, and get their reviews
tokenized, which the tutorial's loop would do while it trains.
"""

import copy
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers import BertForSequenceClassification, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from data.tokens import Encoded, make_batch, plan_batches
from model.encoder import choose_attention, choose_halves
from run.checkpoints import Progress
from run.loop import make_optimizer
from run.step import Batch, Losses, Run, open_graphs, take_step
from settings import Settings


@dataclass(frozen=True)
class Epoch:
    """Seconds that an epoch took, and seconds until its first step had ended."""

    seconds: float
    first_step: float


@dataclass(frozen=True)
class Task:
    """What is trained.

    Attributes:
        model: the network with its first weights; each contender trains a copy.
        data: tokenized reviews.
        device: the processor.
        settings: batch size, longest text, learning rate.
    """

    model: BertForSequenceClassification
    data: Encoded
    device: torch.device
    settings: Settings

    def copy_model(self, attention: str) -> BertForSequenceClassification:
        """A copy of the network on the device, in training mode."""
        model = copy.deepcopy(self.model)
        model.set_attn_implementation(attention)
        return model.to(self.device).train()  # type: ignore[arg-type]

    def cut(self, rows: int, batch: int) -> "Task":
        """The task with the first reviews only and with so many reviews a step."""
        data = Encoded(self.data.ids[:rows], self.data.labels[:rows], 0, self.data.classes)
        return replace(self, data=data, settings=replace(self.settings, train_batch_size=batch))

    def make_run(self, model: BertForSequenceClassification) -> Run:
        """A training run of the network on the task's reviews, without checkpoints."""
        halves = choose_halves(self.settings.compile)
        return Run(model, self.data, self.data, self.settings, checkpoints=None, halves=halves)  # type: ignore[arg-type]


Train = Callable[[], Epoch]
"""Trains one more epoch of the same network."""


@dataclass(frozen=True)
class Contender:
    """One way to train.

    Attributes:
        name: for the table.
        start: makes network and optimizer.
        changes: settings that differ from the task's.
    """

    name: str
    start: Callable[[Task], Train]
    changes: dict[str, Any]

    def open(self, task: Task) -> Train:
        """The contender, ready to train the task's epochs."""
        return self.start(replace(task, settings=replace(task.settings, **self.changes)))


def start_here(task: Task) -> Train:
    """training/run/loop.py's epoch: packed texts, bfloat16 autocast, fused AdamW, CUDA graphs."""
    settings, data = task.settings, task.data
    model = task.copy_model(choose_attention())
    optimizer = make_optimizer(model, settings)
    run = task.make_run(model)
    progress, graphs = Progress(micro=settings.train_batch_size), open_graphs(run, optimizer)
    plan = plan_batches([len(ids) for ids in data.ids], settings.train_batch_size, settings.seed)

    def train() -> Epoch:
        losses = Losses(run.group)
        begun, first = _read_clock(task.device), 0.0
        for number, rows in enumerate(plan):
            batch = Batch(rows, rows, number, f"step {number + 1}")
            losses.add(batch, take_step(run, optimizer, batch, progress, graphs))
            first = first or _read_clock(task.device) - begun
            if losses.full:
                losses.drain(progress)
        losses.drain(progress)
        return Epoch(_read_clock(task.device) - begun, first)

    return train


def start_padded(task: Task) -> Train:
    """Hugging Face's Trainer with its defaults, every review padded to the longest length, in bfloat16."""
    return _start_trainer(task, task.settings.max_len, {})


def start_tuned(task: Task) -> Train:
    """The Trainer with reviews grouped and padded by length, SDPA and fused AdamW, its layers compiled.

    On a CPU, where SDPA is slower in bfloat16 than attention written out and compiling takes longer than it saves, it
    gets neither.
    """
    given = {"train_sampling_strategy": "group_by_length", "optim": "adamw_torch_fused"}
    if task.device.type == "cpu":
        return _start_trainer(task, None, given, "eager")
    # Batches have many lengths: without this, the first is compiled by itself before one for all lengths is.
    torch._dynamo.config.assume_static_by_default = False
    # Layer by layer: all twelve as one piece take minutes.
    os.environ["ACCELERATE_DYNAMO_USE_REGIONAL_COMPILATION"] = "true"
    return _start_trainer(task, None, {**given, "torch_compile": True})


def start_tutorial(task: Task) -> Train:
    """The tutorial's loop: float32, eight reviews a step, padded to the longest length, a sync at every step."""
    model = task.copy_model("eager")
    optimizer = torch.optim.AdamW(model.parameters(), lr=task.settings.learning_rate)
    plan = plan_batches([0] * len(task.data.ids), 8, task.settings.seed)
    collate = _collate(task.data, task.settings.max_len)

    def train() -> Epoch:
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, len(plan) + 1)
        begun, first = _read_clock(task.device), 0.0
        for rows in plan:
            moved = {name: tensor.to(task.device) for name, tensor in collate(rows).items()}
            optimizer.zero_grad()
            loss = model(**moved).loss
            loss.backward()
            optimizer.step()
            schedule.step()
            loss.item()
            first = first or _read_clock(task.device) - begun
        return Epoch(_read_clock(task.device) - begun, first)

    return train


HERE = Contender("this project", start_here, {})
LAUNCHED = Contender("this project, no CUDA graphs", start_here, {"cuda_graphs": False})
COMPILED = Contender("this project, compiled", start_here, {"compile": True})
PADDED = Contender("Trainer, padded, bf16", start_padded, {})
TUNED = Contender("Trainer, tuned", start_tuned, {})
TUTORIAL = Contender("tutorial's loop", start_tutorial, {})

CONTENDERS = (HERE, PADDED, TUNED, TUTORIAL)
"""What is compared on a CPU; on a GPU there are more (epochs.py)."""


class _Rows(torch.utils.data.Dataset[dict[str, Any]]):
    """Reviews as the Trainer reads them: their length for its sampler, their number for the collation."""

    def __init__(self, data: Encoded) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data.ids)

    def __getitem__(self, row: int) -> dict[str, Any]:
        return {"input_ids": self._data.ids[row], "row": row}


class _Clock(TrainerCallback):
    """Times the epoch alone, without the Trainer's preparations."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.begun = self.first = self.ended = 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.begun, self.first = _read_clock(self._device), 0.0

    def on_step_end(self, *_: Any, **__: Any) -> None:
        if not self.first:
            self.first = _read_clock(self._device) - self.begun

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.ended = _read_clock(self._device)


def _start_trainer(task: Task, length: int | None, given: dict[str, Any], attention: str = "sdpa") -> Train:
    settings, clock, collate = task.settings, _Clock(task.device), _collate(task.data, length)
    arguments = TrainingArguments(
        output_dir=tempfile.mkdtemp(),
        num_train_epochs=1,
        per_device_train_batch_size=settings.train_batch_size,
        learning_rate=settings.learning_rate,
        max_grad_norm=settings.clip,
        weight_decay=settings.weight_decay,
        bf16=settings.precision == "bf16",
        use_cpu=task.device.type == "cpu",
        seed=settings.seed,
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=task.device.type == "cuda",
        **given,
    )
    trainer = Trainer(
        model=task.copy_model(attention),
        args=arguments,
        train_dataset=_Rows(task.data),
        data_collator=lambda chosen: collate([one["row"] for one in chosen]),
        callbacks=[clock],
    )
    trainer.remove_callback(PrinterCallback)

    def train() -> Epoch:
        # The Trainer keeps a schedule that has come to its end.
        trainer.lr_scheduler = None
        trainer.train()
        return Epoch(clock.ended - clock.begun, clock.first)

    return train


def _collate(data: Encoded, length: int | None) -> Callable[[list[int]], dict[str, torch.Tensor]]:
    """Pads rows to a length, or to the longest of them."""

    def collate(rows: list[int]) -> dict[str, torch.Tensor]:
        batch = make_batch(data, rows)
        short = 0 if length is None else length - batch.ids.shape[1]
        ids, mask = (torch.nn.functional.pad(part, (0, short)) for part in (batch.ids, batch.mask))
        return {"input_ids": ids, "attention_mask": mask, "labels": batch.labels}

    return collate


def _read_clock(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
