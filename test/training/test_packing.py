"""The packed forward pass is the model's own, without its padding."""

import random
from pathlib import Path

import pytest
import torch
from transformers import BertForSequenceClassification

from data.tokens import Encoded, make_batch
from model.encoder import load_encoder
from model.packing import compute_packed_logits, pack


def make_data(texts: int, longest: int = 48) -> Encoded:
    """Texts of random ids and of lengths as uneven as those of reviews; a text is [CLS] and [SEP] at least."""
    chooser = random.Random(5)
    lengths = [min(longest, 2 + int(chooser.expovariate(1 / 15))) for _ in range(texts)]
    ids = [[2, *(chooser.randrange(5, 100) for _ in range(length - 2)), 3] for length in lengths]
    return Encoded(ids, [chooser.randrange(2) for _ in range(texts)], 0)


def collect_gradients(model: torch.nn.Module, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    model.zero_grad()
    loss.backward()
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}


def measure_gap(first: torch.Tensor, second: torch.Tensor) -> float:
    return float((first - second).norm() / second.norm().clamp(min=1e-30))


@pytest.fixture
def model(tiny_base: Path) -> BertForSequenceClassification:
    torch.manual_seed(1)
    loaded = load_encoder(tiny_base, 0.0, 0.0)
    # The fresh head's weights are so small that its gradients would hide the encoder's.
    torch.nn.init.normal_(loaded.classifier.weight, std=0.1)
    return loaded.train()


def test_loss_and_gradients_equal_the_padded_path_on_200_batches(model: BertForSequenceClassification) -> None:
    torch.set_num_threads(1)
    data = make_data(600)
    chooser = random.Random(1)
    paddings = 0
    for _ in range(200):
        rows = chooser.sample(range(600), chooser.randint(1, 8))
        texts = pack(data, rows)
        padded = make_batch(data, texts.rows)
        paddings += int((padded.mask == 0).sum())
        logits = model(padded.ids, attention_mask=padded.mask).logits
        expected = torch.nn.functional.cross_entropy(logits, padded.labels)
        wanted = collect_gradients(model, expected)
        loss = torch.nn.functional.cross_entropy(compute_packed_logits(model, texts), texts.labels)
        got = collect_gradients(model, loss)
        assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
        assert got.keys() == wanted.keys()
        whole = [torch.cat([gradients[name].flatten() for name in wanted]) for gradients in (got, wanted)]
        assert measure_gap(*whole) < 1e-5
        # A key's bias moves no softmax, so that its gradient is rounding alone.
        gaps = {name: measure_gap(got[name], wanted[name]) for name in wanted if not name.endswith("key.bias")}
        assert max(gaps.values()) < 1e-5, max(gaps, key=gaps.__getitem__)
    assert paddings > 5000


def test_a_text_answers_the_same_in_any_company(model: BertForSequenceClassification) -> None:
    data = make_data(64)
    together = pack(data, list(range(64)))
    with torch.no_grad():
        logits = compute_packed_logits(model, together)
        for place, row in enumerate(together.rows):
            alone = compute_packed_logits(model, pack(data, [row]))
            assert torch.allclose(alone[0], logits[place], atol=1e-6)


def test_dropout_acts_in_training_alone_and_follows_the_seed(tiny_base: Path) -> None:
    model = load_encoder(tiny_base, 0.3, 0.1)
    texts = pack(make_data(16), list(range(16)))

    def answer(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return compute_packed_logits(model, texts)

    model.train()
    assert torch.equal(answer(1), answer(1))
    assert not torch.equal(answer(1), answer(2))
    model.eval()
    assert torch.equal(answer(1), answer(2))
