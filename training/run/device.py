"""The device and the processor that a run computes on, and what to do where the wanted device is missing."""

import os
import platform
import re
from pathlib import Path

import torch

from run.progress import announce
from settings import Settings

_INSTRUCTION_SETS = ("sse4_1", "avx", "avx2", "fma", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8")

_MODULES = Path("/proc/driver/nvidia/version")


def choose_device(wanted: str, problems: list[str]) -> torch.device:
    """The device to train on; adds to `problems` if it cannot be had.

    Args:
        wanted: cpu, cuda or auto.
        problems: gets a sentence for an unknown device, a missing GPU and a driver that PyTorch cannot work with.
    """
    if wanted not in {"auto", "cpu", "cuda"}:
        problems.append(f"DEVICE {wanted!r} is none of auto, cpu and cuda.")
    if wanted == "cpu":
        return torch.device("cpu")
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    if wanted == "cuda":
        problems.append(f"DEVICE is cuda, but {_find_reason()}")
    return torch.device("cpu")


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether PyTorch could not allocate a tensor, on a GPU or on the CPU."""
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def free_memory() -> None:
    """Gives the GPU's memory that no tensor uses back to the driver."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def describe_processor() -> str:
    """The processor's name, family and model, and the instruction sets that choose ONNX Runtime's kernels.

    Two processors of one description give equal bits; of two that differ, nothing is promised.
    """
    content = Path("/proc/cpuinfo").read_text("utf-8") if Path("/proc/cpuinfo").exists() else ""
    fields = dict(
        re.findall(r"^(model name|cpu family|model|flags)\s*: (.*)$", content.partition("\n\n")[0], re.MULTILINE)
    )
    name = fields.get("model name", platform.processor() or platform.machine())
    kinds = [f"{key} {fields[key]}" for key in ("cpu family", "model") if key in fields]
    sets = [flag for flag in _INSTRUCTION_SETS if flag in fields.get("flags", "").split()]
    return ", ".join([name, *kinds, " ".join(sets) or platform.machine()])


def prepare(device: torch.device, settings: Settings) -> None:
    """Seeds, threads and, where asked for, kernels that give the same bits every time; says so if it will be slow."""
    if device.type == "cpu" and settings.device == "auto":
        announce("slow", reason=f"Training on the CPU, ten to a hundred times slower than on a GPU: {_find_reason()}")
    torch.manual_seed(settings.seed)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    if settings.deterministic and device.type == "cuda":
        # cuBLAS reads it when it is first used.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)


def explain_absence(driver: str | None, built_for: str | None, refusal: str) -> str:
    """Why there is no GPU, and what to do.

    Args:
        driver: first line of what the NVIDIA driver says about itself, None where there is none.
        built_for: CUDA version that PyTorch was built for, None for a build without CUDA.
        refusal: what CUDA answered when asked.
    """
    if driver is None:
        return (
            "no NVIDIA driver is visible: start the container with docker run --gpus 1, on a machine with the NVIDIA "
            "driver and the NVIDIA Container Toolkit, or set DEVICE=cpu."
        )
    if built_for is None:
        return "this PyTorch was built without CUDA: install the build of training/requirements.txt for CUDA."
    return (
        f"the driver and PyTorch's CUDA {built_for} do not go together ({refusal}; driver: {driver}): update the "
        "machine's NVIDIA driver, or use an image whose PyTorch was built for an older CUDA."
    )


def _find_reason() -> str:
    return explain_absence(_find_driver(), torch.version.cuda, _ask_cuda())


def _find_driver() -> str | None:
    if _MODULES.exists():
        return _MODULES.read_text().splitlines()[0]
    return "found by its device files" if Path("/dev/nvidiactl").exists() else None


def _ask_cuda() -> str:
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        return str(error).splitlines()[0].rstrip(".")
    return "no device found"
