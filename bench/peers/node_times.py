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

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("model", type=Path)
parser.add_argument("tokens", type=int, nargs="?", default=128)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--optimize", action="store_true")
given = parser.parse_args()

with tempfile.TemporaryDirectory() as folder:
    options = ort.SessionOptions()
    options.intra_op_num_threads = given.threads
    options.enable_profiling, options.profile_file_prefix = True, f"{folder}/profile"
    level = ort.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if given.optimize else level.ORT_DISABLE_ALL
    session = ort.InferenceSession(given.model, options, providers=["CPUExecutionProvider"])
    row = np.random.default_rng(0).integers(1000, 30000, (1, given.tokens))
    feeds = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
    for _ in range(20):
        session.run(None, {put.name: feeds[put.name] for put in session.get_inputs()})
    events = json.loads(Path(session.end_profiling()).read_text())

times: dict[tuple[str, str], list[float]] = defaultdict(list)
for event in events:
    if event["name"].endswith("_kernel_time"):
        times[event["args"]["op_name"], event["name"]].append(event["dur"] / 1000)
counts = Counter(kind for kind, _ in times)
medians = {kind: sum(statistics.median(times[node]) for node in times if node[0] == kind) for kind in counts}
print(f"{sum(medians.values()):.1f} ms")
for kind in sorted(medians, key=lambda kind: -medians[kind])[:12]:
    print(f"{medians[kind]:8.2f} ms  {counts[kind]:4} x {kind}")
