"""Fine-tunes BERT on labelled reviews and publishes a verified ONNX model; `--help` lists every setting.

Exit codes: 0 published; 2 the input or a setting is wrong; 3 the export failed its proof, nothing was published;
4 the loss diverged; 130 stopped by Ctrl-C.
"""

import sys
from pathlib import Path

import torch

from checkpoint import find_folder
from dataset import Rows, read_files, split, tokenize
from encoder import check_base, choose_device, describe_base, load_encoder
from interruption import exit_soon_after_interrupt
from loop import DivergenceError, train
from problem import ProblemsError
from progress import announce
from proof import ProofError
from release import Trained, release
from s3 import StoreError
from settings import Settings, read_settings
from store import open_store
from text import load_tokenizer

CALIBRATION_TEXTS = 64
"""Training texts that show the range of the activations."""


def read_data(settings: Settings, problems: list[str]) -> tuple[Rows, Rows]:
    """Training and validation rows: two files, or one file split; mistakes are added to `problems`."""
    rows = read_files(settings.training_file, problems)
    if settings.validation_file:
        return rows, read_files(settings.validation_file, problems)
    return split(rows, settings.validation_share, settings.seed)


def run(settings: Settings) -> str:
    """Trains, proves and publishes; returns the new version's name."""
    problems: list[str] = []
    training, validation = read_data(settings, problems)
    base = Path(settings.bert_path)
    check_base(base, problems)
    store = open_store(settings.model_path, problems)
    if problems or store is None:
        raise ProblemsError(problems)

    torch.manual_seed(settings.seed)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    device = choose_device()
    announce("started", device=str(device), training=len(training.texts), validation=len(validation.texts))

    tokenizer = load_tokenizer(base)
    encoded = tokenize(training, tokenizer, settings.max_len)
    held_out = tokenize(validation, tokenizer, settings.max_len)
    announce("tokenized", cut=encoded.cut, of=len(encoded.ids), max_len=settings.max_len)

    model = load_encoder(base, settings.dropout, settings.encoder_dropout)
    model.to(device)  # type: ignore[arg-type]
    origin = {
        "base": describe_base(base),
        "data": training.sources + [source for source in validation.sources if source not in training.sources],
        "settings": settings.recorded(),
    }
    folder = find_folder(Path(settings.checkpoint_path), {**origin, "settings": settings.decisive()})
    train(model, encoded, held_out, settings, folder)
    calibration = encoded.ids[:: max(1, len(encoded.ids) // CALIBRATION_TEXTS)]
    return release(Trained(model, tokenizer, calibration, held_out, settings, origin), store)


def main() -> int:
    """Runs the training and turns each expected failure into one sentence and an exit code."""
    exit_soon_after_interrupt()
    settings = read_settings()
    try:
        version = run(settings)
    except ProblemsError as error:
        return _fail(2, *error.sentences)
    except StoreError as error:
        return _fail(2, str(error))
    except ProofError as error:
        return _fail(3, f"{error} Nothing was published.")
    except DivergenceError as error:
        return _fail(4, str(error))
    except KeyboardInterrupt:
        return _fail(130, "Stopped; the next run with the same settings continues from the last checkpoint.")
    announce("published", version=version, to=settings.model_path)
    return 0


def _fail(code: int, *sentences: str) -> int:
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
