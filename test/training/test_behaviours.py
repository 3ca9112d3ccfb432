"""The behaviour sentences: disjoint templates, equal bytes for equal seeds, pairs that differ as they should."""

import csv
import gzip
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from data.behaviours import PEOPLE, PERTURBED, WEIGHTS, Case, perturb, write_held_out_cases, write_training_cases
from data.perturbations import add_handles, add_typos, change_case
from data.sentences import Writer, pluralize, read_sentences, select, tidy

SENTENCES = read_sentences()
LABELS = {"negative", "neutral", "positive"}


@pytest.fixture(scope="module")
def training() -> list[Case]:
    return write_training_cases(4000, 1)


@pytest.fixture(scope="module")
def held_out() -> list[Case]:
    return write_held_out_cases(40, 1)


def group_pairs(cases: list[Case]) -> dict[int, list[Case]]:
    pairs: dict[int, list[Case]] = {}
    for case in cases:
        if case.pair is not None:
            pairs.setdefault(case.pair, []).append(case)
    return pairs


def test_training_and_held_out_share_neither_template_nor_text(training: list[Case], held_out: list[Case]) -> None:
    templates = {side: {one.text for one in SENTENCES.templates if one.held_out == side} for side in (False, True)}
    assert len(templates[False]) > 600 and len(templates[True]) > 150
    assert not templates[False] & templates[True]
    assert not {case.text for case in training} & {case.text for case in held_out}


def test_training_uses_no_word_that_is_only_held_out(training: list[Case], held_out: list[Case]) -> None:
    adjectives = {word[1:] for word in SENTENCES.general["pos"] if word[0] == "~"}
    religions = {word[1:] for word in SENTENCES.groups["religion"]["adjective"] if word[0] == "~"}
    for words in (adjectives, religions):
        assert len(words) >= 4
        assert not [case for case in training if words & set(case.text.replace(".", "").split())]
        assert [case for case in held_out if words & set(case.text.replace(".", "").split())]
    assert select(["a", "~b"], held_out=False) == ["a"] and select(["a", "~b"], held_out=True) == ["a", "b"]


def test_every_kind_is_written_with_valid_labels(training: list[Case], held_out: list[Case]) -> None:
    for cases in (training, held_out):
        assert {case.kind for case in cases} == set(WEIGHTS)
        assert {label for case in cases for label in case.accepted} == LABELS
        assert not [case.text for case in cases if set("{}[]~|") & set(case.text.replace("</3", ""))]
    counted = Counter(case.accepted[0] for case in training)
    assert min(counted.values()) > 0.25 * len(training)


def test_every_template_can_be_filled_in_every_domain() -> None:
    chance = random.Random(1)
    for domain in SENTENCES.domains:
        for template in SENTENCES.templates:
            text = Writer(SENTENCES, domain, template.held_out, chance).fill(template.text)
            assert text.replace("{group}", "") == text.replace("{group}", "").replace("{", "")


def test_members_of_a_group_differ_only_in_the_group(training: list[Case], held_out: list[Case]) -> None:
    groups = {name: {word for words in lists.values() for word in words} for name, lists in SENTENCES.groups.items()}
    for cases in (training, held_out):
        pairs = [pair for pair in group_pairs(cases).values() if pair[0].group]
        assert len(pairs) > 50
        for pair in pairs:
            assert len(pair) >= 2 and len({(case.accepted, case.kind, case.group) for case in pair}) == 1
            assert set.intersection(*(hide_group(case, groups[case.group]) for case in pair)), pair
    assert {case.group for case in held_out if case.kind == PEOPLE} == set(SENTENCES.groups) - {"first name", "place"}


def hide_group(case: Case, words: set[str]) -> set[str]:
    """The text with a word of the group taken out and "an" made "a": one for each word that stands in it."""
    text = case.text.lower()
    patterns = [rf"\b{re.escape(word.lstrip('~').lower())}\b" for word in words]
    return {re.sub(one, "…", text).replace("an …", "a …") for one in patterns if re.search(one, text)}


