"""The rows of a run, split by use: to learn from, to choose by, to report on. No text stands in two splits."""

import random
import re
from dataclasses import dataclass, field, replace

from data.dataset import CLASSES, POLAR, Rows, read_files
from data.reader import parse_options
from data.teacher import explain_soft_labels, knows_neutral
from data.tokenizer import fold
from data.tokens import Encoded
from settings import Settings

_HTML = re.compile(r"</?[a-zA-Z][^<>]*>|&(?:[a-zA-Z]+|#\d+);")


@dataclass(frozen=True)
class Splits:
    """Rows by their use.

    Attributes:
        training: what the network learns from.
        validation: what chooses the best epoch, the temperature, and whether the version is published.
        test: what is only reported on; empty without a test file.
        seen: rows of each split that were dropped because a split held out from it has the same text.
    """

    training: Rows
    validation: Rows
    test: Rows
    seen: dict[str, int] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in logit order, the same for all splits."""
        return self.training.classes

    @property
    def sources(self) -> list[dict[str, object]]:
        """Every file once."""
        files = [*self.training.sources, *self.validation.sources, *self.test.sources]
        return [file for place, file in enumerate(files) if file not in files[:place]]

    def inspect(self, encoded: dict[str, Encoded]) -> dict[str, dict[str, int]]:
        """Counts of doubtful rows in each split; `encoded` holds the tokenized rows by the name of the split."""
        return {
            name: inspect(getattr(self, name), rows.cut, self.seen.get(name, 0)).counted()
            for name, rows in encoded.items()
            if rows.ids
        }


def read_splits(settings: Settings, problems: list[str]) -> Splits:
    """Reads the files of the settings; what is wrong with any of them is added to `problems`.

    Without a validation file a share of the training file is held out. A validation text leaves training, a test text
    leaves both. The classes are those of the training file.
    """
    training, validation, test = _read_classes(settings, problems)
    training, tested = drop_seen(training, test)
    seen = {"training": tested}
    if settings.validation_file:
        validation, seen["validation"] = drop_seen(validation, test)
        training, held_out = drop_seen(training, validation)
        seen["training"] += held_out
    else:
        training, validation = split(training, settings.validation_share, settings.seed)
    splits = Splits(training, validation, test, seen)
    if not problems:
        _check(splits, problems)
    return splits


def _read_classes(settings: Settings, problems: list[str]) -> list[Rows]:
    """Training, validation and test rows as their files hold them, all of the same classes."""
    named = {name: getattr(settings, name) for name in ("training_file", "validation_file", "test_file")}
    options = parse_options(settings, problems)
    read = {}
    for name, paths in named.items():
        chosen = replace(options, soft=name == "training_file")
        read[name] = read_files(paths, chosen, problems) if paths else Rows(classes=CLASSES)
    training = read["training_file"]
    classes = CLASSES if settings.neutral and (training.count("neutral") or knows_neutral(training)) else POLAR
    for name, rows in read.items():
        if rows.labels:
            problems.extend(_explain_classes(name, named[name], rows, classes, settings))
    problems.extend(explain_soft_labels(training, classes))
    return [rows.keep_classes(classes) for rows in read.values()]


def _explain_classes(name: str, paths: str, rows: Rows, classes: tuple[str, ...], settings: Settings) -> list[str]:
    """What keeps the rows of these files from a run of these classes."""
    problems = []
    if settings.neutral and "neutral" not in classes and (count := rows.count("neutral")):
        problems.append(
            f"{paths}: {count} rows are neutral, and no training row is; add neutral rows to TRAINING_FILE, or leave "
            "them out with --no-neutral."
        )
    # Whatever is only reported on need not have every class.
    wanted = POLAR if name == "test_file" else classes
    # Without a validation file the rows to validate on are taken from the labelled ones.
    labels = rows.likeliest if settings.validation_file else rows.labels
    if missing := [label for label in wanted if rows.classes.index(label) not in labels]:
        remedy = " by their label, or name a VALIDATION_FILE" if rows.soft and not settings.validation_file else ""
        problems.append(
            f"{paths}: no row is {' or '.join(missing)}; {name.upper()} needs rows that are {' and '.join(wanted)}"
            f"{remedy}."
        )
    return problems


def _check(splits: Splits, problems: list[str]) -> None:
    for name in ("training", "validation"):
        rows: Rows = getattr(splits, name)
        if not rows.texts:
            problems.append(
                f"No rows are left for {name} ({splits.seen.get(name, 0)} were dropped because a held-out file has the "
                "same text); give more rows, or other held-out files."
            )


def split(rows: Rows, share: float, seed: int) -> tuple[Rows, Rows]:
    """Training and validation rows: each class gives the same share, and equal texts stay on one side.

    Rows with a soft label only are trained on, or dropped where a labelled row of the same text is held out.
    """
    groups: dict[str, list[int]] = {}
    for index, text in enumerate(rows.texts):
        groups.setdefault(fold(text), []).append(index)
    order = list(groups.values())
    random.Random(seed).shuffle(order)
    wanted = [round(rows.labels.count(label) * share) for label in range(len(rows.classes))]
    training: list[int] = []
    validation: list[int] = []
    for group in order:
        labelled = [index for index in group if rows.labels[index] >= 0]
        label = rows.labels[labelled[0]] if labelled else None
        if label is None or wanted[label] <= 0:
            training.extend(group)
        else:
            wanted[label] -= len(labelled)
            validation.extend(labelled)
    return rows.take(sorted(training)), rows.take(sorted(validation))


def drop_seen(rows: Rows, held_out: Rows) -> tuple[Rows, int]:
    """The rows whose text does not stand among the held-out ones, and how many were dropped."""
    seen = {fold(text) for text in held_out.texts}
    kept = [index for index, text in enumerate(rows.texts) if fold(text) not in seen]
    return rows.take(kept), len(rows.texts) - len(kept)


@dataclass(frozen=True)
class Findings:
    """Counts over one set of rows.

    Attributes:
        rows: all of them.
        by_class: rows labelled with each class.
        unlabelled: rows with a soft label only.
        duplicates: rows whose text, white space folded, stands in an earlier row.
        conflicting: rows whose text also stands in a row with another label.
        html: rows with tags or entities left in.
        cut: rows longer than the model reads, of which the end is dropped.
        seen: rows that were removed because a held-out set holds the same text.
    """

    rows: int
    by_class: dict[str, int]
    unlabelled: int
    duplicates: int
    conflicting: int
    html: int
    cut: int
    seen: int

    def counted(self) -> dict[str, int]:
        """The counts as plain data."""
        first = {"rows": self.rows, **self.by_class}
        return {**first, **{name: value for name, value in vars(self).items() if name not in {"rows", "by_class"}}}


def inspect(rows: Rows, cut: int, seen: int = 0) -> Findings:
    """Counts what is doubtful; `cut` and `seen` are what tokenizing and separating have found."""
    labels_of: dict[str, set[int]] = {}
    texts = [fold(text) for text in rows.texts]
    for text, label in zip(texts, rows.labels, strict=True):
        labels_of.setdefault(text, set()).update([label] if label >= 0 else [])
    return Findings(
        rows=len(texts),
        by_class={name: rows.count(name) for name in rows.classes},
        unlabelled=rows.labels.count(-1),
        duplicates=len(texts) - len(labels_of),
        conflicting=sum(len(labels_of[text]) > 1 for text in texts),
        html=sum(_HTML.search(text) is not None for text in rows.texts),
        cut=cut,
        seen=seen,
    )
