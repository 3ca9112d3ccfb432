"""The gate compares like with like: versions of other classes over the classes that both have."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from trained import make_trained

from errors import RejectedError
from release.candidate import Trained, release
from release.store import FolderStore
from settings import Settings

SETTINGS = Settings(promote=True, tolerance=0.05, behaviours=False)  # two of 40 rows
POLAR = ["negative", "positive"]


@pytest.fixture(scope="module")
def of_two(tiny_base: Path) -> Trained:
    return make_trained(tiny_base, SETTINGS)


@pytest.fixture(scope="module")
def of_three(of_two: Trained, tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The network of two classes, trained further with neutral rows."""
    folder = tmp_path_factory.mktemp("two")
    of_two.model.save_pretrained(folder)
    (folder / "vocab.txt").write_bytes((tiny_base / "vocab.txt").read_bytes())
    return make_trained(folder, SETTINGS, steps=100, neutral=200)


def publish(trained: Trained, models: Path) -> dict[str, Any]:
    version = release(trained, FolderStore(models))
    manifest: dict[str, Any] = json.loads((models / "versions" / version / "manifest.json").read_text())
    return manifest


def test_three_classes_are_judged_against_two_without_neutral(
    of_two: Trained, of_three: Trained, tmp_path: Path
) -> None:
    publish(of_two, tmp_path)
    metrics = publish(of_three, tmp_path)["metrics"]
    champion, polar = metrics["champion"], metrics["polar"]
    assert champion["compared"] == POLAR
    assert champion["candidate"] == {name: value for name, value in polar.items() if name != "rows"}
    assert polar["rows"] == metrics["rows"] - metrics["classes"]["neutral"]["rows"] == 40
    # Over all rows it would have lost, because the champion knows no neutral row.
    assert metrics["accuracy"] < champion["accuracy"] - of_three.settings.tolerance
    assert champion["accuracy"] - polar["accuracy"] <= of_three.settings.tolerance


def test_two_classes_are_judged_against_three_without_neutral(
    of_two: Trained, of_three: Trained, tmp_path: Path
) -> None:
    publish(of_three, tmp_path)
    metrics = publish(of_two, tmp_path)["metrics"]
    assert metrics["champion"]["compared"] == POLAR
    assert metrics["champion"]["candidate"]["accuracy"] == metrics["accuracy"]
    assert metrics["champion"]["accuracy"] > 0.85


def test_three_classes_are_judged_against_three_on_all_rows(of_three: Trained, tmp_path: Path) -> None:
    publish(of_three, tmp_path)
    metrics = publish(replace(of_three, settings=replace(of_three.settings, promote=False)), tmp_path)["metrics"]
    assert "compared" not in metrics["champion"]
    assert metrics["champion"]["accuracy"] == metrics["accuracy"]


def test_a_rejection_names_the_rows_that_were_compared(of_two: Trained, tiny_base: Path, tmp_path: Path) -> None:
    publish(of_two, tmp_path)
    worse = make_trained(tiny_base, SETTINGS, steps=2, seed=8, neutral=200)
    with pytest.raises(RejectedError, match="on the same rows that are negative or positive, more than"):
        release(worse, FolderStore(tmp_path))
