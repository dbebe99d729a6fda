"""The polishing network: a small picture, the outline and the background's colour become the final picture.

Source: Kang, Choo, Chang, "Consistent Comic Colorization with Pixel-wise Background Classification" (2017),
section 2, part (c) of figure 1; random masking after Frans, "Outline Colorization through Tandem Adversarial Networks"
(2017), arXiv 1704.08834. The rule of the file: `gather` alone decides what the channels are, in training and in use.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comicdata.models.networks.background import mean_color
from comicdata.models.networks.layers import STRIDE
from comicdata.models.networks.options import NetworkOptions, require_share
from comicdata.models.networks.pix2pix import PIX2PIX, ColorizerConfig, UNet
from comicdata.models.networks.pix2pix import SMALL as SMALL_UNET

Source = Literal["truth", "sampled", "mix"]
WITH_BACKGROUND, WITHOUT_BACKGROUND = 10, 5


@dataclass(frozen=True)
class PolishingConfig(NetworkOptions):
    """The U-Net, what it is fed while it learns, and how much is hidden from it.

    `low_resolution`: truth is the paper's choice; sampled takes pictures that the low-resolution colorizer draws, mix
    half of each. `background` off leaves only the first five channels (two-step). The U-Net's weight_adversarial above
    0 adds a discriminator. Differs: the paper gives neither the loss nor the rates; L1 alone, the background hidden
    half of the time, and of the rest a share between 0 and `hidden_most`.
    """

    fixed: ClassVar[frozenset[str]] = frozenset(
        {"background", *(f"unet.{name}" for name in ColorizerConfig.fixed | {"hints", "weight_feature"})}
    )

    unet: ColorizerConfig = field(
        default_factory=lambda: replace(PIX2PIX, in_channels=WITH_BACKGROUND, weight_adversarial=0.0)
    )
    background: bool = True
    low_resolution: Source = "truth"
    background_hidden: float = 0.5
    hidden_most: float = 0.5

    def __post_init__(self) -> None:
        require_share("background_hidden", self.background_hidden)
        require_share("hidden_most", self.hidden_most)

    @property
    def multiple(self) -> int:
        return self.unet.multiple

    @property
    def is_adversarial(self) -> bool:
        return self.unet.is_adversarial

    @property
    def idle(self) -> frozenset[str]:
        return frozenset(f"unet.{name}" for name in self.unet.idle) | (
            frozenset() if self.background else {"background_hidden"}
        )

    def build(self) -> "PolishingNetwork":
        return PolishingNetwork(self)

    @property
    def reads(self) -> tuple[str, ...]:
        small = () if self.low_resolution == "truth" else ("low-resolution",)
        return (*(("background",) if self.background else ()), *small)


PAPER = PolishingConfig()
SMALL = replace(PAPER, unet=replace(SMALL_UNET, in_channels=WITH_BACKGROUND, weight_adversarial=0.0))
PRESETS = {"small": SMALL, "paper": PAPER, "authors": PAPER}
# Differs: two-step has no background detector, so five channels are left, and a discriminator, as the first step has.
WITHOUT = {
    name: replace(
        config,
        background=False,
        unet=replace(config.unet, in_channels=WITHOUT_BACKGROUND, weight_adversarial=1.0),
    )
    for name, config in PRESETS.items()
}


class PolishingNetwork(nn.Module):
    """Channels as `gather` lays them (B, 10 or 5, H, W) -> color (B, 3, H, W) in [-1, 1]."""

    def __init__(self, config: PolishingConfig) -> None:
        super().__init__()
        self.config = config
        self.unet = UNet(config.unet)

    def forward(self, channels: Tensor) -> Tensor:
        color: Tensor = self.unet(channels)
        return color


def gather(
    small: Tensor, visible: Tensor, outline: Tensor, background: Tensor | None = None, color: Tensor | None = None
) -> Tensor:
    """The channels, in the paper's order; (B, 10, H, W), or (B, 5, H, W) without `background`.

    small (B, 3, H / 8, W / 8) in [-1, 1], enlarged here; 0 where hidden. visible (B, 1, H / 8, W / 8) or (B, 1, H, W):
    1 where the small picture may be seen. outline (B, 1, H, W). Then foreground and background (B, 1, H, W) in [0, 1],
    and `color` (B, 3, 1, 1): the background's one colour, laid on the background only; by default the mean of the
    enlarged small picture there, before anything is hidden.
    """
    size = outline.shape[2:]
    large = enlarge(small, size)
    shown = F.interpolate(visible, size=size, mode="nearest")
    channels = [large * shown, shown, outline]
    if background is not None:
        one = mean_color(large, background) if color is None else color
        channels += [1 - background, background, one * background]
    return torch.cat(channels, dim=1)


def enlarge(small: Tensor, size: tuple[int, ...] | torch.Size) -> Tensor:
    """A small picture at the size of the outline, bilinear."""
    return F.interpolate(small, size=tuple(size), mode="bilinear", align_corners=False)


def hide(config: PolishingConfig, background: Tensor | None, shape: tuple[int, int, int]) -> Tensor:
    """What training may see of the small pictures: (B, 1, H, W), 1 or 0, from torch's random numbers.

    `shape` is (B, H / 8, W / 8). Whole pixels of the small picture are hidden, for each picture at a rate of its own,
    and in some pictures the background, as it will be in use.
    """
    count, height, width = shape
    device = background.device if background is not None else None
    rate = torch.rand(count, 1, 1, 1, device=device) * config.hidden_most
    visible = (torch.rand(count, 1, height, width, device=device) >= rate).float()
    visible = F.interpolate(visible, scale_factor=STRIDE, mode="nearest")
    if background is None:
        return visible
    covered = (torch.rand(count, 1, 1, 1, device=device) < config.background_hidden).float()
    return visible * (1 - covered * background)
