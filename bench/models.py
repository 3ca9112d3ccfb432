"""Makes the large model of bench/cold-start/loading.mjs: BERT-base with random weights, in a model store.

    .venv/bin/python bench/models.py            writes bench/models/bert-base, unless it is there already
    .venv/bin/python bench/models.py --again    makes it anew, after a change of the export

Its answers mean nothing; its size, graph and speed are those of a trained one.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench" / "peers"))

from peer_models import count_words, make_network, write_store  # noqa: E402

TARGET = ROOT / "bench" / "models" / "bert-base"


def make_store(target: Path) -> None:
    """Writes the store beside its place and moves it there, so that half a store is never taken for one."""
    # The sample model has the vocabulary of bert-base-uncased.
    (tokenizer,) = (ROOT / "models" / "sample").glob("versions/*/tokenizer.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as place:
        made = Path(place, "store")
        write_store(make_network("base", count_words(tokenizer)), tokenizer, made)
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)


def main() -> None:
    """Makes the model and prints where it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--again", action="store_true", help="make the model even if it is there")
    if parser.parse_args().again or not (TARGET / "current.json").exists():
        make_store(TARGET)
    print(TARGET)


if __name__ == "__main__":
    main()
