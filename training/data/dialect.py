"""How a delimited file is written: its delimiter, and whether its fields may be quoted."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

SAMPLE_LINES = 1000
"""Lines from the start of a file that decide."""

DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";"}

csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is written.

    Attributes:
        delimiter: one character.
        quoted: whether a field in double quotes may hold delimiters, line ends, and quotes that are doubled.
    """

    delimiter: str
    quoted: bool


@dataclass(frozen=True)
class Record:
    """One record of a delimited file.

    Attributes:
        line: where it begins, counted from 1.
        lines: how many lines it spans.
        cells: its fields; empty where there is a fault.
        fault: what is wrong with its quotes, one of faults.REMEDIES.
    """

    line: int
    lines: int
    cells: list[str]
    fault: str | None = None


def parse_delimiter(name: str) -> str | None:
    """The delimiter that --delimiter names, empty where it names none; None where it cannot be one."""
    delimiter = DELIMITERS.get(name.lower(), "\t" if name == "\\t" else name)
    return delimiter if len(delimiter) <= 1 and delimiter not in {'"', "\n", "\r"} else None


def read_records(lines: Iterable[str], dialect: Dialect) -> Iterator[Record]:
    """The records of a delimited file; blank lines are passed over."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE
    reader = csv.reader(lines, delimiter=dialect.delimiter, quoting=quoting, strict=True)
    while True:
        line, fault = reader.line_num + 1, None
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            at_end = "unexpected end of data" in str(error)
            cells, fault = [], "a quote that is never closed" if at_end else "a quote that ends inside a field"
        if fault or cells not in ([], [""]):
            yield Record(line, reader.line_num - line + 1, cells, fault)


def detect_dialect(sample: list[str], cut: bool, delimiter: str) -> Dialect:
    """How the file that begins with these lines is written.

    The delimiter is the one by which most rows have as many fields as the header. Tab-separated files are read without
    quotes, unless every quoted field of the sample ends where it should.

    Args:
        sample: the first lines with their ends.
        cut: whether more lines follow.
        delimiter: the delimiter if it is known, or empty.
    """
    chosen = delimiter or _detect_delimiter(sample)
    return Dialect(chosen, quoted=chosen != "\t" or _is_quoted(sample, cut))


def _detect_delimiter(sample: list[str]) -> str:
    best, most = ",", (0.0, 1)
    for delimiter in DELIMITERS.values():
        header, *rows = [len(r.cells) for r in read_records(sample, Dialect(delimiter, delimiter != "\t"))] or [0]
        even = sum(count == header for count in rows) / len(rows) if rows else 1.0
        if header > 1 and (even, header) > most:
            best, most = delimiter, (even, header)
    return best


def _is_quoted(sample: list[str], cut: bool) -> bool:
    if not any(re.search(r'(^|\t)"', line) for line in sample):
        return False
    records = list(read_records(sample, Dialect("\t", quoted=True)))
    if cut and records[-1].fault == "a quote that is never closed":
        records.pop()
    return all(record.fault is None and len(record.cells) == len(records[0].cells) for record in records)
