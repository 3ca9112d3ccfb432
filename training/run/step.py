"""What a training run holds, and one optimizer step of it: as many passes as memory asks for, one update."""

import time
from dataclasses import dataclass, field

import torch
from torch.optim import Optimizer
from transformers import BertForSequenceClassification

from data.tokens import Encoded
from errors import DivergenceError, InputError
from model.distillation import choose_distillation, compute_loss
from model.encoder import PLAIN, Halves, autocast
from model.packing import Pack, compute_logits, pack
from run.checkpoints import Checkpoints, Progress
from run.cuda_graphs import StepGraphs
from run.device import describe_processor, free_memory, is_out_of_memory
from run.event_files import STEPS_BETWEEN_POINTS, EventFiles
from run.interruption import Stop
from run.process_group import ProcessGroup
from run.progress import announce
from settings import Settings


@dataclass
class Run:
    """One training run.

    Attributes:
        model: the network, on its device.
        training: the rows to learn from.
        validation: the rows that choose the best epoch.
        settings: all settings.
        checkpoints: where a stopped run continues from.
        stop: whether somebody wants the run to stop.
        group: this process among the ones that train together.
        processor: what computes, for the manifest and to notice that a run has changed processors.
        halves: what computes a layer, compiled or not.
        class_weights: weight of each class in the loss, float32 [classes], on the model's device; None: all alike.
        saved: when the last checkpoint was written, in seconds of the monotonic clock.
        events: the TensorBoard event files, where they are wanted; the main process writes them.
    """

    model: BertForSequenceClassification
    training: Encoded
    validation: Encoded
    settings: Settings
    checkpoints: Checkpoints
    stop: Stop = field(default_factory=Stop)
    group: ProcessGroup = field(default_factory=ProcessGroup)
    processor: str = field(default_factory=describe_processor)
    halves: Halves = PLAIN
    class_weights: torch.Tensor | None = None
    saved: float = field(default_factory=time.monotonic)
    events: EventFiles | None = None


_HELD = 16
"""Steps whose losses stay on the device. Reading each loss at once would make the GPU idle between two steps."""


@dataclass(frozen=True)
class Batch:
    """The rows of one step.

    Attributes:
        rows: row numbers in the training data, of all processes together.
        share: those of this process.
        seed: of the step's dropout, in this process.
        name: what people call it: epoch and step.
        number: steps before it, over all epochs.
        rate: the learning rate.
    """

    rows: list[int]
    share: list[int]
    seed: int
    name: str
    number: int = 0
    rate: float = 0.0


def weigh_classes(data: Encoded) -> torch.Tensor:
    """Weights that are inverse to the number of a class's rows, float32 [classes]; their mean over the rows is 1."""
    counts = torch.tensor([data.labels.count(label) for label in range(len(data.classes))])
    return (counts.sum() / (len(counts) * counts.clamp(min=1))).float()


def open_graphs(run: Run, optimizer: Optimizer) -> StepGraphs | None:
    """The CUDA graphs that the run's steps are captured into, or None where they are not wanted or cannot be.

    Several processes exchange gradients within a step, and a graph need not give the bits of the step that it was
    captured from.
    """
    device, settings = run.model.device, run.settings
    if device.type != "cuda" or not settings.cuda_graphs or settings.deterministic or run.group.size > 1:
        return None

    def step(texts: Pack, reviews: int) -> torch.Tensor:
        return _update(run, optimizer, _add_gradient(run, texts, reviews))

    return StepGraphs(step, device)


def take_step(
    run: Run, optimizer: Optimizer, batch: Batch, progress: Progress, graphs: StepGraphs | None = None
) -> torch.Tensor:
    """Moves the weights by the batch's gradient; loss and gradient norm, float32 [2], on the device.

    Where memory does not suffice, `progress.micro` is halved until it does; the gradient stays the whole batch's.

    Raises:
        InputError: not even one review fits, or AdamW's state does not.
    """
    fillers: list[int] = []
    if graphs and len(batch.share) <= progress.micro:
        figures = graphs.replay(run.training, batch.share, batch.seed)
        if figures is not None:
            return figures
        # Drops the gradients that a failed capture left.
        optimizer.zero_grad()
        fillers = graphs.choose_fillers(run.training, batch.share)
    while (loss := _try_gradients(run, batch, progress.micro, fillers)) is None:
        optimizer.zero_grad()
        fillers = []
        _shrink(progress, batch)
    return _update(run, optimizer, loss)


