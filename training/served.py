"""The network as it is served: one text, no padding, nothing computed that its logits do not need.

The same mathematics as transformers' forward pass, written for the exporter: without padding there is no mask, a single
text has one token type, and the last layer computes [CLS] alone, since the classifier reads nothing else. That is one
twelfth of the work of BERT-base and a seventh of that of six layers; see docs/performance.md.
"""

from typing import Any

import torch
from transformers import BertForSequenceClassification

from layer import classify, run_layer

Graph = Any


class _Attention(torch.autograd.Function):
    """Attention as one node, which ONNX Runtime computes block by block without writing all scores to memory.

    https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MultiHeadAttention
    """

    @staticmethod
    def forward(_: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, heads: int) -> torch.Tensor:
        """Mixed values, shaped like the query; each argument is float32 [batch, length, heads * width]."""
        states = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (query, key, value))
        return torch.nn.functional.scaled_dot_product_attention(*states).transpose(1, 2).flatten(2)

    @staticmethod
    def symbolic(graph: Graph, query: Graph, key: Graph, value: Graph, heads: int) -> Graph:
        """The node in the exported graph."""
        return graph.op("com.microsoft::MultiHeadAttention", query, key, value, num_heads_i=heads).setType(query.type())


class Served(torch.nn.Module):
    """From ids, int64 [batch, length], of texts of one length, to logits, float32 [batch, labels].

    It leaves the model in evaluation mode.
    """

    def __init__(self, model: BertForSequenceClassification) -> None:
        super().__init__()
        self.model = model
        self.eval()

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """The logits; dropout never applies."""
        bert: Any = self.model.bert
        hidden = _embed(bert.embeddings, ids)
        *layers, last = bert.encoder.layer
        for layer in layers:
            hidden = run_layer(layer, hidden, hidden, self._attend)
        return classify(self.model, run_layer(last, hidden[:, :1], hidden, self._attend)[:, 0])

    def _attend(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        mixed: torch.Tensor = _Attention.apply(query, key, value, self.model.config.num_attention_heads)
        return mixed


def _embed(embeddings: Any, ids: torch.Tensor) -> torch.Tensor:
    places = embeddings.position_embeddings.weight + embeddings.token_type_embeddings.weight[0]
    embedded: torch.Tensor = embeddings.LayerNorm(embeddings.word_embeddings(ids) + places[: ids.shape[1]])
    return embedded
