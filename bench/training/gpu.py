"""All that is to be known of training on a GPU, in one command of less than eight minutes:

    python bench/training/gpu.py --out results                     on a GPU, with invented reviews
    python bench/training/gpu.py --out results --training-file reviews.csv.gz --bert-path FOLDER_WITH_TOKENIZER
    python bench/training/gpu.py --out results --only kernels,profile
    python bench/training/gpu.py --out results --device cpu --shape tiny --rows 48   whether every part runs

It needs no network. Each part is a process of its own; what it finds is in results/gpu.json as soon as it is found. A
part that is there already is not repeated, so that a run that was cut off goes on where it was.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from options import add_options

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "training"))

FOUND = "FOUND "
"""Begins a line in which a part says what it has found."""


@dataclass(frozen=True)
class Part:
    """One part.

    Attributes:
        find: its findings one by one.
        seconds: when it is killed on a GPU.
        alone: whether other parts must wait, because it takes the time.
    """

    find: Callable[[argparse.Namespace], Iterator[dict[str, Any]]]
    seconds: int
    alone: bool = False


def find_epochs(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Reviews per second of each contender at each batch size."""
    from contenders import COMPILED, HERE, LAUNCHED, PADDED, TUNED, TUTORIAL  # noqa: PLC0415
    from epochs import compare, describe_machine, print_table  # noqa: PLC0415

    yield describe_machine(options.task)
    # Small batches take longer and get fewer reviews.
    for batch, share in (128, 1), (8, 16), (32, 4):
        if batch not in options.batches:
            continue
        small = (LAUNCHED, TUTORIAL) if batch == 8 else ()
        task = options.task.cut(len(options.task.data.ids) // share, batch)
        results = []
        # One after another, not by turns: at 128 reviews a step they do not fit into a GPU's memory together.
        for contender in (HERE, COMPILED, PADDED, *small, TUNED):
            results += compare(task, (contender,), options.blocks)
            yield asdict(results[-1])
        print_table(results)


def find_profile(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Where a step's time goes."""
    from contenders import COMPILED, HERE, LAUNCHED  # noqa: PLC0415
    from launches import profile_steps  # noqa: PLC0415

    chosen = ((LAUNCHED, 8), (HERE, 8), (LAUNCHED, 128), (COMPILED, 128))
    for contender, batch in chosen if options.task.device.type == "cuda" else chosen[1:2]:
        yield profile_steps(options.task, contender, batch)


def find_kernels(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Attention by the kernel that training calls, and by public interfaces."""
    from attention_kernels import WAYS, measure_kernels  # noqa: PLC0415

    if options.task.device.type == "cuda":
        yield from measure_kernels(options.task)
    else:
        yield {"ways": [way.name for way in WAYS], "measured": False}


def find_equality(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Whether the device computes what it should."""
    from equality import check_dropout, check_equality, check_graphs  # noqa: PLC0415

    yield {"check": "graphs", **check_graphs(options.task, options.shape)}
    yield {"check": "dropout", **check_dropout(options.task, options.shape)}
    yield {"check": "equality", **check_equality(options.task, options.shape)}


def find_memory(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Steps and evaluations in too little memory, and an evaluation's time."""
    from memory import check_memory, time_evaluation  # noqa: PLC0415

    yield {"check": "evaluation", **time_evaluation(options.task)}
    yield {"check": "out of memory", **check_memory(options.task)}


def find_interruptions(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """train.py killed, continued and published."""
    from interruptions import check_interruptions  # noqa: PLC0415

    found = check_interruptions(options.device)
    yield found
    if any("failed" in mode for mode in found.values()):
        raise RuntimeError("A run of train.py did not end with a published version.")


def find_tests(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The tests that need a GPU; on a CPU, whether they can be collected."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
        str(ROOT / "test" / "cuda"),
    ]
    done = subprocess.run(
        [*command, *(["--collect-only"] if options.device == "cpu" else [])],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    print(done.stdout[-6000:], done.stderr[-2000:])
    yield {"code": done.returncode, "said": next(reversed([line for line in done.stdout.splitlines() if line]), "")}
    if done.returncode:
        raise RuntimeError("A test failed.")


PARTS = {
    "epochs": Part(find_epochs, 330, alone=True),
    "profile": Part(find_profile, 120, alone=True),
    "kernels": Part(find_kernels, 90, alone=True),
    "equality": Part(find_equality, 120),
    "memory": Part(find_memory, 90),
    "interruptions": Part(find_interruptions, 150),
    "tests": Part(find_tests, 150),
}


class Findings:
    """results/gpu.json: what is known, by part, written at once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "gpu.json"
        self.parts: dict[str, dict[str, Any]] = json.loads(self._path.read_text()) if self._path.exists() else {}

    def lacks(self, name: str) -> bool:
        """Whether the part has not ended well yet."""
        return self.parts.get(name, {}).get("ended") != "well"

    def tell(self, name: str, **news: Any) -> None:
        """Adds what is new about a part."""
        self.parts.setdefault(name, {}).update(news)
        self._path.write_text(json.dumps(self.parts, indent=1))


def run_part(name: str, options: argparse.Namespace, findings: Findings, deadline: float) -> None:
    """Runs a part in a process of its own and keeps what it finds, until its time is over."""
    begun, found = time.monotonic(), []
    seconds = deadline - begun
    # A processor may be busy with other work. A GPU is for this alone, and its time costs money.
    if options.device != "cpu":
        seconds = min(PARTS[name].seconds, seconds)
    if seconds <= 5:
        findings.tell(name, ended="no time left")
        return
    command = [sys.executable, __file__, *sys.argv[1:], "--part", name]
    with (
        (options.out / "gpu.log").open("a") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True) as process,
    ):
        # With what the part has started.
        timer = threading.Timer(seconds, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        for line in process.stdout or []:
            if line.startswith(FOUND):
                found.append(json.loads(line.removeprefix(FOUND)))
                findings.tell(name, found=found, ended="under way")
            print(f"{name}: {line.removeprefix(FOUND).rstrip()}", flush=True)
        code = process.wait()
        timer.cancel()
    took = time.monotonic() - begun
    ended = "well" if code == 0 else "killed: its time was over" if took >= seconds else f"exit code {code}"
    findings.tell(name, found=found, ended=ended, seconds=round(took, 1))
    print(f"{name}: {ended}, {took:.0f} s", flush=True)


def run_all(options: argparse.Namespace) -> int:
    """Runs the chosen parts: first those that need the machine for themselves, then the others together."""
    deadline = time.monotonic() + options.seconds
    findings = Findings(options.out)
    chosen = [name for name in options.only.split(",") if findings.lacks(name)]
    if unknown := [name for name in chosen if name not in PARTS]:
        print(f"There is no part {', '.join(unknown)}; there are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    for name in [name for name in chosen if PARTS[name].alone]:
        run_part(name, options, findings, deadline)
    together = [name for name in chosen if not PARTS[name].alone]
    with ThreadPoolExecutor(max(1, len(together) if options.together else 1)) as pool:
        list(pool.map(lambda name: run_part(name, options, findings, deadline), together))
    return 0 if all(not findings.lacks(name) for name in options.only.split(",")) else 1


def main(arguments: list[str] | None = None) -> int:
    """Runs all parts, or as a process of its own one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for gpu.json and gpu.log")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, comma-separated")
    parser.add_argument("--seconds", type=float, default=470, help="until all parts are ended")
    parser.add_argument("--blocks", type=int, default=2, help="measured epochs of each contender")
    parser.add_argument("--batches", type=lambda text: list(map(int, text.split(","))), default=[8, 32, 128])
    parser.add_argument("--together", action=argparse.BooleanOptionalAction, default=True, help="parts side by side")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    add_options(parser)
    options = parser.parse_args(arguments)
    if not options.part:
        return run_all(options)
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from reviews import make_task  # noqa: PLC0415

    options.task = make_task(options)
    for finding in PARTS[options.part].find(options):
        print(FOUND + json.dumps(finding), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
