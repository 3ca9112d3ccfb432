"""Whether a processor answers the golden texts as training did: the golden check of docs/model-artifact.md.

Two families of processors never give the same bits. Their fp32 kernels differ in the last place, and where that moves
an activation over a rounding boundary of the dynamic quantization, the answer moves by one quantum. The spread of such
answers is a property of the model. It is measured when the model is proved, and bounds the check.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from model.export import open_session
from model.metrics import Floats, to_probabilities
from release.proof import INT8_BOUND, run_session

PERCENTILES = {"median": 0.5, "percentile90": 0.9, "percentile99": 0.99, "largest": 1.0}
"""What is compared of the differences of all texts, by the name that golden.json gives it."""

FACTOR = 4.0
"""A processor may differ by this multiple of the measured spread."""

FLOOR = 1e-5
"""A difference below this is always allowed: float32 and the eight digits of golden.json."""

CEILING = INT8_BOUND
"""A difference above this is never allowed."""

_NOISE = 2.0**-22
"""Relative change of a LayerNorm gain when the spread is measured: two units in the last place of a float32."""

_RUNS = 3
"""Disturbed copies of the model that the spread is measured on."""


@dataclass(frozen=True)
class Spread:
    """Percentiles of the differences, by nearest rank, of one set of answers from another."""

    median: float
    percentile90: float
    percentile99: float
    largest: float

    def bounded(self) -> "Spread":
        """The largest difference that another processor may show at each percentile."""
        return Spread(*(min(CEILING, max(FLOOR, FACTOR * value)) for value in asdict(self).values()))


SAMPLE_SPREAD = Spread(5e-8, 2.5e-4, 3.3e-3, 1.15e-2)
"""What a golden file of schema 1, which records no spread, is held to: measured on a model of six layers."""


def describe_differences(first: Floats, second: Floats) -> Spread:
    """Percentiles of each text's largest difference; both float64 [texts, labels]."""
    gaps = np.sort(np.abs(first - second).max(axis=1))
    return Spread(*(float(gaps[math.ceil(share * len(gaps)) - 1]) for share in PERCENTILES.values()))


def find_disagreement(golden: dict[str, Any], answers: Floats) -> list[str]:
    """A sentence for each rule of the golden check that these probabilities, float64 [texts, labels], break."""
    cases = golden["cases"]
    served = np.array([case["served"] for case in cases])
    reference = np.array([case["reference"] for case in cases])
    if answers.shape != served.shape or not np.isfinite(answers).all():
        return ["The answers are not all numbers, or not one for each label."]
    bounds = read_spread(golden).bounded()
    gaps = describe_differences(answers, served)
    sentences = [
        f"The {name} difference is {gap:.1e}, above {bound:.1e}."
        for name, gap, bound in zip(PERCENTILES, asdict(gaps).values(), asdict(bounds).values(), strict=True)
        if gap > bound
    ]
    decided = np.maximum(_margins(answers), _margins(served)) > bounds.largest
    if flips := int((decided & (answers.argmax(axis=1) != served.argmax(axis=1))).sum()):
        sentences.append(f"{flips} texts get another label.")
    distance = describe_differences(answers, reference).percentile99
    if distance > INT8_BOUND + bounds.percentile99:
        sentences.append(f"The distance from PyTorch at the 99th percentile is {distance:.2g}.")
    return sentences


def find_other_ids(golden: dict[str, Any], tokenized: list[tuple[list[int], int]]) -> list[int]:
    """Places of the texts whose ids or dropped tokens are not those of the golden file.

    Args:
        golden: the content of golden.json.
        tokenized: ids and number of dropped tokens of each of its texts.
    """
    pairs = zip(golden["cases"], tokenized, strict=True)
    return [place for place, (case, found) in enumerate(pairs) if (case["ids"], case["dropped"]) != found]


def read_spread(golden: dict[str, Any]) -> Spread:
    """The spread that a golden file records, of either schema."""
    return Spread(**golden["spread"]) if golden["schema"] == 2 else SAMPLE_SPREAD


def measure_spread(model: Path, ids: list[list[int]], answers: Floats, temperature: float, threads: int) -> Spread:
    """How far the answers of a quantized model move when its fp32 arithmetic differs in the last place.

    Runs copies of the model whose LayerNorm gains are changed at random by two units in the last place, and keeps the
    largest of each percentile. Such a change is of the size of the differences between fp32 kernels.

    Args:
        model: the published graph.
        ids: token ids of the golden texts.
        answers: what the model itself answers to them, float64 [texts, labels].
        temperature: what calibrates it.
        threads: threads of one run; 0: as many as ONNX Runtime chooses.
    """
    spreads = []
    for seed in range(_RUNS):
        session = open_session(_disturb(model, seed), threads)
        spreads.append(
            describe_differences(to_probabilities(run_session(session, ids, "spread"), temperature), answers)
        )
    return Spread(
        *(float(f"{max(values):.2e}") for values in zip(*(asdict(one).values() for one in spreads), strict=True))
    )


def _disturb(model: Path, seed: int) -> bytes:
    chooser = np.random.default_rng(seed)
    graph = onnx.load(model)
    gains = {node.input[1] for node in graph.graph.node if node.op_type == "LayerNormalization"}
    for tensor in graph.graph.initializer:
        if tensor.name in gains:
            gain = numpy_helper.to_array(tensor)
            noise = 1 + _NOISE * chooser.choice([-1.0, 0.0, 1.0], gain.shape)
            tensor.CopyFrom(numpy_helper.from_array((gain * noise).astype(np.float32), tensor.name))
    content: bytes = graph.SerializeToString()
    return content


def _margins(probabilities: Floats) -> Floats:
    """Distance between the best and the second best label of each text."""
    ordered = np.sort(probabilities, axis=1)
    margins: Floats = ordered[:, -1] - ordered[:, -2]
    return margins
