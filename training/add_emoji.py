"""Makes the commonest emoji tokens of a pretrained BERT, which reads all of them as [UNK]:

    python add_emoji.py BASE OUT

OUT is a copy of the folder BASE whose tokenizer.json has an added token for each line of emoji.txt and folds their
variants, and whose word embeddings have a row for each: the mean of the word pieces of its words there. All other
weights are kept bit for bit. docs/decisions/0050-emoji-as-tokens.md has the reasons.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer

from data.tokenizer import describe, load_tokenizer
from errors import InputError
from model.base import check_base

EMOJI = Path(__file__).with_name("emoji.txt")
EMBEDDINGS = "embeddings.word_embeddings.weight"

Replacement = tuple[str, str]
"""Regular expression, in the syntax that Oniguruma and JavaScript share, and the text that takes its place."""

VARIANTS: tuple[Replacement, ...] = (
    # Variation selectors, keycaps, skin tones, and the sign of gender or direction at the end of a sequence. The parts
    # of other sequences become one token each, since BERT's normalizer removes the joiner between them.
    ("[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff]|\u200d[♀♂➡]", ""),
    # Every flag is one token, so that no country has an answer of its own.
    ("[\U0001f1e6-\U0001f1ff]{2}|\U0001f3f4[\U000e0020-\U000e007f]+", "\U0001f3f3"),
)
LINKS: Replacement = ("(?:https?://|www\\.)[!-~]+", "http")
HANDLES: Replacement = ("(?<![A-Za-z0-9_])@[A-Za-z0-9_]+", "@user")
ELONGATION: Replacement = ("([A-Za-z])(?=\\1\\1)", "")
"""Leaves two of three or more equal letters."""


def read_names(path: Path) -> dict[str, str]:
    """Each emoji and its name, from lines of emoji, tab, name; lines that begin with # are comments.

    Raises:
        InputError: a line has another form.
    """
    lines = [(number, line) for number, line in enumerate(path.read_text("utf-8").splitlines(), 1) if line.strip()]
    entries = [(number, line.split("\t")) for number, line in lines if not line.startswith("# ")]
    if wrong := [number for number, entry in entries if len(entry) != 2 or not all(part.strip() for part in entry)]:
        raise InputError([f'{path}: line {number} is not "emoji<TAB>name".' for number in wrong])
    return {emoji: name for _, (emoji, name) in entries}


def fold_first(tokenizer: Tokenizer, replacements: tuple[Replacement, ...]) -> Tokenizer:
    """The tokenizer with the replacements ahead of its normalizer, except those that it has."""
    described: dict[str, Any] = json.loads(tokenizer.to_str())
    normalizer = described["normalizer"]
    steps = normalizer["normalizers"] if normalizer["type"] == "Sequence" else [normalizer]
    wanted = [{"type": "Replace", "pattern": {"Regex": regex}, "content": text} for regex, text in replacements]
    described["normalizer"] = {"type": "Sequence", "normalizers": [*(w for w in wanted if w not in steps), *steps]}
    return Tokenizer.from_str(json.dumps(described))


def start_rows(tokenizer: Tokenizer, embeddings: torch.Tensor, names: dict[str, str]) -> dict[str, torch.Tensor]:
    """The mean embedding, [hidden size], of the known word pieces of each name.

    Raises:
        InputError: names that have no known word piece.
    """
    unknown = tokenizer.token_to_id("[UNK]")
    pieces = {
        emoji: [id_ for id_ in tokenizer.encode(name, add_special_tokens=False).ids if id_ != unknown]
        for emoji, name in names.items()
    }
    if lost := [f"{emoji} ({names[emoji]})" for emoji, ids in pieces.items() if not ids]:
        raise InputError([f"The vocabulary has no word piece of the name of {', '.join(lost)}; leave them out."])
    return {emoji: embeddings[ids].float().mean(dim=0).to(embeddings.dtype) for emoji, ids in pieces.items()}


def add_emoji(base: Path, out: Path, names: dict[str, str], further: tuple[Replacement, ...] = ()) -> int:
    """Writes the base with the emoji as tokens into a new folder.

    Args:
        base: a pretrained BERT in the Hugging Face layout.
        out: the new folder; not made if the base has everything already.
        names: each emoji and the words that its embedding starts from.
        further: replacements beside those of the variants.

    Returns:
        How many rows the embeddings have gained. An emoji that is in the vocabulary keeps its row.

    Raises:
        InputError: the base is no BERT, or its vocabulary cannot take an emoji.
        FileExistsError: `out` is there already.
    """
    problems: list[str] = []
    if not check_base(base, problems):
        raise InputError(problems)
    plain = load_tokenizer(base)
    tokenizer = fold_first(plain, (*VARIANTS, *further))
    weights = load_file(base / "model.safetensors")
    (place,) = [name for name in weights if name.endswith(EMBEDDINGS)]
    new = {emoji: name for emoji, name in names.items() if plain.token_to_id(emoji) is None}
    rows = start_rows(plain, weights[place], new)
    tokenizer.add_tokens([AddedToken(emoji, normalized=True) for emoji in names])
    if tokenizer.to_str() == plain.to_str():
        return 0
    ids = tokenizer.get_vocab()
    weights[place] = _place_rows(weights[place], {ids[emoji]: row for emoji, row in rows.items()})
    shutil.copytree(base, out)
    (out / "tokenizer.json").write_bytes(describe(tokenizer))
    with safe_open(base / "model.safetensors", "pt") as file:
        save_file(weights, out / "model.safetensors", file.metadata())
    config = json.loads((base / "config.json").read_text("utf-8"))
    config["vocab_size"] = len(weights[place])
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    return len(new)


def _place_rows(embeddings: torch.Tensor, rows: dict[int, torch.Tensor]) -> torch.Tensor:
    """The matrix with each row at its id; it grows where it is too short."""
    lacking = max([*rows, len(embeddings) - 1]) + 1 - len(embeddings)
    grown = torch.cat([embeddings, embeddings.new_zeros(lacking, embeddings.shape[1])])
    for id_, row in rows.items():
        grown[id_] = row
    return grown


def main() -> None:
    """Reads the command line and writes the folder."""
    parser = argparse.ArgumentParser(description="Makes the commonest emoji tokens of a pretrained BERT.")
    parser.add_argument("base", type=Path, help="folder of the pretrained BERT")
    parser.add_argument("out", type=Path, help="new folder")
    parser.add_argument("--emoji", type=Path, default=EMOJI, help="another list: lines of emoji, tab, words")
    parser.add_argument("--fold-links", action="store_true", help="read every link as http")
    parser.add_argument("--fold-handles", action="store_true", help="read every @handle as @user")
    parser.add_argument("--fold-elongation", action="store_true", help="read soooo as soo")
    given = parser.parse_args()
    chosen = {LINKS: given.fold_links, HANDLES: given.fold_handles, ELONGATION: given.fold_elongation}
    try:
        names = read_names(given.emoji)
        further = tuple(replacement for replacement, wanted in chosen.items() if wanted)
        added = add_emoji(given.base, given.out, names, further)
    except (InputError, OSError) as error:
        sys.exit(str(error))
    done = given.out.exists()
    print(f"{given.out}: {added} emoji added." if done else f"{given.base} has all of it already; nothing was written.")


if __name__ == "__main__":
    main()
