"""Two or three classes, from the training file to the published version."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import Run
from tiny import make_neutral_reviews, make_reviews, write_csv

from data.splits import read_splits
from model.encoder import load_encoder
from settings import Settings

THREE = ["negative", "neutral", "positive"]


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file of 400 reviews and 200 neutral ones."""
    rows = make_reviews(400) + make_neutral_reviews(200)
    return write_csv(tmp_path_factory.mktemp("mixed") / "mixed.csv", list(rows))


def read_manifest(models: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((models / "current.json").read_text())["manifest"]
    return manifest


def test_neutral_rows_make_a_version_of_three_classes(train: Run, mixed: Path, tmp_path: Path) -> None:
    done = train(training_file=mixed, epochs=10, promote=True)
    assert done.returncode == 0, done.stderr
    manifest = read_manifest(tmp_path / "models")
    metrics, folder = manifest["metrics"], tmp_path / "models" / "versions" / manifest["version"]
    assert manifest["labels"] == list(metrics["classes"]) == THREE
    assert metrics["macroF1"] > 0.8 and metrics["polar"]["accuracy"] > 0.85
    assert metrics["rows"] == 60 == sum(map(sum, metrics["confusion"]))
    assert [sum(row) for row in metrics["confusion"]] == [one["rows"] for one in metrics["classes"].values()]
    assert manifest["provenance"]["findings"]["training"]["neutral"] == 180
    golden = json.loads((folder / "golden.json").read_text())
    assert all(len(case["served"]) == 3 for case in golden["cases"])
    assert json.loads((folder / "config.json").read_text())["id2label"] == dict(zip("012", THREE, strict=True))
    assert "<td>is neutral</td>" in (folder / "report.html").read_text()


def test_neutral_rows_can_be_left_out(train: Run, mixed: Path, tmp_path: Path) -> None:
    with_neutral = train(training_file=mixed, neutral=False, promote=True)
    assert with_neutral.returncode == 0, with_neutral.stderr
    manifest = read_manifest(tmp_path / "models")
    assert manifest["labels"] == ["negative", "positive"]
    assert manifest["metrics"]["rows"] == 40 and "polar" not in manifest["metrics"]


@pytest.mark.parametrize(
    ("training", "validation", "neutral", "sentence"),
    [
        (["positive", "neutral"], [], True, "no row is negative; TRAINING_FILE needs rows that are negative and"),
        (["neutral", "positive"], [], False, "no row is negative; TRAINING_FILE needs"),
        (["neutral"], [], False, "no row is negative or positive; TRAINING_FILE needs"),
        (
            ["positive", "negative"],
            ["positive", "negative", "neutral"],
            True,
            "1 rows are neutral, and no training row",
        ),
        (
            ["positive", "negative", "neutral"],
            ["positive", "negative"],
            True,
            "no row is neutral; VALIDATION_FILE needs",
        ),
    ],
)
def test_classes_that_do_not_fit_are_one_sentence(
    tmp_path: Path, training: list[str], validation: list[str], neutral: bool, sentence: str
) -> None:
    files: dict[str, Any] = {
        name: str(write_csv(tmp_path / name, [(f"{name} {label}", label) for label in labels]))
        for name, labels in (("training_file", training), ("validation_file", validation))
        if labels
    }
    problems: list[str] = []
    read_splits(Settings(**files, neutral=neutral), problems)
    assert len(problems) == 1 and sentence in problems[0]


def save(base: Path, folder: Path, classes: tuple[str, ...]) -> torch.nn.Linear:
    """Writes a model of these classes and returns its classification layer."""
    torch.manual_seed(11)
    model = load_encoder(base, 0.0, 0.0, classes)
    model.save_pretrained(folder)
    layer: torch.nn.Linear = model.classifier
    torch.nn.init.normal_(layer.bias)
    model.save_pretrained(folder)
    return layer


def test_a_base_keeps_the_classes_that_it_knows(tiny_base: Path, tmp_path: Path) -> None:
    layer = save(tiny_base, tmp_path / "two", ("positive", "negative"))
    three: torch.nn.Linear = load_encoder(tmp_path / "two", 0.0, 0.0, tuple(THREE)).classifier
    assert torch.equal(three.weight[[2, 0]], layer.weight) and torch.equal(three.bias[[2, 0]], layer.bias)
    assert torch.allclose(three.weight[1], layer.weight.mean(dim=0))

    layer = save(tiny_base, tmp_path / "three", tuple(THREE))
    two: torch.nn.Linear = load_encoder(tmp_path / "three", 0.0, 0.0).classifier
    assert torch.equal(two.weight, layer.weight[[0, 2]]) and torch.equal(two.bias, layer.bias[[0, 2]])


def test_unnamed_classes_are_taken_by_their_place(tiny_base: Path, tmp_path: Path) -> None:
    layer = save(tiny_base, tmp_path, ("LABEL_0", "LABEL_1"))
    taken: torch.nn.Linear = load_encoder(tmp_path, 0.0, 0.0).classifier
    assert torch.equal(taken.weight, layer.weight)


def test_weights_that_are_published_as_they_are_must_have_the_classes_of_the_rows(
    train: Run, tiny_base: Path, mixed: Path, tmp_path: Path
) -> None:
    save(tiny_base, tmp_path / "two", ("negative", "positive"))
    (tmp_path / "two" / "vocab.txt").write_bytes((tiny_base / "vocab.txt").read_bytes())
    done = train(epochs=0, bert_path=tmp_path / "two", training_file=mixed)
    assert done.returncode == 2
    assert "answers negative, positive, and the rows of TRAINING_FILE are negative, neutral, positive" in done.stderr
