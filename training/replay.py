"""Answers golden texts again with a published model, on whatever processor this is:

python replay.py FOLDER [TEXTS] prints, as JSON, the logits of the shortest TEXTS golden texts of the version in FOLDER
and whether the processor has AVX-512. Under `qemu-x86_64 -cpu Haswell` it has neither that nor VNNI. It imports little,
because an emulated processor is slow.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort


def replay(folder: Path, texts: int) -> dict[str, Any]:
    """Logits of the shortest golden texts, one text per run and one thread, and what the processor can do."""
    cases = json.loads((folder / "golden.json").read_text("ascii"))["cases"]
    ids = sorted((case["ids"] for case in cases), key=len)[:texts]
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
    wanted = {put.name for put in session.get_inputs()}
    logits = []
    for text in ids:
        row = np.array([text], dtype=np.int64)
        feeds = {"input_ids": row, "attention_mask": np.ones_like(row), "token_type_ids": np.zeros_like(row)}
        (answer,) = session.run(["logits"], {name: feeds[name] for name in wanted})
        logits.append([float(value) for value in answer[0]])
    return {"avx512": has_avx512(), "logits": logits}


def has_avx512() -> bool:
    """Whether the processor that this process sees has AVX-512, by what numpy has asked it."""
    # The kernel's list is the real processor's, also under an emulator.
    from numpy._core._multiarray_umath import (  # type: ignore[import-not-found]  # noqa: PLC0415
        __cpu_features__ as features,
    )

    return bool(features.get("AVX512F", features.get("X86_V4", False)))


if __name__ == "__main__":
    print(json.dumps(replay(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 500)))
