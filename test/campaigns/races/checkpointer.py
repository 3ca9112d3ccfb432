"""Writes checkpoints one after the other, as a training run does, and continues after the newest one.

PYTHONPATH=training python checkpointer.py '{"uri": …, "steps": 12}' writes the line `begun` when it starts to save.
Each weight is the number of its step, so that a checkpoint of two steps is found.
"""

import json
import sys
from typing import Any

import torch

from run.checkpoint_store import open_checkpoint_store
from run.checkpoints import Checkpoints, Progress, copy_weights


def set_weights(model: torch.nn.Module, step: int) -> None:
    """Makes every weight the number of the step."""
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(step)


def restore(checkpoints: Checkpoints, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """The newest checkpoint, or the beginning.

    Raises:
        SystemExit: its parts are of different steps.
    """
    progress = checkpoints.restore(model, optimizer)
    for name, weight in [*model.state_dict().items(), *progress.best.items()]:
        if not bool((weight == progress.step).all()):
            raise SystemExit(f"the checkpoint of step {progress.step} has other weights in {name}")
    return progress


def main(told: dict[str, Any]) -> None:
    """Continues to the last step."""
    problems: list[str] = []
    store = open_checkpoint_store(told["uri"], problems)
    if store is None or problems:
        raise SystemExit("\n".join(problems))
    model = torch.nn.Linear(64, 64)
    set_weights(model, 0)
    optimizer = torch.optim.AdamW(model.parameters())
    checkpoints = Checkpoints(store, "killed")
    progress = restore(checkpoints, model, optimizer)
    print("begun", flush=True)
    while progress.step < told["steps"]:
        progress.step += 1
        set_weights(model, progress.step)
        progress.best = copy_weights(model)
        checkpoints.save(model, optimizer, progress)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
