"""Builds the sample model's data from public collections: a training file, its short texts, a validation file per set.

    python sample_data.py COLLECTIONS OUT

COLLECTIONS holds the CSV files named in the model card (models/sample/README.md). Tweets are negative, neutral or
positive, reviews and phrases negative or positive. A validation row, and for SST-2 every phrase that a held-out
sentence contains, is in no training file.
"""

import csv
import gzip
import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path

from data.tokenizer import fold

csv.field_size_limit(2**31 - 1)
Row = tuple[str, str]


def read(path: Path) -> list[Row]:
    """Text and sentiment of each row of a gzipped CSV file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [(row["review"], row["sentiment"]) for row in csv.DictReader(file)]


def write(path: Path, rows: Iterable[Row]) -> None:
    """Writes a gzipped CSV file whose bytes depend on the rows only."""
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed,
    ):
        lines = [["review", "sentiment"], *map(list, rows)]
        packed.write(b"".join(_line(line).encode() for line in lines))


def _line(cells: list[str]) -> str:
    return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\r\n"


def is_held_out(text: str, share: float) -> bool:
    """Whether a text belongs to the held-out share, by the hash of its folded lower-case form."""
    digest = hashlib.sha256(fold(text).lower().encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def split_by_hash(rows: list[Row], share: float) -> tuple[list[Row], list[Row]]:
    """Training and held-out rows; equal texts always fall on the same side."""
    return (
        [row for row in rows if not is_held_out(row[0], share)],
        [row for row in rows if is_held_out(row[0], share)],
    )


def split_phrases(phrases: list[Row], sentences: list[Row], share: float) -> tuple[list[Row], list[Row]]:
    """Phrases that no held-out sentence contains, and the held-out sentences."""
    held_out = [row for row in sentences if is_held_out(row[0], share)]
    contained = {gram for text, _ in held_out for gram in _list_grams(fold(text).lower().split())}
    return [row for row in phrases if tuple(fold(row[0]).lower().split()) not in contained], held_out


def _list_grams(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[i:j]) for i in range(len(words)) for j in range(i + 1, len(words) + 1)}


def main(collections: Path, out: Path) -> None:
    """Writes train, short (its phrases and tweets), and the validation files imdb, sst2 and tweets."""
    out.mkdir(parents=True, exist_ok=True)
    phrases, sentences = split_phrases(
        read(collections / "sst2_train_phrases.csv.gz"),
        read(collections / "sst2_train_sentences.csv.gz"),
        0.15,
    )
    tweets, held_out_tweets = split_by_hash(read(collections / "semeval2013_2016_train.csv.gz"), 0.1)
    reviews = read(collections / "imdb_train.csv.gz")
    write(out / "train.csv.gz", [*reviews, *phrases, *tweets])
    write(out / "short.csv.gz", [*phrases, *tweets])
    sets = {"imdb": read(collections / "imdb_valid.csv.gz"), "sst2": sentences, "tweets": held_out_tweets}
    for name, rows in sets.items():
        write(out / f"{name}.csv.gz", rows)
        print(f"{name}: {len(rows)} validation rows")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
