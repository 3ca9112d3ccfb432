"""What is doubtful about labelled rows, counted, so that nobody has to find it in the model later."""

import re
from collections import Counter
from dataclasses import asdict, dataclass

from dataset import LABELS, Rows
from text import fold

_HTML = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:[a-zA-Z]+|#\d+);")


@dataclass(frozen=True)
class Findings:
    """Counts over one set of rows.

    Attributes:
        rows: all of them.
        negative, positive: rows of each label.
        duplicates: rows whose text, white space folded, stands in an earlier row.
        conflicting: rows whose text also stands in a row with another label.
        html: rows with tags or entities left in.
        cut: rows longer than the model reads, of which the end is dropped.
        seen: rows that were removed because a held-out set holds the same text.
    """

    rows: int
    negative: int
    positive: int
    duplicates: int
    conflicting: int
    html: int
    cut: int
    seen: int

    def counted(self) -> dict[str, int]:
        """The counts as plain data."""
        return asdict(self)


def inspect(rows: Rows, cut: int, seen: int = 0) -> Findings:
    """Counts what is doubtful; `cut` and `seen` are what tokenizing and separating have found."""
    labels_of: dict[str, set[int]] = {}
    texts = [fold(text) for text in rows.texts]
    for text, label in zip(texts, rows.labels, strict=True):
        labels_of.setdefault(text, set()).add(label)
    by_label = Counter(rows.labels)
    return Findings(
        rows=len(texts),
        negative=by_label[LABELS.index("negative")],
        positive=by_label[LABELS.index("positive")],
        duplicates=len(texts) - len(labels_of),
        conflicting=sum(len(labels_of[text]) > 1 for text in texts),
        html=sum(_HTML.search(text) is not None for text in rows.texts),
        cut=cut,
        seen=seen,
    )
