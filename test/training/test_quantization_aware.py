"""While it trains, the network computes as the int8 model will; in evaluation mode it is the exact network."""

import copy
from pathlib import Path

import pytest
import torch
from conftest import Run
from test_equalization import TEXTS, make_network
from transformers import BertForSequenceClassification

from model.encoder import load_encoder
from model.export import export, open_session
from model.quantization_aware import RoundedLinear, round_weights, simulate_quantization
from release.proof import run_session


def compute(model: BertForSequenceClassification, text: list[int]) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = model(torch.tensor([text])).logits
    return logits


@pytest.fixture
def exact(tiny_base: Path) -> BertForSequenceClassification:
    torch.manual_seed(1)
    model = load_encoder(tiny_base, 0.0, 0.0)
    # Random weights are so small that the layers hardly change what the embeddings say.
    for layer in model.bert.encoder.modules():
        if isinstance(layer, torch.nn.Linear):
            layer.weight.data *= 10
    return model


@pytest.fixture
def rounding(exact: BertForSequenceClassification) -> BertForSequenceClassification:
    model = copy.deepcopy(exact)
    simulate_quantization(model, TEXTS)
    return model


def test_in_evaluation_mode_nothing_is_rounded(
    exact: BertForSequenceClassification, rounding: BertForSequenceClassification
) -> None:
    assert torch.allclose(compute(rounding.eval(), TEXTS[0]), compute(exact.eval(), TEXTS[0]), atol=1e-6)
    assert list(rounding.state_dict()) == list(exact.state_dict())


def test_training_computes_what_the_int8_model_answers(
    exact: BertForSequenceClassification, rounding: BertForSequenceClassification, tmp_path: Path
) -> None:
    _, served = export(exact, TEXTS, tmp_path)
    texts = [[2, *range(first, first + 9), 3] for first in range(5, 45)]
    answered = run_session(open_session(served, 1), texts, "int8")
    plain = torch.cat([compute(exact.eval(), text) for text in texts])
    rounded = torch.cat([compute(rounding.train(), text) for text in texts])
    # Embeddings and the classification layer are rounded by the export alone.
    assert (rounded - answered).norm() < 0.5 * (plain - answered).norm()


def test_rounded_weights_are_exported_as_they_are(rounding: BertForSequenceClassification, tmp_path: Path) -> None:
    texts = [[2, *range(first, first + 9), 3] for first in range(5, 45)]

    def measure_error() -> torch.Tensor:
        _, served = export(rounding, TEXTS, tmp_path)
        plain = torch.cat([compute(rounding.eval(), text) for text in texts])
        return (plain - run_session(open_session(served, 1), texts, "int8")).norm()

    before = measure_error()
    round_weights(rounding)
    assert measure_error() < 0.7 * before


def test_gradients_pass_the_rounding(rounding: BertForSequenceClassification) -> None:
    rounding.train()
    rounding(torch.tensor(TEXTS[:1]), labels=torch.tensor([1])).loss.backward()
    layers = [layer for layer in rounding.modules() if isinstance(layer, RoundedLinear)]
    assert len(layers) == 12
    assert all(layer.weight.grad is not None and layer.weight.grad.abs().sum() > 0 for layer in layers)


def test_an_outlier_is_divided_before_it_is_rounded() -> None:
    model = make_network(30)
    simulate_quantization(model, TEXTS)
    stretches = [layer.stretch.max() for layer in model.modules() if isinstance(layer, RoundedLinear)]
    assert max(stretches) > 5


def test_a_quantization_aware_run_is_published(train: Run, tmp_path: Path) -> None:
    result = train(quantization_aware=True, tolerance=1)
    assert result.returncode == 0, result.stderr
    assert len(list((tmp_path / "models" / "versions").iterdir())) == 1
