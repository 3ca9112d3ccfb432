"""Compares ids with those of the Rust tokenizer, as training uses it.

python tokenizer_reference.py TOKENIZER_JSON reads lines of JSON {"texts": [...], "ids": [[...], ...]} from standard
input. For each it writes a line of JSON: a list of [index, ids of the reference] for each text whose ids differ.
"""

import json
import sys

from tokenizers import Tokenizer

from data.tokenizer import fold


def main() -> None:
    """Answers until standard input ends."""
    tokenizer = Tokenizer.from_file(sys.argv[1])
    tokenizer.no_truncation()
    tokenizer.no_padding()
    for line in sys.stdin:
        asked = json.loads(line)
        encodings = tokenizer.encode_batch_fast([fold(text) for text in asked["texts"]])
        pairs = zip(encodings, asked["ids"], strict=True)
        wrong = [[index, encoding.ids] for index, (encoding, ids) in enumerate(pairs) if encoding.ids != ids]
        print(json.dumps(wrong), flush=True)


if __name__ == "__main__":
    main()
