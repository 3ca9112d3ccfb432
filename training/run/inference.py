"""Logits of many rows: batched by tokens, in smaller batches where memory is short."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import torch
from transformers import BertForSequenceClassification

from data.tokens import Encoded
from errors import InputError
from model.encoder import autocast
from model.packing import compute_logits, pack
from run.device import free_memory, is_out_of_memory
from run.process_group import ProcessGroup
from run.progress import announce, track
from settings import Settings

_GPU_TOKENS = 32_768
"""Tokens of a batch on a GPU: about what one needs to be busy, in less memory than a training step."""


def compute_validation_logits(
    model: BertForSequenceClassification,
    data: Encoded,
    settings: Settings,
    group: ProcessGroup,
    between: Callable[[], None],
) -> torch.Tensor:
    """Logits to choose the best epoch by: like `compute_all_logits`, but in the training's precision on a GPU.

    Args:
        model: the network, on its device.
        data: the rows.
        settings: for the batch size and the precision.
        group: processes that share the rows and all get all logits.
        between: called after each batch.
    """
    cast = autocast(model.device, settings.precision) if model.device.type == "cuda" else nullcontext()
    return _compute(model, data, settings, cast=cast, group=group, between=between)


def compute_all_logits(model: BertForSequenceClassification, data: Encoded, settings: Settings) -> torch.Tensor:
    """Logits of every row in the data's order, float32 [rows, labels], in full precision with dropout off.

    Raises:
        InputError: not even one review fits into memory.
    """
    return _compute(model, data, settings, cast=nullcontext())


def plan_by_tokens(lengths: list[int], tokens: int) -> list[list[int]]:
    """Row numbers of each batch, shortest rows first, each of at most so many tokens or of one row."""
    plan: list[list[int]] = []
    held = tokens
    for row in sorted(range(len(lengths)), key=lambda row: lengths[row]):
        if held + lengths[row] > tokens:
            plan.append([])
            held = 0
        plan[-1].append(row)
        held += lengths[row]
    return plan


def _compute(  # noqa: PLR0913
    model: BertForSequenceClassification,
    data: Encoded,
    settings: Settings,
    *,
    cast: AbstractContextManager[object],
    group: ProcessGroup | None = None,
    between: Callable[[], None] = lambda: None,
) -> torch.Tensor:
    group = group or ProcessGroup()
    model.eval()
    tokens = settings.valid_batch_size * settings.max_len
    tokens = max(tokens, _GPU_TOKENS) if model.device.type == "cuda" else tokens
    plan = plan_by_tokens([len(ids) for ids in data.ids], tokens)
    logits = torch.zeros(len(data.ids), len(data.classes))
    answer = _Answer(model, data, tokens)
    with torch.inference_mode(), cast:
        for start in track(range(0, len(plan), group.size), -(-len(plan) // group.size), "evaluation"):
            for rows in plan[start + group.rank : start + group.rank + 1]:
                for answered, figures in answer(rows):
                    logits[answered] = figures
            between()
    return group.sum(logits)


class _Answer:
    """Answers batches, in parts of fewer tokens once memory has not sufficed."""

    def __init__(self, model: BertForSequenceClassification, data: Encoded, tokens: int) -> None:
        self._model = model
        self._data = data
        self._tokens = tokens

    def __call__(self, rows: list[int]) -> Iterator[tuple[list[int], torch.Tensor]]:
        """Row numbers and their logits, for each part of the batch."""
        waiting = [rows]
        while waiting:
            part = waiting.pop()
            tokens = sum(len(self._data.ids[row]) for row in part)
            if tokens > self._tokens and len(part) > 1:
                waiting += [part[: len(part) // 2], part[len(part) // 2 :]]
            elif answered := self._try(part, tokens):
                yield answered
            else:
                waiting.append(part)

    def _try(self, rows: list[int], tokens: int) -> tuple[list[int], torch.Tensor] | None:
        try:
            texts = pack(self._data, rows)
            return texts.rows, compute_logits(self._model, texts.to(self._model.device)).cpu()
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        if len(rows) == 1:
            raise InputError(["Memory does not suffice to evaluate one review at a time; lower MAX_LEN."])
        free_memory()
        self._tokens = tokens // 2
        announce("out_of_memory", at="evaluation", batch_tokens=self._tokens)
        return None
