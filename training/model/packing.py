"""Texts laid end to end, so that nothing is computed on padding.

All layers but attention work on each token alone; they see one long row of tokens. Attention is told where each text
starts. The last layer's outputs are needed at [CLS] only, so that it computes no others.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from transformers import BertForSequenceClassification

from data.tokens import Encoded
from model.attention import Group, Spans, attend_packed
from model.encoder import PLAIN, Attend, Halves, classify, run_layer

IGNORED = -100
"""Label of a filler: the index that cross_entropy ignores by default."""

_STRETCH = 1.125
"""Longest to shortest text of a group that attention pads together on a CPU."""


@dataclass(frozen=True)
class Pack:
    """Texts end to end, shortest first.

    Attributes:
        ids: token ids, int64 [tokens].
        positions: place of each token in its text, int64 [tokens].
        spans: where each text starts and ends, for attention.
        labels: index into the data's classes, int64 [texts]; IGNORED for a filler and for a text without a hard label.
        rows: row number of each text in the data; IGNORED for a filler.
        soft: a teacher's probabilities, float32 [texts, labels], zeros where a text has none; None if no text of the
            data has any.
    """

    ids: torch.Tensor
    positions: torch.Tensor
    spans: Spans
    labels: torch.Tensor
    rows: list[int]
    soft: torch.Tensor | None = None

    @property
    def tensors(self) -> dict[str, torch.Tensor]:
        """The tensors by name, without those of the spans."""
        named = {"ids": self.ids, "positions": self.positions, "labels": self.labels}
        return named if self.soft is None else {**named, "soft": self.soft}

    def to(self, device: torch.device) -> "Pack":
        """The same texts in the device's memory."""
        if device.type == "cpu":
            return self
        moved: dict[str, Any] = {
            name: tensor.pin_memory().to(device, non_blocking=True) for name, tensor in self.tensors.items()
        }
        return replace(self, **moved, spans=self.spans.to(device))


def pack(data: Encoded, rows: list[int], fillers: list[int] | None = None) -> Pack:
    """Packs the given rows of the data, at least one.

    Args:
        data: the tokenized rows.
        rows: row numbers.
        fillers: lengths of texts of [PAD] to add, which make the pack as long as another one. No text looks at them,
            and the loss ignores them.
    """
    texts = [(data.tensors[row], data.labels[row], row) for row in rows]
    texts += [(torch.zeros(length, dtype=torch.int32), IGNORED, IGNORED) for length in fillers or []]
    texts.sort(key=lambda text: len(text[0]))
    lengths = [len(ids) for ids, _, _ in texts]
    ids = torch.cat([ids for ids, _, _ in texts]).long()
    count = torch.arange(lengths[-1])
    positions = torch.cat([count[:length] for length in lengths])
    bounds = torch.tensor([0, *lengths]).cumsum(0)
    spans = Spans(bounds, lengths[-1], _group(lengths))
    labels = torch.tensor([label if label >= 0 else IGNORED for _, label, _ in texts])
    numbers = [row for _, _, row in texts]
    return Pack(ids, positions, spans, labels, numbers, _take_soft(data, numbers))


def _take_soft(data: Encoded, rows: list[int]) -> torch.Tensor | None:
    if data.teacher is None:
        return None
    nothing = torch.zeros_like(data.teacher[0])
    return torch.stack([nothing if row == IGNORED else data.teacher[row] for row in rows])


def _group(lengths: list[int]) -> list[Group]:
    """Texts of similar length, which attention pads to the longest of them; `lengths` ascends."""
    starts = [0]
    for index, length in enumerate(lengths):
        if length > lengths[starts[-1]] * _STRETCH:
            starts.append(index)
    return [Group(first, last, lengths[last - 1]) for first, last in pairwise([*starts, len(lengths)])]


def compute_packed_logits(model: BertForSequenceClassification, texts: Pack, halves: Halves = PLAIN) -> torch.Tensor:
    """The logits that the model's own forward pass gives for the same texts padded, [texts, labels].

    Args:
        model: any BertForSequenceClassification; its dropout applies while it is in training mode.
        texts: the pack, on the model's device.
        halves: what computes a layer beside its attention.
    """
    bert: Any = model.bert
    hidden = _embed(bert.embeddings, texts)
    *layers, last = bert.encoder.layer
    for layer in layers:
        hidden = run_layer(layer, hidden, hidden, _attend_within(layer, texts.spans), halves)
    first = run_layer(last, hidden[texts.spans.bounds[:-1]], hidden, _attend_within(last, texts.spans), halves)
    return classify(model, first)


def _embed(embeddings: Any, texts: Pack) -> torch.Tensor:
    words = embeddings.word_embeddings(texts.ids) + embeddings.token_type_embeddings.weight[0]
    hidden = words + embeddings.position_embeddings(texts.positions)
    embedded: torch.Tensor = embeddings.dropout(embeddings.LayerNorm(hidden))
    return embedded


def _attend_within(layer: Any, spans: Spans) -> Attend:
    """The layer's attention of each text to itself, of states [tokens, hidden size]."""
    own = layer.attention.self
    shape = (-1, own.num_attention_heads, own.attention_head_size)

    def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        states = (query.view(shape), key.view(shape), value.view(shape))
        return attend_packed(states, spans, own.dropout.p if own.training else 0.0).flatten(1)

    return attend


def compute_logits(model: BertForSequenceClassification, texts: Pack, halves: Halves = PLAIN) -> torch.Tensor:
    """Logits of packed texts on the model's device, float32 [texts, labels]."""
    return compute_packed_logits(model, texts, halves).float()
