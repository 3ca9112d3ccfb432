"""Templates and lexicon of the behaviour sentences: read from data/sentences/, and filled.

A template is text with slots and alternatives: `The {thing} {was} [very|] {pos}.` Its language is described in
training/README.md.
"""

import random
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "sentences"

PERSONS = "staff"
"""The domain whose things are persons."""

Lists = dict[str, list[str]]

_ALTERNATIVES = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([\w' ]+)\}")
_ARTICLE = re.compile(r"\b([Aa])n? (?=[\w#@])")
_VOWEL = re.compile(
    r"(?!uni[^nm]|use|eu|one|ukr|ut[aeio])[aeiou]|hour|honest|heir|8|11\b|18|[fhlmnrsx]\b|lgbt", re.IGNORECASE
)
_AGREEING = {
    "is": ("is", "are"),
    "was": ("was", "were"),
    "isn't": ("isn't", "aren't"),
    "wasn't": ("wasn't", "weren't"),
    "doesn't": ("doesn't", "don't"),
    "them": ("it", "them"),
    "they_are": ("it is", "they are"),
    "they_were": ("it was", "they were"),
}
"""Slots that agree with the nearest {thing}: singular, plural. With "1" at the end they are always singular."""

_ENDINGS = {"s": "s", "d": "ed"}


@dataclass(frozen=True)
class Template:
    """A sentence with slots.

    Attributes:
        text: the sentence.
        kind: the behaviour that it is a case of.
        accepted: the labels that are right; the first is the one to train with.
        held_out: whether training never sees it.
    """

    text: str
    kind: str
    accepted: tuple[str, ...]
    held_out: bool


@dataclass
class Sentences:
    """What data/sentences/ holds.

    Attributes:
        templates: in the order of the files.
        general: lists of words by the name of their slot.
        domains: lists that belong together, by domain: things and the adjectives that fit them.
        groups: lists of words for groups of people, for first names and for places, by kind.
    """

    templates: list[Template] = field(default_factory=list)
    general: Lists = field(default_factory=dict)
    domains: dict[str, Lists] = field(default_factory=dict)
    groups: dict[str, Lists] = field(default_factory=dict)


@cache
def read_sentences() -> Sentences:
    """Everything in data/sentences/."""
    found = Sentences()
    for path in sorted(FOLDER.glob("*.txt")):
        _read_file(path.read_text("utf-8").splitlines(), path.stem == "lexicon", found)
    return found


def _read_file(lines: list[str], domains: bool, found: Sentences) -> None:
    lists: Lists = found.general
    heading: list[str] | None = None
    for line in filter(None, lines):
        if line.startswith("# "):
            continue
        if line.startswith("@ "):
            heading = [part.strip() for part in line[2:].split("|")]
        elif section := re.fullmatch(r"\[([a-z ]+)\]", line):
            lists, heading = _open_section(section[1], domains, found), None
        elif heading:
            accepted = tuple(heading[1].split(" or "))
            found.templates.append(Template(line, heading[0], accepted, heading[2:] == ["held out"]))
        else:
            name, _, words = line.partition(": ")
            if name in lists:
                raise ValueError(f"data/sentences/ has two lists {name!r} in one section.")
            lists[name] = re.split(r"\s*;\s+", words.strip())


def _open_section(name: str, domains: bool, found: Sentences) -> Lists:
    if name.startswith("people "):
        return found.groups.setdefault(name.removeprefix("people "), {})
    return found.domains.setdefault(name, {}) if domains and name != "general" else found.general


def select(words: list[str], held_out: bool) -> list[str]:
    """The words that training (without those marked "~") or held-out sentences (all of them) may use."""
    return [word.removeprefix("~") for word in words if held_out or not word.startswith("~")]


class Writer:
    """Fills templates with words of one domain, reproducibly.

    Args:
        sentences: the words.
        domain: the domain that things and adjectives come from.
        held_out: whether words that training never sees are used too.
        chance: the source of every choice.
    """

    def __init__(self, sentences: Sentences, domain: str, held_out: bool, chance: random.Random) -> None:
        self._general = sentences.general
        self._domain = sentences.domains[domain]
        # Of several waiters, and of one whose sex is not told, English says "they".
        self._persons = domain == PERSONS
        self._held_out = held_out
        self._chance = chance

    def fill(self, template: str) -> str:
        """The template with alternatives chosen and every slot but {group} filled."""
        pieces = _SLOT.split(self._choose_alternatives(template))
        slots, used = pieces[1::2], set[str]()
        things = {place: self._draw_new("things", used) for place, slot in enumerate(slots) if slot.lower() == "thing"}
        for place, slot in enumerate(slots):
            word = things[place] if place in things else self._fill_slot(slot, _find_nearest(things, place), used)
            word = word.removesuffix("+") if place in things else word
            pieces[2 * place + 1] = word[0].upper() + word[1:] if slot[0].isupper() else word
        return tidy("".join(pieces))

    def draw(self, name: str) -> str:
        """A word of a list, the domain's if it has one. Adjectives are general ones half of the time."""
        special, general = self._domain.get(name, []), self._general.get(name, [])
        words = self._chance.choice((special, general)) if name in ("pos", "neg") else special or general
        if not words:
            raise KeyError(f"No list of data/sentences/ is named {name!r}.")
        return self._chance.choice(select(words, self._held_out))

    def _choose_alternatives(self, text: str) -> str:
        while _ALTERNATIVES.search(text):
            text = _ALTERNATIVES.sub(lambda match: self._chance.choice(match[1].split("|")), text)
        return text

    def _draw_new(self, name: str, used: set[str]) -> str:
        """A word that is not in the sentence yet, if one is found soon."""
        for _ in range(5):
            word = self.draw(name)
            if word not in used:
                break
        used.add(word)
        return word

    def _fill_slot(self, slot: str, thing: str, used: set[str]) -> str:
        name = slot[0].lower() + slot[1:]
        if name == "group":
            return "{group}"
        if name.rstrip("1") in _AGREEING:
            pronoun = name.startswith("the")
            plural = thing.endswith("+") or (pronoun and self._persons)
            word = _AGREEING[name.rstrip("1")][plural and not name.endswith("1")]
            return self._contract(word) if "'" in word else word
        if name == "ones":
            return pluralize(self._draw_new("one", used))
        for stem in ("like", "hate"):
            if ending := _ENDINGS.get(name.removeprefix(stem)):
                return _inflect(self.draw(stem), ending)
        word = self._draw_new(name, used)
        return self.fill(word) if "{" in word or "[" in word else word

    def _contract(self, word: str) -> str:
        """A negated verb as people write it: contracted, in full, or without its apostrophe."""
        full = word.replace("n't", " not")
        return self._chance.choices((word, full, word.replace("'", "")), (5, 4, 1))[0]


def _find_nearest(things: dict[int, str], place: int) -> str:
    """The thing before this place, or else the first after it."""
    before = [thing for where, thing in things.items() if where < place]
    return before[-1] if before else next(iter(things.values()), "")


def _inflect(verb: str, ending: str) -> str:
    return verb.removesuffix("e") + ending if ending != "s" and verb.endswith("e") else verb + ending


def pluralize(noun: str) -> str:
    """The plural of a regular noun."""
    if noun[-1] == "y" and noun[-2] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def tidy(text: str) -> str:
    """The text with the right article before each noun, and no space too many."""
    text = re.sub(r" +", " ", text).strip()
    text = re.sub(r" ([.,!?])(?=\s|$)", r"\1", text)
    return _ARTICLE.sub(_agree_article, text)


def _agree_article(match: re.Match[str]) -> str:
    return match[1] + ("n " if _VOWEL.match(match.string, match.end()) else " ")
