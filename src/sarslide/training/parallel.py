"""One training on several GPUs: a process for each, which share every batch.

DistributedDataParallel, started from the job.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn

from sarslide.errors import TrainingError

RESULT = "result.pt"


def run(work: Callable[..., dict[str, Any]], job: Any, processes: int) -> dict[str, Any]:
    """What work returns in the first of several processes.

    The processes find each other through a file and speak NCCL between GPUs, gloo between CPUs.
    Each rank on a GPU has its own. Whoever calls this from a script must guard the script with `if
    __name__ == "__main__"`: the processes import it again.

    Parameters
    ----------
    work : callable
        Of job and rank; returns tensors and plain values.
    job : Any
        Has `device` and `threads`; is pickled.
    processes : int
        How many.

    Returns
    -------
    dict of str to Any
        The first one's result, on the CPU.

    Raises
    ------
    TrainingError
        Where a process fails.
    """
    with tempfile.TemporaryDirectory(prefix="sarslide-") as folder:
        try:
            torch.multiprocessing.spawn(_process, (work, job, processes, folder), nprocs=processes)
        except (torch.multiprocessing.ProcessRaisedException, torch.multiprocessing.ProcessExitedException) as error:
            reason = str(error).strip().splitlines()[-1]
            raise TrainingError(
                f"a process of the training failed ({reason})", "see the log; or use one device"
            ) from None
        return torch.load(Path(folder) / RESULT, map_location="cpu", weights_only=True)


def _process(rank: int, work: Callable[..., dict[str, Any]], job: Any, processes: int, folder: str) -> None:
    on_gpu = torch.device(job.device).type == "cuda"
    if on_gpu:
        torch.cuda.set_device(rank)
    torch.set_num_threads(job.threads)
    distributed.init_process_group(
        "nccl" if on_gpu else "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=processes
    )
    result = work(job, rank)
    if rank == 0:
        torch.save(result, os.path.join(folder, RESULT))
    distributed.destroy_process_group()


def processes_running() -> int:
    """How many processes share each batch."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def total(sums: Tensor) -> Tensor:
    """Sums over all processes, with gradients.

    Parameters
    ----------
    sums : Tensor
        Of this process.

    Returns
    -------
    Tensor
        Of all.
    """
    return sums if processes_running() == 1 else _Total.apply(sums)


class _Total(torch.autograd.Function):
    """Sum over the processes; the gradient, too, of which the weights' mean is taken."""

    @staticmethod
    def forward(ctx, sums: Tensor) -> Tensor:
        return _added(sums)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        return _added(gradient)


def _added(values: Tensor) -> Tensor:
    values = values.clone()
    distributed.all_reduce(values)
    return values


def agreed(decision: bool, device: torch.device | str) -> bool:
    """The first process's decision, in all processes.

    Parameters
    ----------
    decision : bool
        Of this process.
    device : torch.device or str
        Where it computes.

    Returns
    -------
    bool
        Of the first.
    """
    if processes_running() == 1:
        return decision
    word = torch.tensor([int(decision)], device=device)
    distributed.broadcast(word, 0)
    return bool(word.item())


def shared(network: nn.Module, device: torch.device) -> nn.Module:
    """The network whose gradients are the mean over the processes.

    Parameters
    ----------
    network : nn.Module
        Of this process.
    device : torch.device
        Where it computes.

    Returns
    -------
    nn.Module
        The network itself where there is one process.
    """
    if processes_running() == 1:
        return network
    return nn.parallel.DistributedDataParallel(network, device_ids=[device.index] if device.type == "cuda" else None)
