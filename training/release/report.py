"""report.html: what a run did and how good its model is, in one file that any browser opens without a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from data.dataset import Rows
from model.metrics import Floats, Integers, bin_confidence, choose, count_confusion, trace_roc
from release.charts import Axes, Line, draw_bars, draw_lines, mark
from release.evaluation import LENGTHS, slice_by

WORST = 20
"""Mistakes that are listed."""

_THINNED = 400
_FIGURES = ("accuracy", "f1", "auc", "ece")


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


@dataclass(frozen=True)
class ReportData:
    """What the report is made of.

    Attributes:
        manifest: the version's, without its files.
        history: one entry per epoch: epoch, loss and validation figures.
        scored: the validation rows.
        champion: version and figures of the current version on the same rows, or None.
        proof: figures of the proof.
        reasons: why the version was rejected; empty if it was published.
        with_text: print the worst mistakes' texts.
    """

    manifest: dict[str, Any]
    history: list[dict[str, float]]
    scored: Scored
    champion: dict[str, Any] | None
    proof: dict[str, float]
    reasons: list[str]
    with_text: bool


def render(data: ReportData) -> str:
    """The report as the text of an HTML file."""
    manifest, style = data.manifest, (Path(__file__).parent / "report.css").read_text("utf-8")
    sections = [
        ("", _describe_outcome(data)),
        ("Quality by data set", _list_sets(manifest["metrics"]["sets"])),
        ("Against the current version", _compare(data)),
        ("Training", _wrap(_draw_learning(data.history))),
        ("Validation", _wrap(_draw_validation(data.scored))),
        ("Confusion", _list_confusion(data.scored)),
        ("Accuracy by confidence", _list_slices(manifest["metrics"]["sets"])),
        (f"The {WORST} worst mistakes", _list_mistakes(data.scored, data.with_text)),
        ("Proof", _list_pairs({name: f"{value:.3g}" for name, value in data.proof.items()})),
        ("Data", _list_data(manifest["provenance"])),
        ("Settings", _list_pairs({**manifest["provenance"]["settings"], "seed": manifest["provenance"]["seed"]})),
        (
            "Made with",
            _list_pairs(
                {
                    **manifest["provenance"]["libraries"],
                    "device": manifest["provenance"]["device"],
                    "processor": " then ".join(manifest["provenance"].get("processors", [])),
                }
            ),
        ),
    ]
    body = "".join(f"{f'<h2>{escape(name)}</h2>' if name else ''}{content}" for name, content in sections)
    title = f"Training report {manifest['version']}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head><body>{body}</body></html>\n"
    )


def _describe_outcome(data: ReportData) -> str:
    metrics = data.manifest["metrics"]
    summary = f"int8 on {metrics['rows']} validation rows: accuracy {metrics['accuracy']:.4f}, ECE {metrics['ece']:.4f}"
    refusal = "".join(f'<p class="refused">Rejected: {escape(reason)}</p>' for reason in data.reasons)
    return f"<h1>{escape(data.manifest['version'])}</h1><p class='lead'>{summary}</p>{refusal}"


def _list_sets(sets: list[dict[str, Any]]) -> str:
    header = ("file", "used for", "rows", "model", *_FIGURES, "ece before temperature", "labels flipped")
    lines: list[Sequence[object]] = []
    for one in sets:
        first = (one["name"], one["use"], one["rows"], "int8")
        lines.append((*first, *(f"{one[name]:.4f}" for name in (*_FIGURES, "eceBefore")), f"{one['flipped']:.2%}"))
        exact = one["reference"]
        lines.append(("", "", "", "fp32", *(f"{exact[name]:.4f}" for name in (*_FIGURES, "eceBefore")), ""))
    return _list_table(header, lines)


def _compare(data: ReportData) -> str:
    if data.champion is None:
        return "<p>There was no version to compare with.</p>"
    champion = data.champion
    metrics = champion.get("candidate", data.manifest["metrics"])
    compared = " or ".join(champion.get("compared", []))
    rows = f"rows that are {compared}, other probabilities left out" if compared else "same rows"
    lines = [
        (f"candidate {data.manifest['version']}", *(f"{metrics[name]:.4f}" for name in _FIGURES)),
        (f"current {champion['version']}", *(f"{champion[name]:.4f}" for name in _FIGURES)),
        ("difference", *(f"{metrics[name] - champion[name]:+.4f}" for name in _FIGURES)),
    ]
    return _list_table((f"version, int8, {rows}", *_FIGURES), lines)


def _draw_learning(history: list[dict[str, float]]) -> list[str]:
    if not history:
        return ["<p>No epoch was recorded.</p>"]
    return [_draw_epochs("Training loss", "loss", history), _draw_epochs("Validation accuracy", "accuracy", history)]


def _draw_epochs(title: str, name: str, history: list[dict[str, float]]) -> str:
    points = [(entry["epoch"], entry[name]) for entry in history]
    step = max(1, len(points) // 10)
    marks, heights = [(x, f"{x:.0f}") for x, _ in points[::step]], mark(*_span([y for _, y in points]))
    across, up = (points[0][0] - 0.2, points[-1][0] + 0.2), (heights[0][0], heights[-1][0])
    return draw_lines(title, Axes("epoch", name, across, up, marks, heights), [Line("", points, "first", dots=True)])


def _span(values: list[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return low, max(high, low + 1e-3)


def _draw_validation(scored: Scored) -> list[str]:
    labels = scored.labels
    unit = [(value / 4, f"{value / 4:g}") for value in range(5)]
    least = 1 / len(scored.rows.classes)
    marks = [(value / 10, f"{value / 10:.1f}") for value in range(11) if value / 10 >= least]
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
        draw_lines("ROC curve", roc, _trace_classes(scored), diagonal=True),
        draw_lines("Reliability", reliability, [Line("", [(least, least), (1, 1)], "diagonal"), *lines]),
        _draw_lengths(scored),
    ]


def _trace_classes(scored: Scored) -> list[Line]:
    """The ROC curve of the positive class, or of three classes each against the rest."""
    classes = scored.rows.classes
    named = {"": len(classes) - 1} if len(classes) == 2 else {name: place for place, name in enumerate(classes)}
    lines = []
    for (name, place), style in zip(named.items(), ("first", "second", "third"), strict=False):
        rates = trace_roc(scored.calibrated[:, place], scored.labels == place)
        points = list(zip(*(rate.tolist() for rate in rates), strict=True))
        lines.append(Line(f"{name} against the rest" if name else "", _thin(points), style))
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


def _list_confusion(scored: Scored) -> str:
    classes = scored.rows.classes
    counts = count_confusion(scored.answered, scored.labels, len(classes)).tolist()
    lines = [(f"is {name}", *counts[actual]) for actual, name in enumerate(classes)]
    return _list_table(("", *(f"said {name}" for name in classes)), lines)


def _list_slices(sets: list[dict[str, Any]]) -> str:
    lines = [
        (one["name"], f"{part['from']:g} to {part['to'] or 1:g}", part["rows"], f"{part['accuracy']:.4f}")
        for one in sets
        for part in one["byConfidence"]
    ]
    return _list_table(("file", "confidence", "rows", "accuracy"), lines)


def _list_mistakes(scored: Scored, with_text: bool) -> str:
    given, wrong = scored.calibrated[np.arange(len(scored.labels)), scored.labels], scored.answered != scored.labels
    worst = [int(place) for place in np.argsort(given, kind="stable")[:WORST] if wrong[place]]
    lines = []
    for place in worst:
        source, number = scored.rows.origins[place]
        label = scored.rows.classes[scored.rows.labels[place]]
        line = (scored.rows.sources[source]["name"], number, label, f"{given[place]:.4f}", scored.lengths[place])
        lines.append((*line, scored.rows.texts[place]) if with_text else line)
    header = ("file", "row", "label", "probability of the label", "tokens")
    return _list_table((*header, "text") if with_text else header, lines) if lines else "<p>None.</p>"


def _list_data(provenance: dict[str, Any]) -> str:
    files = [(one["name"], one["rows"], one["sha256"][:12]) for one in provenance["data"]]
    found: dict[str, dict[str, int]] = provenance.get("findings", {})
    names = list(next(iter(found.values()), {}))
    counts = [(use, *(counted[name] for name in names)) for use, counted in found.items()]
    return _list_table(("file", "rows", "sha256"), files) + _list_table(("rows of", *names), counts)


def _list_pairs(pairs: dict[str, Any]) -> str:
    return _list_table(("name", "value"), list(pairs.items()))


def _list_table(header: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    head = "".join(_write_cell(name, name, "th") for name in header)
    rows = "".join(
        f"<tr>{''.join(_write_cell(name, cell) for name, cell in zip(header, line, strict=True))}</tr>"
        for line in lines
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _write_cell(name: str, cell: object, tag: str = "td") -> str:
    return f"<{tag}{' class=text' if name == 'text' else ''}>{escape(str(cell))}</{tag}>"


def _wrap(charts: list[str]) -> str:
    return f'<div class="charts">{"".join(charts)}</div>'
