"""A tiny network that has learnt to tell good from bad, and what its release needs, made in a second."""

import random
from dataclasses import replace
from pathlib import Path

import torch
from tiny import make_neutral_reviews, make_reviews

from data.dataset import CLASSES, POLAR, Rows
from data.splits import inspect, split
from data.tokenizer import load_tokenizer
from data.tokens import Encoded, make_batch, tokenize
from model.encoder import load_encoder
from release.candidate import Trained
from release.evaluation import EvaluationSet
from settings import Settings

MAX_LEN = 48


def make_trained(
    base: Path, settings: Settings | None = None, steps: int = 40, seed: int = 3, neutral: int = 0
) -> Trained:
    """Trains on 400 reviews, and on so many neutral ones, for a few steps, and holds a tenth of them out."""
    settings = replace(settings or Settings(), max_len=MAX_LEN, threads=1, valid_batch_size=16)
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    classes = CLASSES if neutral else POLAR
    tokenizer, model = load_tokenizer(base), load_encoder(base, 0.0, 0.0, classes)
    reviews = make_reviews(400)
    if neutral:
        reviews += make_neutral_reviews(neutral)
        random.Random(1).shuffle(reviews)
    rows = Rows(
        [text for text, _ in reviews],
        [classes.index(label) for _, label in reviews],
        [{"name": "imdb.csv", "rows": len(reviews), "sha256": "0" * 64}],
        [(0, number) for number in range(1, len(reviews) + 1)],
        classes,
    )
    training, validation = split(rows, 0.1, 42)
    encoded, held_out = tokenize(training, tokenizer, MAX_LEN), tokenize(validation, tokenizer, MAX_LEN)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for step in range(steps):
        batch = make_batch(encoded, [(step * 16 + place) % len(encoded.ids) for place in range(16)])
        loss = torch.nn.functional.cross_entropy(model(batch.ids, attention_mask=batch.mask).logits, batch.labels)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    origin = {
        "base": {"name": "tiny", "sha256": "0" * 64},
        "data": rows.sources,
        "findings": {
            "training": inspect(training, encoded.cut).counted(),
            "validation": inspect(validation, held_out.cut).counted(),
        },
        "settings": settings.recorded(),
    }
    return Trained(
        model=model,
        tokenizer=tokenizer,
        calibration=encoded.ids[::8],
        validation=EvaluationSet(validation, held_out),
        test=EvaluationSet(Rows(), Encoded([], [], 0)),
        settings=settings,
        origin=origin,
        history=[
            {"epoch": 1, "loss": 0.6, "accuracy": 0.7, "macroF1": 0.7},
            {"epoch": 2, "loss": 0.2, "accuracy": 0.95, "macroF1": 0.95},
        ],
    )
