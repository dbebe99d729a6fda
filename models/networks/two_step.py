"""Two-step pix2pix: an adversarial colorizer of small pictures, for the polishing network to finish.

Source: the public project auto_colorization_project (naive two-step CGAN), after Isola and others, "pix2pix" (2017),
arXiv 1611.07004; a description of its networks, none of its code. The rule of the file: all losses are means in units
of [-1, 1]. (The project weighs L1 in units of 0 to 255 by 100, which is 12,750 here: beside it the adversarial term
counts for nothing, and the result is a blurred regression.)
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comicdata.models.networks.layers import STRIDE, Norm, initialise, normalisation
from comicdata.models.networks.options import NetworkOptions, require, require_share, require_weight, require_width
from comicdata.models.networks.pix2pix import LEVELS_KEPT, ShortUNet

JUDGE = frozenset({"discriminator_width", "discriminator_norm", "label_real"})


@dataclass(frozen=True)
class TwoStepConfig(NetworkOptions):
    """All that builds the two networks and weighs their losses. `label_real`: one-sided label smoothing.

    Differs: the project smooths by 0.2 and adds 0.2 / batch to both labels, which means nothing.
    """

    width: int = 64
    depth: int = 8
    norm: Norm = "instance"
    dropout: float = 0.5
    discriminator_width: int = 64
    discriminator_norm: Norm = "instance"
    weight_l1: float = 100.0
    weight_adversarial: float = 1.0
    label_real: float = 0.8

    def __post_init__(self) -> None:
        require_width("width", self.width, self.norm, 3)
        require_width("discriminator_width", self.discriminator_width, self.discriminator_norm, 3)
        require("depth", self.depth, LEVELS_KEPT < self.depth <= 10, f"a number of levels from {LEVELS_KEPT + 1} to 10")
        require_share("dropout", self.dropout, below_one=True)
        require_share("label_real", self.label_real)
        require_weight("weight_l1", self.weight_l1)
        require_weight("weight_adversarial", self.weight_adversarial)

    @property
    def multiple(self) -> int:
        return int(2**self.depth)

    @property
    def is_adversarial(self) -> bool:
        return self.weight_adversarial > 0

    @property
    def idle(self) -> frozenset[str]:
        return frozenset() if self.is_adversarial else JUDGE

    def build(self) -> "SmallPicturePainter":
        return SmallPicturePainter(self)


PAPER = TwoStepConfig()
SMALL = replace(PAPER, width=16, depth=6, norm="group", discriminator_width=16, discriminator_norm="none")
PRESETS = {"small": SMALL, "paper": PAPER, "authors": PAPER}


class SmallPicturePainter(ShortUNet):
    """Outline (B, 1, H, W) in [-1, 1] -> small picture (B, 3, H / 8, W / 8) in [-1, 1].

    Dropout in its three deepest layers is the only noise, and stays on where several different pictures are wanted.
    """

    def __init__(self, config: TwoStepConfig) -> None:
        super().__init__(config.width, config.depth, config.norm, config.dropout)
        self.out = nn.Conv2d(self.channels, 3, 1)
        initialise(self.out)

    def forward(self, outline: Tensor) -> Tensor:
        return torch.tanh(self.out(F.relu(super().forward(outline))))


class SmallPictureJudge(nn.Module):
    """Outline (B, 1, H, W) and small picture (B, 3, H / 8, W / 8) -> one logit a picture, (B,).

    Fields of 22 x 22 small pixels, their logits averaged before the loss: a judgement of pictures, not of patches.
    Differs: what the project lays beside the colours is not described; the outline, made as small.
    """

    def __init__(self, config: TwoStepConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 4
        for level, (kernel, stride) in enumerate(((4, 2), (4, 2), (1, 1), (4, 1))):
            width = config.discriminator_width * 2**level
            layers.append(nn.Conv2d(inputs, width, kernel, stride, padding=kernel // 2 if stride == 1 else kernel // 3))
            if level:
                layers.append(normalisation(config.discriminator_norm, width))
            layers.append(nn.LeakyReLU(0.2))
            inputs = width
        self.layers = nn.Sequential(*layers, nn.Conv2d(inputs, 1, 1))
        initialise(self)

    def forward(self, outline: Tensor, small: Tensor) -> Tensor:
        return self.map(outline, small).mean(dim=(1, 2, 3))

    def map(self, outline: Tensor, small: Tensor) -> Tensor:
        """(B, 1, h, w): the logits of the fields."""
        logits: Tensor = self.layers(torch.cat([F.avg_pool2d(outline, STRIDE), small], dim=1))
        return logits


def painter_terms(config: TwoStepConfig, output: Tensor, truth: Tensor, logits: Tensor | None) -> dict[str, Tensor]:
    """The weighted terms whose sum the painter minimises; `logits` (B,) of the judge on the output, None without."""
    terms = {"l1": config.weight_l1 * F.l1_loss(output, truth)}
    if logits is not None:
        terms["adversarial"] = config.weight_adversarial * _cross_entropy(logits, 1.0)
    return terms


def judge_terms(config: TwoStepConfig, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """Half the cross entropy on true pictures and half on painted ones, from their logits (B,)."""
    return {
        "d_real": 0.5 * _cross_entropy(real, config.label_real),
        "d_fake": 0.5 * _cross_entropy(fake, 0.0),
    }


def _cross_entropy(logits: Tensor, label: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))
