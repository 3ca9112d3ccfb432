"""The benchmark of training runs, and counts what it should."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import BertConfig, BertForSequenceClassification

from arithmetic import count_operations
from compare import main
from contenders import CONTENDERS
from data.tokens import Encoded
from model.packing import compute_packed_logits, pack

GPU = Path(__file__).parents[2] / "bench" / "training" / "gpu.py"


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
    assert [result["name"] for result in told["results"]] == [contender.name for contender in CONTENDERS]
    for result in told["results"]:
        assert 0 < result["slowest"] <= result["reviews_per_second"] <= result["fastest"]
        assert result["tokens_per_second"] == pytest.approx(
            result["reviews_per_second"] * told["machine"]["meanTokens"], rel=0.01
        )
        assert 0 < result["first_step"] < result["warmup"] and result["batch"] == 8
    assert table[2].endswith("| 1.00 times |")


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


def run_gpu(python: str, out: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Tries parts of gpu.py on the CPU, with a network and reviews as small as can be."""
    small = ["--device=cpu", "--shape=tiny", "--rows=16", "--blocks=1", "--max-len=48", "--threads=1", "--batches=8"]
    command = [python, str(GPU), "--out", str(out), *small, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def test_every_part_of_the_gpu_run_works_on_a_cpu(preloaded: str, tmp_path: Path) -> None:
    done = run_gpu(preloaded, tmp_path, "--only=profile,kernels,equality,memory,tests", "--seconds=500")
    told = json.loads((tmp_path / "gpu.json").read_text())
    assert done.returncode == 0, (done.stdout[-2000:], (tmp_path / "gpu.log").read_text()[-3000:])
    assert {name: part["ended"] for name, part in told.items()} == dict.fromkeys(
        ("profile", "kernels", "equality", "memory", "tests"), "well"
    )
    checks = {found["check"]: found for part in told.values() for found in part["found"] if "check" in found}
    assert checks["equality"]["gradient"] < 1e-5 and 0 < checks["equality"]["bf16_gradient"] < 0.1
    assert checks["graphs"]["loss"] == checks["dropout"]["same_loss"] == 0 < checks["dropout"]["other_loss"]
    assert checks["out of memory"]["micro"] < checks["out of memory"]["asked"]
    assert checks["out of memory"]["logit_gap"] < 1e-4
    (profiled,) = told["profile"]["found"]
    assert profiled["ms_per_step"] > 0 and len(profiled["kernels"]) > 5

    again = run_gpu(preloaded, tmp_path, "--only=equality,memory")
    assert again.returncode == 0 and again.stdout == ""


def test_a_part_that_fails_or_takes_too_long_leaves_what_it_found(tmp_path: Path) -> None:
    assert "There is no part speed" in run_gpu(sys.executable, tmp_path, "--only=speed").stderr
    broken = run_gpu(sys.executable, tmp_path, "--only=equality", "--training-file=/nowhere.csv")
    assert broken.returncode == 1
    assert json.loads((tmp_path / "gpu.json").read_text())["equality"]["ended"] == "exit code 1"
    late = run_gpu(sys.executable, tmp_path, "--only=epochs", "--seconds=6")
    assert late.returncode == 1
    assert json.loads((tmp_path / "gpu.json").read_text())["epochs"]["ended"] == "killed: its time was over"
