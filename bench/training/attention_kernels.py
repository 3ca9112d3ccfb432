"""Attention over packed texts on a GPU: the kernel that training calls against the public ways to the same result.

Heads of BERT-base, texts of real lengths, forward and backward, with the error against float32.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch.nn import functional

from contenders import Task
from model.attention import QueryKeyValue, Spans, attend_packed
from model.packing import pack

HEADS, WIDTH = 12, 64
REPETITIONS = 20
TEXTS = (8, 32, 128)

Attend = Callable[[QueryKeyValue, Spans, float], torch.Tensor]


@dataclass(frozen=True)
class Way:
    """A way to compute attention: its name, its function, and whether it has dropout."""

    name: str
    attend: Attend
    drops: bool = True


def measure_kernels(task: Task) -> list[dict[str, object]]:
    """Median milliseconds of forward and backward of each way, by number of texts, and the way's error."""
    rows = []
    for texts in TEXTS:
        packed = pack(task.data, list(range(min(texts, len(task.data.ids))))).to(task.device)
        states = _make_states(int(packed.spans.bounds[-1]), task.device)
        exact = _compute_exactly(states, packed.spans)
        for way in WAYS:
            rows.append({"texts": texts, "way": way.name, **_measure(way, states, packed.spans, exact)})
    return rows


def _measure(way: Way, states: QueryKeyValue, spans: Spans, exact: torch.Tensor) -> dict[str, object]:
    try:
        with torch.no_grad():
            error = float((way.attend(states, spans, 0.0).float() - exact).norm() / exact.norm())
        told: dict[str, object] = {"error": error, "ms": _time(way, states, spans, 0.0)}
        if way.drops:
            told["ms_with_dropout"] = _time(way, states, spans, 0.1)
    # A public interface that refuses is a finding, not a reason to stop.
    except Exception as failure:
        return {"failed": f"{type(failure).__name__}: {str(failure).splitlines()[0][:200]}"}
    return told


def _time(way: Way, states: QueryKeyValue, spans: Spans, dropout: float) -> float:
    gradient = torch.randn_like(states[0])
    times = []
    for number in range(REPETITIONS + 3):
        begun, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begun.record()
        way.attend(states, spans, dropout).backward(gradient)
        ended.record()
        torch.cuda.synchronize()
        for state in states:
            state.grad = None
        if number >= 3:
            times.append(begun.elapsed_time(ended))
    return statistics.median(times)


def _make_states(tokens: int, device: torch.device) -> QueryKeyValue:
    torch.manual_seed(1)
    made = [torch.randn(tokens, HEADS, WIDTH, device=device, dtype=torch.bfloat16) for _ in range(3)]
    return tuple(state.requires_grad_() for state in made)  # type: ignore[return-value]


def _compute_exactly(states: QueryKeyValue, spans: Spans) -> torch.Tensor:
    with torch.no_grad():
        return attend_packed(tuple(state.float() for state in states), spans, 0.0)  # type: ignore[arg-type]


def attend_varlen(states: QueryKeyValue, spans: Spans, _dropout: float) -> torch.Tensor:
    """torch.nn.attention.varlen: public, without dropout."""
    from torch.nn.attention.varlen import varlen_attn  # noqa: PLC0415

    attended: Any = varlen_attn(*states, spans.cumulative, spans.cumulative, spans.longest, spans.longest)
    return cast(torch.Tensor, attended)


def attend_nested(states: QueryKeyValue, spans: Spans, dropout: float) -> torch.Tensor:
    """A jagged nested tensor through scaled_dot_product_attention: public, a prototype."""
    query, key, value = [
        torch.nested.nested_tensor_from_jagged(state, spans.bounds, max_seqlen=spans.longest, min_seqlen=1).transpose(
            1, 2
        )
        for state in states
    ]
    mixed = functional.scaled_dot_product_attention(query, key, value, dropout_p=dropout)
    values: torch.Tensor = mixed.transpose(1, 2).values()
    return values


def attend_flex(states: QueryKeyValue, spans: Spans, _dropout: float) -> torch.Tensor:
    """FlexAttention with a mask of texts, compiled: public, without dropout."""
    from torch.nn.attention.flex_attention import create_block_mask  # noqa: PLC0415

    tokens = len(states[0])
    if (tokens, spans.longest) not in _FLEX:
        lengths = spans.bounds.diff()
        owner = torch.repeat_interleave(torch.arange(len(lengths), device=lengths.device), lengths)
        _FLEX[tokens, spans.longest] = create_block_mask(
            lambda _batch, _head, query, key: owner[query] == owner[key], None, None, tokens, tokens
        )
    one = [state.transpose(0, 1)[None] for state in states]
    mixed: torch.Tensor = _compile_flex()(*one, block_mask=_FLEX[tokens, spans.longest])
    return mixed[0].transpose(0, 1)


_FLEX: dict[tuple[int, int], object] = {}
_COMPILED: list[Callable[..., torch.Tensor]] = []


def _compile_flex() -> Callable[..., torch.Tensor]:
    if not _COMPILED:
        from torch.nn.attention.flex_attention import flex_attention  # noqa: PLC0415

        _COMPILED.append(torch.compile(flex_attention, dynamic=False))
    return _COMPILED[0]


def attend_padded(states: QueryKeyValue, spans: Spans, dropout: float) -> torch.Tensor:
    """Padded to the longest text through scaled_dot_product_attention with a mask."""
    lengths = spans.bounds.diff()
    mask = torch.arange(spans.longest, device=lengths.device) < lengths[:, None]
    blocks = [torch.nested.nested_tensor_from_jagged(state, spans.bounds).to_padded_tensor(0.0) for state in states]
    query, key, value = (block[:, : spans.longest].transpose(1, 2) for block in blocks)
    mixed = functional.scaled_dot_product_attention(query, key, value, mask[:, None, None], dropout)
    return mixed.transpose(1, 2)[mask]


WAYS = (
    Way("this project: aten._flash_attention_forward", attend_packed),
    Way("torch.nn.attention.varlen", attend_varlen, drops=False),
    Way("nested tensor", attend_nested),
    Way("FlexAttention, compiled", attend_flex, drops=False),
    Way("padded, scaled_dot_product_attention", attend_padded),
)
