"""Writes behaviour sentences for training and for validation:

    python behaviours.py OUT --rows 20000 --seed 1

OUT then holds behaviours.csv.gz and behaviours-held-out.csv.gz with the columns review, sentiment, kind and pair.
"""

import argparse
import csv
import gzip
import io
from pathlib import Path

from data.behaviours import Case, write_held_out_cases, write_training_cases

COLUMNS = ("review", "sentiment", "kind", "pair")


def write_file(path: Path, cases: list[Case]) -> None:
    """Writes a gzipped CSV file whose bytes depend on the cases only."""
    content = io.StringIO(newline="")
    writer = csv.writer(content, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows((case.text, case.accepted[0], case.kind, "" if case.pair is None else case.pair) for case in cases)
    path.write_bytes(gzip.compress(content.getvalue().encode("utf-8"), mtime=0))
    print(f"{path}: {len(cases)} rows")


def main() -> None:
    """Reads the command line and writes both files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("out", type=Path, help="folder of the two files; made if it does not exist")
    parser.add_argument("--rows", type=int, default=20000, help="training sentences, at least")
    parser.add_argument("--held-out", type=int, default=200, help="held-out sentences or pairs of each kind")
    parser.add_argument("--seed", type=int, default=1, help="the same seed writes the same files")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    write_file(options.out / "behaviours.csv.gz", write_training_cases(options.rows, options.seed))
    write_file(options.out / "behaviours-held-out.csv.gz", write_held_out_cases(options.held_out, options.seed))


if __name__ == "__main__":
    main()
