"""Trains a published version again, and checks that the same weights come out.

Equal weights are promised on one kind of processor or GPU only; where they differ, both processors are named.
"""

import importlib.metadata
import json
import tempfile
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from transformers import BertForSequenceClassification

from errors import DifferenceError, StoreError
from model.export import export
from run.checkpoints import copy_weights
from run.device import describe_processor
from run.progress import announce
from settings import LOCATIONS, Settings
from storage import Bucket, hash_file

_LOCAL_SETTINGS = LOCATIONS | {"checkpoint_seconds", "tensorboard", "device", "processes", "promote"}
"""Settings that do not decide the weights; they come from the command line and the environment."""


@dataclass(frozen=True)
class Original:
    """The version that is repeated.

    Attributes:
        version: its name.
        provenance: what its manifest says of its making.
        hashes: SHA-256 of its files by their path.
    """

    version: str
    provenance: dict[str, Any]
    hashes: dict[str, str]


def read_original(settings: Settings, problems: list[str]) -> tuple[Settings, Original | None]:
    """The settings that the manifest named by REPEAT records, at this run's locations, and the version itself.

    Without REPEAT the settings stay, and there is no original; what is wrong with the manifest is added to `problems`.
    """
    if not settings.repeat:
        return settings, None
    try:
        manifest = json.loads(_read(settings.repeat))
        provenance = manifest["provenance"]
        hashes = {file["path"]: file["sha256"] for file in manifest["files"]}
        original = Original(manifest["version"], provenance, hashes)
        recorded = {name.lower(): value for name, value in provenance["settings"].items()}
    except (OSError, StoreError) as error:
        problems.append(f"REPEAT: {settings.repeat} cannot be read ({error}).")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problems.append(f"REPEAT: {settings.repeat} is not the manifest.json of a version ({error!r}).")
    else:
        known = {setting.name for setting in fields(Settings)}
        if unknown := sorted(recorded.keys() - known):
            names = ", ".join(unknown).upper()
            problems.append(f"REPEAT: this code has no setting {names}; check out revision {provenance['revision']}.")
        taken = {name: value for name, value in recorded.items() if name in known - _LOCAL_SETTINGS}
        return replace(settings, **taken), original
    return settings, None


def _read(location: str) -> bytes:
    if not location.startswith("s3://"):
        return Path(location).read_bytes()
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return b"".join(Bucket(bucket).read(key)[0])


def check_origin(original: Original, origin: dict[str, Any], problems: list[str]) -> None:
    """Adds to `problems` where data or base are not the ones that the version was made from."""
    wanted, given = ([source["sha256"] for source in made["data"]] for made in (original.provenance, origin))
    if wanted != given:
        named = ", ".join(f"{source['name']} ({source['sha256'][:12]})" for source in original.provenance["data"])
        found = ", ".join(f"{source['name']} ({source['sha256'][:12]})" for source in origin["data"])
        problems.append(f"{original.version} was trained on {named}; TRAINING_FILE and VALIDATION_FILE give {found}.")
    base = original.provenance["base"]
    if base["sha256"] != origin["base"]["sha256"]:
        problems.append(
            f"{original.version} began from {base['name']} ({base['sha256'][:12]}); BERT_PATH holds "
            f"{origin['base']['name']} ({origin['base']['sha256'][:12]})."
        )


def compare(original: Original, model: BertForSequenceClassification, calibration: list[list[int]]) -> None:
    """Compares the trained network with the version's files.

    Raises:
        DifferenceError: a file differs; the sentence says what else does.
    """
    hashes = _hash_files(model, calibration)
    differing = sorted(name for name, digest in hashes.items() if original.hashes.get(name, digest) != digest)
    if differing:
        raise DifferenceError(
            f"The repeated training of {original.version} gave another {' and '.join(differing)}. "
            + _describe_differences(original, model)
        )
    announce("repeated", version=original.version, same=sorted(hashes.keys() & original.hashes.keys()))


def _hash_files(model: BertForSequenceClassification, calibration: list[list[int]]) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        weights = folder / "model.safetensors"
        save_file(copy_weights(model), weights)
        digest = hash_file(weights)
        _, served = export(model, calibration, folder)
        return {weights.name: digest, "model.onnx": hash_file(served)}


def _describe_differences(original: Original, model: BertForSequenceClassification) -> str:
    made = original.provenance
    pairs = {name: (before, importlib.metadata.version(name)) for name, before in made["libraries"].items()}
    pairs["device"] = (made["device"], str(model.device))
    pairs["processor"] = (" then ".join(made.get("processors", ["not recorded"])), describe_processor())
    changes = [f"{name} was {before} and is {now}" for name, (before, now) in pairs.items() if before != now]
    return f"What differs: {'; '.join(changes)}." if changes else "Device, processor and libraries are the same."
