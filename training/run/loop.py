"""The training loop: AdamW under a linear schedule on packed texts, an evaluation after each epoch, checkpoints."""

import time

import numpy as np
import torch
from torch.optim import AdamW

from data.dataset import POLAR
from data.tokens import plan_batches
from errors import StoppedError
from model.encoder import choose_halves
from model.metrics import describe_classes, measure, to_probabilities
from run.checkpoints import Progress, copy_weights
from run.cuda_graphs import StepGraphs
from run.inference import compute_validation_logits
from run.progress import announce, track
from run.step import Batch, Losses, Run, open_graphs, take_step, weigh_classes
from settings import Settings

_STEPS_BETWEEN_EXCHANGES = 8
"""With several processes: steps between two exchanges of the flags that ask to stop and to save."""


def train(run: Run) -> Progress:
    """Trains to the last epoch, continuing the newest checkpoint, and leaves the best epoch's weights in the model.

    Without an epoch to train the model stays as it is.

    Raises:
        DivergenceError: the loss or a gradient is not finite; the last good checkpoint is kept.
        StoppedError: the run was told to stop; a checkpoint of the last step is written.
        StoreError: a checkpoint could not be read or written.
        InputError: not even one review fits into memory.
    """
    optimizer = make_optimizer(run.model, run.settings)
    progress = run.checkpoints.restore(run.model, optimizer)
    progress.micro = progress.micro or run.settings.micro_batch_size or run.settings.train_batch_size
    if progress.epochs or progress.step:
        announce("continued", checkpoint=run.checkpoints.run, epochs=progress.epochs, step=progress.step)
    _record_processor(run, progress)
    if run.events:
        run.events.begin(progress)
    run.halves = choose_halves(run.settings.compile)
    if run.settings.class_weights == "balanced":
        run.class_weights = weigh_classes(run.training).to(run.model.device)
        announce("weighed", **dict(zip(run.training.classes, run.class_weights.tolist(), strict=True)))
    graphs = open_graphs(run, optimizer)
    with run.stop:
        while progress.epochs < run.settings.epochs and not _is_exhausted(run, progress):
            steps = _run_epoch(run, optimizer, progress, graphs)
            _finish_epoch(run, optimizer, progress, steps)
    if progress.best:
        run.model.load_state_dict(progress.best)
    return progress


def _list_figures(run: Run, progress: Progress) -> list[float]:
    """The figure of each epoch that chooses the best: accuracy of two classes, macro-F1 of three."""
    name = "accuracy" if run.validation.classes == POLAR else "macroF1"
    return [entry[name] for entry in progress.history]


def _is_exhausted(run: Run, progress: Progress) -> bool:
    """Whether as many epochs as PATIENCE have passed since the last better figure; it follows from the history alone,
    so that a run that was stopped ends where it would have ended."""
    figures, patience = _list_figures(run, progress), run.settings.patience
    exhausted = 0 < patience < len(figures) and max(figures[-patience:]) <= max(figures[:-patience])
    if exhausted:
        best = max(epoch for epoch, figure in enumerate(figures, start=1) if figure == max(figures))
        announce("stopped early", epochs=progress.epochs, best=best)
    return exhausted


def _record_processor(run: Run, progress: Progress) -> None:
    """Adds this processor to the run's; a run that changes processors goes on, but not with the bits of one."""
    if run.processor in progress.processors[-1:]:
        return
    if progress.processors:
        announce("other processor", before=progress.processors[-1], now=run.processor, equal_bits=False)
    progress.processors.append(run.processor)


def make_optimizer(model: torch.nn.Module, settings: Settings) -> AdamW:
    """AdamW with decay on matrices only: biases and LayerNorm weights have one dimension."""
    named = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in named if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in named if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if settings.cuda_graphs and named[0].is_cuda:
        # A CUDA graph keeps the numbers that it was captured with, but reads a tensor anew.
        rate = torch.tensor(settings.learning_rate, device=named[0].device)
        return AdamW(groups, lr=rate, fused=True, capturable=True)
    return AdamW(groups, lr=settings.learning_rate, fused=True)


