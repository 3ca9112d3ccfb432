"""The processes that train together: one, or as many as `torchrun` starts, each with a GPU of its own.

Gradients are summed here and not by DistributedDataParallel: an out-of-memory retry of one process would leave its
partners waiting inside the backward pass, and the packed forward pass is a function beside the module.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist


@dataclass(frozen=True)
class Team:
    """This process among the ones that train together.

    Attributes:
        rank: its number, from 0; number 0 writes checkpoints and publishes.
        size: how many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that speaks, saves and publishes."""
        return self.rank == 0

    def share(self, rows: list[int], lengths: list[int]) -> list[int]:
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

    def agree(self, *wishes: bool) -> list[bool]:
        """Each wish, granted to all processes if any has it."""
        if self.size == 1:
            return list(wishes)
        flags = torch.tensor(wishes, dtype=torch.int32)
        dist.all_reduce(flags, op=dist.ReduceOp.MAX)
        return [bool(flag) for flag in flags.tolist()]

    @contextmanager
    def lead_first(self) -> Iterator[None]:
        """The first process goes through the block before the others, which find what it left."""
        if not self.leads:
            dist.barrier()
        yield
        if self.leads and self.size > 1:
            dist.barrier()

    def leave(self) -> None:
        """Ends the connection to the other processes."""
        if self.size > 1:
            dist.destroy_process_group()


def join_team(device: torch.device) -> Team:
    """Joins the processes that torchrun started, or makes a team of one."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Team()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    return Team(dist.get_rank(), size)
