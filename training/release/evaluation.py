"""Quality of the network and of the served model on each data set: as a whole, by length and by confidence."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from data.dataset import POLAR, Rows
from data.tokens import Encoded
from model.metrics import Floats, Integers, choose, describe_classes, measure, narrow, to_probabilities

LENGTHS = (1, 33, 65, 129, 257, 513)
"""First token count of each slice by length; the last has no end."""

CONFIDENCES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Least confidence of each slice; the last reaches to 1. Only of three classes can it be below 0.5."""


@dataclass(frozen=True)
class EvaluationSet:
    """Held-out rows: as written, and tokenized."""

    rows: Rows
    encoded: Encoded


@dataclass(frozen=True)
class Answers:
    """Logits over the same rows, float32 [rows, labels].

    Attributes:
        reference: the network's, in fp32.
        served: the int8 model's.
    """

    reference: torch.Tensor
    served: torch.Tensor

    def take(self, places: list[int]) -> "Answers":
        """The answers at these positions."""
        return Answers(self.reference[places], self.served[places])


def describe_all(held_out: EvaluationSet, answers: Answers, temperature: float) -> dict[str, Any]:
    """The manifest's figures over all rows: the served model's, the fp32 reference's, and the labels that differ."""
    labels, classes = np.array(held_out.encoded.labels), held_out.encoded.classes
    reference, served = to_probabilities(answers.reference, temperature), to_probabilities(answers.served, temperature)
    return {
        "rows": len(labels),
        **measure(served, labels).rounded(),
        **describe_classes(served, labels, classes),
        **_describe_polar(served, labels, classes),
        "reference": measure(reference, labels).rounded(),
        "flipped": round(float(np.mean(reference.argmax(axis=1) != served.argmax(axis=1))), 6),
    }


def _describe_polar(served: Floats, labels: Integers, classes: tuple[str, ...]) -> dict[str, Any]:
    """Of more than two classes, the figures over the rows that are negative or positive, answered by these two."""
    kept, right = narrow(served, labels, classes, POLAR)
    if classes == POLAR or not len(right):
        return {}
    return {"polar": {"rows": len(right), **measure(kept, right).rounded()}}


def describe_sets(use: str, held_out: EvaluationSet, answers: Answers, temperature: float) -> list[dict[str, Any]]:
    """One entry for each file that the rows come from, with calibration before the temperature and slices."""
    places = places_by_source(held_out.rows)
    return [
        {
            "name": held_out.rows.sources[source]["name"],
            "use": use,
            **_describe_set(held_out, answers, rows, temperature),
        }
        for source, rows in places.items()
    ]


def places_by_source(rows: Rows) -> dict[int, list[int]]:
    """Positions of each file's rows, by the file's place among the sources."""
    places: dict[int, list[int]] = {}
    for place, (source, _) in enumerate(rows.origins):
        places.setdefault(source, []).append(place)
    return places


def _describe_set(held_out: EvaluationSet, answers: Answers, places: list[int], temperature: float) -> dict[str, Any]:
    encoded = held_out.encoded
    part = Encoded([encoded.ids[i] for i in places], [encoded.labels[i] for i in places], 0, encoded.classes)
    picked = answers.take(places)
    described = describe_all(EvaluationSet(held_out.rows.take(places), part), picked, temperature)
    labels = np.array(part.labels)
    described["eceBefore"] = measure(to_probabilities(picked.served, 1.0), labels).rounded()["ece"]
    described["reference"]["eceBefore"] = measure(to_probabilities(picked.reference, 1.0), labels).rounded()["ece"]
    served = to_probabilities(picked.served, temperature)
    right = choose(served) == labels
    described["byLength"] = slice_by(np.array([len(ids) for ids in part.ids]), LENGTHS, right)
    described["byConfidence"] = slice_by(served.max(axis=1), CONFIDENCES, right)
    return described


def slice_by(values: Floats | Integers, edges: tuple[float, ...], correct: Any) -> list[dict[str, Any]]:
    """Rows and accuracy of each slice [edge, next edge) that holds rows; the last slice has no end.

    Args:
        values: what is sliced by, one per row.
        edges: the slices' beginnings, rising.
        correct: whether each row's label is right, bool [rows].
    """
    slices = []
    for start, end in pairwise([*edges, float("inf")]):
        inside = (values >= start) & (values < end)
        if inside.any():
            entry = {"from": start, "to": None if end == float("inf") else end, "rows": int(inside.sum())}
            slices.append({**entry, "accuracy": round(float(correct[inside].mean()), 6)})
    return slices
