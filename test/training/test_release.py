"""From a trained network to the store: published with its proof, or rejected with the reason."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from trained import make_trained
from transformers import BertForSequenceClassification

from errors import RejectedError
from model.export import export
from release.candidate import Trained, release
from release.digest import has_own_digest
from release.gate import ChampionError, read_champion
from release.proof import prove_fp16
from release.publication import publish
from release.store import FolderStore
from settings import Settings


@pytest.fixture(scope="module")
def trained(tiny_base: Path) -> Trained:
    return make_trained(tiny_base, Settings(promote=True, behaviours=False))


@pytest.fixture(scope="module")
def champion(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one good version, current."""
    folder = tmp_path_factory.mktemp("models")
    release(trained, FolderStore(folder))
    return folder


@pytest.fixture
def models(champion: Path, tmp_path: Path) -> Path:
    """A copy of that store, to be changed."""
    for path in champion.rglob("*"):
        if path.is_file():
            target = tmp_path / "models" / path.relative_to(champion)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return tmp_path / "models"


def read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def find_rejected(models: Path) -> Path:
    (folder,) = (models / "rejected").iterdir()
    return folder


def break_model(which: int, change: Callable[[np.ndarray], np.ndarray]) -> Any:
    """An export that spoils the classifier's bias in the fp32 (0) or int8 (1) model."""

    def export_broken(model: BertForSequenceClassification, calibration: list[list[int]], folder: Path) -> Any:
        paths = export(model, calibration, folder)
        graph = onnx.load(paths[which])
        (bias,) = [tensor for tensor in graph.graph.initializer if tensor.name.endswith("classifier.bias")]
        bias.CopyFrom(numpy_helper.from_array(change(numpy_helper.to_array(bias)), bias.name))
        onnx.save(graph, paths[which])
        return paths

    return export_broken


def test_a_first_version_is_published_with_figures_for_each_file(champion: Path) -> None:
    manifest = read_json(champion / "current.json")["manifest"]
    (one,) = manifest["metrics"]["sets"]
    assert (one["name"], one["use"], one["rows"]) == ("imdb.csv", "validation", 40)
    assert one["accuracy"] == manifest["metrics"]["accuracy"] > 0.9
    assert 0 <= one["ece"] <= 1 and 0 <= one["eceBefore"] <= 1
    distribution = manifest["metrics"]["distribution"]
    assert distribution["rows"] == sum(distribution["score"]) == sum(distribution["class"].values()) == 40
    assert set(one["reference"]) == {"accuracy", "macroF1", "f1", "auc", "ece", "eceBefore"}
    assert sum(part["rows"] for part in one["byLength"]) == sum(part["rows"] for part in one["byConfidence"]) == 40
    assert manifest["metrics"]["champion"] is None and manifest["provenance"]["parent"] is None
    assert manifest["provenance"]["findings"]["training"]["rows"] == 360
    assert not (champion / "rejected").exists()


def test_the_report_is_a_file_of_the_version_that_does_not_name_it(champion: Path) -> None:
    manifest = read_json(champion / "current.json")["manifest"]
    folder = champion / "versions" / manifest["version"]
    assert [file["role"] for file in manifest["files"] if file["path"] == "report.html"] == ["report"]
    assert manifest["version"] in (folder / "report.html").read_text()


def test_an_fp16_graph_is_published_when_it_is_asked_for(trained: Trained, tmp_path: Path) -> None:
    settings = replace(trained.settings, export_fp16=True, promote=True)
    version = release(replace(trained, settings=settings), FolderStore(tmp_path))
    manifest = read_json(tmp_path / "current.json")["manifest"]
    content = (tmp_path / "versions" / version / "model.fp16.onnx").read_bytes()
    assert manifest["fp16"]["path"] == "model.fp16.onnx" and manifest["fp16"]["bytes"] == len(content)
    assert manifest["fp16"]["sha256"] == hashlib.sha256(content).hexdigest()
    # Programs from before it refuse a file of a role that they do not know.
    roles = {file["role"] for file in manifest["files"]}
    assert roles == {"model", "tokenizer", "golden", "weights", "config", "report"}
    (types,) = [{tensor.data_type for tensor in onnx.load_model_from_string(content).graph.initializer if tensor.dims}]
    assert onnx.TensorProto.FLOAT16 in types and onnx.TensorProto.FLOAT not in types


def test_without_asking_no_fp16_graph_is_published(champion: Path) -> None:
    manifest = read_json(champion / "current.json")["manifest"]
    assert "fp16" not in manifest
    assert not (champion / "versions" / manifest["version"] / "model.fp16.onnx").exists()


def test_fp16_that_differs_from_fp32_is_refused() -> None:
    fp32 = torch.tensor([[0.0, 0.0], [0.0, 2.0]])
    assert prove_fp16(fp32, fp32 + torch.tensor([[0.0, 0.03], [0.0, 0.0]]), 1.0).failures == []
    assert prove_fp16(fp32, fp32 + torch.tensor([[0.0, 0.05], [0.0, 0.0]]), 1.0).failures == [
        "The fp16 graph differs from the fp32 export by 0.012, above 0.01."
    ]
    assert prove_fp16(fp32, fp32 * torch.nan, 1.0).failures


