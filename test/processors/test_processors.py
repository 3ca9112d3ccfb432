"""The sample model answers as trained on every family of x86-64 processors: `npm run test:processors`.

The golden check of docs/model-artifact.md, on this machine's processor and on emulated ones. It needs qemu-user.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from processors import FAMILIES, SAMPLE, TWIN_STEP, TWINS, Replayed, pick_texts, replay, take

from model.metrics import Floats
from release.agreement import describe_differences, find_disagreement

TEXTS = pick_texts(short=64, long=4)
SERVED = np.array([case["served"] for case in take(TEXTS)["cases"]])
OWN = "this machine"
STEPS = dict.fromkeys(TWINS, TWIN_STEP)
SHORT = pick_texts(short=32, long=0)


@pytest.fixture(scope="module")
def answers() -> dict[str, Replayed]:
    """What each processor answers to its texts, by its name; two processes at a time."""
    with ThreadPoolExecutor(2) as pool:
        replayed = pool.map(lambda family: replay(TEXTS[:: STEPS.get(family, 1)], family), FAMILIES)
        return {OWN: replay(TEXTS), **dict(zip(FAMILIES, replayed, strict=True))}


def test_each_family_has_the_instruction_sets_that_choose_its_kernels(answers: dict[str, Replayed]) -> None:
    assert {name: answers[name].features for name in FAMILIES} == FAMILIES


def test_the_golden_check_accepts_the_sample_on_every_processor(answers: dict[str, Replayed]) -> None:
    print("\nagainst the recorded answers: median, 90th, 99th percentile, largest; texts beyond 1e-5; other labels")
    refused = {}
    for name, (probabilities, features) in ((n, (a.probabilities, a.features)) for n, a in answers.items()):
        step = STEPS.get(name, 1)
        served = SERVED[::step]
        gaps = describe_differences(probabilities, served)
        beyond = int((np.abs(probabilities - served).max(axis=1) > 1e-5).sum())
        flips = int((probabilities.argmax(axis=1) != served.argmax(axis=1)).sum())
        refused[name] = find_disagreement(take(TEXTS[::step]), probabilities)
        verdict = " ".join(refused[name]) or "accepted"
        figures = f"{gaps.median:.1e} {gaps.percentile90:.1e} {gaps.percentile99:.1e} {gaps.largest:.1e}"
        print(f"{name:12} {figures}  {beyond:3} {flips:2}  {verdict}  ({' '.join(features)})")
    assert refused == {name: [] for name in answers}


def select(answer: Replayed, name: str, *compared: str) -> Floats:
    """The answers of a processor to the texts that all compared ones were asked."""
    return answer.probabilities[:: max(STEPS.get(one, 1) for one in compared) // STEPS.get(name, 1)]


def test_two_processors_differ_by_no_more_than_the_check_allows(answers: dict[str, Replayed]) -> None:
    print("\nbetween two processors: largest difference, other labels")
    for one, other in combinations(answers, 2):
        first, second = (select(answers[name], name, one, other) for name in (one, other))
        gap = describe_differences(first, second).largest
        flips = int((first.argmax(axis=1) != second.argmax(axis=1)).sum())
        print(f"{one:12} {other:12} {gap:.1e} {flips}")
        assert gap < 0.05 and flips == 0
        # That a few texts are enough for a twin.
        assert TWINS.get(one, one) != TWINS.get(other, other) or gap < 1e-6


def test_equal_bits_within_1e_5_are_not_to_be_had(answers: dict[str, Replayed]) -> None:
    """The old rule, every text within 1e-5, refuses the good model on some processor."""
    beyond = {
        name: float(np.abs(each.probabilities - SERVED[:: STEPS.get(name, 1)]).max()) for name, each in answers.items()
    }
    assert max(beyond.values()) > 1e-5


def widen(model: Path, path: Path) -> Path:
    """Writes the model with weights of eight bits: each twice as large, its scale half. In exact arithmetic it is the
    same function; without VNNI its sums of products saturate."""
    graph = onnx.load(model)
    initializers = {tensor.name: tensor for tensor in graph.graph.initializer}
    for node in graph.graph.node:
        if node.op_type not in {"DynamicQuantizeMatMul", "MatMulIntegerToFloat"}:
            continue
        scale = 2 if node.op_type == "DynamicQuantizeMatMul" else 3
        for place, change in ((1, lambda weight: weight.clip(-63, 63) * 2), (scale, lambda factor: factor / 2)):
            tensor = initializers[node.input[place]]
            value = numpy_helper.to_array(tensor)
            tensor.CopyFrom(numpy_helper.from_array(change(value).astype(value.dtype), tensor.name))
    onnx.save(graph, path)
    return path


def test_weights_of_eight_bits_are_refused_where_their_sums_saturate(tmp_path: Path) -> None:
    wide = widen(SAMPLE / "model.onnx", tmp_path / "wide.onnx")
    refused = find_disagreement(take(SHORT), replay(SHORT, "Haswell", wide).probabilities)
    print("\nweights of eight bits on Haswell:", " ".join(refused))
    assert refused
