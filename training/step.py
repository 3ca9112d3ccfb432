"""One optimizer step: as many passes as memory asks for, one update."""

from dataclasses import dataclass, field

import torch
from torch.optim import Optimizer

from checkpoint import Progress
from encoder import autocast, compute_logits
from packing import pack
from problem import ProblemsError
from progress import announce
from runs import Run
from team import Team

_HELD = 16
"""Steps whose losses wait on the device. Looking at each would make the GPU idle between two steps."""


class DivergenceError(Exception):
    """The loss or a gradient stopped being a number; the last checkpoint is kept."""


@dataclass(frozen=True)
class Batch:
    """The rows of one step.

    Attributes:
        rows: row numbers in the training data, of all processes together.
        share: those of this process.
        seed: of the step's dropout, in this process.
        name: what people call it: epoch and step.
    """

    rows: list[int]
    share: list[int]
    seed: int
    name: str


def take_step(run: Run, optimizer: Optimizer, batch: Batch, progress: Progress) -> torch.Tensor:
    """Moves the weights by the batch's gradient; loss and gradient norm, float32 [2], on the device.

    Where memory does not suffice, `progress.micro` is halved until it does; the gradient stays the whole batch's.

    Raises:
        ProblemsError: not even one review fits.
    """
    while (loss := _try_gradients(run, batch, progress.micro)) is None:
        optimizer.zero_grad()
        _shrink(progress, batch)
    parameters = [parameter for parameter in run.model.parameters() if parameter.requires_grad]
    run.team.sum_gradients(parameters)
    norm = torch.nn.utils.clip_grad_norm_(parameters, run.settings.clip)
    optimizer.step()
    optimizer.zero_grad()
    return torch.stack([loss, norm.detach()])


def _try_gradients(run: Run, batch: Batch, micro: int) -> torch.Tensor | None:
    """Adds the gradients of this process's share and returns its part of the loss, or None if memory is short."""
    torch.manual_seed(batch.seed)
    try:
        return _add_gradients(run, batch, micro)
    except torch.OutOfMemoryError:
        return None
    except RuntimeError as error:
        if "DefaultCPUAllocator" not in str(error):
            raise
        return None


def _add_gradients(run: Run, batch: Batch, micro: int) -> torch.Tensor:
    device, total = run.model.device, torch.zeros((), device=run.model.device)
    for start in range(0, len(batch.share), micro):
        texts = pack(run.training, batch.share[start : start + micro]).to(device)
        with autocast(device, run.settings.precision):
            logits = compute_logits(run.model, texts)
        loss = torch.nn.functional.cross_entropy(logits, texts.labels, reduction="sum") / len(batch.rows)
        loss.backward()
        total += loss.detach()
    return total


def _shrink(progress: Progress, batch: Batch) -> None:
    if progress.micro == 1:
        raise ProblemsError([f"Memory does not suffice for one review at a time ({batch.name}); lower MAX_LEN."])
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    progress.micro = min(progress.micro, len(batch.share)) // 2 or 1
    announce("out_of_memory", at=batch.name, micro_batch=progress.micro, effective_batch=len(batch.rows))


@dataclass
class Losses:
    """Losses of steps that nobody has looked at yet.

    Attributes:
        team: the processes whose parts add up to each loss.
    """

    team: Team
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
        figures[:, 0] = self.team.sum(figures[:, 0].contiguous())
        for (batch, _), (loss, norm) in zip(self._held, figures.tolist(), strict=True):
            _check(batch, loss, norm)
            progress.loss += loss
        self._held.clear()


def _check(batch: Batch, loss: float, norm: float) -> None:
    finite = torch.isfinite(torch.tensor([loss, norm])).all()
    if not finite:
        rows = ", ".join(map(str, batch.rows[:8])) + (", …" if len(batch.rows) > 8 else "")
        raise DivergenceError(
            f"The loss is {loss} and the gradient's norm {norm} at {batch.name} (training rows {rows}, counted from "
            "0): lower LEARNING_RATE or look at these rows. The last good checkpoint is kept."
        )
