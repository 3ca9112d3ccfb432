"""Writes behaviour sentences for training and for validation:

    python behaviours.py OUT --rows 60000 --seed 1

OUT then holds behaviours.csv.gz and behaviours-held-out.csv.gz with the columns review, sentiment, kind and pair. With
`--perturb FILE` it also holds perturbed.csv.gz: short texts of FILE with typos, handles, links and other capitals.
"""

import argparse
import csv
import gzip
import io
import sys
from pathlib import Path

from data.behaviours import Case, perturb, write_held_out_cases, write_training_cases
from data.dataset import read_files
from data.reader import ReaderOptions

COLUMNS = ("review", "sentiment", "kind", "pair")


def write_file(path: Path, cases: list[Case]) -> None:
    """Writes a gzipped CSV file whose bytes depend on the cases only."""
    content = io.StringIO(newline="")
    writer = csv.writer(content, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows((case.text, case.accepted[0], case.kind, "" if case.pair is None else case.pair) for case in cases)
    path.write_bytes(gzip.compress(content.getvalue().encode("utf-8"), mtime=0))
    print(f"{path}: {len(cases)} rows")


def perturb_files(paths: str, rows: int, seed: int) -> list[Case]:
    """Changed copies of the short texts of labelled files.

    Raises:
        SystemExit: a file cannot be read; the message names all of them.
    """
    problems: list[str] = []
    found = read_files(paths, ReaderOptions(), problems)
    if problems:
        sys.exit(" ".join(problems))
    return perturb(found.texts, [found.classes[label] for label in found.labels], rows, seed)


def main() -> None:
    """Reads the command line and writes the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("out", type=Path, help="folder of the files; made if it does not exist")
    parser.add_argument("--rows", type=int, default=60000, help="training sentences, at least")
    parser.add_argument("--held-out", type=int, default=200, help="held-out sentences or pairs of each kind")
    parser.add_argument("--perturb", default="", help="own labelled files, comma-separated: adds perturbed.csv.gz")
    parser.add_argument("--perturbed-rows", type=int, default=10000, help="rows of perturbed.csv.gz, at most")
    parser.add_argument("--seed", type=int, default=1, help="the same seed writes the same files")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    write_file(options.out / "behaviours.csv.gz", write_training_cases(options.rows, options.seed))
    write_file(options.out / "behaviours-held-out.csv.gz", write_held_out_cases(options.held_out, options.seed))
    if options.perturb:
        copies = perturb_files(options.perturb, options.perturbed_rows, options.seed)
        write_file(options.out / "perturbed.csv.gz", copies)


if __name__ == "__main__":
    main()
