"""The golden check: what it allows, and faults that it must refuse. The same rules as functions/promote/golden.ts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from tokenizers import Tokenizer
from tokenizers.normalizers import BertNormalizer

from data.tokenizer import encode
from model.export import open_session
from model.metrics import Floats, to_probabilities
from release.agreement import CEILING, FLOOR, PERCENTILES, Spread, find_disagreement, find_other_ids, measure_spread
from release.proof import run_session

ROOT = Path(__file__).parents[2]
SAMPLE = next((ROOT / "models" / "sample" / "versions").iterdir())
MANIFEST: dict[str, Any] = json.loads((SAMPLE / "manifest.json").read_text("utf-8"))
WHOLE: dict[str, Any] = json.loads((SAMPLE / "golden.json").read_text("ascii"))
GOLDEN = {**WHOLE, "cases": sorted(WHOLE["cases"], key=lambda case: len(case["ids"]))[:420:4]}
IDS = [case["ids"] for case in GOLDEN["cases"]]
Fault = Callable[[onnx.ModelProto], None]


def answer(model: Path | bytes, temperature: float = MANIFEST["temperature"]) -> Floats:
    return to_probabilities(run_session(open_session(model, 2), IDS, "faults"), temperature)


def change(graph: onnx.ModelProto, name: str, edit: Callable[[Any], Any]) -> None:
    (tensor,) = [tensor for tensor in graph.graph.initializer if tensor.name == name]
    value = numpy_helper.to_array(tensor)
    tensor.CopyFrom(numpy_helper.from_array(edit(value.copy()).astype(value.dtype), name))


def list_weights(graph: onnx.ModelProto) -> list[tuple[str, str]]:
    """Names of the weight and the scale of each quantized matrix product."""
    places = {"DynamicQuantizeMatMul": 2, "MatMulIntegerToFloat": 3}
    return [(node.input[1], node.input[places[node.op_type]]) for node in graph.graph.node if node.op_type in places]


def train_a_little(graph: onnx.ModelProto) -> None:
    """One weight in fifty moves by one quantum, as between two versions a few steps apart."""
    chooser = np.random.default_rng(1)
    for weight, _ in list_weights(graph):
        change(graph, weight, lambda value: (value + (chooser.random(value.shape) < 0.02)).clip(-64, 64))


def shuffle_a_layer(graph: onnx.ModelProto) -> None:
    weight, _ = list_weights(graph)[-6]
    change(graph, weight, lambda value: value[np.random.default_rng(1).permutation(len(value))])


def flip_a_bit(bit: int) -> Fault:
    """One bit of the scale of one output channel: bits 0 to 22 are the mantissa's, 23 to 30 the exponent's."""

    def flip(graph: onnx.ModelProto) -> None:
        def edit(scale: Any) -> Any:
            scale.view(np.int32).reshape(-1)[7 % scale.size] ^= 1 << bit
            return scale

        change(graph, list_weights(graph)[0][1], edit)

    return flip


def approximate_gelu(graph: onnx.ModelProto) -> None:
    """Gelu by tanh, as another runtime's kernels may compute it."""
    for node in graph.graph.node:
        if node.op_type == "Gelu":
            node.op_type, node.domain = "FastGelu", "com.microsoft"


def plant(fault: Fault) -> bytes:
    graph = onnx.load(SAMPLE / "model.onnx")
    fault(graph)
    content: bytes = graph.SerializeToString()
    return content


WEIGHTS: dict[str, Fault] = {
    "weights of another version": train_a_little,
    "one layer's weights shuffled": shuffle_a_layer,
    "a scale's exponent bit flipped": flip_a_bit(26),
    "a scale's highest mantissa bit flipped": flip_a_bit(22),
    "Gelu computed by another formula": approximate_gelu,
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_model_that_computes_something_else_is_refused(name: str) -> None:
    refused = find_disagreement(GOLDEN, answer(plant(WEIGHTS[name])))
    print(f"\n{name}: {' '.join(refused)}")
    assert refused


def test_the_published_model_is_accepted_with_its_own_temperature_and_labels_only() -> None:
    answers = answer(SAMPLE / "model.onnx")
    assert find_disagreement(GOLDEN, answers) == []
    warm = find_disagreement(GOLDEN, answer(SAMPLE / "model.onnx", MANIFEST["temperature"] * 1.01))
    swapped = find_disagreement(GOLDEN, answers[:, ::-1])
    print(f"\ntemperature 1 % higher: {' '.join(warm)}\nlabels swapped: {' '.join(swapped)}")
    assert warm and swapped


def shift_ids(tokenizer: Tokenizer) -> Tokenizer:
    """Two neighbours of the vocabulary change places."""
    described = json.loads(tokenizer.to_str())
    vocabulary = described["model"]["vocab"]
    vocabulary["good"], vocabulary["book"] = vocabulary["book"], vocabulary["good"]
    return Tokenizer.from_str(json.dumps(described))


def keep_case(tokenizer: Tokenizer) -> Tokenizer:
    tokenizer.normalizer = BertNormalizer(lowercase=False)
    return tokenizer


@pytest.mark.parametrize(
    ("name", "edit", "longest"),
    [
        ("another vocabulary", shift_ids, 0),
        ("lower-casing off", keep_case, 0),
        ("truncation off by one", lambda tokenizer: tokenizer, -1),
    ],
)
def test_a_tokenizer_that_reads_something_else_is_refused(
    name: str, edit: Callable[[Tokenizer], Tokenizer], longest: int
) -> None:
    tokenizer = Tokenizer.from_file(str(SAMPLE / "tokenizer.json"))
    texts = [case["text"] for case in WHOLE["cases"]]
    assert find_other_ids(WHOLE, encode(tokenizer, texts, MANIFEST["maxTokens"])) == []
    other = find_other_ids(WHOLE, encode(edit(tokenizer), texts, MANIFEST["maxTokens"] + longest))
    print(f"\n{name}: other ids in {len(other)} texts")
    assert other


def test_the_measured_spread_is_the_models_and_not_a_constant() -> None:
    spread = measure_spread(SAMPLE / "model.onnx", IDS, answer(SAMPLE / "model.onnx"), MANIFEST["temperature"], 2)
    # The largest may be above the ceiling: a single undecided text is enough.
    assert 0 < spread.percentile99 < CEILING
    assert spread.median <= spread.percentile90 <= spread.percentile99 <= spread.largest


def test_bounds_are_a_multiple_of_the_spread_between_floor_and_ceiling() -> None:
    assert Spread(0, 1e-4, 1e-3, 1).bounded() == Spread(FLOOR, 4e-4, 4e-3, CEILING)


@pytest.mark.parametrize("case", json.loads((ROOT / "test" / "fixtures" / "golden-check.json").read_text()))
def test_both_languages_apply_the_same_rules(case: dict[str, Any]) -> None:
    texts = 20
    golden = {
        "schema": 2 if case["spread"] else 1,
        "cases": [{name: pair_of(case[name]) for name in ("served", "reference")} for _ in range(texts)],
        "spread": dict(zip(PERCENTILES, case["spread"] or (), strict=False)),
    }
    moved = [case["served"] + (case["by"] if place < case["moved"] else 0) for place in range(texts)]
    answers = np.array([pair_of(positive) for positive in moved])
    assert len(find_disagreement(golden, answers)) == case["broken"], case["name"]


def pair_of(positive: float) -> list[float]:
    return [1 - positive, positive]
