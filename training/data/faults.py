"""What is wrong with rows of a user's file: counted by kind, shown by line, and refused where it is too much."""

from dataclasses import dataclass, field

SHOWN = 3
"""Lines that are named of each kind of fault."""

TOLERATED = 0.01
"""Share of the rows of a file that may be left out."""

REMEDIES = {
    "too few fields": "correct or remove them, or name the delimiter with --delimiter",
    "too many fields": "correct or remove them, or name the delimiter with --delimiter",
    "a quote that is never closed": "close it, or double it inside a quoted field",
    "a quote that ends inside a field": "double each quote inside a quoted field",
    "no JSON object": "write one object on each line",
    "an empty text": "remove them",
    "an empty label": "label or remove them",
    "neither a label nor probabilities": "label, score or remove them",
    "a probability that is no number": "correct them, or empty the cells of all classes",
    "a probability outside 0 to 1": "correct them, or empty the cells of all classes",
    "probabilities that do not sum to 1": "correct them, or empty the cells of all classes",
    "an unknown label": "correct or remove them, or give each label a class with --labels",
}
"""Every kind of fault, and what to do about it."""


@dataclass
class _Kind:
    rows: int = 0
    times: int = 0
    shown: list[str] = field(default_factory=list)


class Faults:
    """The faulty rows of one file."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}

    def add(self, kind: str, line: int, rows: int = 1, value: str | None = None) -> None:
        """Counts a fault.

        Args:
            kind: one of REMEDIES.
            line: where the row begins, counted from 1.
            rows: how many rows are lost by it; a quote may swallow many.
            value: the cell, where it helps to see it.
        """
        found = self._kinds.setdefault(kind, _Kind())
        found.rows += rows
        found.times += 1
        if len(found.shown) < SHOWN:
            found.shown.append(f"line {line}" if value is None else f"line {line}: {value}")

    def judge(self, file: str, rows: int, strict: bool) -> tuple[bool, list[str]]:
        """Whether the file is refused, and one sentence for each kind of fault.

        Args:
            file: its path.
            rows: all of its rows, with the faulty ones.
            strict: whether a single faulty row is too much.
        """
        count = sum(found.rows for found in self._kinds.values())
        refused = count > 0 and (strict or count > rows * TOLERATED)
        sentences = []
        for kind, remedy in REMEDIES.items():
            if found := self._kinds.get(kind):
                shown = ", ".join([*found.shown, *(["…"] if found.times > len(found.shown) else [])])
                what = f"{file}: {found.rows} of {rows} rows with {kind} ({shown})"
                sentences.append(f"{what}; {remedy if refused else 'they are left out'}.")
        return refused, sentences
