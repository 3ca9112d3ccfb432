"""The proof that an exported model answers like the network it came from."""

from dataclasses import dataclass, field

import numpy as np
import onnxruntime as ort
import torch
from transformers import BertForSequenceClassification

from model.metrics import Floats, to_probabilities
from run.progress import track

FP32_BOUND = 1e-4
"""Largest allowed difference of a probability between PyTorch and the fp32 export."""

INT8_BOUND = 0.05
"""Allowed difference of a probability between PyTorch and the int8 model at the 99th percentile."""

FP16_BOUND = 0.01
"""Largest allowed difference of a probability between the fp32 export and the fp16 graph."""

LEAST_KEPT = 0.995
"""Share of the fp32 model's validation accuracy that the int8 model must keep."""

MOST_FLIPPED = 0.01
"""Share of validation rows whose label int8 may change."""


@dataclass(frozen=True)
class Proof:
    """What was compared: the figures, and a sentence for each that is out of bounds."""

    figures: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def __add__(self, other: "Proof") -> "Proof":
        return Proof({**self.figures, **other.figures}, [*self.failures, *other.failures])


@dataclass(frozen=True)
class Difference:
    """Largest difference and 99th percentile of the differences between two sets of probabilities."""

    largest: float
    percentile99: float


def run_session(session: ort.InferenceSession, ids: list[list[int]], name: str) -> torch.Tensor:
    """Logits of each text, one text per run, float32 [texts, labels]."""
    wanted = {put.name for put in session.get_inputs()}
    logits = []
    for text in track(ids, len(ids), name):
        row = np.array([text], dtype=np.int64)
        feeds = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        logits.append(session.run(["logits"], {key: feeds[key] for key in wanted})[0])
    return torch.from_numpy(np.concatenate(logits))


def run_network(model: BertForSequenceClassification, ids: list[list[int]]) -> torch.Tensor:
    """PyTorch's logits of each text, one text per run, float32 [texts, labels], in full precision with dropout off."""
    model.eval()
    with torch.inference_mode():
        rows = [model(torch.tensor([text], device=model.device)).logits.float().cpu() for text in ids]
    return torch.cat(rows)


def compare(first: Floats, second: Floats) -> Difference:
    """How far two sets of probabilities, float64 [texts, labels], lie apart, by each text's largest difference."""
    gaps = np.abs(first - second).max(axis=1)
    return Difference(float(gaps.max()), float(np.percentile(gaps, 99)))


def prove_texts(network: torch.Tensor, fp32: torch.Tensor, int8: torch.Tensor, temperature: float) -> Proof:
    """Compares both exports with the network on the golden texts, by logits [texts, labels], after the temperature.

    A difference that is not a number is out of bounds.
    """
    reference = to_probabilities(network, temperature)
    exact = compare(reference, to_probabilities(fp32, temperature))
    rounded = compare(reference, to_probabilities(int8, temperature))
    failures = []
    if not exact.largest <= FP32_BOUND:
        failures.append(f"The fp32 export differs from PyTorch by {exact.largest:.2g}, above {FP32_BOUND:g}.")
    if not rounded.percentile99 <= INT8_BOUND:
        failures.append(
            f"The int8 model differs from PyTorch by {rounded.percentile99:.2g} at the 99th percentile, "
            f"above {INT8_BOUND:g}."
        )
    figures = {"fp32Largest": exact.largest, "int8Percentile99": rounded.percentile99, "int8Largest": rounded.largest}
    return Proof(figures, failures)


def prove_fp16(fp32: torch.Tensor, fp16: torch.Tensor, temperature: float) -> Proof:
    """Compares the fp16 graph with the fp32 export on the golden texts, by logits [texts, labels], as probabilities.

    A difference that is not a number is out of bounds.
    """
    gap = compare(to_probabilities(fp32, temperature), to_probabilities(fp16, temperature))
    failures = []
    if not gap.largest <= FP16_BOUND:
        failures.append(f"The fp16 graph differs from the fp32 export by {gap.largest:.2g}, above {FP16_BOUND:g}.")
    return Proof({"fp16Percentile99": gap.percentile99, "fp16Largest": gap.largest}, failures)


def prove_rows(reference: torch.Tensor, served: torch.Tensor, labels: list[int]) -> Proof:
    """Compares the int8 model's labels with the fp32 network's on every validation row, by logits [rows, labels]."""
    right = torch.tensor(labels)
    exact, rounded = reference.argmax(dim=1), served.argmax(dim=1)
    hits, kept_hits = int((exact == right).sum()), int((rounded == right).sum())
    flips, rows = int((exact != rounded).sum()), len(labels)
    kept, flipped = kept_hits / max(1, hits), flips / rows
    failures = []
    if not bool(torch.isfinite(served).all()):
        failures.append(f"The int8 model's answers on {rows} validation rows are not all numbers.")
    if kept < LEAST_KEPT:
        failures.append(f"int8 keeps {kept:.2%} of the validation accuracy, less than {LEAST_KEPT:.1%}.")
    if flipped > MOST_FLIPPED:
        failures.append(f"int8 changes {flips} of {rows} validation labels, more than {MOST_FLIPPED:.0%}.")
    return Proof({"accuracyKept": kept, "flipped": flipped}, failures)
