"""A version trained once more from its manifest."""

import json
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest
from conftest import Run
from tiny import make_reviews, write_csv

from release.repeat import Original, check_origin, read_original
from settings import Settings

PROVENANCE: dict[str, Any] = {
    "settings": {"EPOCHS": 7, "TRAINING_FILE": "imdb.csv", "DEVICE": "cuda", "LEARNING_RATE": 0.5, "PROMOTE": True},
    "data": [{"name": "imdb.csv", "rows": 4, "sha256": "a" * 64}],
    "base": {"name": "bert", "sha256": "b" * 64},
    "revision": "c0ffee",
}
MANIFEST: dict[str, Any] = {
    "version": "v1",
    "provenance": PROVENANCE,
    "files": [{"path": "model.onnx", "sha256": "d" * 64}],
}


def write_manifest(path: Path, content: Any) -> str:
    path.write_text(json.dumps(content))
    return str(path)


def test_recorded_settings_are_taken_and_places_are_not(tmp_path: Path) -> None:
    given = Settings(
        repeat=write_manifest(tmp_path / "manifest.json", MANIFEST), training_file="here.csv", device="cpu"
    )
    problems: list[str] = []
    settings, original = read_original(given, problems)
    assert problems == []
    assert original == Original("v1", PROVENANCE, {"model.onnx": "d" * 64})
    assert (settings.epochs, settings.learning_rate) == (7, 0.5)
    assert (settings.training_file, settings.device, settings.promote) == ("here.csv", "cpu", False)


def test_the_manifest_may_be_in_s3(s3_bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=s3_bucket, Key="versions/v1/manifest.json", Body=json.dumps(MANIFEST))
    problems: list[str] = []
    settings, _ = read_original(Settings(repeat=f"s3://{s3_bucket}/versions/v1/manifest.json"), problems)
    assert (settings.epochs, problems) == (7, [])
    read_original(Settings(repeat=f"s3://{s3_bucket}/versions/v2/manifest.json"), problems)
    assert len(problems) == 1 and "versions/v2/manifest.json does not exist" in problems[0]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"some": "json"}, "is not the manifest.json of a version (KeyError('provenance'))"),
        (["a list"], "is not the manifest.json of a version"),
        (
            {**MANIFEST, "provenance": {**PROVENANCE, "settings": {"OLD_NAME": 1}}},
            "this code has no setting OLD_NAME; check out revision c0ffee",
        ),
    ],
)
def test_what_is_no_manifest_of_this_code_is_a_problem(tmp_path: Path, content: Any, sentence: str) -> None:
    problems: list[str] = []
    read_original(Settings(repeat=write_manifest(tmp_path / "m.json", content)), problems)
    assert len(problems) == 1 and sentence in problems[0]
    read_original(Settings(repeat=str(tmp_path / "absent.json")), problems)
    assert "absent.json cannot be read" in problems[1]


def test_other_data_and_another_base_are_problems() -> None:
    original = Original("v1", PROVENANCE, {})
    origin = {"data": [{"name": "my.csv", "sha256": "e" * 64}], "base": {"name": "my", "sha256": "f" * 64}}
    problems: list[str] = []
    check_origin(original, origin, problems)
    assert problems == [
        "v1 was trained on imdb.csv (aaaaaaaaaaaa); TRAINING_FILE and VALIDATION_FILE give my.csv (eeeeeeeeeeee).",
        "v1 began from bert (bbbbbbbbbbbb); BERT_PATH holds my (ffffffffffff).",
    ]
    problems = []
    check_origin(original, PROVENANCE, problems)
    assert problems == []


def test_a_version_repeats_to_the_bit_and_a_difference_has_its_exit_code(train: Run, tmp_path: Path) -> None:
    made = train(encoder_dropout=0.05, seed=9)
    assert made.returncode == 0, made.stderr
    (path,) = (tmp_path / "models" / "versions").glob("*/manifest.json")

    # The settings are the manifest's, whatever else is given.
    again = train(sys.executable, repeat=path, epochs=1, seed=1)
    assert again.returncode == 0, again.stderr
    said = json.loads(again.stderr.strip().splitlines()[-1])
    assert (said["event"], said["same"]) == ("repeated", ["model.onnx", "model.safetensors"])
    assert '"event": "continued"' not in again.stderr
    assert len(list((tmp_path / "models" / "versions").iterdir())) == 1

    manifest = json.loads(path.read_text())
    for file in manifest["files"]:
        file["sha256"] = "0" * 64
    manifest["provenance"]["libraries"]["torch"] = "1.0"
    other = train(repeat=write_manifest(tmp_path / "other.json", manifest))
    assert other.returncode == 6, other.stderr
    assert "gave another model.onnx and model.safetensors. What differs: torch was 1.0 and is 2" in other.stderr

    refused = train(repeat=path, training_file=write_csv(tmp_path / "other.csv", list(make_reviews(40))))
    assert refused.returncode == 2
    assert "was trained on imdb.csv" in refused.stderr and "epoch" not in refused.stderr
