"""The bins of training are those of serving, by the fixture that both are tested on."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from release.distribution import describe_distribution, find_bins

UNKNOWN = 1
CLASSES = ("negative", "positive")


def read_fixture() -> dict[str, Any]:
    path = Path(__file__).parents[1] / "fixtures" / "distribution.json"
    fixture: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return fixture


def test_each_answer_falls_into_the_bins_of_the_fixture() -> None:
    cases = read_fixture()["cases"]
    scores = np.array([max(case["probabilities"]) for case in cases])
    found = find_bins(
        scores, np.array([case["tokens"] for case in cases]), np.array([case["unknown"] for case in cases])
    )
    assert {name: places.tolist() for name, places in found.items()} == {
        name: [case["bins"][name] for case in cases] for name in ("score", "length", "unknown")
    }


def test_the_manifests_histograms_count_every_row_once_in_each_feature() -> None:
    fixture = read_fixture()
    cases = fixture["cases"]
    ids = [[UNKNOWN] * case["unknown"] + [9] * (case["tokens"] - case["unknown"]) for case in cases]
    probabilities = np.array([case["probabilities"] for case in cases])
    found = describe_distribution(probabilities, ids, CLASSES, UNKNOWN)
    assert found == fixture["distribution"]
    for counts in (found["score"], found["length"], found["unknown"], found["class"].values()):
        assert sum(counts) == found["rows"] == len(cases)


def test_a_tokenizer_without_an_unknown_token_has_no_unknown_ones() -> None:
    assert describe_distribution(np.array([[0.2, 0.8]]), [[2, 1, 3]], CLASSES, None)["unknown"] == [1, 0, 0]
