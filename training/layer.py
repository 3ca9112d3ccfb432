"""One encoder layer and the classifier of BERT, whatever way the texts are laid out and attention is computed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import BertForSequenceClassification

Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Query, key and value, each [..., hidden size], to the mixed values, shaped like the query."""


@dataclass(frozen=True)
class Halves:
    """A layer's computation before and after its attention, plain or compiled.

    Attributes:
        project: layer, hidden states of the tokens to compute and of the tokens that they look at, to query, key and
            value.
        finish: layer, mixed values and hidden states of the tokens to compute, to the layer's outputs.
    """

    project: Callable[[Any, torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor, torch.Tensor]]
    finish: Callable[[Any, torch.Tensor, torch.Tensor], torch.Tensor]


def _project(layer: Any, asking: torch.Tensor, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    own = layer.attention.self
    return own.query(asking), own.key(hidden), own.value(hidden)


def _finish(layer: Any, mixed: torch.Tensor, asking: torch.Tensor) -> torch.Tensor:
    attended = layer.attention.output(mixed, asking)
    outputs: torch.Tensor = layer.output(layer.intermediate(attended), attended)
    return outputs


PLAIN = Halves(_project, _finish)


def choose_halves(compiled: bool) -> Halves:
    """The plain halves, or each compiled as one piece for any number of tokens, its element-wise parts fused.

    Attention is left out: it is one kernel already, and tracing its spans would compile it anew for each of them.
    """
    return Halves(torch.compile(_project, dynamic=True), torch.compile(_finish, dynamic=True)) if compiled else PLAIN


def run_layer(
    layer: Any, asking: torch.Tensor, hidden: torch.Tensor, attend: Attend, halves: Halves = PLAIN
) -> torch.Tensor:
    """The layer's outputs for some tokens, shaped like `asking`.

    Args:
        layer: a BertLayer; its dropout applies while it is in training mode.
        asking: hidden states of the tokens to compute, [..., hidden size].
        hidden: hidden states of all tokens that these may look at, [..., hidden size].
        attend: the attention.
        halves: what computes the rest.
    """
    return halves.finish(layer, attend(*halves.project(layer, asking, hidden)), asking)


def classify(model: BertForSequenceClassification, first: torch.Tensor) -> torch.Tensor:
    """Logits, [texts, labels], from the last layer's outputs at [CLS], [texts, hidden size]."""
    pooler: Any = model.bert.pooler
    logits: torch.Tensor = model.classifier(model.dropout(pooler.activation(pooler.dense(first))))
    return logits
