"""What the labels of a file mean: words, numbers of a scheme, or a mapping of the user's own."""

import json
import re
from collections import Counter
from dataclasses import dataclass, field

from data.text_file import trim

WORDS = {
    "negative": "negative",
    "neg": "negative",
    "neutral": "neutral",
    "neu": "neutral",
    "positive": "positive",
    "pos": "positive",
}
"""Labels that mean the same in every file."""

SCHEMES = {
    "0-1": {"0": "negative", "1": "positive"},
    "0-1-2": {"0": "negative", "1": "neutral", "2": "positive"},
    "0-4": {"0": "negative", "2": "neutral", "4": "positive"},
    "stars": {"1": "negative", "2": "negative", "3": "neutral", "4": "positive", "5": "positive"},
}
"""What numbers mean, by the name that --labels takes."""

_NUMBERS = frozenset(number for scheme in SCHEMES.values() for number in scheme)
_SHOWN = 10


@dataclass(frozen=True)
class LabelOption:
    """What --labels says.

    Attributes:
        given: the flag's value.
        mapping: class of each label; empty where the labels of a file decide.
    """

    given: str = ""
    mapping: dict[str, str] = field(default_factory=dict)


def normalize(label: str) -> str:
    """A label in the form that mappings use: without surrounding space, in lower case, 4.0 as 4."""
    return re.sub(r"^(-?[0-9]+)\.0+$", r"\1", trim(label).lower())


def parse_labels(given: str) -> LabelOption | str:
    """Reads --labels: empty, the name of a scheme, or pairs such as 4=positive,0=negative; a sentence if it is none."""
    if not given or given in SCHEMES:
        return LabelOption(given, SCHEMES.get(given, {}))
    mapping = {}
    for pair in given.split(","):
        label, sign, name = pair.rpartition("=")
        if not sign or name.strip().lower() not in WORDS:
            schemes = ", ".join(SCHEMES)
            return (
                f"--labels {given}: {json.dumps(pair, ensure_ascii=False)} is neither a scheme ({schemes}) nor a pair "
                "such as 4=positive, with negative, neutral or positive on the right."
            )
        mapping[normalize(label)] = WORDS[name.strip().lower()]
    return LabelOption(given, mapping)


def map_labels(counts: Counter[str], option: LabelOption) -> tuple[dict[str, str], str | None]:
    """The class of each label that has one, and what is wrong, without the name of the file.

    Args:
        counts: how many rows of the file have each label, normalized; no empty ones.
        option: what --labels says.
    """
    if option.given:
        known = {**WORDS, **option.mapping}
        if left := {label: count for label, count in counts.items() if label not in known}:
            return {}, f"--labels {option.given} leaves over {_show(left)}; give each label a class."
        return {label: known[label] for label in counts}, None
    numbers = {label for label in counts if label in _NUMBERS}
    scheme = _detect_scheme(numbers)
    if scheme is None:
        shown = _show({label: counts[label] for label in numbers})
        return {}, (
            f"the labels {shown} have no single meaning; say it with --labels, by a scheme ({', '.join(SCHEMES)}) or "
            "pairs such as 1=negative,2=positive."
        )
    known = {**WORDS, **scheme}
    return {label: known[label] for label in counts if label in known}, None


def _detect_scheme(numbers: set[str]) -> dict[str, str] | None:
    """What the numbers of a file mean; None where schemes that have all of them differ, or where no scheme does."""
    exact = [scheme for scheme in SCHEMES.values() if scheme.keys() == numbers]
    fitting = exact or [scheme for scheme in SCHEMES.values() if scheme.keys() >= numbers]
    readings = [{number: scheme[number] for number in sorted(numbers)} for scheme in fitting]
    return readings[0] if readings and all(reading == readings[0] for reading in readings) else None


def _show(counts: dict[str, int]) -> str:
    named = [f"{json.dumps(label, ensure_ascii=False)} ({counts[label]} rows)" for label in sorted(counts)[:_SHOWN]]
    return ", ".join([*named, *(["…"] if len(counts) > _SHOWN else [])])
