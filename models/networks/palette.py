"""palette: a network that chooses colours: for every 4 x 4 pixels of line art it says how likely each colour of a
palette is, and never averages two of them.

Sources: Zhang, Isola, Efros, "Colorful Image Colorization" (2016), arXiv 1603.08511: classes of colours in place of
their mean, rare ones weighing more (section 2.2), the annealed mean of what is likely (section 2.3). Ronneberger,
Fischer, Brox, "U-Net" (2015), arXiv 1505.04597.
Differs: the classes are the colours of the comic at hand, found by k-means in CIELAB, lightness included: line art has
none; and the network sees line art and hints.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comicdata.models.networks.layers import normalisation
from comicdata.models.networks.options import NetworkOptions, require, require_share, require_weight, require_width
from comicdata.models.networks.pix2pix import HINT_CHANNELS

FILE = "palette.gpl"
CELL = 4  # pixels of the input, in each direction, that share one choice
UNSHUFFLE = 2  # the first convolution sees 2 x 2 pixels as one
WIDTHS = (1, 2, 3, 4, 4, 4)  # of the levels, in units of `width`
PAPER = 200 / 127.5 - 1  # paler than this there is no line; varied lines lie on paper that is not quite white
STEPS = 32  # of a channel, in the table from colours to the palette
LARGEST_PALETTE = 1024


@dataclass(frozen=True)
class PaletteConfig(NetworkOptions):
    """All that builds the network and weighs its loss.

    `colors` in the palette; `zoom`: training windows are enlarged up to so many times. `balance`: 0 weighs each pixel
    alike, 1 each colour of the palette. `soft`: a colour of the palette that lies `soft` away (CIELAB) from the true
    one is taken for it in part (0: only the true one counts). `nearness`: also tell the network how far lines are.
    `attention`: let the places of the two lowest levels look at each other. `decay`: of the weights (AdamW).
    """

    colors: int = 64
    width: int = 16
    hints: bool = True
    nearness: bool = True
    attention: bool = False
    balance: float = 0.5
    soft: float = 0.0
    zoom: float = 1.3
    decay: float = 0.01

    def __post_init__(self) -> None:
        require("colors", self.colors, 2 <= self.colors <= LARGEST_PALETTE, f"2 to {LARGEST_PALETTE}")
        require_width("width", self.width, "group", 2)
        require_share("balance", self.balance)
        require("zoom", self.zoom, 1 <= self.zoom <= 4, "a number from 1 to 4")
        require("soft", self.soft, 0 <= self.soft <= 50, "a number from 0 to 50")
        require_weight("decay", self.decay)

    @property
    def multiple(self) -> int:
        return int(UNSHUFFLE * 2 ** (len(WIDTHS) - 1))

    @property
    def takes_hints(self) -> bool:
        return self.hints

    @property
    def largest_zoom(self) -> float:
        return self.zoom

    @property
    def files(self) -> tuple[str, ...]:
        return (FILE,)

    @property
    def inputs(self) -> int:
        """Channels that the network reads: the line art, and hints."""
        return 1 + (HINT_CHANNELS if self.hints else 0)

    def build(self) -> "PaletteNetwork":
        return PaletteNetwork(self)


SMALL = PaletteConfig()
PRESETS = {"small": SMALL, "medium": replace(SMALL, width=24, colors=96), "large": replace(SMALL, width=48, colors=128)}


class PaletteNetwork(nn.Module):
    """Line art and hints (B, 1 or 5, H, W) in [-1, 1] -> logits over the palette (B, colors, H / 4, W / 4).

    What was learned of the comic before any step stands beside the weights and never moves: `palette` (colors, 3), its
    colours as 0 to 255, the commonest first; `share` (colors,), the share of the area that each has; `flatness` (1,),
    the share of the area that has one even colour. Where a comic has fewer colours, the last ones repeat the first.
    """

    def __init__(self, config: PaletteConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * part for part in WIDTHS]
        planes = config.inputs * UNSHUFFLE**2 + len(REACHES) * config.nearness
        self.stem = Block(planes, widths[0])
        self.down = nn.ModuleList(
            nn.Sequential(Block(above, below, stride=2), Block(below, below)) for above, below in pairwise(widths)
        )
        self.look = nn.ModuleList(Attention(widths[-1]) for _ in range(2 if config.attention else 0))
        ways = list(zip(widths[:1:-1], widths[-2:0:-1], strict=True))
        self.up = nn.ModuleList(Block(below + beside, beside) for below, beside in ways)
        self.head = nn.Conv2d(widths[1], config.colors, 1)
        self.palette = nn.Parameter(torch.zeros(config.colors, 3), requires_grad=False)
        self.share = nn.Parameter(torch.ones(config.colors) / config.colors, requires_grad=False)
        self.flatness = nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(self, inputs: Tensor) -> Tensor:
        value = F.pixel_unshuffle(inputs, UNSHUFFLE)
        if self.config.nearness:
            value = torch.cat([value, nearness(inputs[:, :1])], dim=1)
        value = self.stem(value)
        levels = []
        for number, layer in enumerate(self.down):
            value = layer(value)
            lowest = len(self.down) - 1 - number
            if lowest < len(self.look):
                value = self.look[lowest](value)
            levels.append(value)
        levels.pop()  # the lowest goes up itself
        for layer in self.up:
            value = layer(torch.cat([F.interpolate(value, scale_factor=2.0, mode="nearest"), levels.pop()], dim=1))
        logits: Tensor = self.head(value)
        return logits


class Block(nn.Sequential):
    """3 x 3 convolution, normalisation within the sample, SiLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(nn.Conv2d(inputs, outputs, 3, stride, 1), normalisation("group", outputs), nn.SiLU())


