"""The background detector: from an outline alone, which pixels have a colour that a reader could not know.

Source: Kang, Choo, Chang, "Consistent Comic Colorization with Pixel-wise Background Classification" (2017),
section 2, part (b) of figure 1. The rule of the file: the mask is learned through colour alone; nobody tells the
network what a background is.

What recurs (characters, balloons) can be painted from the outline; a background's colour is arbitrary, and the best
guess about it is worse than being handed its true mean. So each pixel goes where it costs less.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comicdata.models.networks.options import NetworkOptions, require
from comicdata.models.networks.pix2pix import DISCRIMINATOR, LOSSES, PIX2PIX, ColorizerConfig, UNet
from comicdata.models.networks.pix2pix import SMALL as SMALL_UNET

Assignment = Literal["gumbel", "soft"]
USED_FROM = 0.5  # share of the background from which a pixel counts as background when colorizing


@dataclass(frozen=True)
class BackgroundConfig(NetworkOptions):
    """The U-Net, and how its two maps become a decision while it learns.

    `assignment`: gumbel decides hard and passes the gradient straight through; soft mixes. The paper found no clear
    difference, and cleaner maps with Gumbel. Differs: the temperature is not published; 1 is the common start.
    """

    fixed: ClassVar[frozenset[str]] = frozenset(
        f"unet.{name}" for name in ColorizerConfig.fixed | DISCRIMINATOR | LOSSES | {"hints"}
    )

    unet: ColorizerConfig = field(default_factory=lambda: PIX2PIX)
    assignment: Assignment = "gumbel"
    temperature: float = 1.0

    def __post_init__(self) -> None:
        require("temperature", self.temperature, 0 < self.temperature <= 100, "a number above 0, at most 100,")

    @property
    def multiple(self) -> int:
        return self.unet.multiple

    @property
    def idle(self) -> frozenset[str]:
        return frozenset() if self.assignment == "gumbel" else frozenset({"temperature"})

    def build(self) -> "BackgroundDetector":
        return BackgroundDetector(self)


PAPER = BackgroundConfig()
SMALL = replace(PAPER, unet=SMALL_UNET)
PRESETS = {"small": SMALL, "paper": PAPER, "authors": PAPER}


class Layers(NamedTuple):
    """What the detector makes of an outline: its own colours (B, 3, H, W) in [-1, 1], and two maps (B, 2, H, W) in
    [0, 1] that sum to 1: foreground, background.
    """

    own: Tensor
    maps: Tensor

    @property
    def background(self) -> Tensor:
        """(B, 1, H, W)."""
        return self.maps[:, 1:]


class BackgroundDetector(nn.Module):
    """One U-Net, outline (B, 1, H, W) in [-1, 1], white +1 -> five channels: its own RGB and two maps."""

    def __init__(self, config: BackgroundConfig) -> None:
        super().__init__()
        self.config = config
        self.unet = UNet(config.unet, outputs=5)

    def forward(self, outline: Tensor) -> Layers:
        """The maps as shares: what is used after training."""
        own, scores = self._raw(outline)
        return Layers(own, torch.softmax(scores, dim=1))

    def decide(self, outline: Tensor) -> Layers:
        """The maps as training sees them; Gumbel draws from torch's random numbers."""
        own, scores = self._raw(outline)
        if self.config.assignment == "soft":
            return Layers(own, torch.softmax(scores, dim=1))
        return Layers(own, F.gumbel_softmax(scores, tau=self.config.temperature, hard=True, dim=1))

    def _raw(self, outline: Tensor) -> tuple[Tensor, Tensor]:
        made = self.unet.raw(outline).float()
        return torch.tanh(made[:, :3]), made[:, 3:]

    @torch.no_grad()
    def mask(self, outline: Tensor) -> Tensor:
        """(B, 1, H, W): 1 on background, 0 elsewhere."""
        layers: Layers = self(outline)
        return (layers.background >= USED_FROM).float()


def mean_color(color: Tensor, mask: Tensor) -> Tensor:
    """Mean colour under a mask: color (B, 3, H, W), mask (B, 1, H, W) in [0, 1] -> (B, 3, 1, 1); 0 where it is empty.

    The sum is divided by the area of the mask, not of the picture. Divided by the picture's area the mean of a small
    mask is nearly 0, which suits only pixels of one fixed colour, and the detector settles on the lines.
    """
    area = mask.sum(dim=(2, 3), keepdim=True).clamp_min(1.0)
    return (color * mask).sum(dim=(2, 3), keepdim=True) / area


def composite(layers: Layers, color: Tensor) -> Tensor:
    """The detector's own colours on the foreground, one colour on the background: the mean of the truth there.

    color (B, 3, H, W) is the truth. RGB * foreground + mean(truth on background) * background.
    """
    background = layers.background
    return layers.own * layers.maps[:, :1] + mean_color(color, background) * background


def background_loss(layers: Layers, color: Tensor) -> Tensor:
    """L1 between the composite and the truth, a mean; nothing else, as in the paper."""
    return F.l1_loss(composite(layers, color), color)
