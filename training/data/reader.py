"""Rows of users' files: CSV, TSV, semicolons and JSON lines, in the columns that hold text and label.

docs/data.md states the rules. The TypeScript reader in layers/reader/ follows the same ones; both are tested on
test/fixtures/reader-cases.json.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from data.columns import Columns, explain_missing_label, find_columns, has_probabilities
from data.dialect import SAMPLE_LINES, Record, detect_dialect, parse_delimiter, read_records
from data.faults import Faults
from data.json_lines import list_keys, read_objects
from data.labels import LabelOption, parse_labels
from data.text_file import check_encoding, read_lines, trim
from settings import Settings


@dataclass(frozen=True)
class ReaderOptions:
    """How files are read, the same for all files of a run.

    Attributes:
        text_column: name of the column with the text; empty: one of the usual names.
        label_column: name of the column with the label; empty: one of the usual names.
        labels: what labels mean.
        delimiter: one character; empty: detected.
        encoding: encoding of files without a byte order mark; empty: UTF-8.
        strict: whether a single faulty row refuses a file.
        soft: whether probabilities of the classes may stand in for labels.
    """

    text_column: str = ""
    label_column: str = ""
    labels: LabelOption = field(default_factory=LabelOption)
    delimiter: str = ""
    encoding: str = ""
    strict: bool = False
    soft: bool = False


def parse_options(settings: Settings, problems: list[str]) -> ReaderOptions:
    """The options that the settings give; one that cannot be used is added to `problems` and left out."""
    labels, delimiter = parse_labels(settings.labels), parse_delimiter(settings.delimiter)
    encoding = settings.encoding
    if isinstance(labels, str):
        problems.append(labels)
        labels = LabelOption()
    if delimiter is None:
        problems.append(f"--delimiter {settings.delimiter}: give comma, semicolon, tab or one character but a quote.")
    if unknown := check_encoding(encoding):
        problems.append(unknown)
        encoding = ""
    return ReaderOptions(
        settings.text_column, settings.label_column, labels, delimiter or "", encoding, settings.strict
    )


@dataclass(frozen=True)
class Row:
    """One row of a file.

    Attributes:
        number: its place among the rows, counted from 1.
        line: the line of the file that it begins on, counted from 1.
        cells: one text for each column of the file.
    """

    number: int
    line: int
    cells: list[str]


class Table:
    """The rows of a file.

    Attributes:
        columns: its columns.
        delimiter: what separates its fields; None for JSON lines.
        faults: what is wrong with rows; grows while they are read.
        count: rows read so far, with the faulty ones.
    """

    def __init__(self, columns: Columns, delimiter: str | None, records: Iterator[Record]) -> None:
        self.columns = columns
        self.delimiter = delimiter
        self.faults = Faults()
        self.count = 0
        self._records = records

    def __iter__(self) -> Iterator[Row]:
        """The rows that can be used, once.

        Raises:
            UnreadableError: the rest of the file cannot be read.
        """
        for record in self._records:
            lost = record.lines if record.fault else 1
            self.count += lost
            if fault := record.fault or self._find_fault(record.cells):
                self.faults.add(fault, record.line, lost)
            else:
                yield Row(self.count, record.line, record.cells)

    def _find_fault(self, cells: list[str]) -> str | None:
        width = len(self.columns.names)
        if len(cells) != width:
            return "too few fields" if len(cells) < width else "too many fields"
        return None if trim(cells[self.columns.text]) else "an empty text"


def open_table(path: Path, options: ReaderOptions, problems: list[str], needs_label: bool = True) -> Table | None:
    """Opens a file; where its columns cannot be used, adds to `problems` and returns None.

    Args:
        path: the file.
        options: how it is read.
        problems: gets one sentence for each thing that is wrong.
        needs_label: whether there must be a column of labels, or of what stands in for them.

    Raises:
        UnreadableError: the file cannot be read as text.
    """
    lines = read_lines(path, options.encoding)
    sample = list(islice(lines, SAMPLE_LINES))
    whole = chain(sample, lines)
    if path.name.removesuffix(".gz").endswith((".jsonl", ".ndjson")):
        delimiter, names = None, list_keys(sample)
        records, fault = read_objects(whole, names), None if names else "none of its first lines is a JSON object."
    else:
        dialect = detect_dialect(sample, len(sample) == SAMPLE_LINES, options.delimiter)
        delimiter, records = dialect.delimiter, read_records(whole, dialect)
        header = next(records, None)
        names, fault = [trim(name) for name in header.cells] if header else [], _explain_header(header)
    if fault:
        problems.append(f"{path}: {fault}")
        return None
    columns, wrong = find_columns(names, options.text_column, options.label_column)
    if needs_label and not wrong and columns.label is None and not (options.soft and has_probabilities(names)):
        wrong = [explain_missing_label(names, options.label_column)]
    problems.extend(f"{path}: {sentence}" for sentence in wrong)
    return None if wrong else Table(columns, delimiter, records)


def _explain_header(header: Record | None) -> str | None:
    if header is None:
        return "it is empty; its first row must name the columns."
    return f"its first row, which must name the columns, has {header.fault}." if header.fault else None
