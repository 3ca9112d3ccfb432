"""The network as it is served is the same function as transformers' own forward pass."""

from collections import Counter
from pathlib import Path

import onnx
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from model.encoder import load_encoder
from model.export import ServedNetwork, export


def make_random(layers: int) -> BertForSequenceClassification:
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=300, hidden_size=64, num_hidden_layers=layers, num_attention_heads=4, intermediate_size=128
    )
    return BertForSequenceClassification(config)


@pytest.mark.parametrize("layers", [1, 2, 5])
@pytest.mark.parametrize("length", [2, 3, 17, 200])
def test_logits_are_those_of_the_model(layers: int, length: int) -> None:
    model = make_random(layers).eval()
    ids = torch.randint(0, 300, (3, length))
    with torch.inference_mode():
        expected, served = model(ids).logits, ServedNetwork(model)(ids)
    assert torch.allclose(served, expected, atol=1e-6)


def test_dropout_does_not_reach_what_is_served() -> None:
    model = make_random(2).train()
    ids = torch.randint(0, 300, (1, 9))
    assert torch.equal(ServedNetwork(model)(ids), ServedNetwork(model)(ids))


def test_the_graph_has_one_input_one_attention_per_layer_and_no_slow_fusion(tiny_base: Path, tmp_path: Path) -> None:
    model = load_encoder(tiny_base, 0.0, 0.0)
    for path in export(model, [[2, 7, 8, 3]], tmp_path):
        graph = onnx.load(path).graph
        kinds = Counter(node.op_type for node in graph.node)
        assert [put.name for put in graph.input] == ["input_ids"]
        assert kinds["MultiHeadAttention"] == model.config.num_hidden_layers
        assert kinds["LayerNormalization"] == 2 * model.config.num_hidden_layers + 1
        assert kinds["SkipLayerNormalization"] == 0
