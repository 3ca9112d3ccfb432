"""One contender in a process of its own: takes orders and answers as lines of JSON, and times itself.

    python bench/peers/engine.py --kind torch --model FOLDER --threads 2

An order is {"texts": […], "seconds": S, "least": N}: pass over the texts until S seconds are over and N passes are
made. The answer is {"ms": [[…], …], "positive": […]}: milliseconds of each text in each pass, and the probability of
"positive" of each text.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from peer import Classify, Load

Order = dict[str, Any]


def _load_torch(options: argparse.Namespace) -> tuple[Classify, str]:
    from torch_model import load  # noqa: PLC0415  (each process pays for its own libraries only)

    return load(Path(options.model), Load(options.threads, options.precision, options.padded))


def _load_onnxruntime(options: argparse.Namespace) -> tuple[Classify, str]:
    from runtime_model import load  # noqa: PLC0415

    return load(Path(options.model), Load(options.threads, spinning=options.spinning, graph=options.graph))


def _load_floor(options: argparse.Namespace) -> tuple[Classify, str]:
    from floor_model import load  # noqa: PLC0415

    return load(Path(options.model), Load(options.threads, backend=options.backend))


_KINDS: dict[str, Callable[[argparse.Namespace], tuple[Classify, str]]] = {
    "torch": _load_torch,
    "onnxruntime": _load_onnxruntime,
    "floor": _load_floor,
}


def carry_out(classify: Classify, order: Order) -> dict[str, Any]:
    """Passes over the order's texts. What warms up is an order of its own, whose times nobody keeps."""
    passes: list[list[float]] = []
    positive: list[float] = []
    ends = time.perf_counter() + order["seconds"]
    while len(passes) < order["least"] or time.perf_counter() < ends:
        times, positive = [], []
        for text in order["texts"]:
            begun = time.perf_counter()
            positive.append(classify(text))
            times.append(1000 * (time.perf_counter() - begun))
        passes.append(times)
    return {"ms": passes, "positive": positive}


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line, shared with the service around the same engines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=_KINDS, required=True)
    parser.add_argument("--model", required=True, help="folder that bench/peers/peer_models.py made")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as the library takes by itself")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--padded", action="store_true", help="every text padded to 512 tokens")
    parser.add_argument("--spinning", action="store_true", help="threads spin while they wait for work")
    parser.add_argument("--graph", default="model_quantized.onnx", help="file in the folder")
    parser.add_argument("--backend", default="onednn", help="PyTorch's int8 backend")
    return parser.parse_args(arguments)


def load(options: argparse.Namespace) -> tuple[Classify, str]:
    """Text → probability of "positive", and in words what answers."""
    return _KINDS[options.kind](options)


def main() -> None:
    """Answers orders until standard input ends. Whatever else prints to standard output goes to standard error."""
    answers, sys.stdout = sys.stdout, sys.stderr
    classify, about = load(read_options())
    print(json.dumps({"ready": about}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(carry_out(classify, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
