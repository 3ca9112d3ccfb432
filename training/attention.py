"""Attention for training on a CPU: written out, because the fused CPU kernel takes 1.7 times as long in bfloat16."""

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask

NAME = "written_out"


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
    """softmax(query · keyᵀ · scaling) · value (Vaswani et al., 2017).

    Args:
        module: the attention layer, for its training mode.
        query: [batch, heads, length, width]; key and value the same.
        mask: True where a token may look, [batch, 1, length or 1, length], or None for everywhere.
        scaling: usually 1 / sqrt(width).
        dropout: on the attention weights, while training.

    Returns:
        The mixed values, [batch, length, heads, width], and None in place of the weights.
    """
    # Without this, autocast would widen the scores, the largest tensors here, to float32.
    with torch.autocast(query.device.type, enabled=False):
        scores = (query * scaling) @ key.transpose(-1, -2)
        if mask is not None:
            scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = torch.nn.functional.dropout(torch.softmax(scores, dim=-1), dropout, module.training)
        return (weights @ value).transpose(1, 2).contiguous(), None


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)
