"""The process group of a training: one process, or as many as PROCESSES says, each with a GPU of its own.

Gradients are summed here and not by DistributedDataParallel: an out-of-memory retry of one process would leave its
partners waiting inside the backward pass, and the packed forward pass is a function beside the module.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import torch
import torch.distributed as dist
from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

_SHUTDOWN_SECONDS = 100
"""Time to finish a step and write a checkpoint after SIGTERM; a Spot notice comes two minutes ahead."""

_ONE_YEAR = 365 * 24 * 3600
"""Seconds."""


@dataclass(frozen=True)
class ProcessGroup:
    """This process among the ones that train together.

    Attributes:
        rank: its number, from 0; number 0 writes checkpoints and publishes.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def is_main(self) -> bool:
        """Whether this is the main process, which logs, saves and publishes."""
        return self.rank == 0

    def shard(self, rows: list[int], lengths: list[int]) -> list[int]:
        """This process's part of a batch: every size-th row by length, so that all have about as many tokens."""
        return sorted(rows, key=lambda row: (lengths[row], row))[self.rank :: self.size]

    def sum_gradients(self, parameters: list[torch.nn.Parameter]) -> None:
        """Adds up the gradients of all processes, in one message per type of number."""
        if self.size == 1:
            return
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        for gradient, summed in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(summed.view_as(gradient))

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """The tensor added up over all processes, in place."""
        if self.size > 1:
            dist.all_reduce(tensor)
        return tensor

    def any_true(self, *flags: bool) -> list[bool]:
        """Each flag, true in all processes if it is true in any of them."""
        if self.size == 1:
            return list(flags)
        values = torch.tensor(flags, dtype=torch.int32)
        dist.all_reduce(values, op=dist.ReduceOp.MAX)
        return [bool(value) for value in values.tolist()]

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """The main process runs the block first; the others then find what it left."""
        if not self.is_main:
            dist.barrier()
        yield
        if self.is_main and self.size > 1:
            dist.barrier()

    def leave(self) -> None:
        """Ends the connection to the other processes."""
        if self.size > 1:
            dist.destroy_process_group()


def is_launched() -> bool:
    """Whether a launcher, `launch` or torchrun, started this process among others."""
    return "WORLD_SIZE" in os.environ


def launch(processes: int) -> int:
    """Runs this program's own command line in several processes; returns the exit code of the first that fails.

    It uses torchrun's launcher. torchrun itself ends with code 1, whatever its processes end with. A run that SIGTERM
    stops must end with 143: this code tells AWS Batch that another attempt continues the run.

    Args:
        processes: how many; 0: one for each GPU.

    Returns:
        0 if all processes ended well; 128 + the signal's number after SIGTERM or Ctrl-C, once all have ended.
    """
    os.environ.setdefault("TORCH_ELASTIC_SHUTDOWN_TIMEOUT", str(_SHUTDOWN_SECONDS))
    # The launcher would log failures that the process has already reported itself.
    logging.getLogger("torch.distributed").setLevel(logging.CRITICAL)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes or max(1, torch.cuda.device_count()),
        run_id=str(uuid4()),
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        # The only machine needs no sign of life. A signal while the thread sends one may print a traceback.
        rdzv_configs={"keep_alive_interval": _ONE_YEAR},
        max_restarts=0,
    )
    try:
        elastic_launch(config, sys.executable)(*sys.argv)
    except ChildFailedError as error:
        _, failure = error.get_first_failure()
        return failure.exitcode if failure.exitcode > 0 else 128 - failure.exitcode
    except SignalException as error:
        return 128 + int(error.sigval)
    return 0


def join_process_group(device: torch.device) -> ProcessGroup:
    """Joins the processes that a launcher started, or makes a group of this one."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return ProcessGroup()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    return ProcessGroup(dist.get_rank(), size)
