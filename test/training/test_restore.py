"""Weights read back from a published int8 model."""

import json
from pathlib import Path

import onnx
import pytest
import torch
from conftest import Run
from safetensors.torch import load_file
from transformers import BertForSequenceClassification

from restore import restore


def test_restored_weights_are_within_half_a_step_of_the_trained_ones(
    train: Run, tiny_base: Path, tmp_path: Path
) -> None:
    assert train(tolerance=1).returncode == 0
    (version,) = (tmp_path / "models" / "versions").iterdir()
    restore(version, tiny_base, tmp_path / "restored")
    trained, restored = (load_file(folder / "model.safetensors") for folder in (version, tmp_path / "restored"))
    assert set(restored) == set(trained)
    for name, weight in trained.items():
        if "embeddings.position" in name or "embeddings.token_type" in name:
            continue
        assert torch.allclose(restored[name], weight, atol=float(weight.abs().max()) / 63), name
    places = "bert.embeddings.position_embeddings.weight"
    first_type = trained["bert.embeddings.token_type_embeddings.weight"][0]
    assert torch.equal(restored[places], trained[places] + first_type)

    both = [BertForSequenceClassification.from_pretrained(folder) for folder in (version, tmp_path / "restored")]
    assert both[1].config.label2id == {"negative": 0, "positive": 1}
    with torch.inference_mode():
        logits = [model.eval()(torch.tensor([[2, 7, 9, 8, 3]])).logits for model in both]
    assert torch.allclose(logits[0], logits[1], atol=0.05)


def test_another_model_is_refused(tmp_path: Path, tiny_base: Path) -> None:

    (tmp_path / "manifest.json").write_text(json.dumps({"labels": ["negative", "positive"]}))
    onnx.save(onnx.ModelProto(), str(tmp_path / "model.onnx"))
    with pytest.raises(ValueError, match="holds no int8 word embeddings"):
        restore(tmp_path, tiny_base, tmp_path / "out")
    assert not (tmp_path / "out").exists()
