"""What the benchmark of serving compares: all of it runs the same network."""

import json
from pathlib import Path

import pytest

import engine
import peer_models
from release.manifest import describe_file

TEXTS = ["a good film", "the book is bad and the ending worse", "film " * 40]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("peers") / "models"
    tokenizer = next((Path(__file__).parents[2] / "models" / "sample").glob("versions/*/tokenizer.json"))
    peer_models.main([str(out), "--tokenizer", str(tokenizer), "--shape", "tiny"])
    return out


def answer(models: Path, *flags: str) -> list[float]:
    options = engine.read_options([*flags, "--model", str(models / "peer"), "--threads", "1"])
    classify, _ = engine.load(options)
    report = engine.carry_out(classify, {"texts": TEXTS, "seconds": 0, "least": 2})
    assert [len(times) for times in report["ms"]] == [len(TEXTS)] * 2
    assert all(time > 0 for times in report["ms"] for time in times)
    return list(report["positive"])


def test_padding_precision_and_quantization_leave_the_answers_what_they_are(models: Path) -> None:
    reference = answer(models, "--kind", "torch")
    assert len(set(reference)) == len(TEXTS)
    assert answer(models, "--kind", "torch", "--padded") == pytest.approx(reference, abs=1e-5)
    assert answer(models, "--kind", "torch", "--precision", "bf16") == pytest.approx(reference, abs=0.05)
    runtime = answer(models, "--kind", "onnxruntime", "--graph", "onnx/model_quantized.onnx")
    assert runtime == pytest.approx(reference, abs=0.05)


def test_the_store_holds_a_whole_version_of_the_network(models: Path) -> None:
    pointer = json.loads((models / "store" / "current.json").read_text())
    folder = models / "store" / "versions" / pointer["version"]
    told = json.loads((folder / "manifest.json").read_text())
    assert told == pointer["manifest"]
    assert [describe_file(folder / file["path"]) for file in told["files"]] == told["files"]


def test_the_floor_multiplies_for_every_length(models: Path) -> None:
    assert answer(models, "--kind", "floor", "--backend", "fbgemm") == [0.5] * len(TEXTS)


def test_the_service_answers_as_the_tutorial_did(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = ["--kind", "onnxruntime", "--graph", "onnx/model_quantized.onnx", "--model", str(models / "peer")]
    monkeypatch.setenv("PEER_OPTIONS", json.dumps(flags))
    response = engine.create_app().test_client().get("/predict?sentence=a%20good%20film").get_json()["response"]
    assert response["sentence"] == "a good film"
    assert float(response["positive"]) + float(response["negative"]) == pytest.approx(1)