def test_as_good_a_candidate_is_published_and_compared(trained: Trained, models: Path) -> None:
    parent = read_json(models / "current.json")["version"]
    version = release(replace(trained, settings=replace(trained.settings, promote=False)), FolderStore(models))
    manifest = read_json(models / "versions" / version / "manifest.json")
    assert manifest["provenance"]["parent"] == manifest["metrics"]["champion"]["version"] == parent
    assert manifest["metrics"]["champion"]["accuracy"] == manifest["metrics"]["accuracy"]
    assert read_json(models / "current.json")["version"] == parent


def test_a_worse_candidate_is_rejected_with_the_reason(tiny_base: Path, models: Path) -> None:
    parent = read_json(models / "current.json")["version"]
    worse = make_trained(tiny_base, Settings(promote=True, floor=0, behaviours=False), steps=2, seed=8)
    with pytest.raises(RejectedError, match="below that of the current version"):
        release(worse, FolderStore(models))
    folder = find_rejected(models)
    reason = read_json(folder / "reason.json")
    assert reason["version"] == folder.name
    assert any(parent in sentence and "TOLERANCE" in sentence for sentence in reason["reasons"])
    assert reason["reasons"][0] in (folder / "report.html").read_text().replace("&#x27;", "'")
    assert read_json(folder / "manifest.json")["version"] == folder.name
    assert [path.name for path in (models / "versions").iterdir()] == [parent]
    assert read_json(models / "current.json")["version"] == parent


def test_a_first_version_below_the_floor_is_rejected(trained: Trained, tmp_path: Path) -> None:
    settings = replace(trained.settings, floor=1.01)
    with pytest.raises(RejectedError, match=r"below 1\.01, the floor of a first version"):
        release(replace(trained, settings=settings), FolderStore(tmp_path))
    assert not (tmp_path / "versions").exists() and not (tmp_path / "current.json").exists()


@pytest.mark.parametrize(
    ("which", "change", "sentence"),
    [
        (0, lambda bias: bias + np.array([30, 0], np.float32), "The fp32 export differs from PyTorch"),
        (1, lambda bias: bias + np.array([0, 30], np.float32), "validation labels"),
        (1, lambda bias: bias * np.float32(np.nan), "not all numbers"),
    ],
)
def test_a_broken_export_is_refused(
    trained: Trained, tmp_path: Path, which: int, change: Callable[[np.ndarray], np.ndarray], sentence: str
) -> None:
    with pytest.raises(RejectedError) as refused:
        release(trained, FolderStore(tmp_path), break_model(which, change))
    assert any(sentence in reason for reason in refused.value.reasons)
    assert read_json(find_rejected(tmp_path) / "reason.json")["reasons"] == refused.value.reasons
    assert not (tmp_path / "versions").exists() and not (tmp_path / "current.json").exists()


@pytest.mark.parametrize(
    ("name", "damage", "sentence"),
    [
        ("current.json", b"{", "current.json: it cannot be read"),
        ("model.onnx", b"not a model", "model.onnx: its content is not what the manifest says"),
        ("tokenizer.json", None, "tokenizer.json: it does not exist"),
    ],
)
def test_a_champion_that_cannot_be_read_is_not_replaced(
    trained: Trained, models: Path, name: str, damage: bytes | None, sentence: str
) -> None:
    (version,) = (models / "versions").iterdir()
    path = models / name if name == "current.json" else version / name
    path.unlink()
    if damage:
        path.write_bytes(damage)
    pointer = (models / "current.json").read_bytes()
    with pytest.raises(ChampionError, match=sentence):
        read_champion(FolderStore(models))
    with pytest.raises(RejectedError) as refused:
        release(trained, FolderStore(models))
    assert sentence in str(refused.value) and "is not replaced" in str(refused.value)
    assert (models / "current.json").read_bytes() == pointer
    assert list((models / "versions").iterdir()) == [version]


def test_two_jobs_publishing_at_once_make_two_versions(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "models")
    started = datetime(2026, 11, 24, 8, 15, tzinfo=UTC)
    published: list[str] = []

    def run(job: str) -> None:
        folder = tmp_path / job
        folder.mkdir()
        (folder / "model.onnx").write_text("the same bytes")
        times = iter([started, datetime.now(UTC), datetime.now(UTC).replace(year=2027)])

        def describe(now: datetime) -> dict[str, Any]:
            file = {"path": "model.onnx", "bytes": 14}
            return {"version": f"{now:%Y%m%dT%H%M%SZ}-3f9a1c2", "job": job, "files": [file]}

        published.append(publish(store, folder, describe, lambda: next(times))["version"])

    jobs = [Thread(target=run, args=(name,)) for name in ("first", "second")]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert len(set(published)) == 2 and "20261124T081500Z-3f9a1c2" in published
    manifests = [read_json(tmp_path / "models" / "versions" / version / "manifest.json") for version in published]
    assert {manifest["job"] for manifest in manifests} == {"first", "second"}
    assert all(manifest["version"] == version for manifest, version in zip(manifests, published, strict=True))


def test_a_champion_whose_manifest_was_changed_is_not_compared_with(models: Path) -> None:
    pointer = read_json(models / "current.json")
    assert has_own_digest(pointer["manifest"]) and "digest" in pointer["manifest"]
    pointer["manifest"]["temperature"] *= 2
    (models / "current.json").write_text(json.dumps(pointer))
    with pytest.raises(ChampionError, match=r"current.json: its manifest is not what was written"):
        read_champion(FolderStore(models))
