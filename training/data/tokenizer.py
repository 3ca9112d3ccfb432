"""From text to ids, as docs/model-artifact.md lays down and serving repeats."""

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

from errors import InputError


def fold(text: str) -> str:
    """White space folded to single spaces and unpaired surrogates replaced by U+FFFD."""
    paired = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return " ".join(paired.split())


REQUIRED = ("[UNK]", "[CLS]", "[SEP]")
"""The special tokens that every text needs; any id will do."""


def load_tokenizer(folder: Path) -> Tokenizer:
    """The base's WordPiece tokenizer, from tokenizer.json or else vocab.txt, without truncation and padding.

    Raises:
        InputError: the files are no tokenizer.
    """
    described = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(described)) if described.exists() else _from_vocabulary(folder)
    except InputError:
        raise
    except Exception as error:  # The Rust library raises nothing narrower.
        raise InputError([f"{described} is no tokenizer: {error}."]) from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _from_vocabulary(folder: Path) -> Tokenizer:
    """The tokenizer of vocab.txt, with the normalizer that tokenizer_config.json asks for."""
    path, settings = folder / "vocab.txt", _read_settings(folder / "tokenizer_config.json")
    vocabulary = {token: index for index, token in enumerate(path.read_text("utf-8").split("\n")) if token}
    if lacking := [token for token in REQUIRED if token not in vocabulary]:
        raise InputError([f"{path} lacks {', '.join(lacking)}, which BERT's vocabulary must have."])
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = BertNormalizer(
        handle_chinese_chars=settings.get("tokenize_chinese_chars", True),
        strip_accents=settings.get("strip_accents"),
        lowercase=settings.get("do_lower_case", True),
    )
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.add_special_tokens([token for token in (*REQUIRED, "[PAD]", "[MASK]") if token in vocabulary])
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return tokenizer


def _read_settings(path: Path) -> dict[str, Any]:
    """The fields of tokenizer_config.json; none if it is absent.

    Raises:
        InputError: it is not JSON, or names a tokenizer that vocab.txt alone does not describe.
    """
    try:
        settings: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    except ValueError as error:
        raise InputError([f"{path} is not JSON: {error}."]) from error
    kind = settings.get("tokenizer_class") or "BertTokenizer"
    if kind not in ("BertTokenizer", "BertTokenizerFast"):
        raise InputError([f"{path} names a {kind}, which needs more than vocab.txt; give its tokenizer.json."])
    return settings


def list_other_parts(tokenizer: Tokenizer) -> list[str]:
    """One sentence for each part of the tokenizer that is none of BERT's: serving may give it other ids."""
    described = json.loads(tokenizer.to_str())
    normalizer = described["normalizer"] or {}
    parts = {
        "model": ([described["model"]], ("WordPiece",)),
        "pre-tokenizer": ([described["pre_tokenizer"]], ("BertPreTokenizer",)),
        "normalizer": (normalizer.get("normalizers", [normalizer]), ("BertNormalizer", "Replace")),
    }
    return [
        f"the tokenizer's {name} is {(part or {}).get('type', 'absent')}, and BERT's is {' or '.join(known)}."
        for name, (found, known) in parts.items()
        for part in found
        if (part or {}).get("type") not in known
    ]


def encode(tokenizer: Tokenizer, texts: list[str], max_tokens: int) -> list[tuple[list[int], int]]:
    """Ids of each text, at most `max_tokens` with [SEP] last, and how many tokens did not fit."""
    encodings = tokenizer.encode_batch([fold(text) for text in texts])
    return [truncate(encoding.ids, max_tokens) for encoding in encodings]


def truncate(ids: list[int], max_tokens: int) -> tuple[list[int], int]:
    """The first `max_tokens - 1` ids and [SEP], and how many were dropped; short lists as they are."""
    dropped = max(0, len(ids) - max_tokens)
    return (ids[: max_tokens - 1] + ids[-1:], dropped) if dropped else (ids, 0)


def describe(tokenizer: Tokenizer) -> bytes:
    """The tokenizer as the bytes of its published tokenizer.json."""
    return json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(",", ":")).encode()
