"""Rows: read, separated, and counted where they are doubtful."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from tiny import make_reviews, write_csv

from data.dataset import CLASSES, POLAR, Rows, read_files
from data.reader import ReaderOptions
from data.splits import drop_seen, inspect, split


def make_rows(*pairs: tuple[str, int]) -> Rows:
    origins = [(0, number) for number in range(1, len(pairs) + 1)]
    return Rows([text for text, _ in pairs], [label for _, label in pairs], [{"name": "made.csv"}], origins)


def test_every_row_knows_its_file_and_its_number_there(tmp_path: Path) -> None:
    first = write_csv(tmp_path / "a.csv", [("good", "positive"), ("bad", "negative")])
    second = write_csv(tmp_path / "b.csv", [("great", "pos")])
    problems: list[str] = []
    rows = read_files(f"{first},{second}", ReaderOptions(), problems)
    assert problems == []
    assert rows.origins == [(0, 1), (0, 2), (1, 1)]
    assert [source["rows"] for source in rows.sources] == [2, 1]
    assert rows.take([2, 0]).origins == [(1, 1), (0, 1)]


def test_a_column_named_pair_keeps_rows_of_one_file_together(tmp_path: Path) -> None:
    header = ("review", "sentiment", "pair")
    first = write_csv(
        tmp_path / "a.csv", [("good", "positive", "7"), ("bad", "negative", ""), ("fine", "positive", "7")], header
    )
    second = write_csv(tmp_path / "b.csv", [("great", "1", "7"), ("dull", "0", "8")], header)
    rows = read_files(f"{first},{second}", ReaderOptions(), [])
    assert rows.pairs == [(0, "7"), None, (0, "7"), (1, "7"), (1, "8")]
    assert rows.take([4, 1]).pairs == [(1, "8"), None]


@pytest.mark.parametrize("seed", range(5))
def test_a_split_is_stratified_and_equal_texts_stay_on_one_side(seed: int) -> None:
    reviews = [(text, int(label == "positive")) for text, label in make_reviews(200)]
    rows = make_rows(*reviews, *[(f" {text}  ", label) for text, label in reviews[:60]])
    training, validation = split(rows, 0.1, seed)
    assert len(training.texts) + len(validation.texts) == 260
    assert not {" ".join(text.split()) for text in training.texts} & {
        " ".join(text.split()) for text in validation.texts
    }
    assert all(12 <= count <= 15 for count in Counter(validation.labels).values())


def test_each_of_three_classes_gives_the_same_share_and_is_counted() -> None:
    rows = replace(make_rows(*((f"text {number}", number % 3) for number in range(90))), classes=CLASSES)
    training, validation = split(rows, 0.2, 1)
    assert Counter(validation.labels) == {0: 6, 1: 6, 2: 6} and training.classes == CLASSES
    counted = inspect(training, cut=0).counted()
    assert list(counted)[:4] == ["rows", *CLASSES] and counted["neutral"] == 24
    polar = rows.keep_classes(POLAR)
    assert Counter(polar.labels) == {0: 30, 1: 30} and polar.origins[:2] == [(0, 1), (0, 3)]


def test_a_text_that_is_held_out_leaves_training_and_is_counted() -> None:
    training = make_rows(("good  film", 1), ("bad film", 0), ("dull film", 0))
    kept, seen = drop_seen(training, make_rows((" good film ", 0)))
    assert (kept.texts, kept.labels, seen) == (["bad film", "dull film"], [0, 0], 1)
    assert kept.origins == [(0, 2), (0, 3)]


def test_duplicates_conflicts_and_markup_are_counted() -> None:
    rows = make_rows(
        ("good film", 1),
        ("good  film", 1),
        ("so so", 1),
        ("so so", 0),
        ("first<br />second", 0),
        ("rock &amp; roll", 1),
        ("3 < 4 and 5 > 4, R&D; & so on", 1),
        ("i <3 it", 1),
    )
    found = inspect(rows, cut=3, seen=2).counted()
    assert found == {
        "rows": 8,
        "negative": 2,
        "positive": 6,
        "unlabelled": 0,
        "duplicates": 2,
        "conflicting": 2,
        "html": 2 + 1,  # R&D; has the form of an entity
        "cut": 3,
        "seen": 2,
    }
