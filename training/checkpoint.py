"""Epoch checkpoints: written whole or not at all, found again by a run with the same settings and data.

Tensors are safetensors and the rest is JSON, so that reading one never runs code.
"""

import hashlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

Weights = dict[str, torch.Tensor]


@dataclass
class Progress:
    """How far a run has come.

    Attributes:
        epochs: epochs finished.
        history: one entry per finished epoch: loss and validation metrics.
        best: weights of the best epoch so far.
    """

    epochs: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: Weights = field(default_factory=dict)


def find_folder(root: Path, identity: dict[str, Any]) -> Path:
    """The checkpoint folder of a run: named by the hash of all that decides its weights, so that different settings or
    data never continue each other."""
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
    return root / digest[:12]


def save(folder: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
    """Writes the checkpoint beside the last one, then takes its place in one rename."""
    fresh = folder / f"epoch-{progress.epochs}.partial"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    save_file(copy_weights(model), fresh / "model.safetensors")
    save_file(progress.best, fresh / "best.safetensors")
    save_file(_flatten(optimizer), fresh / "optimizer.safetensors")
    (fresh / "progress.json").write_text(json.dumps({"epochs": progress.epochs, "history": progress.history}))
    fresh.replace(folder / f"epoch-{progress.epochs}")
    for old in _list(folder)[:-1]:
        shutil.rmtree(old)


def restore(folder: Path, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
    """Loads the newest checkpoint into model and optimizer; without one, the run starts at the beginning."""
    found = _list(folder)
    if not found:
        return Progress()
    model.load_state_dict(load_file(found[-1] / "model.safetensors"))
    _unflatten(optimizer, load_file(found[-1] / "optimizer.safetensors"))
    told = json.loads((found[-1] / "progress.json").read_text())
    return Progress(told["epochs"], told["history"], load_file(found[-1] / "best.safetensors"))


def copy_weights(model: torch.nn.Module) -> Weights:
    """A copy of the model's tensors in the CPU's memory."""
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in model.state_dict().items()}


def _list(folder: Path) -> list[Path]:
    complete = [path for path in folder.glob("epoch-*") if path.suffix != ".partial"]
    return sorted(complete, key=lambda path: int(path.name.split("-")[1]))


def _flatten(optimizer: torch.optim.Optimizer) -> Weights:
    state = optimizer.state_dict()["state"]
    return {f"{index}.{key}": value.cpu().contiguous() for index, of in state.items() for key, value in of.items()}


def _unflatten(optimizer: torch.optim.Optimizer, tensors: Weights) -> None:
    state: dict[int, Weights] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".")
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
