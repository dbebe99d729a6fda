"""Several processes, one GPU (or core) each, as torchrun starts them: who I am, and means over all.

Every process makes its own share of each batch and steps alike; gradients are averaged before each step of an
optimizer. Nothing wraps the networks and nothing but gradients, losses and stop signs crosses: normalisation is within
one sample (group, instance), so there are no statistics of a batch to bring together, and averaged gradients are those
of the whole batch. (With batch normalisation PyTorch's own wrapper fails where a discriminator runs twice a step, and
statistics would differ by process.)
"""

import atexit
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from comicdata.errors import UsageError


@dataclass(frozen=True)
class Processes:
    """This process is number `rank` of `count`; alone by default. All of them call the same methods in step."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes the run folder and speaks."""
        return self.rank == 0

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace every tensor by its mean over the processes, in one exchange."""
        if self.count == 1 or not tensors:
            return
        flat = torch.cat([one.reshape(-1) for one in tensors]) / self.count
        dist.all_reduce(flat)
        sizes = [one.numel() for one in tensors]
        for one, mean in zip(tensors, torch.split(flat, sizes), strict=True):
            one.copy_(mean.view_as(one))

    def any(self, sign: bool, device: torch.device) -> bool:
        """Whether any process says so."""
        if self.count == 1:
            return sign
        signs = torch.tensor([float(sign)], device=device)
        dist.all_reduce(signs)
        return bool(signs.item() > 0)

    def wait(self) -> None:
        """Until all are here."""
        if self.count > 1:
            dist.barrier()


@contextmanager
def joined(device: torch.device) -> Iterator[tuple[Processes, torch.device]]:
    """The processes that torchrun started, and the device of this one; alone where nobody did.

    They meet once and stay together until they end: those who part and meet again, as for the next stage of a model,
    may find what the first meeting left in torchrun's store, and wait for ever. UsageError when this one has no GPU.
    """
    if not (dist.is_available() and dist.is_torchelastic_launched()):
        yield Processes(), device
        return
    if device.type == "cuda":
        number, gpus = dist.get_node_local_rank(), torch.cuda.device_count()
        if number >= gpus:
            raise UsageError(
                f"torchrun: process {number + 1} on a machine of {gpus} GPUs; take --nproc-per-node {gpus}"
            )
        device = torch.device("cuda", number)
        torch.cuda.set_device(device)
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        atexit.register(dist.destroy_process_group)
    processes = Processes(dist.get_rank(), dist.get_world_size())
    processes.wait()  # nobody fails while others still look for it
    yield processes, device
