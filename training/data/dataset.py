"""Labelled reviews of all files of a split, with what the files' labels mean."""

import json
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from data.labels import map_labels, normalize
from data.reader import ReaderOptions, Table, open_table
from data.soft_labels import find_soft_columns, narrow_soft, parse_soft
from data.text_file import UnreadableError
from run.progress import announce
from storage import explain_unreadable, hash_file

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
        labels: index into `classes`, one per text; -1 for a text with a soft label only.
        sources: name, row count and SHA-256 of each file read; what its labels mean where they are not the classes; the
            classes that it has probabilities of.
        origins: which source each text came from, and its row number in that file, counted from 1 below the header.
        classes: class names in logit order.
        pairs: the pair that each text belongs to, or None; texts of one pair are to share a batch.
        soft: a teacher's probabilities of each text in the order of `classes`, or None; empty if no text has any.
    """

    texts: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    sources: list[dict[str, object]] = field(default_factory=list)
    origins: list[tuple[int, int]] = field(default_factory=list)
    classes: tuple[str, ...] = POLAR
    pairs: list[tuple[int, str] | None] = field(default_factory=list)
    soft: list[tuple[float, ...] | None] = field(default_factory=list)

    def take(self, indices: list[int]) -> "Rows":
        """The rows at these positions, in this order."""
        texts, labels = [self.texts[i] for i in indices], [self.labels[i] for i in indices]
        pairs = [self.pairs[i] for i in indices] if self.pairs else []
        soft = [self.soft[i] for i in indices] if self.soft else []
        origins = [self.origins[i] for i in indices]
        return replace(self, texts=texts, labels=labels, origins=origins, pairs=pairs, soft=soft)

    def count(self, name: str) -> int:
        """How many rows are labelled with this class."""
        return self.labels.count(self.classes.index(name)) if name in self.classes else 0

    def keep_classes(self, classes: tuple[str, ...]) -> "Rows":
        """The rows of these classes, labels and probabilities as of them alone.

        A row with a soft label only is of its likeliest class.
        """
        places = {self.classes.index(name): place for place, name in enumerate(classes) if name in self.classes}
        kept = self.take([index for index, label in enumerate(self.likeliest) if label in places])
        labels = [places.get(label, -1) for label in kept.labels]
        return replace(kept, classes=classes, labels=labels, soft=[narrow_soft(one, list(places)) for one in kept.soft])

    @property
    def likeliest(self) -> list[int]:
        """Each row's label, or the class that its soft label finds likeliest."""
        if not self.soft:
            return self.labels
        pairs = zip(self.labels, self.soft, strict=True)
        return [label if soft is None or label >= 0 else soft.index(max(soft)) for label, soft in pairs]


def read_files(paths: str, options: ReaderOptions, problems: list[str]) -> Rows:
    """Reads the comma-separated files, labels as indices into CLASSES; what is wrong is added to `problems`.

    An s3:// location is skipped: the failed download is already among the problems.
    """
    rows = Rows(classes=CLASSES)
    for location in paths.split(","):
        if not location.startswith("s3://"):
            _read_file(Path(location), options, rows, problems)
    if not any(rows.soft):
        rows.soft.clear()
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


class _Found(NamedTuple):
    text: str
    number: int
    line: int
    pair: str
    label: str
    soft: tuple[float, ...] | None


def _collect(path: Path, table: Table, options: ReaderOptions, rows: Rows, problems: list[str]) -> None:
    """Adds the rows of a file, once all of its labels are known."""
    taught = find_soft_columns(table.columns.names, CLASSES) if options.soft else {}
    found = _find_targets(table, taught)
    mapping, wrong = map_labels(Counter(one.label for one in found if one.label), options.labels)
    before = len(rows.texts)
    for text, number, line, pair, label, soft in found:
        if label in mapping or not label:
            rows.texts.append(text)
            rows.labels.append(CLASSES.index(mapping[label]) if label else -1)
            rows.soft.append(soft)
            rows.origins.append((len(rows.sources), number))
            rows.pairs.append((len(rows.sources), pair) if pair else None)
        elif not wrong:
            table.faults.add("an unknown label", line, value=json.dumps(label, ensure_ascii=False))
    refused, sentences = table.faults.judge(str(path), table.count, options.strict)
    problems.extend([f"{path}: {wrong}"] if wrong else [])
    problems.extend(sentences if refused else [])
    problems.extend([] if table.count else [f"{path}: no rows."])
    source: dict[str, object] = {"name": path.name, "rows": len(rows.texts) - before, "sha256": hash_file(path)}
    if any(label != name for label, name in mapping.items()):
        source["labelMapping"] = mapping
    if taught:
        source["soft"] = list(taught)
    rows.sources.append(source)
    names, columns = table.columns.names, table.columns
    label_name = None if columns.label is None else names[columns.label]
    announce("read", **source, delimiter=table.delimiter, text=names[columns.text], label=label_name)
    for sentence in sentences if not refused else []:
        announce("left out", rows=sentence)


def _find_targets(table: Table, taught: dict[str, int]) -> list[_Found]:
    """The rows that have a label, probabilities in the columns `taught`, or both."""
    text, label = table.columns.text, table.columns.label
    paired = table.columns.names.index(PAIR) if PAIR in table.columns.names else None
    found = []
    for row in table:
        given = "" if label is None else normalize(row.cells[label])
        soft = parse_soft(row.cells, taught, CLASSES)
        if isinstance(soft, str):
            table.faults.add(soft, row.line)
        elif given or soft:
            pair = "" if paired is None else row.cells[paired]
            found.append(_Found(row.cells[text], row.number, row.line, pair, given, soft))
        else:
            table.faults.add("neither a label nor probabilities" if taught else "an empty label", row.line)
    return found
