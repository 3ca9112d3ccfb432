"""Checkpoints: written whole or not at all, found again by a run with the same settings and data.

Tensors are safetensors and the rest is JSON, so that reading one never runs code. `latest.json` names the files of the
newest checkpoint with their SHA-256 and is written last: files that it does not name are what a killed run left.

No random state is stored: a step's is a function of seed, epoch, step and rank (`run/loop.py`).
"""

import hashlib
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from errors import StoreError
from run.checkpoint_store import CheckpointStore, staging_folder
from storage import hash_file

Weights = dict[str, torch.Tensor]
Index = dict[str, Any]
"""Content of latest.json."""

FILES = ("model.safetensors", "optimizer.safetensors", "best.safetensors")


@dataclass
class Progress:
    """How far a run has come.

    Attributes:
        epochs: epochs finished and evaluated.
        step: steps done in the epoch after them.
        loss: sum of these steps' losses.
        micro: reviews computed at a time; the gradients of a step's parts are summed.
        history: one entry per finished epoch: loss and validation metrics.
        processors: processors that have trained, in order; only one of them gives equal bits.
        best: weights of the best epoch so far.
    """

    epochs: int = 0
    step: int = 0
    loss: float = 0.0
    micro: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    processors: list[str] = field(default_factory=list)
    best: Weights = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoints:
    """The checkpoints of one run.

    Attributes:
        store: where they are.
        run: the run's own folder in it.
    """

    store: CheckpointStore
    run: str

    def save(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
        """Writes a checkpoint, then makes it the newest, then deletes the ones before.

        Raises:
            StoreError: it could not be written; the last one is untouched.
        """
        try:
            self._write(model, optimizer, progress)
        # safetensors tells of a full disk by an error of its own.
        except Exception as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                f"{self.store.location}: the checkpoint could not be written ({error}). The last one is kept; make "
                "room or correct CHECKPOINT_PATH, and the next run with the same settings continues it."
            ) from error

    def restore(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer) -> Progress:
        """Loads the newest checkpoint into model and optimizer; without one, the run starts at the beginning.

        Raises:
            StoreError: a file of it is missing or not what was written.
        """
        with tempfile.TemporaryDirectory() as place:
            index = self._read_latest(Path(place))
            if index is None:
                return Progress()
            paths = {name: self._fetch(file, Path(place)) for name, file in index["files"].items()}
            model.load_state_dict(load_file(paths["model.safetensors"]))
            _unflatten(optimizer, load_file(paths["optimizer.safetensors"]))
            return Progress(**index["progress"], best=load_file(paths["best.safetensors"]))

    def discard(self) -> None:
        """Deletes all of the run's checkpoints."""
        keys = self.store.list_keys(f"{self.run}/")
        # The pointer first, so that it never names what is gone.
        self.store.remove(sorted(keys, key=lambda key: not key.endswith("/latest.json")))

    def _write(self, model: torch.nn.Module, optimizer: torch.optim.Optimizer, progress: Progress) -> None:
        folder = f"{self.run}/epoch-{progress.epochs}-step-{progress.step}"
        tensors = dict(zip(FILES, (copy_weights(model), _flatten(optimizer), progress.best), strict=True))
        with staging_folder(self.store, self.run) as place:
            before = self._read_latest(place)
            known = {file["sha256"]: file for file in before["files"].values()} if before else {}
            files = {}
            for name, content in tensors.items():
                save_file(content, place / name)
                digest = hash_file(place / name)
                # The best weights stay the same for many checkpoints; they are not sent again.
                files[name] = known.get(digest) or {"key": f"{folder}/{name}", "sha256": digest}
                if digest not in known:
                    self.store.put(files[name]["key"], place / name)
            described = {"progress": {k: v for k, v in vars(progress).items() if k != "best"}, "files": files}
            (place / "described.json").write_text(json.dumps({"digest": _digest(described), "checkpoint": described}))
            self.store.put(f"{self.run}/latest.json", place / "described.json")
        kept = {file["key"] for file in files.values()} | {f"{self.run}/latest.json"}
        self.store.remove([key for key in self.store.list_keys(f"{self.run}/") if key not in kept])

    def _read_latest(self, place: Path) -> Index | None:
        path = self.store.fetch(f"{self.run}/latest.json", place)
        return self._parse_latest(path.read_bytes()) if path else None

    def _parse_latest(self, text: bytes) -> Index:
        try:
            content: Index = json.loads(text)
            # Without a digest, an older program has written it.
            index: Index = content if {*content} == {"progress", "files"} else content["checkpoint"]
            if index is content or content["digest"] == _digest(index):
                return index
        # A damaged text fails in many ways, and all of them mean the same.
        except (ValueError, TypeError, LookupError, RecursionError):
            pass
        raise self._explain("latest.json", "is not what was written")

    def _fetch(self, file: dict[str, str], place: Path) -> Path:
        path = self.store.fetch(file["key"], place)
        if path is None or hash_file(path) != file["sha256"]:
            what = "is missing" if path is None else "is not what was written"
            raise self._explain(file["key"].removeprefix(f"{self.run}/"), what)
        return path

    def _explain(self, name: str, what: str) -> StoreError:
        folder = f"{self.store.location}/{self.run}"
        return StoreError(f"{folder}/{name} {what}; delete {folder} to start over.")


def _digest(index: Index) -> str:
    return hashlib.sha256(json.dumps(index, sort_keys=True).encode()).hexdigest()


def name_run(identity: dict[str, Any]) -> str:
    """A run's name: the hash of all that decides its weights, so that different settings or data never continue each
    other."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]


def copy_weights(model: torch.nn.Module) -> Weights:
    """A copy of the model's tensors in the CPU's memory."""
    return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in model.state_dict().items()}


def _flatten(optimizer: torch.optim.Optimizer) -> Weights:
    state = optimizer.state_dict()["state"]
    return {f"{index}.{key}": value.cpu().contiguous() for index, of in state.items() for key, value in of.items()}


def _unflatten(optimizer: torch.optim.Optimizer, tensors: Weights) -> None:
    state: dict[int, Weights] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".")
        state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
