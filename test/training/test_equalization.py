"""Outlier channels are scaled where it is worth it, and the network stays the same function."""

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from model.quantization import Equalized, equalize

TEXTS = [[2, 7, 8, 9, 3], [2, 11, 12, 3]]


def make_network(gain: float) -> BertForSequenceClassification:
    """Two layers; one channel of the first layer's output is `gain` times as large as the others."""
    torch.manual_seed(3)
    config = BertConfig(vocab_size=40, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    model = BertForSequenceClassification(config).eval()
    model.bert.encoder.layer[0].output.LayerNorm.weight.data[5] *= gain
    return model


def list_scaled(model: BertForSequenceClassification) -> set[str]:
    return {name for name, module in model.named_modules() if isinstance(module, Equalized)}


def test_a_network_without_outliers_is_left_as_it_is() -> None:
    assert list_scaled(equalize(make_network(1), TEXTS)) == set()


def test_an_outlier_is_scaled_wherever_it_is_read_and_nowhere_else() -> None:
    layer = "bert.encoder.layer.1"
    scaled = {f"{layer}.{name}" for name in ("attention.self.query", "attention.self.key", "attention.self.value")}
    # Past the attention the residual sum still carries it.
    scaled.add(f"{layer}.intermediate.dense")
    assert list_scaled(equalize(make_network(30), TEXTS)) == scaled


@pytest.mark.parametrize("gain", [1, 4, 30])
def test_the_function_stays_the_same(gain: float) -> None:
    model = make_network(gain)
    ids = torch.randint(0, 40, (2, 12))
    with torch.inference_mode():
        assert torch.allclose(equalize(model, TEXTS)(ids).logits, model(ids).logits, atol=1e-5)
