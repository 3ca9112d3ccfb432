"""Fine-tunes BERT on labelled reviews and publishes a verified ONNX model; `--help` lists every setting.

Exit codes: 0 published; 2 the input or a setting is wrong; 3 the export failed its proof, nothing was published;
4 the loss diverged; 6 --repeat gave other weights; 130 stopped by Ctrl-C; 143 stopped by SIGTERM or a Spot notice.
"""

import errno
import sys
from pathlib import Path

from cache import tokenize_once
from checkpoint import Checkpoints, name_run
from dataset import Rows, read_files, split
from depot import check_room, open_depot
from device import choose_device, prepare
from encoder import check_base, describe_base, load_encoder
from interruption import STOPPED_EXIT_CODE, Stop, StoppedError, exit_soon_after_interrupt
from loop import train
from problem import ProblemsError
from progress import announce
from proof import ProofError
from release import Trained, release
from repeat import DifferenceError, check_origin, compare, recall
from runs import Run
from s3 import StoreError
from settings import Settings, read_settings
from step import DivergenceError
from store import open_store
from team import join_team
from text import load_tokenizer

EXIT_CODES: dict[type[Exception], int] = {
    ProblemsError: 2,
    StoreError: 2,
    ProofError: 3,
    DivergenceError: 4,
    DifferenceError: 6,
    StoppedError: STOPPED_EXIT_CODE,
}
"""What each expected failure ends with; its sentence is its message."""

CALIBRATION_TEXTS = 64
"""Training texts that show the range of the activations."""


def read_data(settings: Settings, problems: list[str]) -> tuple[Rows, Rows]:
    """Training and validation rows: two files, or one file split; mistakes are added to `problems`."""
    rows = read_files(settings.training_file, problems)
    if settings.validation_file:
        return rows, read_files(settings.validation_file, problems)
    return split(rows, settings.validation_share, settings.seed)


def run(settings: Settings, stop: Stop) -> str | None:
    """Trains, proves and publishes; returns the new version's name, or None where this process publishes none."""
    problems: list[str] = []
    settings, original = recall(settings, problems)
    training, validation = read_data(settings, problems)
    base = Path(settings.bert_path)
    check_base(base, problems)
    store = open_store(settings.model_path, problems)
    depot = open_depot(settings.checkpoint_path, problems)
    device = choose_device(settings.device, problems)
    if problems or store is None or depot is None:
        raise ProblemsError(problems)
    origin = {
        "base": describe_base(base),
        "data": training.sources + [source for source in validation.sources if source not in training.sources],
        "settings": settings.recorded(),
    }
    check_room(depot, base / "model.safetensors", problems)
    if original:
        check_origin(original, origin, problems)
    if problems:
        raise ProblemsError(problems)

    prepare(device, settings)
    team = join_team(device)
    announce("started", device=str(device), training=len(training.texts), validation=len(validation.texts))

    tokenizer = load_tokenizer(base)
    with team.lead_first():
        encoded = tokenize_once(training, tokenizer, settings.max_len, depot)
        held_out = tokenize_once(validation, tokenizer, settings.max_len, depot)
    announce("tokenized", cut=encoded.cut, of=len(encoded.ids), max_len=settings.max_len)

    model = load_encoder(base, settings.dropout, settings.encoder_dropout)
    model.to(device)  # type: ignore[arg-type]
    identity = {**origin, "settings": settings.decisive(), **({"repeats": original.version} if original else {})}
    checkpoints = Checkpoints(depot, name_run(identity))
    train(Run(model, encoded, held_out, settings, checkpoints, stop, team))
    team.leave()
    if not team.leads:
        return None
    calibration = encoded.ids[:: max(1, len(encoded.ids) // CALIBRATION_TEXTS)]
    if original:
        # A second repetition shall train again.
        checkpoints.discard()
        compare(original, model, calibration)
        return None
    return release(Trained(model, tokenizer, calibration, held_out, settings, origin), store)


def main() -> int:
    """Runs the training and turns each expected failure into one sentence and an exit code."""
    exit_soon_after_interrupt()
    stop = Stop()
    settings = read_settings()
    try:
        stop.listen()
        version = run(settings, stop)
    except KeyboardInterrupt:
        return _fail(130, "Stopped; the next run with the same settings continues from the last checkpoint.")
    except tuple(EXIT_CODES) as error:
        return _fail(next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind)), str(error))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return _fail(2, f"{error.filename or 'The disk'} is full ({error.strerror}): make room, then start again.")
    if version:
        announce("published", version=version, to=settings.model_path)
    return 0


def _fail(code: int, sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
