"""The benchmark of training runs, and counts what it should."""

import json
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertForSequenceClassification

from arithmetic import count_operations
from contenders import CONTENDERS
from dataset import Encoded
from packing import compute_packed_logits, pack
from run import main


def test_every_contender_is_timed_on_the_same_reviews(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [
        "--shape",
        "tiny",
        "--rows",
        "24",
        "--blocks",
        "2",
        "--batch",
        "8",
        "--max-len",
        "32",
        "--device",
        "cpu",
    ]
    main([*arguments, "--threads", "1", "--out", str(tmp_path / "results.json")])
    table = capsys.readouterr().out.splitlines()[1:]
    assert len(table) == 2 + len(CONTENDERS)
    told = json.loads((tmp_path / "results.json").read_text())
    assert told["machine"]["reviews"] == 24
    assert [result["name"] for result in told["results"]] == list(CONTENDERS)
    for result in told["results"]:
        assert 0 < result["slowest"] <= result["reviews_per_second"] <= result["fastest"]
        assert result["tokens_per_second"] == pytest.approx(
            result["reviews_per_second"] * told["machine"]["meanTokens"], rel=0.01
        )
    assert told["results"][0]["ratio"] == 1.0


def test_operations_are_those_that_the_packed_path_does() -> None:
    config = BertConfig(vocab_size=50, hidden_size=32, num_hidden_layers=3, num_attention_heads=2, intermediate_size=64)
    model = BertForSequenceClassification(config).eval()
    lengths = [9, 20, 33]
    texts = pack(Encoded([[7] * length for length in lengths], [0, 1, 0], 0), [0, 1, 2])
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        compute_packed_logits(model, texts)
    classifier = 3 * 2 * config.hidden_size * 2
    # The forward pass is a third of a step.
    assert counter.get_total_flops() - classifier == pytest.approx(count_operations(config, lengths) / 3, rel=1e-9)
