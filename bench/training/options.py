"""The options that the benchmarks of training share. PyTorch is not needed to read them."""

import argparse

SHAPES = {"tiny": (32, 2, 2), "small": (384, 6, 6), "base": (768, 12, 12)}
"""Hidden size, layers and heads."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that `reviews.make_task` reads."""
    parser.add_argument("--shape", choices=SHAPES, default="base")
    parser.add_argument("--rows", type=int, default=4096, help="reviews per epoch")
    parser.add_argument("--batch", type=int, default=32, help="reviews per step; the tutorial's loop takes 8")
    parser.add_argument("--max-len", type=int, default=512)
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16", help="of all but the tutorial's loop")
    parser.add_argument("--encoder-dropout", type=float, default=0.1)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--training-file", default="", help="reviews; without it, random tokens of IMDB's lengths")
    parser.add_argument("--bert-path", default="", help="whose tokenizer reads the training file")
