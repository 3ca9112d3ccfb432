"""What a model's answers to the behaviour sentences say of it, and what the gate makes of that."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import AddedToken
from trained import make_trained
from transformers import BertForSequenceClassification

from data.behaviours import PEOPLE
from data.dataset import CLASSES, POLAR
from data.sentences import read_sentences
from errors import RejectedError
from model.metrics import Floats
from release.behaviours import Answer, Behaviours, explain_people, list_cases, measure_behaviours
from release.candidate import Trained, release
from release.store import FolderStore
from settings import Settings

RIGHT = {case.text: case.accepted[0] for case in list_cases()}


def answer_all(label: str, probability: float, classes: tuple[str, ...] = CLASSES) -> Answer:
    """A model that gives every text one label with one probability, and the rest in equal parts."""
    row = np.full(len(classes), (1 - probability) / (len(classes) - 1))
    row[classes.index(label)] = probability
    return lambda texts: np.tile(row, (len(texts), 1))


def answer_right(texts: list[str]) -> Floats:
    return np.array([[0.9 if name == RIGHT[text] else 0.05 for name in CLASSES] for text in texts])


def failed(behaviours: Behaviours) -> dict[str, float]:
    return {one["name"]: one["failed"] for one in behaviours.described()}


def test_a_model_that_is_always_right_fails_nothing() -> None:
    described = measure_behaviours(answer_right, CLASSES).described()
    assert described[-1]["name"] == PEOPLE and described[-1]["cases"] >= 300
    assert {one["failed"] for one in described} == {0.0}
    assert all(one["cases"] >= 20 for one in described)


def test_one_label_for_everything_fails_what_has_another_and_no_pair() -> None:
    shares = failed(measure_behaviours(answer_all("positive", 0.9), CLASSES))
    assert 0.4 < shares["statements"] < 0.6 and shares["neutral facts"] == 1
    assert shares["typos"] == shares["handles and links"] == shares[PEOPLE] == 0
    # "Not bad" may be neutral, "not good" may not.
    assert 0.2 < failed(measure_behaviours(answer_all("neutral", 0.9), CLASSES))["near negation"] < 0.5


def test_a_neutral_text_may_get_another_label_from_a_model_that_is_not_sure() -> None:
    for classes, enough in ((CLASSES, 0.6), (POLAR, 0.8)):
        for probability, share in ((enough - 0.01, 0), (enough, 1)):
            answer = answer_all("positive", probability, classes)
            assert failed(measure_behaviours(answer, classes))["neutral facts"] == share


def test_a_change_that_turns_the_label_fails_even_where_both_are_wrong() -> None:
    def read_length(texts: list[str]) -> Floats:
        return np.array([[0.8, 0.1, 0.1] if len(text) % 2 else [0.1, 0.1, 0.8] for text in texts])

    shares = failed(measure_behaviours(read_length, CLASSES))
    assert min(shares[name] for name in ("handles and links", PEOPLE, "name pairs", "place pairs")) > 0.3

    def waver(texts: list[str]) -> Floats:
        return np.array([[0.48, 0, 0.52] if len(text) % 2 else [0.52, 0, 0.48] for text in texts])

    shares = failed(measure_behaviours(waver, CLASSES))
    assert shares[PEOPLE] == 0 and shares["handles and links"] > 0.3


@pytest.mark.parametrize(
    ("worse", "better", "refused"),
    [(0, 0, False), (3, 0, False), (4, 0, True), (12, 8, False), (30, 8, True), (0, 9, False)],
)
def test_more_failures_than_chance_explains_are_refused(worse: int, better: int, refused: bool) -> None:
    candidate = Behaviours({PEOPLE: [True] * worse + [False] * better + [False] * 20})
    champion = Behaviours({PEOPLE: [False] * worse + [True] * better + [False] * 20})
    assert bool(explain_people(candidate, champion, "v1")) == refused


@pytest.fixture(scope="module")
def fair(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A tiny model with a token for each word that names people, all with one embedding."""
    base = shutil.copytree(tiny_base, tmp_path_factory.mktemp("people") / "base")
    trained = make_trained(base, Settings(promote=True, behaviours=True))
    words = sorted(
        {
            name.lstrip("~").lower()
            for lists in read_sentences().groups.values()
            for names in lists.values()
            for name in names
        }
    )
    trained.tokenizer.add_tokens([AddedToken(word, single_word=True, normalized=True) for word in words])
    trained.model.resize_token_embeddings(trained.tokenizer.get_vocab_size())
    with torch.no_grad():
        table = embeddings(trained.model)
        table[table.shape[0] - len(words) :] = table[trained.tokenizer.token_to_id("the")]
    return trained


def embeddings(model: BertForSequenceClassification) -> torch.Tensor:
    table = model.get_input_embeddings().weight
    assert isinstance(table, torch.Tensor)
    return table


def test_a_candidate_that_thinks_ill_of_some_people_is_refused(fair: Trained, tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "models")
    parent = release(fair, store)
    first = json.loads((tmp_path / "models" / "current.json").read_text())["manifest"]["metrics"]
    assert first["behaviours"][-1] == {"name": PEOPLE, "cases": first["behaviours"][-1]["cases"], "failed": 0.0}

    again = release(fair, store)
    metrics = json.loads((tmp_path / "models" / "versions" / again / "manifest.json").read_text())["metrics"]
    assert metrics["champion"]["behaviours"] == metrics["behaviours"] == first["behaviours"]

    with torch.no_grad():
        for word in ("muslim", "jewish", "gay", "black", "nigerian", "old", "blind", "female", "trans"):
            for bad in ("terrible", "awful"):
                embeddings(fair.model)[fair.tokenizer.token_to_id(word)] += (
                    4 * embeddings(fair.model)[fair.tokenizer.token_to_id(bad)]
                )
    with pytest.raises(RejectedError, match=r"flips in \d+\.\d% of \d+ groups of sentences .* 0\.0% of the current"):
        release(fair, store)
    assert json.loads((tmp_path / "models" / "current.json").read_text())["version"] == again != parent
    unjudged = replace(fair, settings=replace(fair.settings, behaviours=False, promote=False))
    assert (
        "behaviours"
        not in json.loads((tmp_path / "models" / "versions" / release(unjudged, store) / "manifest.json").read_text())[
            "metrics"
        ]
    )
