"""Trains the same reviews in several ways by turns and prints a table.

    python bench/training/compare.py                                   BERT-base on the GPU
    python bench/training/compare.py --shape small --rows 64           a small network on a CPU
    python bench/training/compare.py --training-file imdb.csv --bert-path bert_base_uncased

Without a file, the reviews are random tokens with the lengths of IMDB's reviews.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from contenders import COMPILED, CONTENDERS, HERE, PADDED, TUNED, TUTORIAL, Contender
from epochs import compare, describe_machine, print_table
from options import add_options
from reviews import make_task


def choose_contenders(compile_too: bool) -> tuple[Contender, ...]:
    """All, and this project compiled if wanted."""
    return (HERE, COMPILED, PADDED, TUNED, TUTORIAL) if compile_too else CONTENDERS


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser)
    parser.add_argument("--blocks", type=int, default=5, help="measured epochs of each contender")
    parser.add_argument("--compile", action="store_true", help="this project compiled, too")
    parser.add_argument("--out", type=Path, help="JSON file for the results")
    options = parser.parse_args(arguments)
    task = make_task(options)
    results = compare(task, choose_contenders(options.compile), options.blocks)
    machine = describe_machine(task)
    print(json.dumps(machine))
    print_table(results)
    if options.out:
        options.out.write_text(json.dumps({"machine": machine, "results": [asdict(one) for one in results]}, indent=1))


if __name__ == "__main__":
    main()
