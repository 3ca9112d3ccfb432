"""train.py as a user runs it: one process, a tiny BERT, through export, quantization, proof and publication."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import onnxruntime
import pytest
from conftest import SCRIPT, Run
from tiny import make_reviews, write_csv

from model.export import open_session
from model.metrics import to_probabilities
from release.agreement import PERCENTILES, find_disagreement
from release.proof import run_session
from run.device import describe_processor


def read_current(models: Path) -> dict[str, Any]:
    pointer = json.loads((models / "current.json").read_text())
    manifest: dict[str, Any] = pointer["manifest"]
    assert pointer["version"] == manifest["version"]
    return manifest


def test_publishes_a_version_whose_files_are_what_its_manifest_says(train: Run, tmp_path: Path) -> None:
    done = train(sys.executable, promote=True)
    assert done.returncode == 0, done.stderr
    manifest = read_current(tmp_path / "models")
    folder = tmp_path / "models" / "versions" / manifest["version"]
    assert json.loads((folder / "manifest.json").read_text()) == manifest
    roles = {"model", "tokenizer", "golden", "weights", "config", "report"}
    assert {file["role"] for file in manifest["files"]} == roles
    for file in manifest["files"]:
        content = (folder / file["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["bytes"], file["sha256"])
        parts = [content[at : at + manifest["partBytes"]] for at in range(0, len(content), manifest["partBytes"])]
        assert [hashlib.sha256(part).hexdigest() for part in parts] == file["parts"]
    assert manifest["metrics"]["accuracy"] > 0.9
    assert manifest["metrics"]["rows"] == 40
    assert manifest["provenance"]["data"][0]["rows"] == 400
    assert manifest["onnxruntime"] == onnxruntime.__version__
    assert manifest["provenance"]["processors"] == [describe_processor()]
    assert not list(folder.glob(".*"))


def test_golden_file_is_what_the_published_model_answers(train: Run, tmp_path: Path) -> None:
    assert train(promote=True).returncode == 0
    manifest = read_current(tmp_path / "models")
    folder = tmp_path / "models" / "versions" / manifest["version"]
    golden = json.loads((folder / "golden.json").read_text())
    cases = golden["cases"]
    assert len(cases) >= 500
    logits = run_session(open_session(folder / "model.onnx", 1), [case["ids"] for case in cases], "golden")
    served = to_probabilities(logits, manifest["temperature"])
    assert np.abs(served - np.array([case["served"] for case in cases])).max() < 1e-6
    assert golden["schema"] == 2 and golden["spread"].keys() == PERCENTILES.keys()
    assert find_disagreement(golden, served) == []
    assert any(case["dropped"] for case in cases)


def test_publishes_to_s3_without_a_pointer_unless_asked(train: Run, s3_bucket: str) -> None:
    done = train(model_path=f"s3://{s3_bucket}/models")
    assert done.returncode == 0, done.stderr
    listed = boto3.client("s3").list_objects_v2(Bucket=s3_bucket)["Contents"]
    keys = sorted(entry["Key"] for entry in listed)
    assert {key.rsplit("/", 1)[1] for key in keys} == {
        "config.json",
        "golden.json",
        "manifest.json",
        "model.onnx",
        "model.safetensors",
        "report.html",
        "tokenizer.json",
    }
    assert all(key.startswith("models/versions/") for key in keys)


def test_repeats_bit_for_bit_and_a_restart_continues_the_last_epoch(train: Run, tmp_path: Path) -> None:
    whole = train(model_path=tmp_path / "whole", checkpoint_path=tmp_path / "a", epochs=3, promote=True)
    assert whole.returncode == 0, whole.stderr
    (latest,) = (tmp_path / "a").glob("*/latest.json")
    assert json.loads(latest.read_text())["checkpoint"]["progress"]["epochs"] == 3

    again = train(model_path=tmp_path / "again", checkpoint_path=tmp_path / "a", epochs=3, promote=True)
    assert again.returncode == 0, again.stderr
    assert '"event": "continued"' in again.stderr and "epoch 1/3" not in again.stderr

    # In a process that shares nothing with the first one, not even the seed of Python's hashes.
    fresh = train(sys.executable, model_path=tmp_path / "fresh", checkpoint_path=tmp_path / "b", epochs=3, promote=True)
    assert fresh.returncode == 0, fresh.stderr
    versions = [read_current(tmp_path / name)["version"] for name in ("whole", "again", "fresh")]
    assert len({version.split("-")[1] for version in versions}) == 1


@pytest.mark.parametrize(
    ("rows", "header", "sentence"),
    [
        ([], ("review", "sentiment"), "no rows"),
        (
            [("good", "positive")],
            ("body", "sentiment"),
            "no column review, text, sentence, tweet or content; the columns found are: body, sentiment;",
        ),
        (
            [("good", "positive"), ("bad", "meh")],
            ("review", "sentiment"),
            '1 of 2 rows with an unknown label (line 3: "meh")',
        ),
        (
            [("good", "positive"), ("great", "positive")],
            ("review", "sentiment"),
            "no row is negative; TRAINING_FILE needs",
        ),
        ([("good", "positive"), (" ", "negative")], ("review", "sentiment"), "1 of 2 rows with an empty text (line 3)"),
    ],
)
def test_bad_data_is_one_sentence_before_training(
    train: Run, tmp_path: Path, rows: list[tuple[str, ...]], header: tuple[str, ...], sentence: str
) -> None:
    done = train(training_file=write_csv(tmp_path / "bad.csv", rows, header))
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr and "epoch" not in done.stderr


def test_every_mistake_is_told_at_once(train: Run, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file where a folder should be")
    done = train(
        sys.executable, training_file=tmp_path / "no.csv", bert_path=tmp_path / "no-bert", model_path=taken / "models"
    )
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"{tmp_path}/no.csv: no such file; a container sees only what is mounted, so add -v")
    assert "no-bert: no such folder" in lines[1]
    assert "taken/models cannot be written" in lines[2]


def test_a_missing_bucket_is_found_before_training(train: Run, s3_bucket: str) -> None:
    done = train(model_path="s3://no-such-bucket-here/models")
    assert done.returncode == 2
    assert "the bucket no-such-bucket-here does not exist" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_the_run_keeps_the_checkpoint_and_publishes_nothing(tiny_base: Path, tmp_path: Path) -> None:
    reviews = write_csv(tmp_path / "imdb.csv", list(make_reviews(1500)))
    settings = {
        "TRAINING_FILE": str(reviews),
        "BERT_PATH": str(tiny_base),
        "MODEL_PATH": str(tmp_path / "models"),
        "CHECKPOINT_PATH": str(tmp_path / "checkpoints"),
        "EPOCHS": "1000",
        "MAX_LEN": "48",
        "THREADS": "1",
    }
    with subprocess.Popen([sys.executable, str(SCRIPT)], env={**os.environ, **settings}, stderr=subprocess.PIPE) as run:
        while not list((tmp_path / "checkpoints").glob("*/latest.json")):
            assert run.poll() is None
            time.sleep(0.1)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=300)  # a thousand epochs take longer
    assert run.returncode == 130
    assert b"continues from the last checkpoint" in said and b"Traceback" not in said
    assert list((tmp_path / "checkpoints").glob("*/latest.json"))
    assert not list((tmp_path / "models").rglob("*"))


def test_a_candidate_that_fails_the_gate_exits_with_3_and_one_line(train: Run, tmp_path: Path) -> None:
    assert train(promote=True).returncode == 0
    current = (tmp_path / "models" / "current.json").read_bytes()
    done = train(promote=True, epochs=1, learning_rate=1e-7, checkpoint_path=tmp_path / "other")
    assert done.returncode == 3, done.stderr
    (rejected,) = (tmp_path / "models" / "rejected").iterdir()
    (told,) = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert told.startswith(f"rejected/{rejected.name}: ") and "below that of the current version" in told
    assert (rejected / "reason.json").is_file()
    assert (tmp_path / "models" / "current.json").read_bytes() == current


def test_a_champion_that_cannot_be_read_is_found_before_training(train: Run, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "current.json").write_text("{}")
    done = train()
    assert done.returncode == 2
    assert "The current version is not replaced, because it cannot be compared with" in done.stderr
    assert "started" not in done.stderr and "Traceback" not in done.stderr


def test_everything_may_stand_in_a_bucket(
    train: Run, s3_bucket: str, tiny_base: Path, tiny_reviews: Path, tmp_path: Path
) -> None:
    client = boto3.client("s3")
    client.upload_file(str(tiny_reviews), s3_bucket, "dev/training/data/imdb.csv")
    for path in tiny_base.iterdir():
        client.upload_file(str(path), s3_bucket, f"dev/training/base/tiny/{path.name}")
    done = train(
        training_file=f"s3://{s3_bucket}/dev/training/data/imdb.csv",
        bert_path=f"s3://{s3_bucket}/dev/training/base/tiny",
        model_path=f"s3://{s3_bucket}/dev",
        checkpoint_path=f"s3://{s3_bucket}/dev/training/checkpoints",
    )
    assert done.returncode == 0, done.stderr
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket=s3_bucket)["Contents"]]
    (key,) = [key for key in keys if key.endswith("manifest.json")]
    manifest = json.loads(client.get_object(Bucket=s3_bucket, Key=key)["Body"].read())
    assert manifest["provenance"]["base"]["name"] == "tiny"
    assert manifest["provenance"]["data"][0]["name"] == "imdb.csv"
    assert manifest["provenance"]["settings"]["TRAINING_FILE"] == "imdb.csv"
    assert not any(".probe" in key for key in keys)


def test_inputs_that_are_not_in_the_bucket_are_told_at_once(train: Run, s3_bucket: str) -> None:
    done = train(training_file=f"s3://{s3_bucket}/no.csv", bert_path=f"s3://{s3_bucket}/no-bert")
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 2, done.stderr
    assert lines[0] == f"s3://{s3_bucket}/no.csv does not exist."
    assert lines[1].startswith(f"s3://{s3_bucket}/no-bert: holds none of config.json, model.safetensors")


def test_a_held_out_text_is_not_trained_on_and_a_test_file_is_reported(train: Run, tmp_path: Path) -> None:
    reviews: list[tuple[str, ...]] = list(make_reviews(400))
    held_out, tested = write_csv(tmp_path / "valid.csv", reviews[:40]), tmp_path / "test.tsv"
    rated = [f"{text}\t{5 if label == 'positive' else 1}\n" for text, label in reviews[30:60]]
    tested.write_text("".join(["Text\tLabel\n", *rated]), "utf-8")
    done = train(validation_file=held_out, test_file=tested, promote=True)
    assert done.returncode == 0, done.stderr
    manifest = read_current(tmp_path / "models")
    findings = manifest["provenance"]["findings"]
    assert {name: (found["rows"], found["seen"]) for name, found in findings.items()} == {
        "training": (340, 60),
        "validation": (30, 10),
        "test": (30, 0),
    }
    sets = {(one["name"], one["use"]): one["rows"] for one in manifest["metrics"]["sets"]}
    assert sets == {("valid.csv", "validation"): 30, ("test.tsv", "test"): 30}
    assert manifest["metrics"]["rows"] == 30
    assert [source["name"] for source in manifest["provenance"]["data"]] == ["imdb.csv", "valid.csv", "test.tsv"]
    assert manifest["provenance"]["data"][2]["labelMapping"] == {"1": "negative", "5": "positive"}
