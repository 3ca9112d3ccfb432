"""Trains the same reviews in four ways by turns and prints a table.

    python bench/training/run.py                                   BERT-base on the GPU
    python bench/training/run.py --shape small --rows 64           a small network on a CPU
    python bench/training/run.py --training-file imdb.csv --bert-path bert_base_uncased

Without a file, the reviews are random tokens with the lengths of IMDB's reviews.
"""

import argparse
import json
import platform
import random
import statistics
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from arithmetic import count_operations, find_peak
from contenders import CONTENDERS, Task
from dataset import Encoded, read_files, tokenize
from device import choose_device
from problem import ProblemsError
from settings import Settings
from text import load_tokenizer

SHAPES = {"tiny": (32, 2, 2), "small": (384, 6, 6), "base": (768, 12, 12)}
"""Hidden size, layers and heads."""


@dataclass(frozen=True)
class Result:
    """How one contender did: medians over the blocks, and how far the blocks' rates lie apart (slowest, fastest)."""

    name: str
    reviews_per_second: float
    slowest: float
    fastest: float
    tokens_per_second: float
    mfu: float | None
    ratio: float


def invent_reviews(rows: int, max_len: int, vocabulary: int) -> Encoded:
    """Random tokens; lengths are log-normal with IMDB's median of 230 and mean of 307 tokens, cut at `max_len`."""
    chooser = random.Random(11)
    lengths = [max(3, min(max_len, round(230 * chooser.lognormvariate(0, 0.76)))) for _ in range(rows)]
    ids = [[chooser.randrange(5, vocabulary) for _ in range(length)] for length in lengths]
    return Encoded(ids, [chooser.randrange(2) for _ in range(rows)], 0)


def read_reviews(options: argparse.Namespace, vocabulary: int) -> Encoded:
    """The first rows of the given file, or invented ones."""
    if not options.training_file:
        return invent_reviews(options.rows, options.max_len, vocabulary)
    problems: list[str] = []
    rows = read_files(options.training_file, problems)
    if problems:
        raise ProblemsError(problems)
    chosen = rows.take(random.Random(11).sample(range(len(rows.texts)), min(options.rows, len(rows.texts))))
    return tokenize(chosen, load_tokenizer(Path(options.bert_path)), options.max_len)


def make_task(options: argparse.Namespace) -> Task:
    """The network with random weights, and what it learns."""
    problems: list[str] = []
    device = choose_device(options.device, problems)
    if problems:
        raise ProblemsError(problems)
    width, layers, heads = SHAPES[options.shape]
    dropout = options.encoder_dropout
    config = BertConfig(
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        classifier_dropout=0.3,
    )
    torch.manual_seed(1)
    settings = Settings(
        max_len=options.max_len,
        train_batch_size=options.batch,
        precision=options.precision,
        encoder_dropout=dropout,
        compile=options.compile,
    )
    return Task(BertForSequenceClassification(config), read_reviews(options, config.vocab_size), device, settings)


def measure(task: Task, blocks: int) -> list[Result]:
    """Lets the contenders train by turns: one round to warm up, then as many as `blocks`."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for block in range(blocks + 1):
        for name, train in CONTENDERS.items():
            took = train(task)
            if block:
                seconds[name].append(took)
            print(f"block {block}, {name}: {took:.2f} s", file=sys.stderr)
    own = statistics.median(seconds["this project"])
    return [_summarize(task, name, taken, own) for name, taken in seconds.items()]


def _summarize(task: Task, name: str, seconds: list[float], own: float) -> Result:
    lengths = [len(ids) for ids in task.data.ids]
    median, peak = statistics.median(seconds), find_peak(task.device)
    mfu = count_operations(task.model.config, lengths) / median / peak if peak else None
    rate = len(lengths) / median
    spread = (len(lengths) / max(seconds), len(lengths) / min(seconds))
    return Result(name, rate, *spread, sum(lengths) / median, mfu, median / own)


def print_table(results: list[Result]) -> None:
    """The results as a Markdown table."""
    print("| | reviews/s (slowest to fastest block) | useful tokens/s | MFU | this project is faster by |")
    print("| --- | --- | --- | --- | --- |")
    for result in results:
        mfu = "peak unknown" if result.mfu is None else f"{result.mfu:.1%}"
        rate = f"{result.reviews_per_second:.1f} ({result.slowest:.1f} to {result.fastest:.1f})"
        print(f"| {result.name} | {rate} | {result.tokens_per_second:,.0f} | {mfu} | {result.ratio:.2f} times |")


def describe_machine(task: Task) -> dict[str, object]:
    """Where and with what was measured."""
    gpu = torch.cuda.get_device_name(task.device) if task.device.type == "cuda" else None
    lengths = [len(ids) for ids in task.data.ids]
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "device": gpu or platform.processor() or platform.machine(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "parameters": task.model.num_parameters(),
        "reviews": len(lengths),
        "meanTokens": round(statistics.mean(lengths), 1),
        "batch": task.settings.train_batch_size,
        "precision": task.settings.precision,
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="base")
    parser.add_argument("--rows", type=int, default=4096, help="reviews per block")
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument("--batch", type=int, default=32, help="reviews per step; the tutorial's loop takes 8")
    parser.add_argument("--max-len", type=int, default=512)
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16", help="of all but the tutorial's loop")
    parser.add_argument("--encoder-dropout", type=float, default=0.1)
    parser.add_argument("--compile", action="store_true", help="compile this project's layers")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--training-file", default="")
    parser.add_argument("--bert-path", default="", help="whose tokenizer reads the training file")
    parser.add_argument("--out", type=Path, help="JSON file for the results")
    options = parser.parse_args(arguments)
    if options.threads:
        torch.set_num_threads(options.threads)
    task = make_task(options)
    results, machine = measure(task, options.blocks), describe_machine(task)
    print(json.dumps(machine))
    print_table(results)
    if options.out:
        options.out.write_text(json.dumps({"machine": machine, "results": [asdict(one) for one in results]}, indent=1))


if __name__ == "__main__":
    main()
