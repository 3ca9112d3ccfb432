"""The training loop: AdamW under a linear schedule, an evaluation and a checkpoint after each epoch."""

from pathlib import Path

import numpy as np
import torch
from torch.optim import AdamW
from transformers import BertForSequenceClassification

from checkpoint import Progress, copy_weights, restore, save
from dataset import LABELS, Encoded, iterate, plan_batches
from encoder import autocast, compute_logits
from metrics import measure, to_probabilities
from progress import announce, track
from settings import Settings


class DivergenceError(Exception):
    """The loss stopped being a number; the last checkpoint is kept."""


def train(
    model: BertForSequenceClassification, training: Encoded, validation: Encoded, settings: Settings, folder: Path
) -> Progress:
    """Trains to the last epoch, continuing the newest checkpoint, and leaves the best epoch's weights in the model.

    Raises:
        DivergenceError: the loss is not finite.
        KeyboardInterrupt: the run was stopped; the last epoch's checkpoint is on disk.
    """
    optimizer = make_optimizer(model, settings)
    progress = restore(folder, model, optimizer)
    if progress.epochs:
        announce("continued", checkpoint=folder.name, epochs=progress.epochs)
    for epoch in range(progress.epochs, settings.epochs):
        loss = _run_epoch(model, optimizer, training, settings, epoch)
        quality = _evaluate(model, validation, settings)
        progress.history.append({"epoch": epoch + 1, "loss": loss, **quality})
        progress.epochs = epoch + 1
        if quality["accuracy"] >= max(entry["accuracy"] for entry in progress.history):
            progress.best = copy_weights(model)
        save(folder, model, optimizer, progress)
        announce("evaluated", **progress.history[-1])
    model.load_state_dict(progress.best)
    return progress


def make_optimizer(model: torch.nn.Module, settings: Settings) -> AdamW:
    """AdamW with decay on matrices only: biases and LayerNorm weights have one dimension."""
    named = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in named if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in named if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=settings.learning_rate, fused=True)


def compute_rate(step: int, total: int, settings: Settings) -> float:
    """Learning rate of a step, counted from 0 over all epochs: linear up over the warmup, then linear down to 0."""
    rising = round(total * settings.warmup)
    if step < rising:
        return settings.learning_rate * step / rising
    return settings.learning_rate * (total - step) / max(1, total - rising)


def _run_epoch(
    model: BertForSequenceClassification, optimizer: AdamW, data: Encoded, settings: Settings, epoch: int
) -> float:
    """One pass over the rows; the mean loss. Seeded by epoch, so that a restart repeats it bit for bit."""
    torch.manual_seed(settings.seed + epoch)
    plan = plan_batches([len(ids) for ids in data.ids], settings.train_batch_size, settings.seed + epoch)
    first, total_steps = len(plan) * epoch, len(plan) * settings.epochs
    model.train()
    total = 0.0
    for step, batch in enumerate(track(iterate(data, plan), len(plan), f"epoch {epoch + 1}/{settings.epochs}")):
        for group in optimizer.param_groups:
            group["lr"] = compute_rate(first + step, total_steps, settings)
        with autocast(model.device, settings.precision):
            logits = compute_logits(model, batch, model.device)
        loss = torch.nn.functional.cross_entropy(logits, batch.labels.to(model.device))
        if not torch.isfinite(loss):
            raise DivergenceError(
                f"the loss is {loss.item()} at epoch {epoch + 1}, step {step + 1}: lower LEARNING_RATE."
            )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        optimizer.step()
        optimizer.zero_grad()
        total += loss.item()
    return total / len(plan)


def compute_all_logits(model: BertForSequenceClassification, data: Encoded, settings: Settings) -> torch.Tensor:
    """Logits of every row in the data's order, float32 [rows, labels], in full precision with dropout off."""
    model.eval()
    plan = plan_batches([len(ids) for ids in data.ids], settings.valid_batch_size)
    logits = torch.empty(len(data.ids), len(LABELS))
    with torch.inference_mode():
        for rows, batch in zip(plan, track(iterate(data, plan), len(plan), "evaluation"), strict=True):
            logits[rows] = compute_logits(model, batch, model.device).cpu()
    return logits


def _evaluate(model: BertForSequenceClassification, data: Encoded, settings: Settings) -> dict[str, float]:
    probabilities = to_probabilities(compute_all_logits(model, data, settings), 1.0)
    return measure(probabilities[:, 1], np.array(data.labels)).rounded()
