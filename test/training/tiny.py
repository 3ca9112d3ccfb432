"""A BERT small enough to train in seconds, and reviews of our own that it can learn.

python tiny.py FOLDER writes base/ (config.json, model.safetensors, vocab.txt), imdb.csv of two classes and tweets.csv
of three.
"""

import csv
import itertools
import random
import sys
from pathlib import Path

import torch
from transformers import BertConfig, BertModel

GOOD = ("good", "great", "lovely", "funny", "moving", "brilliant")
BAD = ("bad", "awful", "boring", "stupid", "dull", "terrible")
PLAIN = ("is", "and", "i", "thought", "it", "very")
_REST = ("the", "film", "book", "was", "a", "is", "and", "i", "thought", "it", "very", "plot", ",", ".", "!")
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


TOKENS = (
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *_LETTERS, *(f"##{letter}" for letter in _LETTERS)),
    *(*GOOD, *BAD, *_REST[:-3], ",", ".", "!"),
)


def write_base(folder: Path, tokens: tuple[str, ...] = TOKENS, rows: int = 120) -> Path:
    """Writes a pretrained BERT of random weights in the Hugging Face layout and returns its folder.

    Args:
        folder: made if it is not there.
        tokens: the lines of vocab.txt.
        rows: of the word embeddings.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", "utf-8")
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=rows,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        pad_token_id=tokens.index("[PAD]"),
    )
    BertModel(config).save_pretrained(folder, safe_serialization=True)
    return folder


def make_reviews(count: int, seed: int = 3) -> list[tuple[str, str]]:
    """Distinct reviews, half of them positive; nine of ten have words of their own sentiment only.

    The tenth has the other's, so that the calibrated temperature stays away from zero. Where every row is right, it
    runs to zero, and the smallest rounding of int8 becomes a large difference of probabilities: the proof then refuses
    one seed or one processor in six.
    """
    chooser = random.Random(seed)
    reviews = []
    for number in range(count):
        words, sentiment = (GOOD, "positive") if number % 2 else (BAD, "negative")
        if number % 20 in {7, 16}:
            words = BAD if number % 2 else GOOD
        told = " , ".join(chooser.choices(words, k=chooser.randint(1, 6)))
        reviews.append((f"The {chooser.choice(('film', 'book', 'plot'))} was {told} . {number}", sentiment))
    return reviews


def make_neutral_reviews(count: int, seed: int = 5) -> list[tuple[str, str]]:
    """Distinct reviews without a word of sentiment; the tenth has one, for the reason that `make_reviews` has."""
    chooser = random.Random(seed)
    reviews = []
    for number in range(count):
        words = chooser.choice((GOOD, BAD)) if number % 10 == 7 else PLAIN
        told = " , ".join(chooser.choices(words, k=chooser.randint(1, 6)))
        reviews.append((f"The {chooser.choice(('film', 'book', 'plot'))} was {told} . {1000 + number}", "neutral"))
    return reviews


def write_csv(path: Path, rows: list[tuple[str, ...]], header: tuple[str, ...] = ("review", "sentiment")) -> Path:
    """Writes a CSV file and returns its path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(itertools.chain([header], rows))
    return path


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write_base(target / "base")
    write_csv(target / "imdb.csv", list(make_reviews(400)))
    write_csv(target / "tweets.csv", [*make_reviews(400), *make_neutral_reviews(200)])
