"""How rows are divided into batches."""

import random
from collections import Counter

from data.tokens import plan_batches

LENGTHS = [random.Random(row).randint(1, 99) for row in range(3000)]


def test_every_row_is_in_one_batch_beside_rows_of_its_length() -> None:
    batches = plan_batches(LENGTHS, 8, seed=1)
    assert sorted(row for batch in batches for row in batch) == list(range(3000))
    assert {len(batch) for batch in batches} == {8}
    spans = sorted(max(LENGTHS[row] for row in batch) - min(LENGTHS[row] for row in batch) for batch in batches)
    assert spans[len(spans) // 2] <= 2


def test_the_order_is_the_one_that_it_was_before_there_were_pairs() -> None:
    assert plan_batches([3, 1, 2, 2, 5], 2, seed=42) == plan_batches([3, 1, 2, 2, 5], 2, seed=42, pairs=[None] * 5)
    assert plan_batches([3, 1, 2, 2, 5], 2, seed=42) == [[2, 0], [4], [1, 3]]


def test_the_rows_of_a_pair_share_a_batch() -> None:
    chooser = random.Random(2)
    pairs = [chooser.choice((None, chooser.randrange(400))) for _ in LENGTHS]
    batches = plan_batches(LENGTHS, 8, seed=1, pairs=pairs)
    assert sorted(row for batch in batches for row in batch) == list(range(3000))
    assert max(map(len, batches)) == 8 and len(batches) < 1.2 * 3000 / 8
    places: dict[int | None, set[int]] = {}
    for place, batch in enumerate(batches):
        for row in batch:
            places.setdefault(pairs[row], set()).add(place)
    sizes = Counter(pairs)
    whole = [pair for pair in places if pair is not None and sizes[pair] <= 8]
    assert len(whole) > 300 and all(len(places[pair]) == 1 for pair in whole)


def test_a_pair_larger_than_a_batch_is_cut() -> None:
    assert sorted(map(len, plan_batches([1] * 5, 2, seed=1, pairs=[7] * 5))) == [1, 2, 2]
