"""How the served model's answers on the validation rows spread, for the comparison with its answers to callers.

The bins are those of layers/prediction/distribution.ts; both are tested on test/fixtures/distribution.json.
"""

from typing import Any

import numpy as np

from model.metrics import Floats, Integers, choose

SCORE_EDGES = (0.6, 0.8, 0.9, 0.95)
"""Least score of each bin after the first."""

LENGTH_EDGES = (17, 65, 257)
"""Least tokens of each bin after the first."""

_UNKNOWN_BINS = 3
"""Texts without an unknown token, with some, and with a tenth or more."""


def find_bins(scores: Floats, lengths: Integers, unknown: Integers) -> dict[str, Integers]:
    """The place of each answer among the bins of each feature, from 0; int64 [rows].

    Args:
        scores: probability of the answered class, float64 [rows]. It is compared in single precision, as it is served.
        lengths: tokens that the model read, the two markers counted, int64 [rows].
        unknown: those of them that it does not know, int64 [rows].
    """
    return {
        "score": np.digitize(scores.astype(np.float32), np.array(SCORE_EDGES, np.float32)),
        "length": np.digitize(lengths, LENGTH_EDGES),
        "unknown": np.where(unknown == 0, 0, np.where(unknown * 10 < lengths, 1, 2)),
    }


def describe_distribution(
    probabilities: Floats, ids: list[list[int]], classes: tuple[str, ...], unknown_id: int | None
) -> dict[str, Any]:
    """Rows by bin of each feature and by answered class, as the manifest holds them.

    Args:
        probabilities: the served model's, float64 [rows, classes].
        ids: token ids of each row.
        classes: class names in the order of the probabilities.
        unknown_id: the id of `[UNK]`; None if the tokenizer has none.
    """
    lengths = np.array([len(one) for one in ids])
    unknown = np.array([one.count(unknown_id) if unknown_id is not None else 0 for one in ids])
    answered = choose(probabilities)
    bins = find_bins(probabilities[np.arange(len(ids)), answered], lengths, unknown)
    sizes = {"score": len(SCORE_EDGES) + 1, "length": len(LENGTH_EDGES) + 1, "unknown": _UNKNOWN_BINS}
    return {
        "rows": len(ids),
        "class": {name: int(np.sum(answered == place)) for place, name in enumerate(classes)},
        **{name: np.bincount(bins[name], minlength=size).tolist() for name, size in sizes.items()},
    }
