"""A training run without data files, export and publication, in a process that a test may kill.

python rehearsal.py '{"base": …, "checkpoints": …, "weights": …, "data": "hard", "settings": {…}}' trains on invented
texts and writes the final weights. With torchrun it trains in several processes.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from data.tokens import Encoded
from errors import STOPPED_EXIT_CODE, StoppedError
from model.encoder import load_encoder
from run.checkpoint_store import open_checkpoint_store
from run.checkpoints import Checkpoints, copy_weights
from run.interruption import Stop
from run.loop import train
from run.process_group import join_process_group
from run.step import Run
from settings import Settings


def make_data(texts: int, seed: int, longest: int = 40) -> Encoded:
    """Texts of random ids, of lengths as uneven as those of reviews; token 50 makes a text positive."""
    chooser = random.Random(seed)
    lengths = [min(longest, 3 + int(chooser.expovariate(1 / 12))) for _ in range(texts)]
    labels = [chooser.randrange(2) for _ in range(texts)]
    ids = [
        [2, 50 if label else 51, *(chooser.randrange(60, 100) for _ in range(length - 3)), 3]
        for length, label in zip(lengths, labels, strict=True)
    ]
    return Encoded(ids, labels, 0)


def make_soft_data(texts: int, seed: int) -> Encoded:
    """The same texts; of three, one has a label, one a teacher's probabilities, one both."""
    data, chooser = make_data(texts, seed), random.Random(seed)
    sure = [0.5 + 0.5 * chooser.random() for _ in range(texts)]
    soft: list[tuple[float, ...] | None] = [
        None if row % 3 == 0 else ((1 - sure[row], sure[row]) if label else (sure[row], 1 - sure[row]))
        for row, label in enumerate(data.labels)
    ]
    labels = [-1 if row % 3 == 1 else label for row, label in enumerate(data.labels)]
    return Encoded(data.ids, labels, 0, soft=soft)


def make_settings(**given: Any) -> Settings:
    """Settings of a run of seconds: two epochs of 12 steps."""
    chosen = {"epochs": 2, "train_batch_size": 16, "valid_batch_size": 32, "learning_rate": 3e-3, "precision": "fp32"}
    return Settings(**{**chosen, **given})


def main(told: dict[str, Any]) -> int:
    torch.set_num_threads(1)
    torch.manual_seed(3)
    settings = make_settings(**told["settings"])
    group = join_process_group(torch.device("cpu"))
    store = open_checkpoint_store(told["checkpoints"], [])
    assert store is not None
    stop = Stop()
    try:
        stop.listen()
        model = load_encoder(Path(told["base"]), settings.dropout, settings.encoder_dropout)
        make_training = make_soft_data if told.get("data") == "soft" else make_data
        train(
            Run(model, make_training(190, 1), make_data(64, 2), settings, Checkpoints(store, "rehearsal"), stop, group)
        )
    except StoppedError:
        return STOPPED_EXIT_CODE
    if group.is_main:
        save_file(copy_weights(model), told["weights"])
    group.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
