"""From text to ids, as docs/model-artifact.md lays down and serving repeats."""

import json
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing


def fold(text: str) -> str:
    """White space folded to single spaces and unpaired surrogates replaced by U+FFFD."""
    paired = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return " ".join(paired.split())


def load_tokenizer(folder: Path) -> Tokenizer:
    """The base's WordPiece tokenizer, from tokenizer.json or else vocab.txt, without truncation and padding."""
    described = folder / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(described)) if described.exists() else _from_vocabulary(folder / "vocab.txt")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _from_vocabulary(path: Path) -> Tokenizer:
    vocabulary = {token: index for index, token in enumerate(path.read_text("utf-8").split("\n")) if token}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return tokenizer


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
