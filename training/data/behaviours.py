"""Behaviour sentences: own texts with the label that a reader would give, by what they test.

The kinds follow "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList" (Ribeiro et al., 2020,
arXiv:2005.04118). Templates and words are in data/sentences/; templates for held-out sentences are never trained on.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

from data.perturbations import add_handles, add_typos, change_case
from data.sentences import PERSONS, Sentences, Template, Writer, read_sentences, select, tidy

NEUTRAL = "neutral facts"
PEOPLE = "people pairs"
"""Kind of the sentences that differ in a group of people, as the metrics name it."""

WEIGHTS = {
    "statements": 5.0,
    "near negation": 2.5,
    "far negation": 2.0,
    "over time": 1.5,
    "whose opinion": 1.5,
    "questions and answers": 1.5,
    "wishes": 1.5,
    "ratings": 1.0,
    "contrast": 1.5,
    NEUTRAL: 6.0,
    "emoji": 2.5,
    "typos": 4.0,
    "handles and links": 2.0,
    "case and punctuation": 1.0,
    PEOPLE: 3.5,
    "name pairs": 1.0,
    "place pairs": 1.0,
}
"""Share of each kind among the training sentences, relative to one another."""

PERTURBED: dict[str, Callable[[str, random.Random], str]] = {
    "typos": add_typos,
    "handles and links": add_handles,
    "case and punctuation": change_case,
}
"""How a sentence of another kind becomes one of this kind; its answer must be the untouched sentence's."""

_PERSON = "person pairs"
_PLACES = {"name pairs": "first name", "place pairs": "place"}
_PLAIN = ("statements", "near negation", "over time", "whose opinion", "contrast", "wishes", NEUTRAL)
"""Kinds that are perturbed."""

_MEMBERS = 5
"""Sentences of a group, at most."""

_IT = re.compile(r"\b[Ii]t\b")

_SHORT = 60
"""Words of a text that is perturbed, at most."""

_PATIENCE = 2000
"""Attempts in a row without a new sentence after which no more are looked for."""


@dataclass(frozen=True)
class Case:
    """One sentence.

    Attributes:
        text: what the model reads.
        kind: the behaviour that it tests.
        accepted: the labels that are right; training takes the first.
        pair: number of the group of sentences whose answers must be equal, or None.
        group: the kind of group that is named ("religion"), or "".
    """

    text: str
    kind: str
    accepted: tuple[str, ...]
    pair: int | None = None
    group: str = ""


class Generator:
    """Writes cases, reproducibly.

    Args:
        seed: two generators of one seed write the same.
        held_out: whether the cases come from the held-out templates, or from the training templates.
    """

    def __init__(self, seed: int, held_out: bool) -> None:
        self._sentences: Sentences = read_sentences()
        self._held_out = held_out
        self._chance = random.Random(f"{seed} {held_out}")
        self._pairs = count()
        self._templates: dict[str, dict[tuple[str, ...], list[Template]]] = {}
        for template in self._sentences.templates:
            if template.held_out == held_out:
                by_label = self._templates.setdefault(template.kind, {})
                by_label.setdefault(template.accepted, []).append(template)

    def write(self, kind: str) -> list[Case]:
        """A case of the kind, or the cases of one pair: those of a group, or the untouched sentence and its change."""
        if kind in PERTURBED:
            return self._write_perturbed(kind)
        if kind == PEOPLE or kind in _PLACES:
            return self._write_group(kind)
        template = self._choose(kind)
        writer = self._open_writer(template)
        text = writer.fill(template.text)
        return [Case(self._surround(text, kind, writer), kind, template.accepted)]

    def _choose(self, kind: str) -> Template:
        by_label = self._templates[kind]
        return self._chance.choice(by_label[self._chance.choice(sorted(by_label))])

    def _open_writer(self, template: Template) -> Writer:
        # "It" is no person.
        domains = [name for name in self._sentences.domains if name != PERSONS or not _IT.search(template.text)]
        return Writer(self._sentences, self._chance.choice(domains), self._held_out, self._chance)

    def _surround(self, text: str, kind: str, writer: Writer) -> str:
        """The text, in a third of cases with neutral sentences around it."""
        if kind == "emoji" or self._chance.random() > 0.33:
            return text
        if kind == NEUTRAL:
            return f"{text} {writer.fill(self._choose(NEUTRAL).text)}" if text[-1] in ".?!" else text
        sentences = [text if text[-1] in ".!?" else text + "."]
        for place in self._chance.choice(((0,), (0,), (0, 0), (1,), (0, 2))):
            context = writer.draw("context")
            if context not in sentences:
                sentences.insert(place, context)
        return " ".join(sentences)

    def _write_perturbed(self, kind: str) -> list[Case]:
        (original,) = self.write(self._chance.choice(_PLAIN))
        pair = next(self._pairs)
        changed = PERTURBED[kind](original.text, self._chance)
        return [replace(original, text=text, kind=kind, pair=pair) for text in (original.text, changed)]

    def _write_group(self, kind: str) -> list[Case]:
        people = [name for name in self._sentences.groups if name not in _PLACES.values()]
        group = _PLACES.get(kind) or self._chance.choice(people)
        lists = self._sentences.groups[group]
        person = kind == PEOPLE and self._chance.random() < 0.25
        template = self._choose(_PERSON if person else kind)
        words = select(lists["noun" if person else "adjective"], self._held_out)
        members = self._chance.sample(words, min(len(words), _MEMBERS))
        frame, pair = self._open_writer(template).fill(template.text), next(self._pairs)
        return [Case(tidy(_name(frame, word)), kind, template.accepted, pair, group) for word in members]


