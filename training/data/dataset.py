"""Labelled reviews of all files of a split, with what the files' labels mean."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from data.labels import map_labels, normalize
from data.reader import ReaderOptions, Table, open_table
from data.text_file import UnreadableError
from run.progress import announce
from storage import explain_unreadable

CLASSES = ("negative", "neutral", "positive")
"""Every class that a row may have, in logit order."""

POLAR = ("negative", "positive")
"""The classes of a run without neutral rows, in logit order."""

PAIR = "pair"
"""Column that may number the pair which a row belongs to."""


@dataclass
class Rows:
    """Labelled texts of one or more files.

    Attributes:
        texts: the reviews as written in the file.
        labels: index into `classes`, one per text.
        sources: name, row count and SHA-256 of each file read, and what its labels mean where they are not the classes.
        origins: which source each text came from, and its row number in that file, counted from 1 below the header.
        classes: class names in logit order.
        pairs: the pair that each text belongs to, or None; texts of one pair are to share a batch.
    """

    texts: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    sources: list[dict[str, object]] = field(default_factory=list)
    origins: list[tuple[int, int]] = field(default_factory=list)
    classes: tuple[str, ...] = POLAR
    pairs: list[tuple[int, str] | None] = field(default_factory=list)

    def take(self, indices: list[int]) -> "Rows":
        """The rows at these positions, in this order."""
        texts, labels = [self.texts[i] for i in indices], [self.labels[i] for i in indices]
        pairs = [self.pairs[i] for i in indices] if self.pairs else []
        return replace(self, texts=texts, labels=labels, origins=[self.origins[i] for i in indices], pairs=pairs)

    def count(self, name: str) -> int:
        """How many rows have this class."""
        return self.labels.count(self.classes.index(name)) if name in self.classes else 0

    def keep_classes(self, classes: tuple[str, ...]) -> "Rows":
        """The rows of these classes, their labels as indices into them."""
        places = {self.classes.index(name): place for place, name in enumerate(classes) if name in self.classes}
        kept = self.take([index for index, label in enumerate(self.labels) if label in places])
        return replace(kept, classes=classes, labels=[places[label] for label in kept.labels])


def read_files(paths: str, options: ReaderOptions, problems: list[str]) -> Rows:
    """Reads the comma-separated files, labels as indices into CLASSES; what is wrong is added to `problems`.

    An s3:// location is skipped: the failed download is already among the problems.
    """
    rows = Rows(classes=CLASSES)
    for location in paths.split(","):
        if not location.startswith("s3://"):
            _read_file(Path(location), options, rows, problems)
    return rows


def _read_file(path: Path, options: ReaderOptions, rows: Rows, problems: list[str]) -> None:
    if refusal := explain_unreadable(path):
        problems.append(refusal)
        return
    if not path.is_file():
        problems.append(_explain_absence(path))
        return
    try:
        if table := open_table(path, options, problems):
            _collect(path, table, options, rows, problems)
    except UnreadableError as error:
        problems.append(str(error))
    except OSError as error:
        problems.append(f"{path}: cannot be read ({error}).")


def _explain_absence(path: Path) -> str:
    return (
        f"{path}: no such file; a container sees only what is mounted, so add "
        f'-v "<folder with {path.name}>:{path.parent}" to docker run, or name the file in TRAINING_FILE.'
    )


def _collect(path: Path, table: Table, options: ReaderOptions, rows: Rows, problems: list[str]) -> None:
    """Adds the rows of a file, once all of its labels are known."""
    found: list[tuple[str, int, int, str]] = []
    labels: list[str] = []
    pair = table.columns.names.index(PAIR) if PAIR in table.columns.names else None
    for row in table:
        if label := normalize(row.cells[table.columns.label or 0]):
            found.append(
                (row.cells[table.columns.text], row.number, row.line, row.cells[pair] if pair is not None else "")
            )
            labels.append(label)
        else:
            table.faults.add("an empty label", row.line)
    mapping, wrong = map_labels(Counter(labels), options.labels)
    before = len(rows.texts)
    for (text, number, line, group), label in zip(found, labels, strict=True):
        if label in mapping:
            rows.texts.append(text)
            rows.labels.append(CLASSES.index(mapping[label]))
            rows.origins.append((len(rows.sources), number))
            rows.pairs.append((len(rows.sources), group) if group else None)
        elif not wrong:
            table.faults.add("an unknown label", line, value=json.dumps(label, ensure_ascii=False))
    refused, sentences = table.faults.judge(str(path), table.count, options.strict)
    problems.extend([f"{path}: {wrong}"] if wrong else [])
    problems.extend(sentences if refused else [])
    problems.extend([] if table.count else [f"{path}: no rows."])
    source: dict[str, object] = {"name": path.name, "rows": len(rows.texts) - before, "sha256": _hash(path)}
    if any(label != name for label, name in mapping.items()):
        source["labelMapping"] = mapping
    rows.sources.append(source)
    names, columns = table.columns.names, table.columns
    announce("read", **source, delimiter=table.delimiter, text=names[columns.text], label=names[columns.label or 0])
    for sentence in sentences if not refused else []:
        announce("left out", rows=sentence)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
