"""Changes of a text that leave its meaning: typos, handles and links, case and punctuation."""

import random
import re
from collections.abc import Callable

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    letter: row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    for row in _ROWS
    for place, letter in enumerate(row)
}
"""Keys beside each letter's on an English keyboard."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def add_typos(text: str, chance: random.Random) -> str:
    """One slip of the finger in a word of four letters or more, two in a text of more than eight words."""
    for _ in range(2 if text.count(" ") >= 8 else 1):
        places = [
            place for word in re.finditer(r"[A-Za-z]{4,}", text) for place in range(word.start() + 1, word.end() - 1)
        ]
        if places:
            text = _slip(text, chance.choice(places), chance)
    return text


def _slip(text: str, place: int, chance: random.Random) -> str:
    before, letter, following, after = text[:place], text[place], text[place + 1], text[place + 2 :]
    kind = chance.choice(("swap", "swap", "drop", "double", "neighbour"))
    if kind == "swap":
        return before + following + letter + after
    if kind == "drop":
        return before + following + after
    if kind == "double":
        return before + letter + letter + following + after
    return before + chance.choice(_NEIGHBOURS[letter.lower()]) + following + after


def add_handles(text: str, chance: random.Random) -> str:
    """A handle, a link or a hashtag before or after the text, or two of them."""
    for _ in range(chance.choice((1, 1, 2))):
        kind = chance.choice(("handle", "handle", "link", "link", "hashtag"))
        if kind == "handle":
            addition = "@" + _invent(chance, 4, 10)
        elif kind == "link":
            addition = chance.choice(("https://t.co/", "http://t.co/", "https://bit.ly/")) + _invent(chance, 6, 10)
        else:
            addition = "#" + chance.choice(("tbt", "news", "today", "2day", "thread", "nowplaying", "weekend", "rt"))
        text = f"{addition} {text}" if kind == "handle" and chance.random() < 0.7 else f"{text} {addition}"
    return text


def _invent(chance: random.Random, least: int, most: int) -> str:
    letters = "".join(chance.choices(_LETTERS, k=chance.randint(least, most)))
    return "".join(letter.upper() if chance.random() < 0.3 else letter for letter in letters)


def change_case(text: str, chance: random.Random) -> str:
    """Capitals, no capitals, no apostrophes, no or repeated punctuation, or a word drawn out ("sooo")."""
    changes: tuple[Callable[[], str], ...] = (
        text.upper,
        text.lower,
        lambda: text.replace("'", ""),
        lambda: re.sub(r"[.,!?]", "", text),
        lambda: re.sub(r"[.!?]$", lambda match: match[0] * chance.randint(2, 4), text),
        lambda: _elongate(text, chance),
    )
    return chance.choice(changes)()


def _elongate(text: str, chance: random.Random) -> str:
    words = list(re.finditer(r"\b(?:so|good|bad|really|very|love|hate|no|not|great|awful|nice|never)\b", text))
    if not words:
        return text.upper()
    word = chance.choice(words)
    vowel = re.search(r"[aeiou](?=[^aeiou]*$|e$)", word[0])
    place = word.start() + (vowel.start() if vowel else len(word[0]) - 1)
    return text[:place] + text[place] * chance.randint(3, 6) + text[place + 1 :]