class Attention(nn.Module):
    """Every place of a small map (B, C, h, w) looks at all others, and adds what it finds: what lies far away names a
    region, too. Source: Vaswani and others, "Attention is all you need" (2017), arXiv 1706.03762, section 3.2.
    """

    def __init__(self, channels: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm = normalisation("group", channels)
        self.ask = nn.Conv2d(channels, 3 * channels, 1)
        self.answer = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.answer.weight)

    def forward(self, value: Tensor) -> Tensor:
        batch, channels, height, width = value.shape
        parts = self.ask(self.norm(value)).reshape(batch, 3, self.heads, channels // self.heads, height * width)
        query, key, own = parts.transpose(3, 4).unbind(1)
        found = F.scaled_dot_product_attention(query, key, own)
        added: Tensor = self.answer(found.transpose(2, 3).reshape(batch, channels, height, width))
        return value + added


REACHES = (1, 2, 4, 8)  # doubled pixels


def nearness(outline: Tensor) -> Tensor:
    """Line art (B, 1, H, W) in [-1, 1] -> (B, 4, H / 2, W / 2): the darkest within 2, 6, 14 and 30 pixels of each
    place, which tells how far the next line is.
    """
    ink = F.max_pool2d(-outline, UNSHUFFLE)
    found = []
    for reach in REACHES:
        ink = F.max_pool2d(F.max_pool2d(ink, (2 * reach + 1, 1), 1, (reach, 0)), (1, 2 * reach + 1), 1, (0, reach))
        found.append(ink)
    return torch.cat(found, dim=1)


def class_weights(network: PaletteNetwork) -> Tensor:
    """(colors,): what a pixel of each colour weighs, 1 on average over the area. Source: Zhang 2016, equation 4."""
    balance, share = network.config.balance, network.share
    weights = 1 / ((1 - balance) * share + balance / len(share))
    return weights / (weights * share).sum()


def cell_targets(index: Tensor, outline: Tensor) -> tuple[Tensor, Tensor]:
    """Of every 4 x 4 pixels the number of one off the lines, drawn at random: index (B, H, W) and outline (B, 1, H, W)
    in [-1, 1] -> targets (B, H / 4, W / 4), and whether the cell has such a pixel.

    Differs: the paper takes the colour of a smaller picture, which mixes what meets in it.
    """
    chance = torch.rand(index.shape, device=index.device) * (outline[:, 0] > PAPER)
    chances, numbers = (_cells(one) for one in (chance, index))
    most, place = chances.max(dim=-1, keepdim=True)
    return numbers.gather(-1, place)[..., 0], most[..., 0] > 0


def _cells(values: Tensor) -> Tensor:
    """(B, H, W) -> (B, H / 4, W / 4, 16)."""
    batch, height, width = values.shape
    cells = values.view(batch, height // CELL, CELL, width // CELL, CELL).transpose(2, 3)
    return cells.reshape(batch, height // CELL, width // CELL, CELL * CELL)


def palette_loss(logits: Tensor, targets: Tensor, counts: Tensor, weights: Tensor, near: Tensor | None) -> Tensor:
    """Weighted cross entropy, a mean over the cells of (B, colors, h, w); `counts` says which of them have a target.
    `near` (colors, colors): what each colour of the palette is taken for.
    """
    if near is None:
        errors = F.cross_entropy(logits, targets, reduction="none")
    else:
        errors = -(F.log_softmax(logits, dim=1).movedim(1, -1) * near[targets]).sum(dim=-1)
    return (errors * weights[targets] * counts).mean()


def to_palette(color: Tensor, table: Tensor) -> Tensor:
    """Colour (B, 3, H, W) in [-1, 1] -> the number of its colour in the palette, (B, H, W), by a table of 32^3."""
    steps = ((color + 1) * (127.5 * STEPS / 256)).long().clamp_(0, STEPS - 1)
    found: Tensor = table[(steps[:, 0] * STEPS + steps[:, 1]) * STEPS + steps[:, 2]]
    return found


def table_of(palette_lab: Tensor, steps_lab: Tensor) -> Tensor:
    """(32^3,): the nearest of the palette (K, 3) for each of the colours (32^3, 3), all in CIELAB."""
    parts = torch.split(steps_lab, 4096)
    return torch.cat([torch.cdist(part, palette_lab).argmin(dim=1) for part in parts])


def softened(palette_lab: Tensor, share: Tensor, soft: float) -> Tensor | None:
    """(K, K): what each colour is taken for, falling with the square of the distance; None where only itself counts."""
    if not soft:
        return None
    near = torch.exp(-torch.cdist(palette_lab, palette_lab).square() / (2 * soft**2)) * (share > 0)
    return near / near.sum(dim=1, keepdim=True).clamp(min=1e-6)
