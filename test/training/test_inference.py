"""Many rows are answered in batches of tokens, and in smaller ones where memory is short."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from rehearsal import make_data, make_settings
from transformers import BertForSequenceClassification

from errors import InputError
from model.encoder import load_encoder
from run.inference import compute_all_logits, compute_validation_logits, plan_by_tokens
from run.process_group import ProcessGroup

DATA = make_data(60, 4)


@pytest.fixture
def model(tiny_base: Path) -> BertForSequenceClassification:
    torch.manual_seed(2)
    return load_encoder(tiny_base, 0.3, 0.1)


def refuse_more_than(model: Any, texts: int) -> None:
    """Lets the network run out of memory when it answers more texts than these at a time."""

    def check(_: object, inputs: tuple[torch.Tensor]) -> None:
        if len(inputs[0]) > texts:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    model.bert.pooler.dense.register_forward_pre_hook(check)


def test_a_batch_holds_as_many_rows_as_its_tokens_allow_and_every_row_comes_once() -> None:
    lengths = [5, 40, 3, 3, 9, 100, 8]
    plan = plan_by_tokens(lengths, 20)
    assert plan == [[2, 3, 0, 6], [4], [1], [5]]
    assert sorted(row for batch in plan for row in batch) == list(range(len(lengths)))
    assert plan_by_tokens([], 20) == []


def test_the_batch_size_does_not_change_the_logits(model: BertForSequenceClassification) -> None:
    whole = compute_all_logits(model, DATA, make_settings(valid_batch_size=64, max_len=40))
    single = compute_all_logits(model, DATA, make_settings(valid_batch_size=1, max_len=40))
    assert torch.allclose(whole, single, atol=1e-6)
    assert whole.unique(dim=0).shape[0] > 30


def test_processes_answer_a_share_each(model: BertForSequenceClassification) -> None:
    settings, calls = make_settings(valid_batch_size=2, max_len=40), []
    whole = compute_all_logits(model, DATA, settings)

    class Half(ProcessGroup):
        def sum(self, tensor: torch.Tensor) -> torch.Tensor:
            return tensor

    shares = [
        compute_validation_logits(model, DATA, settings, Half(rank, 2), lambda: calls.append(1)) for rank in range(2)
    ]
    assert torch.equal(shares[0] + shares[1], whole)
    assert all((share.abs().sum(dim=1) > 0).any() for share in shares)
    # All processes agree on stopping as often, whether they had a batch or not.
    assert len(calls) % 2 == 0


def test_short_memory_makes_batches_smaller_and_leaves_no_row_out(
    model: BertForSequenceClassification, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = make_settings(valid_batch_size=20, max_len=40)
    whole = compute_all_logits(model, DATA, settings)
    refuse_more_than(model, 7)
    capsys.readouterr()
    assert torch.allclose(compute_all_logits(model, DATA, settings), whole, atol=1e-6)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    sizes = [line["batch_tokens"] for line in told if line["event"] == "out_of_memory"]
    assert sizes == sorted(sizes, reverse=True) and 0 < len(sizes) < 8


def test_one_review_that_does_not_fit_is_one_sentence(model: BertForSequenceClassification) -> None:
    refuse_more_than(model, 0)
    with pytest.raises(InputError, match="Memory does not suffice to evaluate one review at a time; lower MAX_LEN"):
        compute_all_logits(model, DATA, make_settings())


def test_another_failure_is_not_taken_for_short_memory(model: BertForSequenceClassification) -> None:
    def fail(_: object, __: object) -> None:
        raise RuntimeError("an illegal memory access was encountered")

    pooler: Any = model.bert.pooler
    pooler.dense.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="illegal memory access"):
        compute_all_logits(model, DATA, make_settings())
