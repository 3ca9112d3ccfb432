"""What the soft labels of training files must be for a run: of its classes, and not against most hard labels."""

from data.dataset import Rows

_UNLIKELY = 0.02
"""A label that the soft label gives less contradicts it. A teacher is so sure and wrong in few rows."""


def knows_neutral(rows: Rows) -> bool:
    """Whether a teacher gave probabilities of the class neutral."""
    return any("neutral" in taught for taught in _list_taught(rows).values())


def explain_soft_labels(rows: Rows, classes: tuple[str, ...]) -> list[str]:
    """One sentence for each file whose soft labels lack a class of the run, or contradict most of its labels.

    Args:
        rows: the training rows as their files hold them, of all classes.
        classes: those of the run.
    """
    problems = []
    for number, taught in _list_taught(rows).items():
        name = rows.sources[number]["name"]
        if missing := [one for one in classes if one not in taught]:
            problems.append(
                f"{name}: its soft labels are of {' and '.join(taught)}, and the classes of this run are "
                f"{', '.join(classes)}; score it with a model that knows {' and '.join(missing)}, or leave neutral "
                "rows out with --no-neutral."
            )
        both = _list_own(rows, number)
        contradicted = sum(probability < _UNLIKELY for probability in both)
        if 2 * contradicted > len(both):
            problems.append(
                f"{name}: the soft label gives the row's own label less than {_UNLIKELY} in {contradicted} of "
                f"{len(both)} rows; the columns {', '.join(taught)} are probably swapped."
            )
    return problems


def _list_taught(rows: Rows) -> dict[int, list[str]]:
    """The classes that a teacher gave probabilities of, by the number of the source."""
    taught = ((number, source.get("soft")) for number, source in enumerate(rows.sources))
    return {number: classes for number, classes in taught if isinstance(classes, list)}


def _list_own(rows: Rows, number: int) -> list[float]:
    """The probability of the row's own label, of the rows of this source that have both."""
    if not rows.soft:
        return []
    all_rows = zip(rows.labels, rows.soft, rows.origins, strict=True)
    return [soft[label] for label, soft, (source, _) in all_rows if source == number and label >= 0 and soft]
