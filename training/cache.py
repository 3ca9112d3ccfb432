"""Tokenized rows, kept by the hash of everything they follow from."""

import hashlib
from itertools import pairwise

import numpy as np
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from dataset import Encoded, Rows, tokenize
from depot import Depot, staging
from text import describe

_FORMAT = b"1"
"""Change it when tokenizing changes in anything but texts, tokenizer and length."""


def tokenize_once(rows: Rows, tokenizer: Tokenizer, max_tokens: int, depot: Depot) -> Encoded:
    """The rows tokenized, from the depot if they were before.

    Args:
        rows: the texts and labels.
        tokenizer: without truncation and padding.
        max_tokens: what each text is cut to.
        depot: where they are looked for and kept.
    """
    key = f"tokens/{_hash(rows, tokenizer, max_tokens)}.safetensors"
    with staging(depot, "tokens") as place:
        if path := depot.fetch(key, place):
            found = load_file(path)
            ends = [0, *found["lengths"].cumsum().tolist()]
            ids = found["ids"].tolist()
            return Encoded([ids[start:end] for start, end in pairwise(ends)], rows.labels, int(found["cut"][0]))
        encoded = tokenize(rows, tokenizer, max_tokens)
        lengths = np.array([len(ids) for ids in encoded.ids], np.int32)
        flat = np.array([token for ids in encoded.ids for token in ids], np.int32)
        save_file({"ids": flat, "lengths": lengths, "cut": np.array([encoded.cut], np.int32)}, place / "tokens")
        depot.keep(key, place / "tokens")
    return encoded


def _hash(rows: Rows, tokenizer: Tokenizer, max_tokens: int) -> str:
    digest = hashlib.sha256(_FORMAT + describe(tokenizer) + str(max_tokens).encode())
    for text in rows.texts:
        content = text.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:32]