def _name(frame: str, word: str) -> str:
    text = frame.replace("{group}", word)
    return text[0].upper() + text[1:] if frame.startswith("{group} ") else text


def write_training_cases(rows: int, seed: int) -> list[Case]:
    """At least `rows` training cases, kinds by their weights; fewer if the templates give no more."""
    generator = Generator(seed, held_out=False)
    chance = random.Random(seed)
    kinds, weights = list(WEIGHTS), [WEIGHTS[kind] / _expect_size(kind) for kind in WEIGHTS]
    return list(_collect(lambda: generator.write(chance.choices(kinds, weights)[0]), rows))


def write_held_out_cases(each: int, seed: int) -> list[Case]:
    """At least `each` held-out cases of every kind: sentences, pairs or groups; of groups of people twice as many."""
    generator = Generator(seed, held_out=True)
    cases: list[Case] = []
    for kind in WEIGHTS:
        rows = each * _expect_size(kind) * (2 if kind == PEOPLE else 1)
        cases += _collect(partial(generator.write, kind), rows)
    return cases


def perturb(texts: list[str], labels: list[str], rows: int, seed: int) -> list[Case]:
    """Changed copies of short texts, at most `rows`, with their labels: typos, handles and links, case and punctuation.

    Args:
        texts: own texts; those of more than 60 words are passed over.
        labels: the class of each.
        rows: copies, at most one of each text.
        seed: the same seed chooses and changes the same.
    """
    chance = random.Random(seed)
    short = [(text, label) for text, label in zip(texts, labels, strict=True) if text.count(" ") < _SHORT]
    weights = [WEIGHTS[kind] for kind in PERTURBED]
    cases = []
    for text, label in chance.sample(short, min(rows, len(short))):
        (kind,) = chance.choices(list(PERTURBED), weights)
        cases.append(Case(PERTURBED[kind](text, chance), kind, (label,)))
    return cases


def _expect_size(kind: str) -> int:
    return 2 if kind in PERTURBED else _MEMBERS if kind.endswith("pairs") else 1


def _collect(write: Callable[[], list[Case]], rows: int) -> Iterator[Case]:
    """Cases whose texts are all new, until there are enough."""
    seen: set[str] = set()
    attempts = 0
    while len(seen) < rows and attempts < _PATIENCE:
        cases = write()
        texts = {case.text for case in cases}
        attempts += 1
        if len(texts) == len(cases) and not texts & seen:
            attempts = 0
            seen |= texts
            yield from cases
