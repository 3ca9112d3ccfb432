"""The rows of a run: to learn from, to choose by, to report on; no text stands in two of them."""

from dataclasses import dataclass, field

from dataset import Encoded, Rows, drop_seen, read_files, split
from inspection import inspect
from settings import Settings


@dataclass(frozen=True)
class Parts:
    """Rows by their use.

    Attributes:
        training: what the network learns from.
        validation: what chooses the best epoch, the temperature, and whether the version is published.
        test: what is only reported on; empty without a test file.
        seen: rows of each part that were dropped because a part held out from it has the same text.
    """

    training: Rows
    validation: Rows
    test: Rows
    seen: dict[str, int] = field(default_factory=dict)

    @property
    def sources(self) -> list[dict[str, object]]:
        """Every file once."""
        files = [*self.training.sources, *self.validation.sources, *self.test.sources]
        return [file for place, file in enumerate(files) if file not in files[:place]]

    def inspect(self, encoded: dict[str, Encoded]) -> dict[str, dict[str, int]]:
        """What is doubtful about each part, with the tokenized rows by the part's name."""
        return {
            name: inspect(getattr(self, name), rows.cut, self.seen.get(name, 0)).counted()
            for name, rows in encoded.items()
            if rows.ids
        }


def read_parts(settings: Settings, problems: list[str]) -> Parts:
    """Reads the files of the settings; what is wrong with any of them is added to `problems`.

    Without a validation file a share of the training file is held out. A validation text leaves training, a test text
    leaves both.
    """
    training = read_files(settings.training_file, problems)
    test = read_files(settings.test_file, problems) if settings.test_file else Rows()
    training, tested = drop_seen(training, test)
    seen = {"training": tested}
    if settings.validation_file:
        validation, seen["validation"] = drop_seen(read_files(settings.validation_file, problems), test)
        training, held_out = drop_seen(training, validation)
        seen["training"] += held_out
    else:
        training, validation = split(training, settings.validation_share, settings.seed)
    parts = Parts(training, validation, test, seen)
    if not problems:
        _check(parts, problems)
    return parts


def _check(parts: Parts, problems: list[str]) -> None:
    for name in ("training", "validation"):
        rows: Rows = getattr(parts, name)
        if not rows.texts:
            problems.append(
                f"No rows are left for {name} ({parts.seen.get(name, 0)} were dropped because a held-out file has the "
                "same text); give more rows, or other held-out files."
            )
