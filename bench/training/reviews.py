"""What the benchmarks of training train: a network with random weights, and reviews of a file or invented ones."""

import argparse
import random
from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification

from contenders import Task
from data.dataset import read_files
from data.reader import ReaderOptions
from data.tokenizer import load_tokenizer
from data.tokens import Encoded, tokenize
from errors import InputError
from options import SHAPES
from run.device import choose_device
from settings import Settings


def make_task(options: argparse.Namespace) -> Task:
    """The network with random weights, and what it learns.

    Raises:
        InputError: the device or the training file cannot be had.
    """
    problems: list[str] = []
    device = choose_device(options.device, problems)
    if problems:
        raise InputError(problems)
    if options.threads:
        torch.set_num_threads(options.threads)
    settings = Settings(
        max_len=options.max_len,
        train_batch_size=options.batch,
        precision=options.precision,
        encoder_dropout=options.encoder_dropout,
    )
    data = _read_reviews(options)
    return Task(make_network(options.shape, options.encoder_dropout, len(data.classes)), data, device, settings)


def make_network(shape: str, encoder_dropout: float, classes: int = 2) -> BertForSequenceClassification:
    """BERT of this shape with random weights, always the same ones."""
    width, layers, heads = SHAPES[shape]
    config = BertConfig(
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=4 * width,
        hidden_dropout_prob=encoder_dropout,
        attention_probs_dropout_prob=encoder_dropout,
        classifier_dropout=0.3 if encoder_dropout else 0.0,
    )
    config.num_labels = classes
    # Set at the first loss otherwise, upon which a compiled network is compiled again.
    config.problem_type = "single_label_classification"
    torch.manual_seed(1)
    return BertForSequenceClassification(config)


def invent_reviews(rows: int, max_len: int, vocabulary: int) -> Encoded:
    """Random tokens; lengths are log-normal with IMDB's median of 230 and mean of 307 tokens, cut at `max_len`."""
    chooser = random.Random(11)
    lengths = [max(3, min(max_len, round(230 * chooser.lognormvariate(0, 0.76)))) for _ in range(rows)]
    ids = [[chooser.randrange(5, vocabulary) for _ in range(length)] for length in lengths]
    return Encoded(ids, [chooser.randrange(2) for _ in range(rows)], 0)


def _read_reviews(options: argparse.Namespace) -> Encoded:
    if not options.training_file:
        return invent_reviews(options.rows, options.max_len, BertConfig().vocab_size)
    problems: list[str] = []
    rows = read_files(options.training_file, ReaderOptions(), problems)
    if problems:
        raise InputError(problems)
    chosen = rows.take(random.Random(11).sample(range(len(rows.texts)), min(options.rows, len(rows.texts))))
    return tokenize(chosen, load_tokenizer(Path(options.bert_path)), options.max_len)
