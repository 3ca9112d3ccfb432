"""The gate before publication: a candidate against the version that serves now, the champion, on the same rows.

Versions of other classes are compared over the classes that both have: see docs/decisions/0052.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from data.dataset import CLASSES, POLAR, Rows
from data.tokenizer import encode
from errors import StoreError
from model.export import open_session
from model.metrics import Floats, Quality, measure, narrow, to_probabilities
from release.behaviours import Behaviours, explain_people, measure_behaviours
from release.digest import has_own_digest
from release.proof import run_session
from release.store import Store
from settings import Settings


class ChampionError(Exception):
    """There is a current version, but it cannot be read and verified; nothing may replace it unmeasured."""


@dataclass(frozen=True)
class Champion:
    """The current version, verified and open.

    Attributes:
        version: its name.
        session: its model.onnx.
        tokenizer: its tokenizer, which need not be the candidate's.
        max_tokens: tokens that it reads.
        temperature: what calibrates its probabilities.
        classes: its class names in logit order.
    """

    version: str
    session: ort.InferenceSession
    tokenizer: Tokenizer
    max_tokens: int
    temperature: float
    classes: tuple[str, ...]

    def answer(self, texts: list[str]) -> Floats:
        """Each text's probabilities in the order of `classes`, float64 [texts, classes]."""
        ids = [kept for kept, _ in encode(self.tokenizer, texts, self.max_tokens)]
        return to_probabilities(run_session(self.session, ids, "champion"), self.temperature)


def read_champion(store: Store, threads: int = 0) -> Champion | None:
    """The version that current.json names, every byte checked, or None for a store without one.

    Raises:
        ChampionError: it cannot be read, or is not what its manifest says.
    """
    try:
        found = store.read("current.json")
        return _open(store, json.loads(found[0])["manifest"], threads) if found else None
    except ChampionError:
        raise
    # A damaged pointer or model fails in many ways, and all of them mean the same.
    except Exception as error:
        reason = str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
        raise ChampionError(_explain(store, "current.json", f"it cannot be read ({reason})")) from error


def check_champion(store: Store, problems: list[str]) -> None:
    """Adds to `problems` if there is a current version that no candidate could be measured against."""
    try:
        read_champion(store)
    except ChampionError as error:
        problems.append(str(error))


def _open(store: Store, manifest: dict[str, Any], threads: int) -> Champion:
    if manifest["schema"] != 1 or sorted(manifest["labels"]) not in (list(POLAR), list(CLASSES)):
        raise ChampionError(_explain(store, "current.json", "its schema or its labels are not those of this program"))
    if not has_own_digest(manifest):
        raise ChampionError(_explain(store, "current.json", "its manifest is not what was written"))
    content = {role: _read_file(store, manifest, role) for role in ("model", "tokenizer")}
    tokenizer = Tokenizer.from_str(content["tokenizer"].decode())
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return Champion(
        version=manifest["version"],
        session=open_session(content["model"], threads),
        tokenizer=tokenizer,
        max_tokens=manifest["maxTokens"],
        temperature=manifest["temperature"],
        classes=tuple(manifest["labels"]),
    )


def _read_file(store: Store, manifest: dict[str, Any], role: str) -> bytes:
    """A file's content, once its length and hash are what the manifest says."""
    (file,) = [file for file in manifest["files"] if file["role"] == role]
    key = f"versions/{manifest['version']}/{file['path']}"
    found = store.read(key)
    if found is None:
        raise ChampionError(_explain(store, key, "it does not exist"))
    content = found[0]
    if len(content) != file["bytes"] or hashlib.sha256(content).hexdigest() != file["sha256"]:
        raise ChampionError(_explain(store, key, "its content is not what the manifest says"))
    return content


def _explain(store: Store, key: str, reason: str) -> str:
    return (
        f"The current version is not replaced, because it cannot be compared with: {store.location}/{key}: {reason}. "
        "Restore it, or make another version current."
    )


