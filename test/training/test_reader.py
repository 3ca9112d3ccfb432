"""Users' files, on the cases that the TypeScript reader is tested on too (test/layers/reader/reader.test.ts)."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from data.dataset import CLASSES, read_files
from data.reader import ReaderOptions, open_table, parse_options
from data.text_file import UnreadableError
from settings import Settings

CASES = json.loads((Path(__file__).parents[1] / "fixtures" / "reader-cases.json").read_text("utf-8"))

ENCODERS = {
    "utf-8-bom": ("utf-8-sig", ""),
    "utf-16le": ("utf-16-le", ""),
    "utf-16le-bom": ("utf-16-le", "\ufeff"),
    "utf-16be-bom": ("utf-16-be", "\ufeff"),
    "latin-1": ("latin-1", ""),
}


def write(case: dict[str, Any], folder: Path) -> Path:
    """Writes the file of a case and returns its path."""
    parts = [part if isinstance(part, str) else part[0] * part[1] for part in case["content"]]
    form = case.get("write", "")
    encoding, mark = ENCODERS.get(form, ("utf-8", ""))
    content = (mark + "".join(parts)).encode(encoding)
    packed = gzip.compress(content) if case["file"].endswith(".gz") and form != "raw" else content
    path = folder / case["file"]
    path.write_bytes(packed[:-12] if form == "cut" else packed)
    return path


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_file_is_read_or_refused(case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(case, tmp_path)
    problems: list[str] = []
    options = parse_options(Settings(**case.get("options", {})), problems)
    if case.get("needs_label", True):
        found = [] if problems else read_labelled(path, options, problems)
    else:
        found = read_unlabelled(path, options, problems)
    assert problems == [sentence.replace("{path}", str(path)) for sentence in case.get("problems", [])]
    if problems:
        return
    assert found[: len(case["rows"])] == case["rows"]
    assert len(found) == case.get("count", len(case["rows"]))
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    left_out = [line["rows"] for line in told if line["event"] == "left out"]
    assert left_out == [sentence.replace("{path}", str(path)) for sentence in case.get("left_out", [])]


def read_labelled(path: Path, options: ReaderOptions, problems: list[str]) -> list[list[Any]]:
    """Line, text and class of each row that training takes."""
    rows = read_files(str(path), options, problems)
    if problems:
        return []
    table = open_table(path, options, [])
    assert table
    lines = {row.number: row.line for row in table}
    return [
        [lines[number], text, CLASSES[label]]
        for text, label, (_, number) in zip(rows.texts, rows.labels, rows.origins, strict=True)
    ]


def read_unlabelled(path: Path, options: ReaderOptions, problems: list[str]) -> list[list[Any]]:
    """Line and text of each row."""
    try:
        table = open_table(path, options, problems, needs_label=False)
    except UnreadableError as error:
        problems.append(str(error))
        return []
    return [[row.line, row.cells[table.columns.text], None] for row in table] if table else []


def test_a_mapping_is_recorded_and_the_columns_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words, stars = tmp_path / "words.csv", tmp_path / "stars.tsv"
    words.write_text("review,sentiment\ngood,positive\nbad,negative\n", "utf-8")
    stars.write_text("Tweet\tLabel\ngood\t5\nfair\t3\n", "utf-8")
    problems: list[str] = []
    rows = read_files(f"{words},{stars}", ReaderOptions(), problems)
    assert problems == []
    assert "labelMapping" not in rows.sources[0]
    assert rows.sources[1]["labelMapping"] == {"5": "positive", "3": "neutral"}
    told = json.loads(capsys.readouterr().err.splitlines()[1])
    assert (told["event"], told["name"], told["delimiter"]) == ("read", "stars.tsv", "\t")
    assert (told["text"], told["label"], told["labelMapping"]) == ("Tweet", "Label", {"5": "positive", "3": "neutral"})
