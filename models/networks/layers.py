"""What the networks share: normalisation, initial weights, the device, and the converters from and to pictures."""

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comicdata.errors import DivergedError, UsageError
from comicdata.images import Image

Norm = Literal["group", "instance", "none"]
GROUPS = 8
STRIDE = 8  # of the small pictures: an outline of 256 x 256 gives one of 32 x 32


def normalisation(norm: Norm, channels: int) -> nn.Module:
    """A normalisation that does the same in training and in use, whatever the batch.

    Differs: the papers say batch normalisation and train with a batch of 1, applied with the statistics of the
    picture at hand; that is instance normalisation, and written so it cannot change between training and use.
    """
    if norm == "group":
        return nn.GroupNorm(min(GROUPS, channels), channels)
    if norm == "instance":
        return nn.GroupNorm(channels, channels)  # one channel a group; unlike InstanceNorm2d it accepts 1x1 maps
    return nn.Identity()


class Block(nn.Sequential):
    """3 x 3 convolution, normalisation within the sample, SiLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(nn.Conv2d(inputs, outputs, 3, stride, 1), normalisation("group", outputs), nn.SiLU())


class Pointwise(nn.Linear):
    """A 1 x 1 convolution, (B, I, h, w) -> (B, O, h, w), as the product that it is: on one thread PyTorch's own takes
    several times as long.
    """

    def forward(self, value: Tensor) -> Tensor:
        return super().forward(value.movedim(1, -1)).movedim(-1, 1)


class ResizeConv2d(nn.Module):
    """Every pixel doubled both ways, then a 3 x 3 convolution with zeros outside: (B, I, H, W) -> (B, O, 2 H, 2 W)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, value: Tensor) -> Tensor:
        return doubled(value, self.weight, self.bias)


def doubled(value: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Every pixel of (B, I, H, W) doubled both ways, then the 3 x 3 convolution with these weights (I, O, 3, 3) and
    zeros outside: (B, O, 2 H, 2 W).

    Computed as the transposed convolution of stride 2 that is the same function: its 4 x 4 kernel is the 3 x 3 one
    spread over the doubled pixel, and the large map in between never exists. Source: Odena and others, "Deconvolution
    and checkerboard artifacts" (2016), doi 10.23915/distill.00003.
    """
    kernel = 4 * F.avg_pool2d(weight.flip(2, 3), 2, stride=1, padding=1)  # sums of what meets in a pixel
    return F.conv_transpose2d(value, kernel.contiguous(memory_format=torch.channels_last), bias, stride=2, padding=1)


def initialise(network: nn.Module) -> None:
    """Weights from N(0, 0.02), scales from N(1, 0.02), biases 0. Source: pix2pix (arXiv 1611.07004), section 6.2.

    A network without memory is left alone: torch would load its compiler, seconds long, to draw nothing.
    """
    if next(network.parameters()).is_meta:
        return
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | ResizeConv2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.GroupNorm):
            nn.init.normal_(module.weight, 1.0, 0.02)
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def find_device(name: str) -> torch.device:
    """The device behind auto, cpu or cuda; UsageError when there is no such device here."""
    if name not in ("auto", "cpu", "cuda"):
        raise UsageError(f"device {name}: not known; there are auto, cpu, cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError("device cuda: PyTorch sees no GPU here; take --device cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def to_tensor(images: Image) -> Tensor:
    """(B, H, W) or (B, H, W, 3) uint8 -> (B, 1 or 3, H, W) uint8, channels last in memory."""
    array = images[..., None] if images.ndim == 3 else images
    return torch.from_numpy(np.ascontiguousarray(array)).permute(0, 3, 1, 2)


def to_range(pixels: Tensor) -> Tensor:
    """uint8 in [0, 255] -> float32 in [-1, 1]: black -1, white +1."""
    return pixels.float().div_(127.5).sub_(1.0)


def to_image(output: Tensor) -> Image:
    """One (3, H, W) float in [-1, 1] -> (H, W, 3) uint8, rounded; DivergedError for NaN and infinity, of which any
    colour could be made.
    """
    if not output.isfinite().all():
        raise DivergedError(
            "the network gives values that are no colours (not finite): its weights are damaged, or blew up in "
            "training; copy the run anew, or train again"
        )
    pixels = output.detach().float().add(1.0).mul(127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(pixels.permute(1, 2, 0).cpu().numpy())
