"""Packs are filled up to few sizes, and a filler changes nothing."""

import random
from pathlib import Path

import torch
from rehearsal import make_data

from model.encoder import load_encoder
from model.packing import IGNORED, compute_packed_logits, pack
from run.cuda_graphs import choose_size


def test_a_size_is_little_more_than_the_texts_and_few_sizes_suffice() -> None:
    chooser = random.Random(3)
    sizes = set()
    for _ in range(2000):
        lengths = [chooser.randint(2, 512) for _ in range(8)]
        size, fillers = choose_size(lengths)
        assert size.tokens == sum(lengths) + sum(fillers)
        assert size.texts == len(lengths) + len(fillers)
        assert all(0 < filler <= size.longest for filler in fillers)
        assert max(lengths) <= size.longest and size.longest % 128 == 0
        assert sum(fillers) < max(2 * 128, 0.13 * sum(lengths))
        sizes.add(size)
    assert len(sizes) < 80


def test_texts_of_one_size_get_packs_of_one_shape() -> None:
    data = make_data(400, 7, longest=200)
    shapes: dict[object, set[tuple[int, int]]] = {}
    for start in range(0, 400, 8):
        rows = list(range(start, start + 8))
        size, fillers = choose_size([len(data.ids[row]) for row in rows])
        texts = pack(data, rows, fillers)
        shapes.setdefault(size, set()).add((len(texts.ids), len(texts.labels)))
    assert all(len(found) == 1 for found in shapes.values())
    assert len(shapes) < 25


def test_fillers_leave_loss_and_gradients_as_they_are(tiny_base: Path) -> None:
    torch.manual_seed(1)
    model = load_encoder(tiny_base, 0.0, 0.0).train()
    data, rows = make_data(24, 9), list(range(24))
    found = []
    for fillers in ([], [1, 30, 2]):
        model.zero_grad()
        texts = pack(data, rows, fillers)
        loss = torch.nn.functional.cross_entropy(compute_packed_logits(model, texts), texts.labels, reduction="sum")
        loss.backward()
        gradients = [parameter.grad.flatten() for parameter in model.parameters() if parameter.grad is not None]
        found.append((loss.detach(), torch.cat(gradients)))
    assert texts.rows.count(IGNORED) == 3 and int((texts.labels == IGNORED).sum()) == 3
    assert torch.allclose(found[0][0], found[1][0], rtol=1e-6)
    assert (found[0][1] - found[1][1]).norm() < 1e-5 * found[0][1].norm()
