"""How fast each contender trains an epoch, measured by turns."""

import gc
import platform
import statistics
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

import torch

from arithmetic import count_operations, find_peak
from contenders import Contender, Epoch, Task, Train
from run.device import is_out_of_memory


@dataclass(frozen=True)
class Result:
    """How one contender did.

    Attributes:
        name: the contender's.
        batch: reviews per step.
        reviews_per_second: median over the measured epochs; None if memory did not suffice.
        slowest: rate of the slowest measured epoch.
        fastest: rate of the fastest.
        tokens_per_second: useful tokens, without padding.
        mfu: operations that the loss needs on real tokens, as a share of the device's bfloat16 peak; None where the
            peak is not known.
        peak_gib: GPU memory of network, optimizer and training at its peak; None on a CPU.
        reserved_gib: what PyTorch took from the GPU for it.
        first_step: seconds of the first epoch's first step, compilation included.
        warmup: seconds of the first epoch; the first two are not measured.
    """

    name: str
    batch: int
    reviews_per_second: float | None
    slowest: float = 0.0
    fastest: float = 0.0
    tokens_per_second: float = 0.0
    mfu: float | None = None
    peak_gib: float | None = None
    reserved_gib: float | None = None
    first_step: float = 0.0
    warmup: float = 0.0


@dataclass
class _Entrant:
    contender: Contender
    train: Train
    warmup: Epoch
    peak: float | None
    reserved: float | None
    seconds: list[float]


def compare(task: Task, contenders: tuple[Contender, ...], blocks: int) -> list[Result]:
    """Lets the contenders train by turns: two epochs each to warm up, then as many as `blocks`."""
    entrants = [_warm_up(task, contender) for contender in contenders]
    for block in range(blocks):
        for entrant in entrants:
            if entrant:
                entrant.seconds.append(entrant.train().seconds)
                _say(f"epoch {block + 1}", entrant.contender, task, entrant.seconds[-1])
    results = [
        _summarize(task, entrant) if entrant else Result(contender.name, task.settings.train_batch_size, None)
        for contender, entrant in zip(contenders, entrants, strict=True)
    ]
    del entrants
    gc.collect()
    if task.device.type == "cuda":
        torch.cuda.empty_cache()
    return results


def _warm_up(task: Task, contender: Contender) -> _Entrant | None:
    """The contender after its first epoch, or None if memory did not suffice."""
    on_gpu = task.device.type == "cuda"
    allocated, reserved = (torch.cuda.memory_allocated(), torch.cuda.memory_reserved()) if on_gpu else (0, 0)
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    try:
        train = contender.open(task)
        warmup = train()
        # A step is captured when its size comes for the second time.
        train()
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        _say("out of memory", contender, task, 0.0)
        return None
    _say("warmup", contender, task, warmup.seconds)
    peak = (torch.cuda.max_memory_allocated() - allocated) / 2**30 if on_gpu else None
    taken = (torch.cuda.max_memory_reserved() - reserved) / 2**30 if on_gpu else None
    return _Entrant(contender, train, warmup, peak, taken, [])


def _say(what: str, contender: Contender, task: Task, seconds: float) -> None:
    print(f"batch {task.settings.train_batch_size}, {contender.name}, {what}: {seconds:.2f} s", file=sys.stderr)


def _summarize(task: Task, entrant: _Entrant) -> Result:
    lengths = [len(ids) for ids in task.data.ids]
    median, peak = statistics.median(entrant.seconds), find_peak(task.device)
    return Result(
        name=entrant.contender.name,
        batch=task.settings.train_batch_size,
        reviews_per_second=len(lengths) / median,
        slowest=len(lengths) / max(entrant.seconds),
        fastest=len(lengths) / min(entrant.seconds),
        tokens_per_second=sum(lengths) / median,
        mfu=count_operations(task.model.config, lengths) / median / peak if peak else None,
        peak_gib=entrant.peak,
        reserved_gib=entrant.reserved,
        first_step=entrant.warmup.first_step,
        warmup=entrant.warmup.seconds,
    )


def print_table(results: list[Result]) -> None:
    """The results as a Markdown table; the first is the one that the others are compared with."""
    own = results[0].reviews_per_second or 0.0
    print(
        "| batch | | reviews/s (slowest to fastest epoch) | useful tokens/s | MFU | peak of reserved memory "
        "| first step | this project is faster by |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for result in results:
        if result.reviews_per_second is None:
            print(f"| {result.batch} | {result.name} | out of memory | | | | | |")
            continue
        mfu = "peak unknown" if result.mfu is None else f"{result.mfu:.1%}"
        memory = "" if result.peak_gib is None else f"{result.peak_gib:.1f} of {result.reserved_gib:.1f} GiB"
        rate = f"{result.reviews_per_second:.1f} ({result.slowest:.1f} to {result.fastest:.1f})"
        ratio = f"{own / result.reviews_per_second:.2f} times"
        print(
            f"| {result.batch} | {result.name} | {rate} | {result.tokens_per_second:,.0f} | {mfu} | {memory} "
            f"| {result.first_step:.1f} s | {ratio} |"
        )


def describe_machine(task: Task) -> dict[str, object]:
    """Where and with what was measured."""
    lengths = [len(ids) for ids in task.data.ids]
    gpu = torch.cuda.get_device_name(task.device) if task.device.type == "cuda" else None
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "device": gpu or platform.processor() or platform.machine(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "threads": torch.get_num_threads(),
        "parameters": task.model.num_parameters(),
        "reviews": len(lengths),
        "meanTokens": round(statistics.mean(lengths), 1),
        "batch": task.settings.train_batch_size,
        "precision": task.settings.precision,
    }
