"""Attention over texts that lie end to end: in one kernel on a GPU, by groups of similar length elsewhere.

On a CPU it is written out, because the fused CPU kernel takes 1.7 times as long in bfloat16.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask

NAME = "written_out"

QueryKeyValue = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Group:
    """Texts `first` to `last` (exclusive) of a pack, of similar length; `longest` in tokens."""

    first: int
    last: int
    longest: int


@dataclass(frozen=True)
class Spans:
    """Where each text of a pack lies.

    Attributes:
        bounds: first token of each text and, last, the number of tokens, int64 [texts + 1].
        longest: tokens of the longest text.
        groups: the texts by similar length.
    """

    bounds: torch.Tensor
    longest: int
    groups: list[Group]

    def to(self, device: torch.device) -> "Spans":
        """The same with its bounds in the device's memory."""
        return replace(self, bounds=self.bounds.pin_memory().to(device, non_blocking=True))

    @cached_property
    def cumulative(self) -> torch.Tensor:
        """The bounds as the GPU kernel wants them, int32."""
        return self.bounds.int()

    @cached_property
    def ordinals(self) -> torch.Tensor:
        """Bounds of one query per text, int32 [texts + 1]."""
        return torch.arange(len(self.bounds), dtype=torch.int32, device=self.bounds.device)

    @cached_property
    def paddings(self) -> list["Padding | None"]:
        """How each group is padded, or None where its texts are of one length."""
        return [self._pad(group) for group in self.groups]

    def _pad(self, group: Group) -> "Padding | None":
        ends = self.bounds[group.first + 1 : group.last + 1, None]
        starts = self.bounds[group.first : group.last, None]
        steps = torch.arange(group.longest, device=starts.device)
        mask = steps < ends - starts
        if bool(mask.all()):
            return None
        return Padding(torch.minimum(starts + steps, ends - 1).flatten(), mask, mask.flatten().nonzero()[:, 0])


@dataclass(frozen=True)
class Padding:
    """The indices that move a group's tokens into a padded block and back.

    Attributes:
        places: token number of each place of the block, int64 [texts * longest]; past a text's end, its last token.
        mask: True on tokens, [texts, longest].
        kept: the places that are tokens, int64 [tokens of the group].
    """

    places: torch.Tensor
    mask: torch.Tensor
    kept: torch.Tensor


def attend_packed(states: QueryKeyValue, spans: Spans, dropout: float) -> torch.Tensor:
    """Attention of each text to itself.

    Args:
        states: query [tokens, heads, width], or [texts, heads, width] for each text's first token alone; key and
            value [tokens, heads, width].
        spans: where the texts lie.
        dropout: on the attention weights; 0 when not training.

    Returns:
        The mixed values, shaped like the query.
    """
    if states[0].is_cuda and states[0].dtype in (torch.bfloat16, torch.float16):
        return _attend_in_one_kernel(states, spans, dropout)
    return _attend_by_groups(states, spans, dropout)


def _attend_in_one_kernel(states: QueryKeyValue, spans: Spans, dropout: float) -> torch.Tensor:
    query, key, value = states
    whole = len(query) == len(key)
    # torch.nn.attention.varlen.varlen_attn, the public name of this kernel, takes no dropout.
    mixed: torch.Tensor = torch.ops.aten._flash_attention_forward(
        query,
        key,
        value,
        spans.cumulative if whole else spans.ordinals,
        spans.cumulative,
        spans.longest if whole else 1,
        spans.longest,
        dropout,
        False,
        False,
    )[0]
    return mixed


def _attend_by_groups(states: QueryKeyValue, spans: Spans, dropout: float) -> torch.Tensor:
    query, key, value = states
    whole = len(query) == len(key)
    mixed = []
    for group, padding in zip(spans.groups, spans.paddings, strict=True):
        keys, values = (_block(part, spans, group, padding) for part in (key, value))
        asking = _block(query, spans, group, padding) if whole else query[group.first : group.last, None]
        answer = _mix((asking, keys, values), padding.mask if padding else None, dropout).flatten(0, 1)
        mixed.append(answer.index_select(0, padding.kept) if whole and padding else answer)
    return torch.cat(mixed)


def _block(states: torch.Tensor, spans: Spans, group: Group, padding: Padding | None) -> torch.Tensor:
    """A group's states as [texts, longest, heads, width]."""
    if padding:
        chosen = states.index_select(0, padding.places)
    else:
        start = int(spans.bounds[group.first])
        chosen = states[start : start + (group.last - group.first) * group.longest]
    return chosen.unflatten(0, (-1, group.longest))


def _mix(states: QueryKeyValue, mask: torch.Tensor | None, dropout: float) -> torch.Tensor:
    """Attention of texts side by side, each [texts, length, heads, width]; mask [texts, length] is True on tokens."""
    query, key, value = (part.transpose(1, 2) for part in states)
    seen = None if mask is None else mask[:, None, None]
    return mix(query * query.shape[-1] ** -0.5, key, value, seen, dropout)


def mix(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, dropout: float
) -> torch.Tensor:
    """softmax(query · keyᵀ) · value (Vaswani et al., 2017), [batch, length, heads, width].

    Args:
        query: scaled, [batch, heads, length, width]; key and value the same.
        mask: True where a token may look, [batch, 1, length or 1, length], or None for everywhere.
        dropout: on the attention weights.
    """
    # Without this, autocast would widen the scores, the largest tensors here, to float32.
    with torch.autocast(query.device.type, enabled=False):
        scores = query @ key.transpose(-1, -2)
        if mask is not None:
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = torch.nn.functional.dropout(torch.softmax(scores, dim=-1), dropout)
        return (weights @ value).transpose(1, 2)


def attend(  # noqa: PLR0913  (transformers calls it so)
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    *,
    scaling: float,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention in the model's own padded forward pass.

    Args:
        module: the attention layer, for its training mode.
        query: [batch, heads, length, width]; key and value the same.
        mask: True where a token may look, [batch, 1, length or 1, length], or None for everywhere.
        scaling: usually 1 / sqrt(width).
        dropout: on the attention weights, while training.

    Returns:
        The mixed values, [batch, length, heads, width], and None in place of the weights.
    """
    mixed = mix(query * scaling, key, value, mask, dropout if module.training else 0.0)
    return mixed.contiguous(), None


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
