"""A training run without data files, export and publication, in a process that a test may kill.

python rehearsal.py '{"base": …, "checkpoints": …, "weights": …, "settings": {…}}' trains on invented texts and writes
the final weights. With torchrun it trains in several processes.
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
        train(Run(model, make_data(190, 1), make_data(64, 2), settings, Checkpoints(store, "rehearsal"), stop, group))
    except StoppedError:
        return STOPPED_EXIT_CODE
    if group.is_main:
        save_file(copy_weights(model), told["weights"])
    group.leave()
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
