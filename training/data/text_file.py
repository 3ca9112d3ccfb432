"""The text of a user's file: unpacked, decoded, line by line."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

_FOREIGN = {
    b"PK\x03\x04": "a zip file or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "packed with gzip, which its name must say (.gz)",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
}
"""First bytes of files that are no text."""

_MARKS = {
    codecs.BOM_UTF8: ("utf-8-sig", "utf-8"),
    codecs.BOM_UTF16_LE: ("utf-16", "utf-16le"),
    codecs.BOM_UTF16_BE: ("utf-16", "utf-16be"),
}
"""Byte order marks, which decide about the encoding: its codec and what messages call it."""

_UNDECODED = re.compile("[\udc80-\udcff]")

_SPACE = re.compile(r"^[\s\ufeff]+|[\s\ufeff]+$")


def trim(text: str) -> str:
    """The text without the white space around it, which is that of Python and of JavaScript together.

    Scoring reads the same files. To JavaScript U+FEFF is white space.
    """
    return _SPACE.sub("", text)


class UnreadableError(Exception):
    """A file is no text in its encoding; the sentence says which file, where and what to do."""


def read_lines(path: Path, encoding: str) -> Iterator[str]:
    """The lines of a text file with their ends; unpacked if its name ends in .gz.

    A line ends with LF, CR LF or CR only.

    Args:
        path: the file.
        encoding: its encoding if it has no byte order mark; empty: UTF-8.

    Raises:
        UnreadableError: it is no text, it is damaged, or it has another encoding.
    """
    with path.open("rb") as file:
        packed = path.suffix == ".gz"
        _check_format(path, file, packed)
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file
        try:
            yield from _decode(path, stream, encoding)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UnreadableError(f"{path}: its gzip data is cut off or damaged; copy or pack it again.") from error


def _check_format(path: Path, file: BinaryIO, packed: bool) -> None:
    head = _peek(file)
    if packed and not head.startswith(b"\x1f\x8b"):
        raise UnreadableError(f"{path}: it is not packed with gzip although its name ends in .gz; rename it.")
    for start, name in _FOREIGN.items():
        if head.startswith(start) and not packed:
            raise UnreadableError(f"{path}: it is {name}; give it as CSV, TSV or JSON lines.")


def _peek(stream: BinaryIO) -> bytes:
    head = stream.read(8)
    stream.seek(0)
    return head


def _decode(path: Path, stream: BinaryIO, encoding: str) -> Iterator[str]:
    head = _peek(stream)
    given = encoding or "utf-8"
    codec, shown = next((names for mark, names in _MARKS.items() if head.startswith(mark)), (given, given))
    if not encoding and codec == "utf-8" and b"\0" in head[:2]:
        raise UnreadableError(f"{path}: it looks like UTF-16 without a byte order mark; name it with --encoding.")
    is_utf8 = codecs.lookup(codec).name in {"utf-8", "utf-8-sig"}
    # Other codecs do not know the line of what they cannot decode.
    text = io.TextIOWrapper(stream, codec, errors="surrogateescape" if is_utf8 else "strict", newline="")
    number = 0
    try:
        for number, line in enumerate(text, start=1):
            if is_utf8 and not line.isascii() and _UNDECODED.search(line):
                raise UnreadableError(f"{path}: line {number} is not UTF-8; name the file's encoding with --encoding.")
            yield line
    except UnicodeError as error:
        raise UnreadableError(f"{path}: it is not {shown}; name the file's encoding with --encoding.") from error


def check_encoding(name: str) -> str | None:
    """Why no file can be read in this encoding; None where one can."""
    try:
        io.TextIOWrapper(io.BytesIO(), name or "utf-8")
    except LookupError:
        return f"--encoding {name}: there is no such encoding; give a name such as utf-8, utf-16, latin-1 or cp1252."
    return None
