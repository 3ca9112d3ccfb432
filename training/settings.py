"""Every setting of a training run: a flag, an environment variable, a default and a sentence."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

DATA = Path.home() / "data"

LOCATIONS = {
    "training_file",
    "validation_file",
    "test_file",
    "bert_path",
    "model_path",
    "checkpoint_path",
    "repeat",
}
"""Settings that are paths or s3:// locations."""


def _setting(default: Any, sentence: str, choices: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"help": sentence, "choices": choices})


@dataclass(frozen=True)
class Settings:
    """The settings of one run. The environment variable is the field's name in capitals, the flag `--field-name`."""

    training_file: str = _setting(
        str(DATA / "imdb.csv"),
        "labelled texts (CSV, TSV, .jsonl, also .gz; see docs/data.md), a path or s3://; several: comma-separated",
    )
    validation_file: str = _setting("", "file to validate on; without it a stratified share of the training file")
    test_file: str = _setting("", "file to report on; never used for choosing anything")
    text_column: str = _setting(
        "",
        "column with the text, or several names; without it review, text, sentence, tweet or content",
    )
    label_column: str = _setting("", "column with the label, or several names; without it sentiment, label or polarity")
    labels: str = _setting(
        "", "what labels mean: 0-1, 0-1-2, 0-4, stars, or pairs such as 4=positive,0=negative; without it by the file"
    )
    delimiter: str = _setting("", "comma, semicolon, tab or another character; without it by the file")
    encoding: str = _setting("", "encoding of files without a byte order mark; without it UTF-8")
    strict: bool = _setting(False, "refuse a file with a single faulty row; off: with more than 1 % of them")
    bert_path: str = _setting(
        str(DATA / "bert_base_uncased"), "pretrained BERT in the Hugging Face layout: folder or s3://"
    )
    model_path: str = _setting(str(DATA / "models"), "model store that the version is published to: folder or s3://")
    checkpoint_path: str = _setting(
        str(DATA / "checkpoints"), "where checkpoints are kept that a restart continues: folder or s3://"
    )
    checkpoint_seconds: float = _setting(600.0, "seconds between two checkpoints inside an epoch")
    tensorboard: bool = _setting(False, "write TensorBoard event files beside the checkpoints, with each of them")
    max_len: int = _setting(512, "tokens per review, [CLS] and [SEP] counted; the rest is cut off")
    train_batch_size: int = _setting(8, "reviews per optimizer step")
    micro_batch_size: int = _setting(
        0, "reviews computed at a time, their gradients summed to the step's; 0: all, halved where memory is short"
    )
    valid_batch_size: int = _setting(
        4, "reviews of MAX_LEN tokens per evaluation step, or as many tokens of shorter ones; a GPU takes more"
    )
    epochs: int = _setting(
        10,
        "passes over the training rows; validation keeps the best one; 0: publish weights trained before",
    )
    learning_rate: float = _setting(3e-5, "peak rate of AdamW")
    warmup: float = _setting(0.0, "share of the steps over which the rate rises from zero, before its linear fall")
    weight_decay: float = _setting(0.01, "AdamW's decay; never on biases and LayerNorm")
    dropout: float = _setting(0.3, "dropout before the classification layer")
    encoder_dropout: float = _setting(0.1, "dropout inside the encoder; 0 is twice as fast on a CPU")
    class_weights: str = _setting(
        "none",
        "balanced: a class counts the more the rarer its rows are, all classes alike in sum; none: all rows alike",
        ("none", "balanced"),
    )
    patience: int = _setting(0, "epochs without a better validation figure after which training ends; 0: never")
    distill_weight: float = _setting(
        0.5, "share of a teacher's probabilities in the loss of a row that has a label too, 0 to 1"
    )
    distill_temperature: float = _setting(2.0, "what softens a teacher's probabilities and the network's beside them")
    clip: float = _setting(1.0, "largest gradient norm; larger ones are scaled down to it")
    neutral: bool = _setting(True, "learn the class neutral if training rows have it; off: leave these rows out")
    validation_share: float = _setting(0.1, "share of rows held out when there is no validation file")
    seed: int = _setting(42, "seed of the split, the order of rows and every random layer")
    precision: str = _setting("auto", "fp32, bf16 (autocast) or auto: bf16 where the processor computes it natively")
    device: str = _setting("auto", "cpu, cuda (fails without a GPU) or auto: the GPU where there is one")
    cuda_graphs: bool = _setting(
        True, "on a GPU: launch all kernels of a step at once; several times as fast where batches are small"
    )
    compile: bool = _setting(False, "compile the layers: half a minute at the start, faster steps on a GPU")
    quantization_aware: bool = _setting(
        False, "simulate int8's rounding while training: the served model differs less from the trained one"
    )
    deterministic: bool = _setting(False, "the same bits on every run on a GPU, more slowly; a CPU gives them anyway")
    processes: int = _setting(1, "processes that train together, each on a GPU of its own; 0: one for each GPU")
    threads: int = _setting(0, "CPU threads; 0: as many as PyTorch chooses")
    export_fp16: bool = _setting(False, "publish an fp16 graph beside the int8 one, for serving on a GPU")
    keep_weights: bool = _setting(True, "publish model.safetensors and config.json too, to fine-tune from")
    tolerance: float = _setting(0.002, "accuracy that a candidate may lose against the current version")
    floor: float = _setting(0.85, "accuracy that a first version must have, on rows that are not neutral")
    behaviours: bool = _setting(
        True, "measure the model on English behaviour sentences, and judge it by its people pairs"
    )
    report_text: bool = _setting(False, "print the worst mistakes' texts in report.html, not only their row numbers")
    promote: bool = _setting(False, "make the version current (local use, or a first model)")
    repeat: str = _setting(
        "", "manifest.json of a version, path or s3://, to train again and compare; publishes nothing"
    )

    def recorded(self) -> dict[str, Any]:
        """All settings as plain data, locations shortened to their last name, so that no paths are published."""
        return {
            name.upper(): ",".join(Path(part).name for part in value.split(",")) if name in LOCATIONS else value
            for name, value in asdict(self).items()
        }

    def decisive(self) -> dict[str, Any]:
        """The settings that decide the weights: two runs that agree in them may continue each other."""
        others = {"MODEL_PATH", "CHECKPOINT_PATH", "EXPORT_FP16", "KEEP_WEIGHTS", "PROMOTE"}
        others |= {
            "TEST_FILE",
            "TOLERANCE",
            "FLOOR",
            "BEHAVIOURS",
            "REPORT_TEXT",
            "CHECKPOINT_SECONDS",
            "TENSORBOARD",
            "REPEAT",
            "PROCESSES",
        }
        return {name: value for name, value in self.recorded().items() if name not in others}


