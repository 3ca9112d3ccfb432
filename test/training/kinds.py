"""Tiny bases of each kind of BERT, which differ in vocabulary and in tokenizer_config.json.

python kinds.py FOLDER writes a folder for each kind, and reviews.csv, on which all of them can be trained.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from tiny import BAD, GOOD, TOKENS, make_reviews, write_base, write_csv

_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_PLAIN = tuple(token for token in TOKENS if token not in _SPECIAL)
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZÉ"
_OTHERS = "àâäçèéêëíñöøüßœ本书最好とてもоченьхорошая𠀀Σσςالكتاب"


@dataclass(frozen=True)
class Kind:
    """What makes a base of the kind.

    Attributes:
        tokens: the lines of vocab.txt.
        settings: tokenizer_config.json; None writes no such file.
    """

    tokens: tuple[str, ...]
    settings: dict[str, object] | None


def _with_pieces(letters: str) -> tuple[str, ...]:
    distinct = tuple(dict.fromkeys(letters))
    return (*distinct, *(f"##{letter}" for letter in distinct))


KINDS = {
    "uncased": Kind(TOKENS, None),
    "cased": Kind((*TOKENS, *_with_pieces(_CAPITALS + "éΣσς"), "The", "Good"), {"do_lower_case": False}),
    # The special tokens have other ids, and the letters of several scripts keep their accents.
    "multilingual": Kind(
        (*_PLAIN, *_with_pieces(_OTHERS + _CAPITALS), "[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]"),
        {"do_lower_case": False, "strip_accents": False, "tokenize_chinese_chars": False},
    ),
    "uncased with accents": Kind((*TOKENS, *_with_pieces("äöüßσς")), {"do_lower_case": True, "strip_accents": False}),
    # No pieces: a word is in the vocabulary or unknown.
    "whole words": Kind((*_SPECIAL, *GOOD, *BAD, "film", "book", "plot", "was", "the", ",", "."), None),
}


def write_kind(folder: Path, kind: Kind) -> Path:
    """Writes a base of the kind and returns its folder."""
    write_base(folder, kind.tokens, len(kind.tokens))
    if kind.settings is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps(kind.settings), "utf-8")
    return folder


if __name__ == "__main__":
    target = Path(sys.argv[1])
    for name, kind in KINDS.items():
        write_kind(target / name, kind)
    write_csv(target / "reviews.csv", list(make_reviews(400)))
