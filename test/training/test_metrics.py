"""Figures against values worked out by hand, and slices against their rows."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from data.dataset import Rows
from data.tokens import Encoded
from model.metrics import bin_confidence, choose, describe_classes, fit_temperature, measure, narrow, trace_roc
from release.evaluation import Answers, EvaluationSet, describe_sets, slice_by
from release.proof import prove_rows

POSITIVE = np.array([0.9, 0.8, 0.7, 0.4, 0.35, 0.1])
LABELS = np.array([1, 1, 0, 1, 0, 0])


def pair(positive: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of two classes."""
    return np.stack([1 - positive, positive], axis=1)


def test_figures_are_those_of_the_definitions() -> None:
    found = measure(pair(POSITIVE), LABELS)
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.macro_f1 == pytest.approx(2 / 3)
    assert found.f1 == pytest.approx(2 * 2 / (3 + 3))
    assert found.auc == pytest.approx(8 / 9)


THREE = ("negative", "neutral", "positive")
OF_THREE = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.5, 0.4, 0.1], [0.1, 0.2, 0.7], [0.1, 0.5, 0.4]])
THREE_LABELS = np.array([0, 1, 1, 2, 2])


def test_figures_of_three_classes_are_those_of_the_definitions() -> None:
    found = measure(OF_THREE, THREE_LABELS)
    assert choose(OF_THREE).tolist() == [0, 1, 0, 2, 1]
    assert found.accuracy == pytest.approx(3 / 5)
    assert found.macro_f1 == pytest.approx((2 / 3 + 2 / 4 + 2 / 3) / 3)
    assert found.f1 == pytest.approx(2 / 3) and found.auc == 1
    assert found.ece == pytest.approx((abs(0.6 - 1) + abs(1.5 - 1) + abs(0.7 - 1)) / 5)
    described = describe_classes(OF_THREE, THREE_LABELS, THREE)
    assert described["confusion"] == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    assert described["classes"]["neutral"] == {"rows": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5}


def test_a_class_without_rows_has_no_part_in_the_macro_f1() -> None:
    polar = THREE_LABELS != 1
    assert measure(OF_THREE[polar], THREE_LABELS[polar]).macro_f1 == pytest.approx((1 + 2 / 3) / 2)


def test_classes_that_are_left_out_lose_their_rows_and_their_probability() -> None:
    kept, labels = narrow(OF_THREE, THREE_LABELS, THREE, ("negative", "positive"))
    assert labels.tolist() == [0, 1, 1]
    assert kept == pytest.approx(np.array([[6 / 7, 1 / 7], [1 / 8, 7 / 8], [0.2, 0.8]]))


def test_the_area_under_the_roc_curve_is_the_auc() -> None:
    positive, labels = np.repeat(POSITIVE, 2), np.append(LABELS, 1 - LABELS)
    false_rates, true_rates = trace_roc(positive, labels == 1)
    assert (false_rates[0], true_rates[0], false_rates[-1], true_rates[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(true_rates, false_rates) == pytest.approx(measure(pair(positive), labels).auc)


def test_the_calibration_error_is_the_bins_mean_gap() -> None:
    positive, labels = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55]), np.array([1, 1, 1, 0, 1, 0])
    assert measure(pair(positive), labels).ece == pytest.approx(0.2 * 4 / 6 + 0.05 * 2 / 6)
    assert [one.rows for one in bin_confidence(pair(positive), labels)] == [2, 4]


def test_a_probability_that_is_no_number_counts_as_an_even_chance() -> None:
    assert measure(pair(np.array([np.nan, 0.1])), np.array([1, 0])).accuracy == 1.0


def test_slices_hold_every_row_once_and_leave_empty_ones_out() -> None:
    values, correct = np.array([1, 32, 33, 700]), np.array([True, False, True, True])
    assert slice_by(values, (1, 33, 65, 513), correct) == [
        {"from": 1, "to": 33, "rows": 2, "accuracy": 0.5},
        {"from": 33, "to": 65, "rows": 1, "accuracy": 1.0},
        {"from": 513, "to": None, "rows": 1, "accuracy": 1.0},
    ]


def test_each_file_has_figures_of_its_own() -> None:
    rows = Rows(["a", "b", "c"], [1, 0, 1], [{"name": "x.csv"}, {"name": "y.csv"}], [(0, 1), (1, 1), (0, 2)])
    held_out = EvaluationSet(rows, Encoded([[1, 2]] * 3, rows.labels, 0))
    reference = torch.tensor([[0.0, 2], [2, 0], [0, 2]])
    served = torch.tensor([[0.0, 2], [2, 0], [2, 0]])
    found = {one["name"]: one for one in describe_sets("validation", held_out, Answers(reference, served), 1.0)}
    assert (found["x.csv"]["rows"], found["x.csv"]["accuracy"], found["x.csv"]["flipped"]) == (2, 0.5, 0.5)
    assert (found["y.csv"]["rows"], found["y.csv"]["accuracy"], found["y.csv"]["flipped"]) == (1, 1.0, 0.0)
    assert found["x.csv"]["reference"]["accuracy"] == 1.0


@pytest.mark.parametrize(
    ("flips", "failures"),
    [(0, []), (2, []), (3, ["keeps 99.00%", "changes 3 of 200"]), (4, ["changes 4 of 200"])],
)
def test_int8_may_change_one_label_in_a_hundred_and_lose_half_a_percent(flips: int, failures: list[str]) -> None:
    # The network says 1 and 0 in turn, and 1 is right: every second flip is a gain.
    reference = torch.tensor([[0.0, 1.0], [1.0, 0.0]] * 100)
    served = reference.clone()
    served[:flips] = served[:flips].flip(1)
    found = prove_rows(reference, served, [1] * 200)
    assert found.figures["flipped"] == flips / 200
    assert len(found.failures) == len(failures)
    assert all(part in sentence for part, sentence in zip(failures, found.failures, strict=True))


def test_the_temperature_of_three_classes_is_the_one_that_the_labels_were_drawn_with() -> None:
    torch.manual_seed(5)
    logits = 3 * torch.randn(4000, 3)
    labels = torch.multinomial(torch.softmax(logits / 1.7, dim=1), 1)[:, 0]
    assert fit_temperature(logits, labels) == pytest.approx(1.7, rel=0.05)


def test_each_set_counts_alike_for_the_temperature() -> None:
    sure, unsure = torch.tensor([[0.0, 4.0]] * 90), torch.tensor([[0.0, 4.0]] * 10)
    labels = torch.tensor([1] * 90 + [1, 0] * 5)
    logits = torch.cat([sure, unsure])
    by_rows, by_sets = (
        fit_temperature(logits, labels, sets) for sets in (None, [list(range(90)), list(range(90, 100))])
    )
    # All rows are one confidence: the best temperature gives it the (weighted) share of right answers.
    assert 1 / (1 + np.exp(-4 / by_rows)) == pytest.approx(0.95, abs=1e-3)
    assert 1 / (1 + np.exp(-4 / by_sets)) == pytest.approx(0.75, abs=1e-3)
