"""Memory that ran out, whoever says so (PyTorch, NumPy, OpenCV), as one error with a cure that fits."""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import torch

from comicdata.errors import ResourceError

# What PyTorch's plain RuntimeErrors say: its allocator on the processor, a CUDA call outside it, cuBLAS and cuDNN.
SIGNS = ("DefaultCPUAllocator", "out of memory", "ALLOC_FAILED")


@contextmanager
def memory_errors(words: str) -> Iterator[None]:
    """Turns the errors of memory that ran out into ResourceError: "out of memory", then `words` with the cure."""
    try:
        yield
    except (RuntimeError, MemoryError, cv2.error) as error:
        if not ran_out(error):
            raise
        raise ResourceError(f"out of memory {words}") from error


def ran_out(error: BaseException) -> bool:
    """Whether an error means that memory ran out."""
    if isinstance(error, cv2.error):
        return bool(error.code == cv2.Error.StsNoMem)
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(sign in str(error) for sign in SIGNS)
