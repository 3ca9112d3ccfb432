"""Where a training step's time goes: by kernel, and between launching and computing."""

import time
from typing import Any

from torch.profiler import ProfilerActivity, profile

from contenders import Contender, Task

STEPS = 8
KERNELS = 14
_LAUNCHES = (
    "cudaLaunchKernel",
    "cudaLaunchKernelExC",
    "cuLaunchKernel",
    "cuLaunchKernelEx",
    "cudaGraphLaunch",
    "cudaMemcpyAsync",
)


def profile_steps(task: Task, contender: Contender, batch: int) -> dict[str, Any]:
    """A step's milliseconds on the clock and on the device, its launches, and its most expensive kernels."""
    rows = min(len(task.data.ids), batch * STEPS)
    chosen = task.cut(rows, batch)
    train, steps = contender.open(chosen), -(-rows // batch)
    for _ in range(3):
        train()
    begun = time.perf_counter()
    train()
    wall = time.perf_counter() - begun
    on_gpu = task.device.type == "cuda"
    with profile(
        activities=[ProfilerActivity.CUDA, ProfilerActivity.CPU] if on_gpu else [ProfilerActivity.CPU]
    ) as seen:
        train()
    # An annotation spans kernels that are listed by themselves.
    events = [event for event in seen.key_averages() if not event.key.startswith(("Optimizer.", "## "))]
    spent = {event.key: _read_time(event, on_gpu) / 1000 / steps for event in events}
    launches = sum(event.count for event in events if event.key in _LAUNCHES) / steps
    dearest = sorted(spent.items(), key=lambda pair: -pair[1])[:KERNELS]
    return {
        "contender": contender.name,
        "batch": batch,
        "steps": steps,
        "tokens": sum(map(len, chosen.data.ids)) / steps,
        "ms_per_step": wall * 1000 / steps,
        "device_ms_per_step": sum(spent.values()),
        "launches_per_step": launches,
        "kernels": [{"name": name[:90], "ms": round(ms, 4)} for name, ms in dearest],
    }


def _read_time(event: Any, on_gpu: bool) -> float:
    """Microseconds that the event itself took; of an operator on a GPU, its kernels tell."""
    if not on_gpu:
        return float(event.self_cpu_time_total)
    return float(event.self_device_time_total) if str(event.device_type).endswith("CUDA") else 0.0