def test_a_perturbed_case_stands_beside_its_untouched_text(training: list[Case]) -> None:
    pairs = [pair for pair in group_pairs(training).values() if pair[0].kind in PERTURBED]
    assert len(pairs) > 100
    for untouched, changed in pairs:
        assert untouched.text != changed.text and untouched.accepted == changed.accepted


def test_the_command_writes_equal_bytes_for_equal_seeds(tmp_path: Path) -> None:
    command = Path(__file__).parents[2] / "training" / "behaviours.py"
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        options = ["--rows", "300", "--held-out", "5", "--seed", seed]
        subprocess.run([sys.executable, command, tmp_path / name, *options], check=True)
    for name in ("behaviours.csv.gz", "behaviours-held-out.csv.gz"):
        content = {folder: (tmp_path / folder / name).read_bytes() for folder in "abc"}
        assert content["a"] == content["b"] != content["c"]
        rows = list(csv.DictReader(gzip.decompress(content["a"]).decode().splitlines()))
        assert {"review", "sentiment", "kind", "pair"} == set(rows[0])
        assert {row["sentiment"] for row in rows} == LABELS


def test_short_texts_of_own_files_are_copied_with_changes(tmp_path: Path) -> None:
    texts = ["The film was lovely and funny", "The film was terribly dull", "long " * 61]
    (tmp_path / "own.csv").write_text(
        "review,sentiment\n" + "\n".join(f"{text},{n}" for n, text in enumerate(texts[:2]))
    )
    cases = perturb(texts, ["positive", "negative", "neutral"], 10, seed=1)
    assert sorted(case.accepted[0] for case in cases) == ["negative", "positive"]
    assert not {case.text for case in cases} & set(texts) and {case.kind for case in cases} <= set(PERTURBED)
    command: list[str | Path] = [
        sys.executable,
        Path(__file__).parents[2] / "training" / "behaviours.py",
        tmp_path / "out",
    ]
    options = ["--rows", "10", "--held-out", "1", "--perturbed-rows", "1"]
    subprocess.run([*command, *options, "--perturb", tmp_path / "own.csv"], check=True)
    assert len(gzip.decompress((tmp_path / "out" / "perturbed.csv.gz").read_bytes()).splitlines()) == 2
    refused = subprocess.run(
        [*command, *options, "--perturb", "absent.csv"], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1 and "absent.csv" in refused.stderr


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("a awful film", "an awful film"),
        ("an useful app, a hour", "a useful app, an hour"),
        ("A  European saw an union", "A European saw a union"),
        ("a unfair match at a 8 pm", "an unfair match at an 8 pm"),
        ("a F, an LGBT group and a one-armed man .", "an F, an LGBT group and a one-armed man."),
    ],
)
def test_articles_and_spaces_are_put_right(text: str, tidied: str) -> None:
    assert tidy(text) == tidied


@pytest.mark.parametrize(
    ("noun", "plural"), [("film", "films"), ("comedy", "comedies"), ("day", "days"), ("dish", "dishes")]
)
def test_plurals(noun: str, plural: str) -> None:
    assert pluralize(noun) == plural


def test_verbs_agree_with_the_nearest_thing() -> None:
    writer = Writer(SENTENCES, "phone", False, random.Random(3))
    for _ in range(60):
        text = writer.fill("{Is} the {thing} new? The {thing} {was} old.")
        first, second = text.removesuffix(" old.").split("? The ")
        plural = {word.lstrip("~").rstrip("+") for word in SENTENCES.domains["phone"]["things"] if word[-1] == "+"}
        assert first.startswith("Are ") == (first.removesuffix(" new").split(" the ")[1] in plural)
        assert second.endswith(" were") == (second.rsplit(" ", 1)[0] in plural)


def test_perturbations_change_little() -> None:
    chance = random.Random(5)
    text = "The waiter was really friendly"
    for _ in range(50):
        assert abs(len(add_typos(text, chance)) - len(text)) <= 1
        assert text in add_handles(text, chance)
        assert change_case(text, chance).lower().startswith("the waiter was re")
    assert add_typos("No way", chance) == "No way"
