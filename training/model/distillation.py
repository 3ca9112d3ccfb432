"""The loss of a pack: cross-entropy with hard labels, and a teacher's probabilities as soft labels.

Hinton, Vinyals and Dean, 2015 (arXiv:1503.02531): both networks' logits are divided by a temperature, and the loss is
multiplied by its square, so that the gradient's size does not depend on it. DistilBERT (Sanh et al., 2019,
arXiv:1910.01108) mixes this loss with the hard label's.
"""

from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy, kl_div, log_softmax, softmax

from model.packing import IGNORED, Pack
from settings import Settings

_LEAST = 1e-7
"""Least probability of a teacher: one that was rounded to 0 has no logit."""


@dataclass(frozen=True)
class Distillation:
    """How a teacher's probabilities teach.

    Attributes:
        weight: share of the soft label in the loss of a row that has a hard one too; without one it is 1.
        temperature: what both networks' logits are divided by.
    """

    weight: float = 0.5
    temperature: float = 2.0


def choose_distillation(settings: Settings) -> Distillation:
    """What the settings say of it."""
    return Distillation(settings.distill_weight, settings.distill_temperature)


def check_distillation(settings: Settings, problems: list[str]) -> None:
    """Adds to `problems` if weight or temperature is outside its range."""
    if not 0 <= settings.distill_weight <= 1:
        problems.append(f"DISTILL_WEIGHT is {settings.distill_weight}; give a share from 0 to 1.")
    if not 0 < settings.distill_temperature < float("inf"):
        problems.append(f"DISTILL_TEMPERATURE is {settings.distill_temperature}; give a number above 0.")


def compute_loss(
    logits: torch.Tensor, texts: Pack, distillation: Distillation, class_weights: torch.Tensor | None = None
) -> torch.Tensor:
    """The sum of the texts' losses, float32.

    Args:
        logits: the network's, float32 [texts, labels].
        texts: the pack that they are of.
        distillation: weighs and softens the pack's soft labels, where it has any.
        class_weights: weight of each class, float32 [labels], in the hard labels' part; None: all alike.
    """
    if texts.soft is None:
        return cross_entropy(logits, texts.labels, class_weights, reduction="sum")
    # 0 for a text without a hard label.
    hard = cross_entropy(logits, texts.labels, class_weights, reduction="none")
    taught, labelled = texts.soft.sum(dim=1) > 0, texts.labels != IGNORED
    share = torch.where(labelled, distillation.weight, 1.0) * taught
    return ((1 - share) * hard + share * _compare(logits, texts.soft, distillation.temperature)).sum()


def _compare(logits: torch.Tensor, soft: torch.Tensor, temperature: float) -> torch.Tensor:
    """T² times the divergence (Kullback-Leibler) of the network from the teacher, both softened by T: [texts]."""
    teacher = softmax(soft.clamp(min=_LEAST).log() / temperature, dim=1)
    divergence = kl_div(log_softmax(logits / temperature, dim=1), teacher, reduction="none")
    return temperature**2 * divergence.sum(dim=1)
