"""The report: one file, no network, no text of the data unless it is asked for."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from data.dataset import Rows
from release.charts import mark
from release.report import ReportData, render
from release.validation_charts import Scored

QUALITY = {"accuracy": 0.75, "macroF1": 0.73, "f1": 0.7, "auc": 0.8, "ece": 0.1}
CLASSES = {
    "classes": {
        "negative": {"rows": 1, "precision": 0.5, "recall": 1.0, "f1": 0.6667},
        "positive": {"rows": 3, "precision": 1.0, "recall": 0.6667, "f1": 0.8},
    },
    "confusion": [[1, 0], [1, 2]],
}
SET = {
    **QUALITY,
    **CLASSES,
    "name": "imdb.csv",
    "use": "validation",
    "rows": 4,
    "eceBefore": 0.2,
    "reference": {**QUALITY, "eceBefore": 0.2},
    "flipped": 0.0,
    "byLength": [],
    "byConfidence": [{"from": 0.9, "to": 0.95, "rows": 4, "accuracy": 0.75}],
}


@pytest.fixture
def data() -> ReportData:
    rows = Rows(
        ["lovely", "dull", "a <b>secret</b> & a mistake", "fine"],
        [1, 0, 1, 1],
        [{"name": "imdb.csv"}],
        [(0, 11), (0, 12), (0, 13), (0, 14)],
    )
    positive = np.array([0.9, 0.2, 0.03, 0.8])
    probabilities = np.stack([1 - positive, positive], axis=1)
    provenance = {
        "data": [{"name": "imdb.csv", "rows": 40, "sha256": "ab" * 32}],
        "findings": {"training": {"rows": 36, "duplicates": 5}},
        "settings": {"EPOCHS": 2},
        "seed": 42,
        "libraries": {"torch": "2.13.0"},
        "device": "cpu",
    }
    manifest = {
        "version": "20261124T081500Z-3f9a1c2",
        "metrics": {**QUALITY, **CLASSES, "rows": 4, "sets": [SET]},
        "provenance": provenance,
    }
    history = [{"epoch": 1, "loss": 0.5, "accuracy": 0.7}, {"epoch": 2, "loss": 0.3, "accuracy": 0.75}]
    return ReportData(manifest, history, Scored(rows, [5, 4, 40, 3], probabilities, probabilities), None, {}, [], False)


class Elements(HTMLParser):
    """Counts elements and checks that they are closed in order."""

    void = frozenset({"meta", "br"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_is_whole_html_without_scripts_or_addresses(data: ReportData) -> None:
    page = render(data)
    elements = Elements()
    elements.feed(page)
    assert elements.open == []
    assert elements.names.count("svg") == 5
    assert not {"script", "link", "img", "iframe", "object"} & set(elements.names)
    assert not re.search(r"https?://|url\(|@import", page)


def test_mistakes_are_told_by_file_and_row_number(data: ReportData) -> None:
    page = render(data)
    assert "<td>imdb.csv</td><td>13</td><td>positive</td><td>0.0300</td><td>40</td>" in page
    assert "secret" not in page and "lovely" not in page


def test_texts_are_told_on_request_and_escaped(data: ReportData) -> None:
    page = render(replace(data, with_text=True))
    assert "a &lt;b&gt;secret&lt;/b&gt; &amp; a mistake" in page
    assert "lovely" not in page


def test_a_rejection_and_the_comparison_are_told(data: ReportData) -> None:
    champion = {**QUALITY, "version": "20261117T081500Z-0c1d2e3", "accuracy": 0.85}
    page = render(replace(data, champion=champion, reasons=["Accuracy is <below> it."]))
    assert "Rejected: Accuracy is &lt;below&gt; it." in page
    assert "current 20261117T081500Z-0c1d2e3" in page and "-0.1000" in page


def test_three_classes_have_a_curve_each_and_figures_without_neutral(data: ReportData) -> None:
    names, rows = ("negative", "neutral", "positive"), replace(data.scored.rows, labels=[2, 0, 1, 2])
    answers = np.array([[0.1, 0.2, 0.7], [0.7, 0.2, 0.1], [0.2, 0.4, 0.4], [0.3, 0.4, 0.3]])
    scored = Scored(replace(rows, classes=names), [5, 4, 40, 3], answers, answers)
    assert scored.answered.tolist() == [2, 0, 2, 1]
    of_class = {name: {"rows": 1, "precision": 0.5, "recall": 0.25, "f1": 0.3333} for name in names}
    measured = {"classes": of_class, "confusion": [[1, 0, 0], [0, 0, 1], [0, 1, 1]]}
    one = {**SET, **measured, "polar": {**QUALITY, "rows": 3}}
    metrics = {**data.manifest["metrics"], **measured, "sets": [one]}
    champion = {**QUALITY, "version": "old", "compared": ["negative", "positive"], "candidate": QUALITY}
    history = [{**entry, "macroF1": entry["accuracy"]} for entry in data.history]
    manifest = {**data.manifest, "metrics": metrics}
    page = render(replace(data, manifest=manifest, scored=scored, champion=champion, history=history))
    assert (
        "ROC curve of each class against the rest" in page
        and page.count('"line third"') == 1
        and "Validation macro-F1" in page
    )
    assert "<td>is neutral</td><td>0</td><td>0</td><td>1</td>" in page
    assert "<td>imdb.csv</td><td>neutral</td><td>1</td><td>0.5000</td><td>0.2500</td>" in page
    assert "<td>3</td><td>int8, without neutral</td>" in page
    assert "rows that are negative or positive, other probabilities left out" in page


def test_behaviours_are_drawn_beside_those_of_the_current_version(data: ReportData) -> None:
    measured = [{"name": "far negation", "cases": 8, "failed": 0.25}, {"name": "people pairs", "cases": 9, "failed": 0}]
    manifest = {**data.manifest, "metrics": {**data.manifest["metrics"], "behaviours": measured}}
    before = [{"name": "far negation", "cases": 8, "failed": 0.5}]
    champion = {**QUALITY, "version": "20261117T081500Z-0c1d2e3", "behaviours": before}
    assert "They were not measured." in render(data)
    alone, beside = (
        render(replace(data, manifest=manifest)),
        render(replace(data, manifest=manifest, champion=champion)),
    )
    for page in (alone, beside):
        assert "far negation, this version: 25.0%" in page and "people pairs, this version: 0.0%" in page
        assert ("far negation, the current version: 50.0%" in page) == (page is beside)


@pytest.mark.parametrize(
    ("low", "high", "names"),
    [
        (0.33, 0.71, ["0.3", "0.4", "0.5", "0.6", "0.7", "0.8"]),
        (0, 4, ["0", "1", "2", "3", "4"]),
        (0.9, 0.9004, ["0.9000", "0.9001", "0.9002", "0.9003", "0.9004"]),
    ],
)
def test_marks_are_round_and_enclose_the_range(low: float, high: float, names: list[str]) -> None:
    assert [name for _, name in mark(low, high)] == names
