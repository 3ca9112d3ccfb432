"""Reads users' files as training does, for a comparison with the reader of `npm run score`.

python reader_reference.py reads lines of JSON, each a path, from standard input. For each it writes a line of JSON:
{"refusal": "..."}, or {"count": rows with the faulty ones, "rows": [[line, [cell, ...]], ...]}.
"""

import json
import sys
from pathlib import Path
from typing import Any

from data.reader import ReaderOptions, open_table
from data.text_file import UnreadableError


def read(path: Path) -> dict[str, Any]:
    """The rows that can be used, or why there are none."""
    problems: list[str] = []
    try:
        table = open_table(path, ReaderOptions(), problems, needs_label=False)
        rows = [[row.line, row.cells] for row in table] if table else []
    except UnreadableError as error:
        return {"refusal": str(error)}
    return {"count": table.count, "rows": rows} if table else {"refusal": "\n".join(problems)}


def main() -> None:
    """Answers until standard input ends."""
    for line in sys.stdin:
        print(json.dumps(read(Path(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