def _update(run: Run, optimizer: Optimizer, loss: torch.Tensor) -> torch.Tensor:
    """Moves the weights by the gradients that they hold; loss and gradient norm."""
    parameters = [parameter for parameter in run.model.parameters() if parameter.requires_grad]
    run.group.sum_gradients(parameters)
    norm = torch.nn.utils.clip_grad_norm_(parameters, run.settings.clip)
    try:
        optimizer.step()
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        _repeat_update(optimizer)
    optimizer.zero_grad()
    return torch.stack([loss, norm.detach()])


def _repeat_update(optimizer: Optimizer) -> None:
    """The first update allocates AdamW's state, twice the weights; the forward pass's memory can make room for it."""
    for state in optimizer.state.values():
        if "exp_avg_sq" not in state:
            state.clear()
    free_memory()
    announce("out_of_memory", at="the optimizer's first step", repeated=True)
    try:
        optimizer.step()
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        raise InputError(["Memory does not suffice for AdamW's state; take a smaller BERT or a larger GPU."]) from error


def _try_gradients(run: Run, batch: Batch, micro: int, fillers: list[int]) -> torch.Tensor | None:
    """Adds the gradients of this process's share and returns its part of the loss, or None if memory is short."""
    torch.manual_seed(batch.seed)
    try:
        return _add_gradients(run, batch, micro, fillers)
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return None


def _add_gradients(run: Run, batch: Batch, micro: int, fillers: list[int]) -> torch.Tensor:
    total = torch.zeros((), device=run.model.device)
    for start in range(0, len(batch.share), micro):
        texts = pack(run.training, batch.share[start : start + micro], fillers).to(run.model.device)
        total += _add_gradient(run, texts, len(batch.rows))
    return total


def _add_gradient(run: Run, texts: Pack, reviews: int) -> torch.Tensor:
    """Adds the gradients of the pack's part of a batch of so many reviews and returns its part of the loss."""
    with autocast(run.model.device, run.settings.precision):
        logits = compute_logits(run.model, texts, run.halves)
    loss = compute_loss(logits, texts, choose_distillation(run.settings), run.class_weights) / reviews
    loss.backward()
    return loss.detach()


def _shrink(progress: Progress, batch: Batch) -> None:
    if progress.micro == 1:
        raise InputError([f"Memory does not suffice for one review at a time ({batch.name}); lower MAX_LEN."])
    free_memory()
    progress.micro = min(progress.micro, len(batch.share)) // 2 or 1
    announce("out_of_memory", at=batch.name, micro_batch=progress.micro, effective_batch=len(batch.rows))


@dataclass
class Losses:
    """Losses of recent steps, still on the device.

    Attributes:
        group: the processes whose parts add up to each loss.
        events: records every tenth step, where it is wanted.
    """

    group: ProcessGroup
    events: EventFiles | None = None
    _held: list[tuple[Batch, torch.Tensor]] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether it is time to drain them."""
        return len(self._held) >= _HELD

    def add(self, batch: Batch, figures: torch.Tensor) -> None:
        """Keeps a step's loss and gradient norm."""
        self._held.append((batch, figures))

    def drain(self, progress: Progress) -> None:
        """Adds the losses to the epoch's.

        Raises:
            DivergenceError: one is not finite.
        """
        if not self._held:
            return
        figures = torch.stack([figures for _, figures in self._held])
        figures[:, 0] = self.group.sum(figures[:, 0].contiguous())
        for (batch, _), (loss, norm) in zip(self._held, figures.tolist(), strict=True):
            _check(batch, loss, norm)
            progress.loss += loss
            if self.events and (batch.number + 1) % STEPS_BETWEEN_POINTS == 0:
                figures_of_step = {"loss": loss, "gradient_norm": norm, "learning_rate": batch.rate}
                self.events.record(batch.number + 1, figures_of_step, "training")
        self._held.clear()


def _check(batch: Batch, loss: float, norm: float) -> None:
    finite = torch.isfinite(torch.tensor([loss, norm])).all()
    if not finite:
        rows = ", ".join(map(str, batch.rows[:8])) + (", …" if len(batch.rows) > 8 else "")
        raise DivergenceError(
            f"The loss is {loss} and the gradient's norm {norm} at {batch.name} (training rows {rows}, counted from "
            "0): lower LEARNING_RATE or look at these rows. The last good checkpoint is kept."
        )
