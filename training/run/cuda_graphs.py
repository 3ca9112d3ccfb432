"""Optimizer steps as CUDA graphs: all kernels of a step launched at once.

A small batch keeps a GPU busy for a few milliseconds, and Python needs tens of them to launch its kernels one by one. A
CUDA graph is bound to the sizes that it was captured with, so that packs are filled up to a few sizes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from data.tokens import Encoded
from model.packing import Pack, pack
from run.progress import announce

Step = Callable[[Pack, int], torch.Tensor]
"""Forward, backward and update for a pack and the number of its reviews; the step's figures, on the device."""

_LARGEST = 65_536
"""Tokens of the largest pack that is captured. Larger ones keep a GPU busy while Python launches the next kernels."""

_FILLER = 64
"""Tokens of a filler, about."""


@dataclass(frozen=True)
class Size:
    """The sizes that a captured step is fixed to.

    Attributes:
        tokens: of the pack, fillers counted.
        texts: of the pack, fillers counted.
        longest: bound of the longest text's tokens, a multiple of 128.
    """

    tokens: int
    texts: int
    longest: int


def choose_size(lengths: list[int]) -> tuple[Size, list[int]]:
    """The size that a pack of texts of these lengths is filled up to, and the fillers' lengths.

    Sizes are multiples of 128 tokens, or of a power of two between a 32nd and a 16th of the tokens where that is more.
    """
    tokens = sum(lengths)
    grain = max(2 * _FILLER, 2 ** (tokens.bit_length() - 5))
    count = grain // _FILLER
    whole = -(-(tokens + count) // grain) * grain
    share, rest = divmod(whole - tokens, count)
    fillers = [share + (number < rest) for number in range(count)]
    longest = -(-max(*lengths, *fillers) // 128) * 128
    return Size(whole, len(lengths) + count, longest), fillers


@dataclass(frozen=True)
class _Captured:
    graph: torch.cuda.CUDAGraph
    inputs: Pack
    figures: torch.Tensor

    def replay(self, texts: Pack) -> torch.Tensor:
        pairs = [(getattr(self.inputs, name), tensor) for name, tensor in texts.tensors.items()]
        for target, source in [*pairs, (self.inputs.spans.bounds, texts.spans.bounds)]:
            target.copy_(source.pin_memory(), non_blocking=True)
        self.graph.replay()
        # The next replay writes to the same memory.
        return self.figures.clone()


class StepGraphs:
    """The captured steps of a run, by size. A size is captured when it comes up for the second time."""

    def __init__(self, step: Step, device: torch.device) -> None:
        self._step = step
        self._device = device
        self._pool = torch.cuda.graph_pool_handle()
        self._captured: dict[Size, _Captured | None] = {}
        self._works = True

    def choose_fillers(self, data: Encoded, rows: list[int]) -> list[int]:
        """Lengths of the fillers that a batch gets, none if its step will not be a graph."""
        size, fillers = choose_size([len(data.ids[row]) for row in rows])
        return fillers if self._works and size.tokens <= _LARGEST else []

    def replay(self, data: Encoded, rows: list[int], seed: int) -> torch.Tensor | None:
        """The step of a batch with this seed of its dropout; None if it has to be taken without a graph."""
        size, fillers = choose_size([len(data.ids[row]) for row in rows])
        if not self._works or size.tokens > _LARGEST:
            return None
        if size not in self._captured:
            # The first step of a size runs without a graph: it compiles and loads what the capture must find ready.
            self._captured[size] = None
            return None
        texts = pack(data, rows, fillers)
        captured = self._captured[size] or self._capture(size, texts)
        if captured is None:
            return None
        torch.manual_seed(seed)
        return captured.replay(texts)

    def _capture(self, size: Size, texts: Pack) -> _Captured | None:
        inputs = texts.to(self._device)
        inputs = replace(inputs, spans=replace(inputs.spans, longest=size.longest))
        reviews = sum(row >= 0 for row in texts.rows)
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, pool=self._pool):
                figures = self._step(inputs, reviews)
        except RuntimeError as error:
            # Most often memory: captured steps keep theirs. Training goes on without graphs.
            self._works = False
            self._captured.clear()
            _renew_generator(self._device)
            announce("no cuda graphs", reason=str(error).splitlines()[0])
            return None
        self._captured[size] = captured = _Captured(graph, inputs, figures)
        return captured


def _renew_generator(device: torch.device) -> None:
    """Gives the device's random numbers a new state: a failed capture leaves the old one waiting for the capture's end,
    and every later dropout outside a graph would be refused."""
    index = device.index or 0
    torch.cuda.default_generators[index].graphsafe_set_state(torch.Generator(device).graphsafe_get_state())
