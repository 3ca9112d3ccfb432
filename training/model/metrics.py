"""How good a set of probabilities is."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Quality:
    """How good a set of answers is; each figure is 0 to 1.

    Attributes:
        accuracy: share of right answers.
        macro_f1: mean of the F1 of every class that has rows.
        f1, auc: F1 and area under the ROC curve of the positive class against the rest.
        ece: expected calibration error of the answered class.
    """

    accuracy: float
    macro_f1: float
    f1: float
    auc: float
    ece: float

    def rounded(self) -> dict[str, float]:
        """The figures with six decimals, as the manifest holds them."""
        figures = asdict(self)
        return {"macroF1" if name == "macro_f1" else name: round(value, 6) for name, value in figures.items()}


def measure(probabilities: Floats, labels: Integers) -> Quality:
    """Quality of probabilities, float64 [rows, classes], the positive class last, against labels, int64 [rows].

    A probability that is not a number counts as an even chance: a broken model is measured, and the proof refuses it.
    """
    answered, positive = choose(probabilities), probabilities.shape[1] - 1
    of_class = [_f1(answered == one, labels == one) for one in range(positive + 1) if np.any(labels == one)]
    return Quality(
        accuracy=float(np.mean(answered == labels)),
        macro_f1=float(np.mean(of_class)),
        f1=_f1(answered == positive, labels == positive),
        auc=_auc(_fill(probabilities)[:, positive], labels == positive),
        ece=_ece(probabilities, labels),
    )


def choose(probabilities: Floats) -> Integers:
    """The likeliest class of each row, int64 [rows]; of equally likely ones the last, which is the positive one."""
    chosen: Integers = probabilities.shape[1] - 1 - _fill(probabilities)[:, ::-1].argmax(axis=1)
    return chosen


def _fill(probabilities: Floats) -> Floats:
    filled: Floats = np.nan_to_num(probabilities, nan=1 / probabilities.shape[1])
    return filled


def count_confusion(answered: Integers, labels: Integers, classes: int) -> Integers:
    """Rows by actual class (row) and answered class (column), int64 [classes, classes]."""
    counts: Integers = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, answered), 1)
    return counts


def describe_classes(probabilities: Floats, labels: Integers, classes: tuple[str, ...]) -> dict[str, Any]:
    """Rows, precision, recall and F1 of each class, and the confusion matrix, as the manifest holds them."""
    confusion = count_confusion(choose(probabilities), labels, len(classes))
    hits, actual, answered = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    described = {
        name: {
            "rows": int(actual[place]),
            "precision": round(float(hits[place] / max(1, answered[place])), 6),
            "recall": round(float(hits[place] / max(1, actual[place])), 6),
            "f1": round(float(2 * hits[place] / max(1, actual[place] + answered[place])), 6),
        }
        for place, name in enumerate(classes)
    }
    return {"classes": described, "confusion": confusion.tolist()}


def narrow(
    probabilities: Floats, labels: Integers, classes: tuple[str, ...], wanted: tuple[str, ...]
) -> tuple[Floats, Integers]:
    """The rows of the wanted classes: their probabilities, renormalised over these, and labels as indices into them.

    Args:
        probabilities: float64 [rows, classes].
        labels: int64 [rows], indices into `classes`.
        classes: class names in the order of the probabilities.
        wanted: some of them.
    """
    places = [classes.index(name) for name in wanted]
    rows = np.isin(labels, places)
    kept = probabilities[rows][:, places]
    index = np.full(len(classes), -1)
    index[places] = range(len(places))
    return kept / kept.sum(axis=1, keepdims=True), index[labels[rows]]


def _f1(predicted: NDArray[np.bool_], actual: NDArray[np.bool_]) -> float:
    hits = float(np.sum(predicted & actual))
    total = float(np.sum(predicted) + np.sum(actual))
    return 2 * hits / total if total else 0.0


def _auc(positive: Floats, actual: NDArray[np.bool_]) -> float:
    """The Mann-Whitney form of the area under the ROC curve; ties count half."""
    _, inverse, counts = np.unique(positive, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    ones = int(np.sum(actual))
    zeros = len(actual) - ones
    if not ones or not zeros:
        return 0.5
    return float((np.sum(ranks[actual]) - ones * (ones + 1) / 2) / (ones * zeros))


def _ece(probabilities: Floats, labels: Integers, bins: int = 15) -> float:
    """Expected calibration error (Guo et al., 2017, arXiv:1706.04599)."""
    found = bin_confidence(probabilities, labels, bins)
    return sum(abs(one.confidence - one.accuracy) * one.rows for one in found) / len(labels)


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


def trace_roc(positive: Floats, actual: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """The ROC curve: false and true positive rate at each threshold, from (0, 0) to (1, 1).

    Args:
        positive: each row's probability of a class, float64 [rows].
        actual: whether the row has that class.
    """
    order = np.argsort(-positive, kind="stable")
    ends = np.append(np.diff(positive[order]) != 0, True)
    ones = np.cumsum(actual[order])[ends]
    zeros = np.cumsum(~actual[order])[ends]
    rates = zeros / max(1, zeros[-1]), ones / max(1, ones[-1])
    return np.insert(rates[0], 0, 0.0), np.insert(rates[1], 0, 0.0)


@dataclass(frozen=True)
class Bin:
    """One bin of confidence: rows, their mean confidence and their accuracy."""

    rows: int
    confidence: float
    accuracy: float


def bin_confidence(probabilities: Floats, labels: Integers, bins: int = 15) -> list[Bin]:
    """Equal bins of confidence, which is the answered class's probability, that hold rows: a reliability diagram.

    The bins divide 0 to 1, as in Guo et al.; of two classes the likelier has at least 0.5, so that half of them stay
    empty. More bins measure the sample's noise: see docs/decisions/0033.
    """
    confidence = _fill(probabilities).max(axis=1)
    correct = choose(probabilities) == labels
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    filled = [bin_of == index for index in range(bins) if np.any(bin_of == index)]
    return [Bin(int(rows.sum()), float(confidence[rows].mean()), float(correct[rows].mean())) for rows in filled]
