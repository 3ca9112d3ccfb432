"""The average of versions, and a version published from weights that were trained before."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Run
from safetensors.torch import load_file

from average import average


def list_versions(models: Path) -> list[Path]:
    return sorted((models / "versions").iterdir())


def read_manifest(version: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((version / "manifest.json").read_text())
    return manifest


def test_two_versions_average_is_published_without_training(train: Run, tmp_path: Path) -> None:
    for seed in (1, 2):
        assert train(seed=seed, tolerance=1).returncode == 0
    first, second = list_versions(tmp_path / "models")
    average([first, second], tmp_path / "average")
    done = train(epochs=0, bert_path=tmp_path / "average", tolerance=1)
    assert done.returncode == 0, done.stderr
    (made,) = set(list_versions(tmp_path / "models")) - {first, second}
    one, other, mean = (load_file(folder / "model.safetensors") for folder in (first, second, made))
    assert all(torch.equal(mean[name], (one[name] + other[name]) / 2) for name in mean)
    assert read_manifest(made)["provenance"]["base"]["name"] == "average"
    assert read_manifest(made)["metrics"]["rows"] == 40


def test_without_epochs_the_base_must_have_a_classification_layer(train: Run) -> None:
    done = train(epochs=0)
    assert done.returncode == 2
    assert "has no classification layer" in done.stderr


def test_folders_that_are_not_versions_of_one_network_are_named(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"tokenizer.json is missing.*nowhere: model.safetensors is missing"):
        average([tiny_base, tmp_path / "nowhere"], tmp_path / "out")
    assert not (tmp_path / "out").exists()
