"""From a trained network to a version in the store: export, prove, measure, judge, describe, upload."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import BertForSequenceClassification

from data.tokenizer import describe, encode
from errors import RejectedError
from model.export import FP16, export, export_fp16, open_session
from model.metrics import Floats, fit_temperature, to_probabilities
from release.agreement import measure_spread
from release.behaviours import Behaviours, measure_behaviours
from release.digest import compute_digest
from release.distribution import describe_distribution
from release.evaluation import Answers, EvaluationSet, describe_all, describe_sets, places_by_source
from release.gate import Comparison, compare_champion, judge
from release.golden import list_texts
from release.manifest import (
    PART_BYTES,
    REPORT,
    describe_file,
    describe_fp16,
    find_revision,
    list_files,
    list_libraries,
    name_version,
)
from release.proof import Proof, prove_fp16, prove_rows, prove_texts, run_network, run_session
from release.publication import promote, publish, reject
from release.report import ReportData, render
from release.store import Store
from release.validation_charts import Scored
from run.checkpoints import copy_weights
from run.inference import compute_all_logits
from run.progress import announce
from settings import Settings

Export = Callable[[BertForSequenceClassification, list[list[int]], Path], tuple[Path, Path]]


@dataclass(frozen=True)
class Trained:
    """The result of training.

    Attributes:
        model: the network with the best epoch's weights.
        tokenizer: its tokenizer, without truncation.
        calibration: token ids of some training texts, for the quantization.
        validation: held-out rows: the temperature and the gate's metrics come from them.
        settings: the settings of the run.
        origin: base, data, findings and settings, for the manifest's provenance.
        test: rows that are only reported on; may be empty.
        history: loss and validation figures of each epoch.
    """

    model: BertForSequenceClassification
    tokenizer: Tokenizer
    calibration: list[list[int]]
    validation: EvaluationSet
    settings: Settings
    origin: dict[str, Any]
    test: EvaluationSet
    history: list[dict[str, float]]


@dataclass(frozen=True)
class Candidate:
    """An exported model with all that is known about it.

    Attributes:
        folder: its files, as they are published.
        temperature: what calibrates it.
        metrics: the manifest's.
        answers: logits on the validation rows.
        proof: the proof's figures and failures.
        comparison: the current version on the same rows.
        reasons: why it may not be published; empty if it may.
    """

    folder: Path
    temperature: float
    metrics: dict[str, Any]
    answers: Answers
    proof: Proof
    comparison: Comparison
    reasons: list[str]


def release(trained: Trained, store: Store, export_model: Export = export) -> str:
    """Publishes the network as a new version and returns its name.

    Raises:
        RejectedError: it failed its proof or is worse than the current version; it lies under rejected/.
        StoreError: the store refused a file.
    """
    with tempfile.TemporaryDirectory() as place:
        candidate = _make_candidate(trained, store, Path(place), export_model)

        def describe_at(now: datetime) -> dict[str, Any]:
            return _describe(trained, candidate, now)

        if candidate.reasons:
            manifest = reject(store, candidate.folder, describe_at, candidate.reasons)
            raise RejectedError(manifest["version"], candidate.reasons)
        manifest = publish(store, candidate.folder, describe_at)
    if trained.settings.promote:
        promote(store, manifest)
        announce("promoted", version=manifest["version"], store=store.location)
    return str(manifest["version"])


def _make_candidate(trained: Trained, store: Store, folder: Path, export_model: Export) -> Candidate:
    settings, validation = trained.settings, trained.validation
    reference = compute_all_logits(trained.model, validation.encoded, settings)
    sets = list(places_by_source(validation.rows).values())
    temperature = fit_temperature(reference, torch.tensor(validation.encoded.labels), sets)
    exact, served = export_model(trained.model, trained.calibration, folder)
    announce("exported", temperature=temperature, bytes=served.stat().st_size)
    fp32, int8 = open_session(exact, settings.threads), open_session(served, settings.threads)

    golden, proof = _make_golden(trained, fp32, int8, temperature)
    ids = [case["ids"] for case in golden["cases"]]
    answered = np.array([case["served"] for case in golden["cases"]])
    if settings.export_fp16:
        fp16 = open_session(export_fp16(folder), settings.threads)
        proof += prove_fp16(run_session(fp32, ids, "fp32"), run_session(fp16, ids, "fp16"), temperature)
    golden["spread"] = asdict(measure_spread(served, ids, answered, temperature, settings.threads))
    answers = Answers(reference, run_session(int8, validation.encoded.ids, "int8 validation"))
    proof += prove_rows(answers.reference, answers.served, validation.encoded.labels)
    announce("proved", failures=len(proof.failures), **proof.figures)
    served_probabilities = to_probabilities(answers.served, temperature)
    encoded, unknown = validation.encoded, trained.tokenizer.token_to_id("[UNK]")
    metrics = {
        **describe_all(validation, answers, temperature),
        "distribution": describe_distribution(served_probabilities, encoded.ids, encoded.classes, unknown),
        "sets": describe_sets("validation", validation, answers, temperature)
        + _measure_test(trained, int8, temperature),
    }
    behaviours = _measure_behaviours(trained, int8, temperature) if settings.behaviours else None
    comparison = compare_champion(store, validation.rows, served_probabilities, behaviours, settings.threads)
    metrics["champion"] = comparison.described()
    if behaviours:
        metrics["behaviours"] = behaviours.described()
    announce("measured", **metrics)
    _write_files(folder, trained, golden)
    reasons = [*proof.failures, *judge(comparison, settings)]
    return Candidate(folder, temperature, metrics, answers, proof, comparison, reasons)


def _make_golden(
    trained: Trained, fp32: onnxruntime.InferenceSession, int8: onnxruntime.InferenceSession, temperature: float
) -> tuple[dict[str, Any], Proof]:
    texts = list_texts()
    pairs = encode(trained.tokenizer, texts, trained.settings.max_len)
    ids = [kept for kept, _ in pairs]
    network, served = run_network(trained.model, ids), run_session(int8, ids, "int8 golden")
    proof = prove_texts(network, run_session(fp32, ids, "fp32 golden"), served, temperature)
    probabilities = [to_probabilities(logits, temperature) for logits in (network, served)]
    cases = [
        {"text": text, "ids": kept, "dropped": dropped, "reference": _round(reference), "served": _round(answer)}
        for text, (kept, dropped), reference, answer in zip(texts, pairs, *probabilities, strict=True)
    ]
    return {"schema": 2, "libraries": list_libraries(), "cases": cases}, proof


def _round(probabilities: Any) -> list[float]:
    return [round(float(value), 8) for value in probabilities]


def _measure_test(trained: Trained, int8: onnxruntime.InferenceSession, temperature: float) -> list[dict[str, Any]]:
    if not trained.test.rows.texts:
        return []
    ids = trained.test.encoded.ids
    reference = compute_all_logits(trained.model, trained.test.encoded, trained.settings)
    return describe_sets("test", trained.test, Answers(reference, run_session(int8, ids, "int8 test")), temperature)


def _measure_behaviours(trained: Trained, int8: onnxruntime.InferenceSession, temperature: float) -> Behaviours:
    def answer(texts: list[str]) -> Floats:
        ids = [kept for kept, _ in encode(trained.tokenizer, texts, trained.settings.max_len)]
        return to_probabilities(run_session(int8, ids, "int8 behaviours"), temperature)

    return measure_behaviours(answer, trained.validation.rows.classes)


def _write_files(folder: Path, trained: Trained, golden: dict[str, Any]) -> None:
    """Leaves in the folder what is published, and nothing else."""
    for path in folder.iterdir():
        if path.name not in {"model.onnx", FP16}:
            path.unlink()
    (folder / "tokenizer.json").write_bytes(describe(trained.tokenizer))
    # ASCII, because an unpaired surrogate has no UTF-8 form.
    (folder / "golden.json").write_text(json.dumps(golden, separators=(",", ":")), "ascii")
    if trained.settings.keep_weights:
        save_file(copy_weights(trained.model), folder / "model.safetensors")
        (folder / "config.json").write_text(trained.model.config.to_json_string(use_diff=False), "utf-8")


def _describe(trained: Trained, candidate: Candidate, now: datetime) -> dict[str, Any]:
    """The manifest of a version made now; writes the report, which names the version, on the way."""
    manifest = {
        "schema": 1,
        "version": name_version(candidate.folder, now),
        "createdAt": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "labels": list(trained.validation.rows.classes),
        "maxTokens": trained.settings.max_len,
        "temperature": candidate.temperature,
        "precision": "int8",
        "onnxruntime": onnxruntime.__version__,
        "partBytes": PART_BYTES,
        "metrics": candidate.metrics,
        "provenance": {
            **trained.origin,
            "seed": trained.settings.seed,
            "revision": find_revision(),
            "libraries": list_libraries(),
            "device": str(trained.model.device),
            "parent": candidate.comparison.version,
        },
    }
    (candidate.folder / REPORT).write_text(render(_collect_report_data(trained, candidate, manifest)), "utf-8")
    files = [describe_file(path) for path in list_files(candidate.folder)]
    whole = {**manifest, "files": files, **describe_fp16(candidate.folder)}
    return {**whole, "digest": compute_digest(whole)}


def _collect_report_data(trained: Trained, candidate: Candidate, manifest: dict[str, Any]) -> ReportData:
    validation, served = trained.validation, candidate.answers.served
    scored = Scored(
        rows=validation.rows,
        lengths=[len(ids) for ids in validation.encoded.ids],
        calibrated=to_probabilities(served, candidate.temperature),
        raw=to_probabilities(served, 1.0),
    )
    return ReportData(
        manifest=manifest,
        history=trained.history,
        scored=scored,
        champion=candidate.comparison.described(),
        proof=candidate.proof.figures,
        reasons=candidate.reasons,
        with_text=trained.settings.report_text,
    )