def _convert(kind: type, text: str) -> Any:
    if kind is bool:
        return text.lower() in {"1", "true", "yes"}
    return kind(text)


def read_settings(arguments: list[str] | None = None) -> Settings:
    """Reads flags, then environment variables, then defaults.

    Raises:
        SystemExit: a flag or variable does not parse; argparse names it and exits with code 2.
    """
    parser = argparse.ArgumentParser(
        description="Fine-tunes BERT on labelled reviews and publishes a verified ONNX model.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    for setting in fields(Settings):
        _add_flag(parser, setting.name, setting.default, setting.metadata)
    return Settings(**vars(parser.parse_args(arguments)))


def _add_flag(parser: argparse.ArgumentParser, name: str, default: Any, described: Mapping[str, Any]) -> None:
    flag, variable, kind = f"--{name.replace('_', '-')}", name.upper(), type(default)
    help_text, choices = f"{described['help']} [{variable}]", described["choices"] or None
    given = os.environ.get(variable)
    try:
        value = default if given is None else _convert(kind, given)
    except ValueError:
        parser.error(f"environment variable {variable}: {given!r} is not {kind.__name__}")
    if choices and value not in choices:
        parser.error(f"environment variable {variable}: {value!r} is none of {', '.join(choices)}")
    if kind is bool:
        parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=value, help=help_text)
    else:
        parser.add_argument(flag, type=kind, choices=choices, default=value, help=help_text)


def describe_settings() -> str:
    """The settings as the Markdown table of README.md; a default under the home folder begins with ~."""
    lines = ["| variable, flag | default | |", "| --- | --- | --- |"]
    for setting in fields(Settings):
        shown = str(setting.default).lower() if setting.type is bool else str(setting.default)
        default = f"`{shown.replace(str(Path.home()), '~')}`" if shown else ""
        flag = f"`{setting.name.upper()}`, `--{setting.name.replace('_', '-')}`"
        lines.append(f"| {flag} | {default} | {setting.metadata['help']} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(describe_settings())
