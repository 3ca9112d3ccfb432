"""ONNX Runtime without AVX-512, as bench/peers/hide_avx512.py makes it for a measurement."""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest

import hide_avx512

SCRIPT = """
import numpy as np, onnx, onnxruntime as ort
from onnx import TensorProto, helper
node = helper.make_node("MatMulInteger", ["a", "b"], ["c"])
a = helper.make_tensor_value_info("a", TensorProto.UINT8, [1, 4])
c = helper.make_tensor_value_info("c", TensorProto.INT32, [1, 16])
b = helper.make_tensor("b", TensorProto.INT8, [4, 16], np.full((4, 16), 127, np.int8).tobytes(), raw=True)
graph = helper.make_graph([node], "g", [a], [c], [b])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
print(int(session.run(None, {"a": np.full((1, 4), 255, np.uint8)})[0][0, 0]))
"""
EXACT = 4 * 255 * 127
SATURATED = 2 * 32767
"""AVX2 adds two products in 16 bits."""


def has(flag: str) -> bool:
    cpu = Path("/proc/cpuinfo")
    return cpu.exists() and flag in cpu.read_text().split()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="AVX is of x64")
def test_the_library_takes_the_products_of_avx2_until_it_is_undone(tmp_path: Path) -> None:
    package = shutil.copytree(
        Path(onnxruntime.__file__).parent, tmp_path / "onnxruntime", copy_function=shutil.copyfile
    )
    (library,) = package.glob("capi/onnxruntime_pybind11_state*.so")
    before = library.read_bytes()

    def multiply() -> int:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout)

    for _ in ["first", "again"]:
        hide_avx512.hide(library)
    assert multiply() == (EXACT if has("avx_vnni") else SATURATED)
    hide_avx512.undo(library)
    assert library.read_bytes() == before
    assert multiply() == (EXACT if has("avx_vnni") or has("avx512_vnni") else SATURATED)


def test_another_library_is_left_as_it_is(tmp_path: Path) -> None:
    library = tmp_path / "lib.so"
    library.write_bytes(b"\x0f\x01\xd0")
    with pytest.raises(ValueError, match=r"lib.so does not ask for AVX-512 as ONNX Runtime 1.30 does"):
        hide_avx512.hide(library)
    with pytest.raises(ValueError, match=r"lib.so is as it was"):
        hide_avx512.undo(library)
    assert [file.name for file in tmp_path.iterdir()] == ["lib.so"]
