"""Soft labels: a teacher's probabilities, in columns of a training file that bear the names of the classes.

`npm run score` writes them. docs/distillation.md states the rules.
"""

import math

_TOLERANCE = 0.01
"""How far a row's probabilities may be from a sum of 1: they are rounded."""


def find_soft_columns(names: list[str], classes: tuple[str, ...]) -> dict[str, int]:
    """The place of each class's column, in any case; empty unless there is one for the first and the last class.

    Args:
        names: the columns of the file.
        classes: every class that may have a column, in logit order.
    """
    lower = [name.strip().lower() for name in names]
    found = {name: lower.index(name) for name in classes if name in lower}
    return found if {classes[0], classes[-1]} <= set(found) else {}


def parse_soft(cells: list[str], columns: dict[str, int], classes: tuple[str, ...]) -> tuple[float, ...] | str | None:
    """A row's probabilities in the order of the classes, 0 where there is no column; None where all cells are empty.

    Returns:
        The kind of fault (`data/faults.py`) where the cells hold something else.
    """
    given = {name: cells[place].strip() for name, place in columns.items()}
    if not any(given.values()):
        return None
    try:
        soft = [float(given.get(name, "0")) for name in classes]
    except ValueError:
        return "a probability that is no number"
    if not all(0 <= value <= 1 for value in soft):
        return "a probability outside 0 to 1"
    total = math.fsum(soft)
    if abs(total - 1) > _TOLERANCE:
        return "probabilities that do not sum to 1"
    return tuple(value / total for value in soft)


def narrow_soft(soft: tuple[float, ...] | None, places: list[int]) -> tuple[float, ...] | None:
    """The probabilities at these places, made to sum to 1; None where nothing is left."""
    kept = tuple(soft[place] for place in places) if soft else ()
    return tuple(value / sum(kept) for value in kept) if sum(kept) else None
