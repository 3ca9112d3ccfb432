"""One encoder layer and the classifier of BERT, whatever way the texts are laid out and attention is computed."""

from collections.abc import Callable
from typing import Any

import torch
from transformers import BertForSequenceClassification

Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
"""Query, key and value, each [..., hidden size], to the mixed values, shaped like the query."""


def run_layer(layer: Any, asking: torch.Tensor, hidden: torch.Tensor, attend: Attend) -> torch.Tensor:
    """The layer's outputs for some tokens, shaped like `asking`.

    Args:
        layer: a BertLayer; its dropout applies while it is in training mode.
        asking: hidden states of the tokens to compute, [..., hidden size].
        hidden: hidden states of all tokens that these may look at, [..., hidden size].
        attend: the attention.
    """
    own = layer.attention.self
    attended = layer.attention.output(attend(own.query(asking), own.key(hidden), own.value(hidden)), asking)
    outputs: torch.Tensor = layer.output(layer.intermediate(attended), attended)
    return outputs


def classify(model: BertForSequenceClassification, first: torch.Tensor) -> torch.Tensor:
    """Logits, [texts, labels], from the last layer's outputs at [CLS], [texts, hidden size]."""
    pooler: Any = model.bert.pooler
    logits: torch.Tensor = model.classifier(model.dropout(pooler.activation(pooler.dense(first))))
    return logits
