"""Where a run's time goes: prints the median milliseconds of each kind of node.

    python node_times.py MODEL [TOKENS] [--threads N] [--optimize]

MODEL is an ONNX file as it is served; with --optimize one that ONNX Runtime shall optimize at load, as a stock export.
"""

import argparse
import json
import statistics
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import onnxruntime as ort

_RUNS = 20


def measure(model: Path, tokens: int, optimize: bool, threads: int) -> list[tuple[str, int, float]]:
    """Kind, number and summed median milliseconds of the nodes, most expensive first."""
    with tempfile.TemporaryDirectory() as folder:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.enable_profiling, options.profile_file_prefix = True, f"{folder}/profile"
        level = ort.GraphOptimizationLevel
        options.graph_optimization_level = level.ORT_ENABLE_ALL if optimize else level.ORT_DISABLE_ALL
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        row = np.random.default_rng(0).integers(1000, 30000, (1, tokens))
        feeds = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        for _ in range(_RUNS):
            session.run(None, {put.name: feeds[put.name] for put in session.get_inputs()})
        return _sum_up(json.loads(Path(session.end_profiling()).read_text()))


def _sum_up(events: list[dict[str, object]]) -> list[tuple[str, int, float]]:
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for event in events:
        if str(event["name"]).endswith("_kernel_time"):
            details = event["args"]
            assert isinstance(details, dict)
            times[str(details["op_name"]), str(event["name"])].append(float(str(event["dur"])) / 1000)
    total: Counter[str] = Counter()
    for (kind, _), durations in times.items():
        total[kind] += statistics.median(durations)  # type: ignore[assignment]
    counts = Counter(kind for kind, _ in times)
    return [(kind, counts[kind], time) for kind, time in total.most_common()]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("tokens", type=int, nargs="?", default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--optimize", action="store_true")
    given = parser.parse_args()
    rows = measure(given.model, given.tokens, given.optimize, given.threads)
    print(f"{sum(time for _, _, time in rows):.1f} ms")
    for kind, count, time in rows[:12]:
        print(f"{time:8.2f} ms  {count:4} x {kind}")