def set_rate(optimizer: AdamW, rate: float) -> None:
    """Sets the learning rate of the next step."""
    for group in optimizer.param_groups:
        if isinstance(group["lr"], torch.Tensor):
            group["lr"].fill_(rate)
        else:
            group["lr"] = rate


def compute_rate(step: int, total: int, settings: Settings) -> float:
    """Learning rate of a step, counted from 0 over all epochs: linear up over the warmup, then linear down to 0."""
    rising = round(total * settings.warmup)
    if step < rising:
        return settings.learning_rate * step / rising
    return settings.learning_rate * (total - step) / max(1, total - rising)


def _run_epoch(run: Run, optimizer: AdamW, progress: Progress, graphs: StepGraphs | None) -> int:
    """The rest of an epoch; its number of steps."""
    settings, epoch, losses = run.settings, progress.epochs, Losses(run.group, run.events)
    lengths = [len(ids) for ids in run.training.ids]
    plan = plan_batches(lengths, settings.train_batch_size, settings.seed + epoch, run.training.pairs)
    run.model.train()
    rest = range(progress.step, len(plan))
    for step in track(rest, len(rest), f"epoch {epoch + 1}/{settings.epochs}"):
        number = len(plan) * epoch + step
        rate = compute_rate(number, len(plan) * settings.epochs, settings)
        set_rate(optimizer, rate)
        share = run.group.shard(plan[step], lengths)
        name = f"epoch {epoch + 1}, step {step + 1}"
        batch = Batch(plan[step], share, _seed_step(run, number), name, number, rate)
        losses.add(batch, take_step(run, optimizer, batch, progress, graphs))
        progress.step = step + 1
        _save_or_stop(run, optimizer, progress, losses)
    losses.drain(progress)
    return len(plan)


def _seed_step(run: Run, number: int) -> int:
    """The seed of a step's dropout: a function of where the run is, so that no random state has to be kept."""
    return ((run.settings.seed << 40) + (number << 10) + run.group.rank) % 2**63


def _save_or_stop(run: Run, optimizer: AdamW, progress: Progress, losses: Losses) -> None:
    """Writes a checkpoint when one is due, and leaves when told to."""
    if run.group.size > 1 and progress.step % _STEPS_BETWEEN_EXCHANGES:
        return
    due = run.group.is_main and time.monotonic() - run.saved >= run.settings.checkpoint_seconds
    stopping, due = run.group.any_true(run.stop.asked, due)
    if stopping or due or losses.full:
        losses.drain(progress)
    if stopping or due:
        _save(run, optimizer, progress)
    if stopping:
        raise StoppedError


def _save(run: Run, optimizer: AdamW, progress: Progress) -> None:
    begun = time.monotonic()
    if run.group.is_main:
        if run.events:
            run.events.save(progress)
        run.checkpoints.save(run.model, optimizer, progress)
        seconds = round(time.monotonic() - begun, 2)
        announce("saved", epochs=progress.epochs, step=progress.step, seconds=seconds)
    run.saved = time.monotonic()


def _finish_epoch(run: Run, optimizer: AdamW, progress: Progress, steps: int) -> None:
    """Evaluates, keeps the weights if they are the best yet, and writes a checkpoint."""

    def stop_if_asked() -> None:
        if run.group.any_true(run.stop.asked)[0]:
            _save(run, optimizer, progress)
            raise StoppedError

    logits = compute_validation_logits(run.model, run.validation, run.settings, run.group, stop_if_asked)
    probabilities, labels = to_probabilities(logits, 1.0), np.array(run.validation.labels)
    quality = measure(probabilities, labels).rounded()
    progress.history.append({"epoch": progress.epochs + 1, "loss": progress.loss / steps, **quality})
    progress.epochs, progress.step, progress.loss = progress.epochs + 1, 0, 0.0
    if run.events:
        at = steps * progress.epochs
        run.events.record(at, {"epoch_loss": progress.history[-1]["loss"]}, "training")
        described = describe_classes(probabilities, labels, run.validation.classes)["classes"]
        run.events.record(at, {**quality, **described}, "validation")
    figures = _list_figures(run, progress)
    if figures[-1] >= max(figures):
        progress.best = copy_weights(run.model)
    _save(run, optimizer, progress)
    announce("evaluated", **progress.history[-1])
