"""The int8 labels are the same on a processor without VNNI, where sums of full-range products would saturate."""

from pathlib import Path
from typing import Any

import pytest
from emulation import replay_both
from onnxruntime import GraphOptimizationLevel
from onnxruntime.quantization import QuantType, quantize_dynamic
from trained import MAX_LEN, make_trained
from transformers import BertForSequenceClassification

from export import export, optimize
from golden import list_texts
from proof import run_network
from release import Trained, release
from settings import Settings
from store import FolderStore
from text import encode


@pytest.fixture(scope="module")
def trained(tiny_base: Path) -> Trained:
    return make_trained(tiny_base, Settings())


def export_full_range(model: BertForSequenceClassification, calibration: list[list[int]], folder: Path) -> Any:
    """An export whose weights use all eight bits."""
    reference, served = export(model, calibration, folder)
    rough = folder / "full.onnx"
    quantize_dynamic(folder / "basic.onnx", rough, weight_type=QuantType.QInt8, reduce_range=False, per_channel=True)
    optimize(rough, served, GraphOptimizationLevel.ORT_ENABLE_EXTENDED)
    return reference, served


def test_labels_are_the_same_without_vnni(trained: Trained, tmp_path: Path) -> None:
    version = release(trained, FolderStore(tmp_path))
    replayed = replay_both(tmp_path / "versions" / version, 510)
    assert len(replayed.here) == 510
    assert replayed.count_flips() == 0
    assert abs(replayed.here - replayed.emulated).max() < 1e-4


def test_the_emulated_processor_saturates_where_the_range_is_not_reduced(trained: Trained, tmp_path: Path) -> None:
    ids = sorted((kept for kept, _ in encode(trained.tokenizer, list_texts(), MAX_LEN)), key=len)[:510]
    network = run_network(trained.model, ids).numpy()
    errors = []
    for name, export_model in (("reduced", export), ("full", export_full_range)):
        version = release(trained, FolderStore(tmp_path / name), export_model)
        emulated = replay_both(tmp_path / name / "versions" / version, 510).emulated
        errors.append(float(abs(emulated - network).max()))
    assert errors[1] > 5 * errors[0]
