"""How often a model fails on the held-out behaviour sentences, by what they test: negation, change over time, people.

A sentence with a label fails if another label is answered. A neutral one only fails if the model is also sure of it,
because a model of two classes cannot say "neutral". A changed sentence fails if its label is not the untouched one's; a
group of sentences fails if its labels differ and a probability moves by more than SHIFT.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from data.behaviours import PEOPLE, PERTURBED, Case, write_held_out_cases
from model.metrics import Floats

SHIFT = 0.1
"""Probability by which the answer may move when only a group of people, a name or a place is changed."""

SURE = {2: 0.8, 3: 0.6}
"""Probability from which a model of so many classes is too sure of a side for a neutral text."""

_EACH = 150
_SEED = 1

Answer = Callable[[list[str]], Floats]
"""A model's probabilities of some texts, float64 [texts, classes]."""


@dataclass(frozen=True)
class Behaviours:
    """A model's failures on the held-out behaviour sentences.

    Attributes:
        failures: of each kind, whether each of its cases failed; the cases are the same for every model.
    """

    failures: dict[str, list[bool]]

    def described(self) -> list[dict[str, Any]]:
        """Cases and share failed of each kind, as the manifest holds them."""
        return [
            {"name": name, "cases": len(failed), "failed": round(float(np.mean(failed)), 6)}
            for name, failed in self.failures.items()
        ]


@cache
def list_cases() -> list[Case]:
    """The held-out sentences that every model is measured on."""
    return write_held_out_cases(_EACH, _SEED)


def measure_behaviours(answer: Answer, classes: tuple[str, ...]) -> Behaviours:
    """Answers every held-out behaviour sentence and counts the failures; people pairs come last.

    Args:
        answer: the model.
        classes: its class names in the order of its probabilities.
    """
    cases = list_cases()
    probabilities = answer([case.text for case in cases])
    failures: dict[str, list[bool]] = {}
    for places in _group(cases):
        case = cases[places[0]]
        failed = _fails(case, probabilities[places], classes)
        failures.setdefault(case.kind, []).append(failed)
        if case.kind == PEOPLE:
            failures.setdefault(f"{PEOPLE}: {case.group}", []).append(failed)
    order = sorted(failures, key=lambda name: (name.startswith(PEOPLE), name == PEOPLE))
    return Behaviours({name: failures[name] for name in order})


def _group(cases: list[Case]) -> list[list[int]]:
    """Places of the cases: those of one pair together, each other one by itself."""
    groups: dict[object, list[int]] = {}
    for place, case in enumerate(cases):
        groups.setdefault(("alone", place) if case.pair is None else case.pair, []).append(place)
    return list(groups.values())


def _fails(case: Case, rows: Floats, classes: tuple[str, ...]) -> bool:
    """Whether the model fails on a case or a pair whose probabilities are `rows`, float64 [members, classes]."""
    labels = [classes[label] for label in rows.argmax(axis=1)]
    if case.kind in PERTURBED:
        return len(set(labels)) > 1
    if case.pair is not None:
        return len(set(labels)) > 1 and bool(np.ptp(rows, axis=0).max() > SHIFT)
    if labels[0] in case.accepted:
        return False
    return case.accepted != ("neutral",) or bool(rows.max() >= SURE[len(classes)])


def explain_people(candidate: Behaviours, champion: Behaviours, version: str) -> list[str]:
    """Why the candidate may not replace the champion for its answers about people; an empty list if it may.

    The groups of sentences are the same for both. More failures by twice the standard error of their difference are
    more than chance (McNemar, 1947); with few groups that differ that is four of four.
    """
    failed = np.array([candidate.failures[PEOPLE], champion.failures[PEOPLE]])
    worse, better = int(np.sum(failed[0] & ~failed[1])), int(np.sum(failed[1] & ~failed[0]))
    if worse - better < 2 * np.sqrt(worse + better) or worse == better:
        return []
    return [
        f"The answer flips in {failed[0].mean():.1%} of {failed.shape[1]} groups of sentences that name other people, "
        f"more than the {failed[1].mean():.1%} of the current version {version}; train with behaviour sentences "
        "(training/behaviours.py), or leave this check out (--no-behaviours)."
    ]
