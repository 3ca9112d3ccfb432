"""Tokenized rows: made once, cached by the hash of their inputs, and divided into batches."""

import hashlib
import random
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from data.dataset import POLAR, Rows
from data.tokenizer import describe, encode
from run.checkpoint_store import CheckpointStore, staging_folder

_FORMAT = b"1"
"""Change it when tokenizing changes in anything but texts, tokenizer and length."""


@dataclass(frozen=True)
class Batch:
    """Texts of similar length, padded to the longest. All tensors are int64.

    Attributes:
        ids: token ids, [texts, length], 0 where padded.
        mask: attention mask, [texts, length], 1 on tokens.
        labels: index into the data's classes, [texts].
    """

    ids: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor


@dataclass(frozen=True)
class Encoded:
    """Tokenized rows.

    Attributes:
        ids: token ids of each text.
        labels: index into `classes`, one per text; -1 for a text with a soft label only.
        cut: how many texts were cut to the model's length.
        classes: class names in logit order.
        pairs: the pair that each text belongs to, or None; empty if there are none.
        soft: a teacher's probabilities of each text in the order of `classes`, or None; empty if no text has any.
    """

    ids: list[list[int]]
    labels: list[int]
    cut: int
    classes: tuple[str, ...] = POLAR
    pairs: Sequence[Hashable | None] = field(default_factory=list)
    soft: list[tuple[float, ...] | None] = field(default_factory=list)

    @cached_property
    def teacher(self) -> torch.Tensor | None:
        """The soft labels, float32 [texts, classes], zeros where a text has none; None if no text has any."""
        nothing = (0.0,) * len(self.classes)
        return torch.tensor([one or nothing for one in self.soft]) if any(self.soft) else None

    @cached_property
    def tensors(self) -> list[torch.Tensor]:
        """Each text's ids, int32: joining tensors takes a tenth of the time that joining lists does."""
        return [torch.tensor(ids, dtype=torch.int32) for ids in self.ids]


def tokenize(rows: Rows, tokenizer: Tokenizer, max_tokens: int) -> Encoded:
    """Tokenizes all rows in parallel, each cut to `max_tokens`."""
    encoded = encode(tokenizer, rows.texts, max_tokens)
    cut = sum(dropped > 0 for _, dropped in encoded)
    return _attach(rows, [ids for ids, _ in encoded], cut)


def _attach(rows: Rows, ids: list[list[int]], cut: int) -> Encoded:
    """The ids with all else that the rows say."""
    return Encoded(ids, rows.labels, cut, rows.classes, rows.pairs, rows.soft)


def plan_batches(
    lengths: list[int], size: int, seed: int | None = None, pairs: Sequence[Hashable | None] = ()
) -> list[list[int]]:
    """Row numbers of each batch.

    With a seed, rows are shuffled, then sorted by length within windows of fifty batches: little is padded, and the
    order stays random. Without a seed, rows are sorted by length, for evaluation.

    Args:
        lengths: tokens of each row.
        size: rows of a batch, at most.
        seed: of the order.
        pairs: the pair that each row belongs to, or None; with a seed, the rows of a pair that fits share a
            batch. Empty if there are no pairs.
    """
    if seed is None:
        order = sorted(range(len(lengths)), key=lambda row: lengths[row])
        return [order[i : i + size] for i in range(0, len(order), size)]
    units = _join_pairs(len(lengths), pairs)
    shuffler = random.Random(seed)
    shuffler.shuffle(units)
    batches: list[list[int]] = []
    for start in range(0, len(units), size * 50):
        window = sorted(units[start : start + size * 50], key=lambda unit: max(lengths[row] for row in unit))
        batches += _fill_batches(window, size)
    shuffler.shuffle(batches)
    return batches


def _join_pairs(rows: int, pairs: Sequence[Hashable | None]) -> list[list[int]]:
    """The rows of each pair together, each other row by itself."""
    units: list[list[int]] = []
    found: dict[Hashable, list[int]] = {}
    for row, pair in zip(range(rows), pairs or [None] * rows, strict=True):
        unit = [] if pair is None else found.setdefault(pair, [])
        if not unit:
            units.append(unit)
        unit.append(row)
    return units


def _fill_batches(units: list[list[int]], size: int) -> list[list[int]]:
    """Batches of whole units; one that is larger than a batch is cut."""
    batches: list[list[int]] = [[]]
    for unit in units:
        if len(batches[-1]) + min(len(unit), size) > size:
            batches.append([])
        batches[-1] += unit
        while len(batches[-1]) > size:
            batches.append(batches[-1][size:])
            del batches[-2][size:]
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


def tokenize_once(rows: Rows, tokenizer: Tokenizer, max_tokens: int, store: CheckpointStore) -> Encoded:
    """The rows tokenized, from the store if they were tokenized before.

    Args:
        rows: the texts and labels.
        tokenizer: without truncation and padding.
        max_tokens: what each text is cut to.
        store: where the tokenized rows are looked up and kept.
    """
    key = f"tokens/{_hash(rows, tokenizer, max_tokens)}.safetensors"
    with staging_folder(store, "tokens") as place:
        if path := store.fetch(key, place):
            found = load_file(path)
            ends = [0, *found["lengths"].cumsum().tolist()]
            tokens = found["ids"].tolist()
            ids = [tokens[start:end] for start, end in pairwise(ends)]
            return _attach(rows, ids, int(found["cut"][0]))
        encoded = tokenize(rows, tokenizer, max_tokens)
        lengths = np.array([len(ids) for ids in encoded.ids], np.int32)
        flat = np.array([token for ids in encoded.ids for token in ids], np.int32)
        save_file({"ids": flat, "lengths": lengths, "cut": np.array([encoded.cut], np.int32)}, place / "tokens")
        store.put(key, place / "tokens")
    return encoded


def _hash(rows: Rows, tokenizer: Tokenizer, max_tokens: int) -> str:
    digest = hashlib.sha256(_FORMAT + describe(tokenizer) + str(max_tokens).encode())
    for text in rows.texts:
        content = text.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:32]
