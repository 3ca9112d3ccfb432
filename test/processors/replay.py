"""Answers golden texts with a published model, on whatever processor this is.

python replay.py MODEL GOLDEN INDEX [INDEX ...] prints, as JSON, the logits of these texts of the golden file and the
instruction sets of the processor. It imports little, because an emulated processor is slow.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort


def replay(model: Path, golden: Path, indexes: list[int]) -> dict[str, Any]:
    """Logits of the texts at these places, one text per run and one thread, and what the processor can do."""
    cases = json.loads(golden.read_text("ascii"))["cases"]
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    logits = []
    for index in indexes:
        (answer,) = session.run(["logits"], {"input_ids": np.array([cases[index]["ids"]], dtype=np.int64)})
        logits.append([float(value) for value in answer[0]])
    return {"features": list_features(), "logits": logits}


def list_features() -> list[str]:
    """The instruction sets that choose ONNX Runtime's kernels, as far as this process has them."""
    # numpy asks the processor, as ONNX Runtime does. The kernel's list is the real processor's, also under an emulator.
    from numpy._core._multiarray_umath import (  # type: ignore[import-not-found]  # noqa: PLC0415
        __cpu_features__ as features,
    )

    return [name for name in ("SSE41", "AVX", "FMA3", "AVX2", "AVX512F", "AVX512VNNI") if features.get(name)]


if __name__ == "__main__":
    print(json.dumps(replay(Path(sys.argv[1]), Path(sys.argv[2]), [int(index) for index in sys.argv[3:]])))
