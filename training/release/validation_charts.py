"""The report's charts of a training: how the network learnt, and how the served model answers the validation rows."""

from dataclasses import dataclass

import numpy as np

from data.dataset import POLAR, Rows
from model.metrics import Floats, Integers, bin_confidence, choose, trace_roc
from release.charts import Axes, Line, draw_bars, draw_lines, mark
from release.evaluation import LENGTHS, slice_by

_THINNED = 400
"""Points that are drawn of a curve, at most about."""


@dataclass(frozen=True)
class Scored:
    """Validation rows as the served model sees them.

    Attributes:
        rows: the rows as written.
        lengths: tokens of each.
        calibrated, raw: each row's probabilities, after and before the temperature, float64 [rows, classes].
    """

    rows: Rows
    lengths: list[int]
    calibrated: Floats
    raw: Floats

    @property
    def labels(self) -> Integers:
        """Label of each row, int64 [rows]."""
        return np.array(self.rows.labels)

    @property
    def answered(self) -> Integers:
        """The likeliest class of each row, int64 [rows]."""
        return choose(self.calibrated)


def draw_learning(history: list[dict[str, float]], classes: tuple[str, ...]) -> list[str]:
    """Loss and the figures that epochs are chosen by, epoch by epoch."""
    if not history:
        return ["<p>No epoch was recorded.</p>"]
    charts = [_draw_epochs("Training loss", "loss", history), _draw_epochs("Validation accuracy", "accuracy", history)]
    return charts if classes == POLAR else [*charts, _draw_epochs("Validation macro-F1", "macroF1", history)]


def _draw_epochs(title: str, name: str, history: list[dict[str, float]]) -> str:
    points = [(entry["epoch"], entry[name]) for entry in history]
    step = max(1, len(points) // 10)
    marks, heights = [(x, f"{x:.0f}") for x, _ in points[::step]], mark(*_span([y for _, y in points]))
    across, up = (points[0][0] - 0.2, points[-1][0] + 0.2), (heights[0][0], heights[-1][0])
    return draw_lines(title, Axes("epoch", name, across, up, marks, heights), [Line("", points, "first", dots=True)])


def _span(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return low, max(high, low + 1e-3)


def draw_validation(scored: Scored) -> list[str]:
    """ROC curve, reliability diagram and accuracy by length."""
    labels = scored.labels
    unit = [(value / 4, f"{value / 4:g}") for value in range(5)]
    least = 1 / len(scored.rows.classes)
    marks = [(value / 10, f"{value / 10:.1f}") for value in range(11) if value / 10 >= least]
    rest = "" if scored.rows.classes == POLAR else " of each class against the rest"
    roc = Axes("false positive rate", "true positive rate", (0, 1), (0, 1), unit, unit)
    reliability = Axes("confidence", "accuracy", (least, 1), (0, 1), marks, unit)
    lines = [
        Line(name, [(one.confidence, one.accuracy) for one in bin_confidence(probabilities, labels)], style, dots=True)
        for name, probabilities, style in (
            ("after the temperature", scored.calibrated, "first"),
            ("before", scored.raw, "second"),
        )
    ]
    return [
        draw_lines(f"ROC curve{rest}", roc, _trace_classes(scored), diagonal=True),
        draw_lines("Reliability", reliability, [Line("", [(least, least), (1, 1)], "diagonal"), *lines]),
        _draw_lengths(scored),
    ]


def _trace_classes(scored: Scored) -> list[Line]:
    """The ROC curve of the positive class, or of three classes each against the rest."""
    classes = scored.rows.classes
    named = {"": len(classes) - 1} if classes == POLAR else {name: place for place, name in enumerate(classes)}
    lines = []
    for (name, place), style in zip(named.items(), ("first", "second", "third"), strict=False):
        rates = trace_roc(scored.calibrated[:, place], scored.labels == place)
        points = list(zip(*(rate.tolist() for rate in rates), strict=True))
        lines.append(Line(name, _thin(points), style))
    return lines


def _draw_lengths(scored: Scored) -> str:
    right = scored.answered == scored.labels
    bars = []
    for one in slice_by(np.array(scored.lengths), LENGTHS, right):
        label = f"{one['from']}-{one['to'] - 1}" if one["to"] else f"{one['from']}+"
        bars.append((label, one["accuracy"], f"{one['rows']} rows of {label} tokens: {one['accuracy']:.4f}"))
    unit = [(value / 4, f"{value / 4:g}") for value in range(5)]
    return draw_bars("Accuracy by length", Axes("tokens", "accuracy", (0, 1), (0, 1.08), [], unit), bars)


def _thin(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    step = max(1, len(points) // _THINNED)
    return [*points[:-1:step], points[-1]]
