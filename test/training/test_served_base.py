"""The graph that is served, in BERT-base's shape, against PyTorch on the golden texts' ids."""

import json
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from model.export import export, open_session
from model.metrics import to_probabilities
from release.proof import compare, run_network, run_session

SAMPLE = Path(__file__).parents[2] / "models" / "sample"


@pytest.fixture(scope="module")
def golden_ids() -> list[list[int]]:
    """The ids of every eighth golden text that is short enough for a processor without a GPU."""
    (golden,) = SAMPLE.glob("versions/*/golden.json")
    cases = json.loads(golden.read_text("ascii"))["cases"]
    return [case["ids"] for case in cases if len(case["ids"]) <= 128][::8]


def test_both_exports_of_a_random_bert_base_answer_like_pytorch(golden_ids: list[list[int]], tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = BertForSequenceClassification(BertConfig()).eval()
    exact, served = export(model, golden_ids[:16], tmp_path)
    network, fp32, int8 = (
        to_probabilities(logits, 1.0)
        for logits in (
            run_network(model, golden_ids),
            run_session(open_session(exact), golden_ids, "fp32"),
            run_session(open_session(served), golden_ids, "int8"),
        )
    )
    assert len(golden_ids) > 50
    assert compare(network, fp32).largest < 1e-4
    assert compare(network, int8).percentile99 < 0.05
