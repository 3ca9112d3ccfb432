"""Training and evaluation in less memory than they ask for, and how fast an evaluation is."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch

from contenders import Task
from model.encoder import choose_attention
from run.checkpoints import Progress
from run.inference import compute_all_logits, compute_validation_logits
from run.loop import make_optimizer
from run.process_group import ProcessGroup
from run.step import Batch, take_step


def check_memory(task: Task) -> dict[str, Any]:
    """A step of many reviews where memory is short, then an evaluation where it is shorter.

    Returns:
        `asked` and `micro`: reviews of the step, and reviews that were computed at a time. `loss_gap`: relative
        difference of the loss from the one with enough memory, without dropout. `logit_gap`: largest difference of a
        logit from an evaluation with enough memory.
    """
    asked = min(96, len(task.data.ids))
    settings = replace(task.settings, train_batch_size=asked, cuda_graphs=False)
    model = task.copy_model(choose_attention())
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    run = replace(task, settings=settings).make_run(model)
    longest = sorted(range(len(task.data.ids)), key=lambda row: -len(task.data.ids[row]))[:asked]
    batch = Batch(longest, longest, 1, "step 1")
    wanted = take_step(run, _Standstill(model), batch, Progress(micro=asked))[0].item()
    optimizer, progress = make_optimizer(model, settings), Progress(micro=asked)
    with _limit(task, model, gib=4.0, texts=5):
        loss = take_step(run, optimizer, batch, progress)[0].item()
    del optimizer
    # The weights have moved: what is compared is the evaluation in parts with the one in whole batches.
    enough = compute_all_logits(model, task.data, settings)
    with _limit(task, model, gib=0.25, texts=5):
        short = compute_all_logits(model, task.data, settings)
    return {
        "asked": asked,
        "micro": progress.micro,
        "loss_gap": abs(loss - wanted) / abs(wanted),
        "logit_gap": float((enough - short).abs().max()),
    }


def time_evaluation(task: Task) -> dict[str, float]:
    """Seconds of an evaluation in bfloat16 and in float32, and how many labels and logits differ between them."""
    model = task.copy_model(choose_attention())
    told: dict[str, float] = {}
    answers = {}
    for name, precision in (("warmup", "bf16"), ("bf16", "bf16"), ("fp32", "fp32")):
        begun = time.perf_counter()
        settings = replace(task.settings, precision=precision)
        answers[name] = compute_validation_logits(model, task.data, settings, ProcessGroup(), lambda: None)
        told[f"{name}_seconds"] = time.perf_counter() - begun
    gap = (answers["bf16"] - answers["fp32"]).abs()
    differ = (answers["bf16"].argmax(1) != answers["fp32"].argmax(1)).float().mean()
    return told | {"rows": len(task.data.ids), "logit_gap": float(gap.max()), "labels_that_differ": float(differ)}


class _Standstill(torch.optim.SGD):
    """An optimizer that leaves the weights where they are."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__(model.parameters(), lr=0.0)


@contextmanager
def _limit(task: Task, model: Any, gib: float, texts: int) -> Iterator[None]:
    """Leaves so much memory beside what is allocated; a CPU, whose memory cannot be limited so, so many texts."""
    if task.device.type == "cuda":
        gc.collect()
        torch.cuda.empty_cache()
        total = torch.cuda.get_device_properties(task.device).total_memory
        torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + gib * 2**30) / total)
        try:
            yield
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
        return

    def refuse(_: object, inputs: tuple[torch.Tensor]) -> None:
        if len(inputs[0]) > texts:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    hook = model.bert.pooler.dense.register_forward_pre_hook(refuse)
    try:
        yield
    finally:
        hook.remove()
