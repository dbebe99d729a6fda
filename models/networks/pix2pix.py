"""pix2pix, on which all networks here stand: the U-Net, whole or ending early, and the PatchGAN.

Sources: Isola, Zhu, Zhou, Efros, "Image-to-Image Translation with Conditional Adversarial Networks" (2017), arXiv
1611.07004, section 6.1; the public project auto_colorization_project for the early end.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from comicdata.models.networks.layers import Norm, ResizeConv2d, initialise, normalisation
from comicdata.models.networks.options import NetworkOptions, require, require_share, require_weight, require_width

Model = Literal["auto-painter", "pix2pix"]
Adversarial = Literal["bce", "lsgan"]
Upsampling = Literal["transposed", "resize"]
HINT_CHANNELS = 4
DISCRIMINATOR = frozenset({"discriminator_width", "discriminator_layers", "discriminator_norm", "adversarial"})
LOSSES = frozenset({"weight_l1", "weight_feature", "weight_adversarial", "weight_tv"})
LEVELS_KEPT = 3  # 2^3 = STRIDE: the way up ends where the picture is this many levels below the outline
DROPOUT_LAYERS = 3  # pix2pix section 6.1.1: CD512-CD512-CD512, the three deepest of the decoder


@dataclass(frozen=True)
class ColorizerConfig(NetworkOptions):
    """All that builds the two networks and weighs their losses; the defaults are pix2pix as published.

    `hints`: four more channels in, see hints.py. All losses are means over pixels, channels, patches or features, in
    units of [-1, 1] and of normalised VGG features; what is logged is weight times loss.
    """

    fixed: ClassVar[frozenset[str]] = frozenset({"model", "in_channels"})

    model: Model = "pix2pix"
    in_channels: int = 1
    hints: bool = False
    upsampling: Upsampling = "transposed"
    width: int = 64
    depth: int = 8
    kernel: int = 4
    norm: Norm = "instance"
    dropout: float = 0.5
    discriminator_width: int = 64
    discriminator_layers: int = 3
    discriminator_norm: Norm = "instance"
    adversarial: Adversarial = "bce"
    weight_l1: float = 100.0
    weight_feature: float = 0.0
    weight_adversarial: float = 1.0
    weight_tv: float = 0.0

    def __post_init__(self) -> None:
        require_width("width", self.width, self.norm, 3)
        require_width("discriminator_width", self.discriminator_width, self.discriminator_norm, 3)
        require("depth", self.depth, 1 < self.depth <= 10, "a number of levels from 2 to 10")
        require("kernel", self.kernel, self.kernel in (3, 4), "3 or 4")
        require("discriminator_layers", self.discriminator_layers, 0 < self.discriminator_layers <= 6, "1 to 6")
        require_share("dropout", self.dropout, below_one=True)
        for name in ("weight_l1", "weight_feature", "weight_adversarial", "weight_tv"):
            require_weight(name, getattr(self, name))

    @property
    def multiple(self) -> int:
        return int(2**self.depth)

    @property
    def is_adversarial(self) -> bool:
        return self.weight_adversarial > 0

    @property
    def takes_hints(self) -> bool:
        return self.hints

    @property
    def sees_features(self) -> bool:
        return self.weight_feature > 0

    @property
    def idle(self) -> frozenset[str]:
        return frozenset() if self.weight_adversarial else DISCRIMINATOR

    def build(self) -> "UNet":
        return UNet(self)

    @property
    def inputs(self) -> int:
        """Channels that the networks read beside the colours."""
        return self.in_channels + (HINT_CHANNELS if self.hints else 0)


PIX2PIX = ColorizerConfig()
# Differs: nobody published a network for two cores without a GPU; these numbers come from our own trials.
SMALL = replace(
    PIX2PIX,
    width=16,
    depth=6,
    norm="group",
    dropout=0.0,
    discriminator_width=16,
    discriminator_norm="none",
    adversarial="lsgan",
)


class UNet(nn.Module):
    """The generator: outline (B, in_channels, H, W) in [-1, 1], white +1 -> colour (B, 3, H, W) in [-1, 1].

    `depth` convolutions of stride 2 down, as many transposed ones up, and each level of the way down is laid beside
    the same level of the way up. H and W are multiples of 2^depth. With other `outputs` than 3, `raw` is of use. The
    way up ends `last` levels early.
    """

    def __init__(self, config: ColorizerConfig, *, outputs: int = 3, last: int = 0) -> None:
        super().__init__()
        widths = [config.width * min(2**level, 8) for level in range(config.depth)]
        self.down = nn.ModuleList(self._down(config, widths, level) for level in range(config.depth))
        up = reversed(range(last, config.depth))
        self.up = nn.ModuleList(self._up(config, widths, level, outputs) for level in up)
        initialise(self)

    @staticmethod
    def _down(config: ColorizerConfig, widths: list[int], level: int) -> nn.Sequential:
        """Level 0 has neither activation nor norm before the others; the bottleneck has no norm."""
        inputs = widths[level - 1] if level else config.inputs
        layers: list[nn.Module] = [nn.LeakyReLU(0.2)] if level else []
        layers.append(nn.Conv2d(inputs, widths[level], config.kernel, stride=2, padding=1))
        if 0 < level < config.depth - 1:
            layers.append(normalisation(config.norm, widths[level]))
        return nn.Sequential(*layers)

    @staticmethod
    def _up(config: ColorizerConfig, widths: list[int], level: int, last: int) -> nn.Sequential:
        """Doubles height and width; level 0 makes the `last` channels, those of the picture."""
        bottleneck = level == config.depth - 1
        inputs = widths[level] * (1 if bottleneck else 2)
        outputs = widths[level - 1] if level else last
        layers: list[nn.Module] = [nn.ReLU(), _doubling(config, inputs, outputs)]
        if level:
            layers.append(normalisation(config.norm, outputs))
        if config.dropout and level >= max(1, config.depth - DROPOUT_LAYERS):
            layers.append(nn.Dropout(config.dropout))
        return nn.Sequential(*layers)

    def forward(self, outline: Tensor) -> Tensor:
        return torch.tanh(self.raw(outline))

    def raw(self, inputs: Tensor) -> Tensor:
        """(B, in_channels, H, W) -> (B, outputs, H, W) before the tanh: what every level of the way down made is laid
        beside what comes up to its size.
        """
        levels = []
        for layer in self.down:
            inputs = layer(inputs)
            levels.append(inputs)
        value = levels.pop()  # the bottleneck goes up itself
        for layer in self.up:
            value = layer(value)
            if levels:
                value = torch.cat([value, levels.pop()], dim=1)
        return value


def _doubling(config: ColorizerConfig, inputs: int, outputs: int) -> nn.Module:
    """The convolution that makes a map twice as large."""
    if config.upsampling == "resize":
        return ResizeConv2d(inputs, outputs)
    padding = 4 - config.kernel
    return nn.ConvTranspose2d(inputs, outputs, config.kernel, stride=2, padding=1, output_padding=padding)


class ShortUNet(UNet):
    """A U-Net whose way up ends three levels early: what an outline says of every square of 8 x 8 pixels.

    Outline (B, 1, H, W) in [-1, 1] -> features (B, `channels`, H / 8, W / 8), before their activation. Dropout is in
    the three deepest levels of the way up.
    """

    def __init__(self, width: int, depth: int, norm: Norm, dropout: float) -> None:
        config = ColorizerConfig(width=width, depth=depth, norm=norm, dropout=dropout)
        super().__init__(config, last=LEVELS_KEPT)
        self.channels = 2 * width * 2 ** (LEVELS_KEPT - 1)

    def forward(self, outline: Tensor) -> Tensor:
        return self.raw(outline)


class PatchGAN(nn.Module):
    """The discriminator: outline (B, in_channels, H, W) and colour (B, 3, H, W) -> one logit a patch (B, 1, h, w).

    Three layers of stride 2 see patches of 70 x 70 pixels.
    Differs: the auto-painter paper says 70 x 70 in the text and draws four such layers (142 x 142) in its figure;
    the text is the default, `discriminator_layers=4` is the figure.
    """

    def __init__(self, config: ColorizerConfig) -> None:
        super().__init__()
        count = config.discriminator_layers
        widths = [config.discriminator_width * min(2**level, 8) for level in range(count + 1)]
        layers: list[nn.Module] = []
        channels = config.inputs + 3
        for level, width in enumerate(widths):
            layers.append(nn.Conv2d(channels, width, config.kernel, stride=2 if level < count else 1, padding=1))
            if level:
                layers.append(normalisation(config.discriminator_norm, width))
            layers.append(nn.LeakyReLU(0.2))
            channels = width
        layers.append(nn.Conv2d(channels, 1, config.kernel, stride=1, padding=1))
        self.layers = nn.Sequential(*layers)
        initialise(self)

    def forward(self, outline: Tensor, color: Tensor) -> Tensor:
        logits: Tensor = self.layers(torch.cat([outline, color], dim=1))
        return logits
