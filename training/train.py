"""Fine-tunes BERT on labelled reviews and publishes a verified ONNX model; `--help` lists every setting.

Exit codes: 0 published; 2 the input or a setting is wrong; 3 rejected by the proof or the gate; 4 the loss diverged;
6 --repeat gave other weights; 130 stopped by Ctrl-C; 143 stopped by SIGTERM or a Spot notice.
"""

import errno
import sys
import tempfile
from pathlib import Path

from data.inputs import fetch_inputs, is_here
from data.splits import read_splits
from data.tokenizer import load_tokenizer
from data.tokens import tokenize_once
from errors import (
    STOPPED_EXIT_CODE,
    DifferenceError,
    DivergenceError,
    InputError,
    RejectedError,
    StoppedError,
    StoreError,
)
from model.base import check_base, describe_base
from model.distillation import check_distillation
from model.encoder import load_encoder
from model.head import check_head
from model.quantization_aware import round_weights, simulate_quantization
from release.candidate import Trained, release
from release.evaluation import EvaluationSet
from release.gate import check_champion
from release.repeat import check_origin, compare, read_original
from release.store import open_store
from run.checkpoint_store import check_free_space, open_checkpoint_store
from run.checkpoints import Checkpoints, name_run
from run.device import choose_device, prepare
from run.event_files import EventFiles
from run.interruption import Stop, exit_soon_after_interrupt
from run.loop import train
from run.process_group import is_launched, join_process_group, launch
from run.progress import announce
from run.step import Run
from settings import Settings, read_settings

EXIT_CODES: dict[type[Exception], int] = {
    InputError: 2,
    StoreError: 2,
    RejectedError: 3,
    DivergenceError: 4,
    DifferenceError: 6,
    StoppedError: STOPPED_EXIT_CODE,
}
"""The exit code of each expected failure; its message goes to standard error."""

CALIBRATION_TEXTS = 64
"""Training texts that show the range of the activations."""


def make_version(settings: Settings, stop: Stop, scratch: Path) -> str | None:
    """Trains, proves and publishes; returns the new version's name, or None where this process publishes none."""
    problems: list[str] = []
    settings, original = read_original(settings, problems)
    settings = fetch_inputs(settings, scratch, problems)
    splits = read_splits(settings, problems)
    check_distillation(settings, problems)
    base = Path(settings.bert_path)
    if is_here(settings.bert_path) and check_base(base, problems) and settings.epochs == 0:
        check_head(base, splits.classes, problems)
    store = open_store(settings.model_path, problems)
    checkpoint_store = open_checkpoint_store(settings.checkpoint_path, problems)
    device = choose_device(settings.device, problems)
    if problems or store is None or checkpoint_store is None:
        raise InputError(problems)
    origin = {
        "base": describe_base(base),
        "data": splits.sources,
        "settings": settings.recorded(),
    }
    check_free_space(checkpoint_store, base / "model.safetensors", problems)
    if original:
        check_origin(original, origin, problems)
    else:
        check_champion(store, problems)
    if problems:
        raise InputError(problems)

    prepare(device, settings)
    group = join_process_group(device)
    announce(
        "started",
        device=str(device),
        classes=splits.classes,
        training=len(splits.training.texts),
        validation=len(splits.validation.texts),
    )

    tokenizer = load_tokenizer(base)
    with group.main_first():
        encoded = tokenize_once(splits.training, tokenizer, settings.max_len, checkpoint_store)
        held_out = tokenize_once(splits.validation, tokenizer, settings.max_len, checkpoint_store)
        tested = tokenize_once(splits.test, tokenizer, settings.max_len, checkpoint_store)
    findings = splits.inspect({"training": encoded, "validation": held_out, "test": tested})
    announce("inspected", max_len=settings.max_len, **findings)

    model = load_encoder(base, settings.dropout, settings.encoder_dropout, splits.classes)
    calibration = encoded.ids[:: max(1, len(encoded.ids) // CALIBRATION_TEXTS)]
    if settings.quantization_aware:
        simulate_quantization(model, calibration)
    model.to(device)  # type: ignore[arg-type]
    identity = {**origin, "settings": settings.decisive(), **({"repeats": original.version} if original else {})}
    checkpoints = Checkpoints(checkpoint_store, name_run(identity))
    wanted = settings.tensorboard and group.is_main
    events = EventFiles(checkpoint_store, checkpoints.run, settings.recorded()) if wanted else None
    progress = train(Run(model, encoded, held_out, settings, checkpoints, stop, group, events=events))
    group.leave()
    if not group.is_main:
        return None
    round_weights(model)
    if original:
        # Without checkpoints, another --repeat trains again.
        checkpoints.discard()
        compare(original, model, calibration)
        return None
    trained = Trained(
        model=model,
        tokenizer=tokenizer,
        calibration=calibration,
        validation=EvaluationSet(splits.validation, held_out),
        test=EvaluationSet(splits.test, tested),
        settings=settings,
        origin={**origin, "findings": findings, "processors": progress.processors},
        history=progress.history,
    )
    return release(trained, store)


def main() -> int:
    """Runs the training and turns each expected failure into one sentence and an exit code."""
    settings = read_settings()
    if settings.processes != 1 and not is_launched():
        return launch(settings.processes)
    exit_soon_after_interrupt()
    stop = Stop()
    try:
        stop.listen()
        with tempfile.TemporaryDirectory(prefix="training-") as scratch:
            version = make_version(settings, stop, Path(scratch))
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
