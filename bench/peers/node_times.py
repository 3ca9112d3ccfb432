"""Profiles a model in ONNX Runtime: prints the median milliseconds of each kind of node.

    python node_times.py MODEL [TOKENS] [--threads N] [--optimize]

MODEL is an ONNX file as it is served. With --optimize, ONNX Runtime optimizes it at load, as it does a stock export.
"""

import argparse
import json
import statistics
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import onnxruntime as ort


def profile(model: Path, tokens: int, optimize: bool, threads: int) -> list[dict[str, str | int]]:
    """Runs the model 20 times. Returns the profiler's events of the nodes."""
    with tempfile.TemporaryDirectory() as folder:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.enable_profiling, options.profile_file_prefix = True, f"{folder}/profile"
        level = ort.GraphOptimizationLevel
        options.graph_optimization_level = level.ORT_ENABLE_ALL if optimize else level.ORT_DISABLE_ALL
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        row = np.random.default_rng(0).integers(1000, 30000, (1, tokens))
        feeds = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        for _ in range(20):
            session.run(None, {put.name: feeds[put.name] for put in session.get_inputs()})
        events = json.loads(Path(session.end_profiling()).read_text())
    nodes = [event for event in events if event["name"].endswith("_kernel_time")]
    return [{"kind": node["args"]["op_name"], "name": node["name"], "microseconds": node["dur"]} for node in nodes]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("tokens", type=int, nargs="?", default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--optimize", action="store_true")
    times = defaultdict(list)
    for node in profile(**vars(parser.parse_args())):
        times[node["kind"], node["name"]].append(int(node["microseconds"]) / 1000)
    counts = Counter(kind for kind, _ in times)
    totals: dict[str, float] = dict.fromkeys(map(str, counts), 0)
    for (kind, _), durations in times.items():
        totals[str(kind)] += statistics.median(durations)
    print(f"{sum(totals.values()):.1f} ms")
    for name in sorted(totals, key=lambda kind: -totals[kind])[:12]:
        print(f"{totals[name]:8.2f} ms  {counts[name]:4} x {name}")
