"""Labelled reviews, read from CSV files and checked."""

import csv
import gzip
import hashlib
import io
from dataclasses import dataclass, field, replace
from pathlib import Path

from data.tokenizer import fold
from storage import explain_unreadable

CLASSES = ("negative", "neutral", "positive")
"""Every class that a row may have, in logit order."""

POLAR = ("negative", "positive")
"""The classes of a run without neutral rows, in logit order."""

_INDEX = {"negative": 0, "neutral": 1, "positive": 2, "0": 0, "1": 2}
_SHOWN = 3

csv.field_size_limit(2**31 - 1)


@dataclass
class Rows:
    """Labelled texts of one or more files.

    Attributes:
        texts: the reviews as written in the file.
        labels: index into `classes`, one per text.
        sources: name, row count and SHA-256 of each file read.
        origins: which source each text came from, and its row number in that file, counted from 1 below the header.
        classes: class names in logit order.
    """

    texts: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    sources: list[dict[str, object]] = field(default_factory=list)
    origins: list[tuple[int, int]] = field(default_factory=list)
    classes: tuple[str, ...] = POLAR

    def take(self, indices: list[int]) -> "Rows":
        """The rows at these positions, in this order."""
        texts, labels = [self.texts[i] for i in indices], [self.labels[i] for i in indices]
        return replace(self, texts=texts, labels=labels, origins=[self.origins[i] for i in indices])

    def count(self, name: str) -> int:
        """How many rows have this class."""
        return self.labels.count(self.classes.index(name)) if name in self.classes else 0

    def keep_classes(self, classes: tuple[str, ...]) -> "Rows":
        """The rows of these classes, their labels as indices into them."""
        places = {self.classes.index(name): place for place, name in enumerate(classes) if name in self.classes}
        kept = self.take([index for index, label in enumerate(self.labels) if label in places])
        return replace(kept, classes=classes, labels=[places[label] for label in kept.labels])


def read_files(paths: str, problems: list[str]) -> Rows:
    """Reads the comma-separated CSV files, labels as indices into CLASSES; what is wrong is added to `problems`.

    An s3:// location is skipped: the failed download is already among the problems.
    """
    rows = Rows(classes=CLASSES)
    for location in paths.split(","):
        if not location.startswith("s3://"):
            _read_file(Path(location), rows, problems)
    return rows


def _read_file(path: Path, rows: Rows, problems: list[str]) -> None:
    if refusal := explain_unreadable(path):
        problems.append(refusal)
        return
    if not path.is_file():
        problems.append(_explain_absence(path))
        return
    try:
        content = path.read_bytes()
        plain = gzip.decompress(content) if path.suffix == ".gz" else content
        reader = csv.DictReader(io.StringIO(plain.decode("utf-8-sig"), newline=""))
        _collect(path, reader, rows, problems, hashlib.sha256(content).hexdigest())
    except (UnicodeDecodeError, csv.Error, OSError, EOFError) as error:
        problems.append(f"{path}: cannot be read as a CSV file in UTF-8 ({error}).")


def _explain_absence(path: Path) -> str:
    return (
        f"{path}: no such file; a container sees only what is mounted, so add "
        f'-v "<folder with {path.name}>:{path.parent}" to docker run, or name the file in TRAINING_FILE.'
    )


def _collect(path: Path, reader: "csv.DictReader[str]", rows: Rows, problems: list[str], digest: str) -> None:
    columns = reader.fieldnames or []
    missing = [name for name in ("review", "sentiment") if name not in columns]
    if missing:
        found = ", ".join(columns) or "none"
        problems.append(f"{path}: column {' and '.join(missing)} missing; the columns found are: {found}.")
        return
    before, empty, unknown = len(rows.texts), [], []
    for number, row in enumerate(reader, start=1):
        label = _INDEX.get((row["sentiment"] or "").strip().lower())
        if label is None:
            unknown.append((number, row["sentiment"]))
        elif not fold(row["review"] or ""):
            empty.append(number)
        else:
            rows.texts.append(row["review"])
            rows.labels.append(label)
            rows.origins.append((len(rows.sources), number))
    _report(path, empty, unknown, problems)
    if len(rows.texts) == before and not (empty or unknown):
        problems.append(f"{path}: no rows.")
    rows.sources.append({"name": path.name, "rows": len(rows.texts) - before, "sha256": digest})


def _report(path: Path, empty: list[int], unknown: list[tuple[int, str]], problems: list[str]) -> None:
    if unknown:
        shown = ", ".join(f"row {number}: {label!r}" for number, label in unknown[:_SHOWN])
        problems.append(
            f"{path}: {len(unknown)} rows with a label that is none of {', '.join(CLASSES)} ({shown}); "
            "correct or remove them."
        )
    if empty:
        shown = ", ".join(map(str, empty[:_SHOWN]))
        problems.append(f"{path}: {len(empty)} rows with an empty review (row {shown}); remove them.")
