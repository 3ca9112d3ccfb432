"""Labelled reviews: read, checked, split, tokenized and batched."""

import csv
import gzip
import hashlib
import io
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
from tokenizers import Tokenizer

from folder import explain_unreadable
from text import encode, fold

LABELS = ("negative", "positive")
"""Class names in logit order."""

_INDEX = {"negative": 0, "positive": 1, "0": 0, "1": 1}
_SHOWN = 3

csv.field_size_limit(2**31 - 1)


@dataclass
class Rows:
    """Labelled texts of one or more files.

    Attributes:
        texts: the reviews as written in the file.
        labels: index into LABELS, one per text.
        sources: name, row count and SHA-256 of each file read.
        origins: which source each text came from, and its row number in that file, counted from 1 below the header.
    """

    texts: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    sources: list[dict[str, object]] = field(default_factory=list)
    origins: list[tuple[int, int]] = field(default_factory=list)

    def take(self, indices: list[int]) -> "Rows":
        """The rows at these positions, in this order."""
        texts, labels = [self.texts[i] for i in indices], [self.labels[i] for i in indices]
        return Rows(texts, labels, self.sources, [self.origins[i] for i in indices])


@dataclass(frozen=True)
class Batch:
    """Texts of similar length, padded to the longest. All tensors are int64.

    Attributes:
        ids: token ids, [texts, length], 0 where padded.
        mask: attention mask, [texts, length], 1 on tokens.
        labels: index into LABELS, [texts].
    """

    ids: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor


def read_files(paths: str, problems: list[str]) -> Rows:
    """Reads the comma-separated CSV files; what is wrong with any of them is added to `problems`.

    An s3:// location is passed over: whoever could not fetch it has said so.
    """
    rows = Rows()
    for location in paths.split(","):
        if not location.startswith("s3://"):
            _read_file(Path(location), rows, problems)
    if rows.labels and len(set(rows.labels)) < 2:
        problems.append(f"{paths}: every row is {LABELS[rows.labels[0]]!r}; training needs both classes.")
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
            f"{path}: {len(unknown)} rows with a label that is neither positive nor negative ({shown}); "
            "correct or remove them."
        )
    if empty:
        shown = ", ".join(map(str, empty[:_SHOWN]))
        problems.append(f"{path}: {len(empty)} rows with an empty review (row {shown}); remove them.")


def split(rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """Training and validation rows: each class gives the same share, and equal texts stay on one side."""
    groups: dict[str, list[int]] = {}
    for index, text in enumerate(rows.texts):
        groups.setdefault(fold(text), []).append(index)
    order = list(groups.values())
    random.Random(seed).shuffle(order)
    wanted = [round(rows.labels.count(label) * share) for label in range(len(LABELS))]
    training: list[int] = []
    validation: list[int] = []
    for group in order:
        label = rows.labels[group[0]]
        held_out = wanted[label] > 0
        wanted[label] -= len(group) if held_out else 0
        (validation if held_out else training).extend(group)
    return rows.take(sorted(training)), rows.take(sorted(validation))


def drop_seen(rows: Rows, held_out: Rows) -> tuple[Rows, int]:
    """The rows whose text does not stand among the held-out ones, and how many were dropped."""
    seen = {fold(text) for text in held_out.texts}
    kept = [index for index, text in enumerate(rows.texts) if fold(text) not in seen]
    return rows.take(kept), len(rows.texts) - len(kept)


@dataclass(frozen=True)
class Encoded:
    """Tokenized rows: ids of each text, its label, and how many texts were cut to the model's length."""

    ids: list[list[int]]
    labels: list[int]
    cut: int

    @cached_property
    def tensors(self) -> list[torch.Tensor]:
        """Each text's ids, int32: joining tensors takes a tenth of the time that joining lists does."""
        return [torch.tensor(ids, dtype=torch.int32) for ids in self.ids]


def tokenize(rows: Rows, tokenizer: Tokenizer, max_tokens: int) -> Encoded:
    """Tokenizes all rows in parallel, each cut to `max_tokens`."""
    pairs = encode(tokenizer, rows.texts, max_tokens)
    return Encoded([ids for ids, _ in pairs], rows.labels, sum(dropped > 0 for _, dropped in pairs))


def plan_batches(lengths: list[int], size: int, seed: int | None = None) -> list[list[int]]:
    """Row numbers of each batch. With a seed: shuffled, then sorted by length within windows of fifty batches, so that
    little is padded and order stays random; without one: by length, for evaluation."""
    order = list(range(len(lengths)))
    if seed is None:
        order.sort(key=lambda row: lengths[row])
        return [order[i : i + size] for i in range(0, len(order), size)]
    shuffler = random.Random(seed)
    shuffler.shuffle(order)
    windows = [sorted(order[i : i + size * 50], key=lambda row: lengths[row]) for i in range(0, len(order), size * 50)]
    batches = [window[i : i + size] for window in windows for i in range(0, len(window), size)]
    shuffler.shuffle(batches)
    return batches


def make_batch(data: Encoded, rows: list[int]) -> Batch:
    """Pads the given rows to the longest of them."""
    length = max(len(data.ids[row]) for row in rows)
    ids = torch.zeros(len(rows), length, dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for place, row in enumerate(rows):
        ids[place, : len(data.ids[row])] = torch.tensor(data.ids[row])
        mask[place, : len(data.ids[row])] = 1
    return Batch(ids, mask, torch.tensor([data.labels[row] for row in rows]))


def iterate(data: Encoded, plan: list[list[int]]) -> Iterator[Batch]:
    """The batches of a plan, padded one at a time."""
    return (make_batch(data, rows) for rows in plan)
