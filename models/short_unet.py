"""A U-Net whose way up ends three levels early: what an outline says of every square of 8 x 8 pixels.

Sources: Isola and others, "pix2pix" (2017), arXiv 1611.07004, section 6.1.1, for its levels; the public project
auto_colorization_project for the early end.
"""

from torch import Tensor, nn

from comicdata.models.auto_painter import DROPOUT_LAYERS, down_and_up
from comicdata.models.layers import Norm, initialise, normalisation

LEVELS_KEPT = 3  # 2^3 = STRIDE: the way up ends where the picture is this many levels below the outline


class ShortUNet(nn.Module):
    """Outline (B, 1, H, W) in [-1, 1] -> features (B, `channels`, H / 8, W / 8), before their activation.

    `depth` convolutions of stride 2 down and `depth` - 3 transposed ones up, each level of the way down laid beside the
    same level of the way up. H and W are multiples of 2^depth. Dropout is in the three deepest levels of the way up.
    """

    def __init__(self, width: int, depth: int, norm: Norm, dropout: float) -> None:
        super().__init__()
        widths = [width * min(2**level, 8) for level in range(depth)]
        self.channels = 2 * widths[LEVELS_KEPT - 1]
        self.down = nn.ModuleList()
        for level in range(depth):
            layers: list[nn.Module] = [nn.LeakyReLU(0.2)] if level else []
            layers.append(nn.Conv2d(widths[level - 1] if level else 1, widths[level], 4, stride=2, padding=1))
            if 0 < level < depth - 1:
                layers.append(normalisation(norm, widths[level]))
            self.down.append(nn.Sequential(*layers))
        self.up = nn.ModuleList()
        for level in range(depth - 1, LEVELS_KEPT - 1, -1):
            inputs = widths[level] * (1 if level == depth - 1 else 2)
            layers = [nn.ReLU(), nn.ConvTranspose2d(inputs, widths[level - 1], 4, stride=2, padding=1)]
            layers.append(normalisation(norm, widths[level - 1]))
            if dropout and level >= depth - DROPOUT_LAYERS:
                layers.append(nn.Dropout(dropout))
            self.up.append(nn.Sequential(*layers))
        initialise(self)

    def forward(self, outline: Tensor) -> Tensor:
        return down_and_up(self.down, self.up, outline)
