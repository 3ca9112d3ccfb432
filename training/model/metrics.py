"""How good a set of probabilities is."""

from dataclasses import asdict, dataclass

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Quality:
    """Accuracy, F1 of the positive class, area under the ROC curve and expected calibration error, each 0 to 1."""

    accuracy: float
    f1: float
    auc: float
    ece: float

    def rounded(self) -> dict[str, float]:
        """The four figures with six decimals, as the manifest holds them."""
        return {name: round(value, 6) for name, value in asdict(self).items()}


def measure(positive: Floats, labels: Integers) -> Quality:
    """Quality of the positive class's probabilities, float64 [rows], against labels 0 or 1, int64 [rows].

    A probability that is not a number counts as an even chance: a broken model is measured, and the proof refuses it.
    """
    positive = np.nan_to_num(positive, nan=0.5)
    predicted = positive >= 0.5
    return Quality(
        accuracy=float(np.mean(predicted == (labels == 1))),
        f1=_f1(predicted, labels == 1),
        auc=_auc(positive, labels),
        ece=_ece(positive, labels),
    )


def _f1(predicted: NDArray[np.bool_], actual: NDArray[np.bool_]) -> float:
    hits = float(np.sum(predicted & actual))
    total = float(np.sum(predicted) + np.sum(actual))
    return 2 * hits / total if total else 0.0


def _auc(positive: Floats, labels: Integers) -> float:
    """The Mann-Whitney form of the area under the ROC curve; ties count half."""
    _, inverse, counts = np.unique(positive, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    ones = int(np.sum(labels == 1))
    zeros = len(labels) - ones
    if not ones or not zeros:
        return 0.5
    return float((np.sum(ranks[labels == 1]) - ones * (ones + 1) / 2) / (ones * zeros))


def _ece(positive: Floats, labels: Integers, bins: int = 15) -> float:
    """Expected calibration error (Guo et al., 2017, arXiv:1706.04599)."""
    found = bin_confidence(positive, labels, bins)
    return sum(abs(one.confidence - one.accuracy) * one.rows for one in found) / len(positive)


def fit_temperature(logits: torch.Tensor, labels: torch.Tensor, sets: list[list[int]] | None = None) -> float:
    """The temperature that makes softmax(logits / T) likeliest, by L-BFGS on log T (Guo et al., 2017).

    Args:
        logits: float32 [rows, labels].
        labels: int64 [rows].
        sets: each data set's rows; the sets count alike, so that the largest does not decide for all. One if not given.
    """
    weights = torch.ones(len(labels), dtype=torch.float64)
    for rows in sets or []:
        weights[rows] /= len(rows)
    log_temperature = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        losses = torch.nn.functional.cross_entropy(logits.double() / log_temperature.exp(), labels, reduction="none")
        loss = losses @ weights / weights.sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return round(float(log_temperature.detach().exp().clamp(0.05, 20)), 6)


def to_probabilities(logits: torch.Tensor, temperature: float) -> Floats:
    """softmax(logits / temperature): float32 [rows, labels] to float64 of the same shape."""
    return torch.softmax(logits.double() / temperature, dim=-1).numpy()


def trace_roc(positive: Floats, labels: Integers) -> tuple[Floats, Floats]:
    """The ROC curve: false and true positive rate at each threshold, from (0, 0) to (1, 1)."""
    order = np.argsort(-positive, kind="stable")
    ends = np.append(np.diff(positive[order]) != 0, True)
    ones = np.cumsum(labels[order] == 1)[ends]
    zeros = np.cumsum(labels[order] == 0)[ends]
    rates = zeros / max(1, zeros[-1]), ones / max(1, ones[-1])
    return np.insert(rates[0], 0, 0.0), np.insert(rates[1], 0, 0.0)


@dataclass(frozen=True)
class Bin:
    """One bin of confidence: rows, their mean confidence and their accuracy."""

    rows: int
    confidence: float
    accuracy: float


def bin_confidence(positive: Floats, labels: Integers, bins: int = 15) -> list[Bin]:
    """Equal bins of confidence that hold rows: a reliability diagram.

    The bins divide 0 to 1, as in Guo et al.; of two classes the likelier has at least 0.5, so that half of them stay
    empty. More bins measure the sample's noise: see docs/decisions/0033.
    """
    positive = np.nan_to_num(positive, nan=0.5)
    confidence = np.maximum(positive, 1 - positive)
    correct = (positive >= 0.5) == (labels == 1)
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    filled = [bin_of == index for index in range(bins) if np.any(bin_of == index)]
    return [Bin(int(rows.sum()), float(confidence[rows].mean()), float(correct[rows].mean())) for rows in filled]
