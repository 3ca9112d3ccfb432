"""The report: one file, no network, no text of the data unless it is asked for."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from data.dataset import Rows
from release.charts import mark
from release.report import ReportData, Scored, render

QUALITY = {"accuracy": 0.75, "f1": 0.7, "auc": 0.8, "ece": 0.1}
SET = {
    **QUALITY,
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
        "metrics": {**QUALITY, "rows": 4, "sets": [SET]},
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
