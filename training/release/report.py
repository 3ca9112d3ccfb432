"""report.html: what a run did and how good its model is, in one file that any browser opens without a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from release.charts import draw_shares
from release.validation_charts import Scored, draw_learning, draw_validation

WORST = 20
"""Mistakes that are listed."""

_FIGURES = ("accuracy", "macroF1", "f1", "auc", "ece")


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
        ("Behaviours", _draw_behaviours(manifest["metrics"].get("behaviours"), data.champion)),
        ("Training", _wrap(draw_learning(data.history, data.scored.rows.classes))),
        ("Validation", _wrap(draw_validation(data.scored))),
        ("Quality by class", _list_classes(manifest["metrics"]["sets"])),
        ("Confusion", _list_confusion(manifest["metrics"])),
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
        if polar := one.get("polar"):
            figures = (f"{polar[name]:.4f}" for name in _FIGURES)
            lines.append(("", "", polar["rows"], "int8, without neutral", *figures, "", ""))
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


def _draw_behaviours(behaviours: list[dict[str, Any]] | None, champion: dict[str, Any] | None) -> str:
    if not behaviours:
        return "<p>They were not measured.</p>"
    before = {one["name"]: [one["failed"]] for one in (champion or {}).get("behaviours", [])}
    shares = [(one["name"], [one["failed"], *before.get(one["name"], [])]) for one in behaviours]
    names = ["this version", *(["the current version"] if before else [])]
    chart = draw_shares("Share of held-out behaviour sentences, or of pairs, that failed", shares, names)
    return f'<div class="tall">{chart}</div>'


def _list_classes(sets: list[dict[str, Any]]) -> str:
    names = ("precision", "recall", "f1")
    lines = [
        (one["name"], name, figures["rows"], *(f"{figures[figure]:.4f}" for figure in names))
        for one in sets
        for name, figures in one["classes"].items()
        if figures["rows"]
    ]
    return _list_table(("file", "class", "rows", *names), lines)


def _list_confusion(metrics: dict[str, Any]) -> str:
    classes = list(metrics["classes"])
    lines = [(f"is {name}", *counts) for name, counts in zip(classes, metrics["confusion"], strict=True)]
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
