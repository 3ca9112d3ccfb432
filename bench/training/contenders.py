"""The four ways to train that are compared. Each trains one epoch over the same reviews and says how long it took.

All have the same network, the same random initial weights, dropout, learning rate and clipping, and get their reviews
tokenized, which the tutorial's loop would do while it trains.
"""

import copy
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import BertForSequenceClassification, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from checkpoint import Progress
from dataset import Encoded, make_batch, plan_batches
from encoder import choose_attention, compiled
from loop import make_optimizer
from runs import Run
from settings import Settings
from step import Batch, Losses, take_step

Contender = Callable[["Task"], float]
"""Trains one epoch; the seconds that it took."""


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


def train_here(task: Task) -> float:
    """training/loop.py's epoch: packed texts, bfloat16 autocast, fused AdamW."""
    settings, data = task.settings, task.data
    model = task.copy_model(choose_attention())
    optimizer = make_optimizer(model, settings)
    run = Run(model, data, data, settings, checkpoints=None)  # type: ignore[arg-type]
    plan = plan_batches([len(ids) for ids in data.ids], settings.train_batch_size, settings.seed)
    progress, losses = Progress(micro=settings.train_batch_size), Losses(run.team)
    with compiled(model, settings.compile):
        begun = _tell_time(task.device)
        for number, rows in enumerate(plan):
            batch = Batch(rows, rows, number, f"step {number + 1}")
            losses.add(batch, take_step(run, optimizer, batch, progress))
            if losses.full:
                losses.drain(progress)
        losses.drain(progress)
        return _tell_time(task.device) - begun


def train_padded(task: Task) -> float:
    """Hugging Face's Trainer with its defaults, every review padded to the longest length, in bfloat16."""
    return _run_trainer(task, task.settings.max_len, {})


def train_tuned(task: Task) -> float:
    """The Trainer with reviews grouped by length and padded to their batch's longest, SDPA and fused AdamW.

    On a CPU, where SDPA is slower in bfloat16 than attention written out, it gets the latter.
    """
    slow = task.device.type == "cpu"
    given = {"train_sampling_strategy": "group_by_length", "optim": "adamw_torch_fused"}
    return _run_trainer(task, None, given, "eager" if slow else "sdpa")


def train_as_tutorial(task: Task) -> float:
    """The tutorial's loop: float32, eight reviews a step, padded to the longest length, a sync at every step."""
    model = task.copy_model("eager")
    optimizer = torch.optim.AdamW(model.parameters(), lr=task.settings.learning_rate)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, len(task.data.ids) // 8 + 1)
    plan = plan_batches([0] * len(task.data.ids), 8, task.settings.seed)
    begun = _tell_time(task.device)
    for rows in plan:
        inputs = _collate(task.data, task.settings.max_len)(rows)
        moved = {name: tensor.to(task.device) for name, tensor in inputs.items()}
        optimizer.zero_grad()
        loss = model(**moved).loss
        loss.backward()
        optimizer.step()
        schedule.step()
        loss.item()
    return _tell_time(task.device) - begun


CONTENDERS: dict[str, Contender] = {
    "this project": train_here,
    "Trainer, padded, bf16": train_padded,
    "Trainer, tuned": train_tuned,
    "tutorial's loop": train_as_tutorial,
}


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
        self.begun = self.ended = 0.0

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self.begun = _tell_time(self._device)

    def on_train_end(self, *_: Any, **__: Any) -> None:
        self.ended = _tell_time(self._device)


def _run_trainer(task: Task, length: int | None, given: dict[str, Any], attention: str = "sdpa") -> float:
    settings, clock, collate = task.settings, _Clock(task.device), _collate(task.data, length)
    with tempfile.TemporaryDirectory() as place:
        arguments = TrainingArguments(
            output_dir=place,
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
        trainer.train()
    return clock.ended - clock.begun


def _collate(data: Encoded, length: int | None) -> Callable[[list[int]], dict[str, torch.Tensor]]:
    """Pads rows to a length, or to the longest of them."""

    def collate(rows: list[int]) -> dict[str, torch.Tensor]:
        batch = make_batch(data, rows)
        short = 0 if length is None else length - batch.ids.shape[1]
        ids, mask = (torch.nn.functional.pad(part, (0, short)) for part in (batch.ids, batch.mask))
        return {"input_ids": ids, "attention_mask": mask, "labels": batch.labels}

    return collate


def _tell_time(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