@dataclass(frozen=True)
class Comparison:
    """Champion and candidate on the same rows, over the classes that both have.

    Attributes:
        candidate: the candidate's quality; over POLAR if there is no champion.
        classes: the classes that were compared.
        partial: whether one of the two has another class, whose rows and probabilities were left out.
        version, champion: the champion's name and quality; None if there is none, or it cannot be read.
        failure: why it cannot be read.
        behaviours: the candidate's failures on behaviour sentences; None if they are not measured.
        champion_behaviours: the champion's on the same.
    """

    candidate: Quality
    classes: tuple[str, ...]
    partial: bool = False
    version: str | None = None
    champion: Quality | None = None
    failure: str | None = None
    behaviours: Behaviours | None = None
    champion_behaviours: Behaviours | None = None

    def described(self) -> dict[str, Any] | None:
        """The champion's version and figures as the manifest holds them, or None.

        Where classes were left out, also those that were compared, and the candidate's figures over them.
        """
        if self.champion is None:
            return None
        compared = {"compared": list(self.classes), "candidate": self.candidate.rounded()} if self.partial else {}
        behaviours = {"behaviours": self.champion_behaviours.described()} if self.champion_behaviours else {}
        return {"version": self.version, **self.champion.rounded(), **compared, **behaviours}


def compare_champion(
    store: Store, rows: Rows, probabilities: Floats, behaviours: Behaviours | None, threads: int
) -> Comparison:
    """Measures champion and candidate on the same rows; a champion that cannot be read becomes a failure.

    Args:
        store: where the champion is.
        rows: the validation rows.
        probabilities: the candidate's, float64 [rows, classes].
        behaviours: the candidate's failures on behaviour sentences; None: the champion's are not measured either.
        threads: threads of one run of the champion.
    """
    labels = np.array(rows.labels)
    try:
        champion, failure = read_champion(store, threads), None
    except ChampionError as error:
        champion, failure = None, str(error)
    if champion is None:
        return Comparison(measure(*narrow(probabilities, labels, rows.classes, POLAR)), POLAR, failure=failure)
    shared = tuple(name for name in rows.classes if name in champion.classes)
    kept = rows.keep_classes(shared)
    order = [champion.classes.index(name) for name in shared]
    answered = champion.answer(kept.texts)[:, order]
    return Comparison(
        measure(*narrow(probabilities, labels, rows.classes, shared)),
        shared,
        partial=set(rows.classes) != set(champion.classes),
        version=champion.version,
        champion=measure(answered / answered.sum(axis=1, keepdims=True), np.array(kept.labels)),
        behaviours=behaviours,
        champion_behaviours=measure_behaviours(champion.answer, champion.classes) if behaviours else None,
    )


def judge(comparison: Comparison, settings: Settings) -> list[str]:
    """Why a candidate may not be published; an empty list if it may."""
    if comparison.failure:
        return [comparison.failure]
    return _judge_accuracy(comparison, settings) + _judge_behaviours(comparison)


def _judge_behaviours(comparison: Comparison) -> list[str]:
    candidate, champion = comparison.behaviours, comparison.champion_behaviours
    return explain_people(candidate, champion, comparison.version or "") if candidate and champion else []


def _judge_accuracy(comparison: Comparison, settings: Settings) -> list[str]:
    accuracy = comparison.candidate.accuracy
    if comparison.champion is None:
        if accuracy >= settings.floor:
            return []
        return [f"Accuracy {accuracy:.4f} is below {settings.floor}, the floor of a first version (FLOOR)."]
    lost = comparison.champion.accuracy - accuracy
    # Rounded, so that a loss of exactly the tolerance passes.
    if round(lost, 9) <= settings.tolerance:
        return []
    rows = f"the same rows that are {' or '.join(comparison.classes)}" if comparison.partial else "the same rows"
    return [
        f"Accuracy {accuracy:.4f} is {lost:.4f} below that of the current version {comparison.version} "
        f"({comparison.champion.accuracy:.4f}) on {rows}, more than {settings.tolerance} (TOLERANCE)."
    ]
