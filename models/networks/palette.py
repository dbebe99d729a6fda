"""palette: a network that chooses colours: for every 4 x 4 pixels of line art it says how likely each colour of a
palette is, and never averages two of them.

Sources: Zhang, Isola, Efros, "Colorful Image Colorization" (2016), arXiv 1603.08511: classes of colours in place of
their mean, rare ones weighing more (section 2.2), the annealed mean of what is likely (section 2.3). Ronneberger,
Fischer, Brox, "U-Net" (2015), arXiv 1505.04597.
Differs: the classes are the colours of the comic at hand, found by k-means in CIELAB, lightness included: line art has
none; the network sees line art, what colour the hints would spread to each place, which it may take over as it is (one
more class), and a mood: which colours are to be in the picture.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comicdata.models.networks.layers import Block, Pointwise, doubled, normalisation
from comicdata.models.networks.listener import SPREAD_PLANES, Listener
from comicdata.models.networks.options import NetworkOptions, require, require_share, require_weight, require_width
from comicdata.models.networks.pointer import Pointer

FILE = "palette.gpl"
CELL = 4  # pixels of the input, in each direction, that share one choice
UNSHUFFLE = 2  # the first convolution sees 2 x 2 pixels as one
WIDTHS = (1, 2, 3, 4, 4, 4)  # of the levels, in units of `width`
PAPER = 200 / 127.5 - 1  # paler than this there is no line; varied lines lie on paper that is not quite white
STEPS = 32  # of a channel, in the table from colours to the palette
LARGEST_PALETTE = 1024
NEVER = -1e4  # a logit that makes a choice impossible
LEAST = 1e-5  # added before a logarithm
ALIKE = 5.0  # CIELAB: the standard deviation of what is called the same


@dataclass(frozen=True)
class PaletteConfig(NetworkOptions):
    """All that builds the network and weighs its loss.

    `colors` in the palette; `zoom`: training windows are enlarged up to so many times. `balance`: 0 weighs each pixel
    alike, 1 each colour of the palette. `exchange`: the share of hinted colours that are others while it learns to
    listen. `nearness`: also tell the network how far lines are. `attention`: let the
    places of the two lowest levels look at each other. `references`: learn to take colours from other panels of the
    series, by `key` numbers of each place; `mutual`: what a place asks for is what it answers to, false in older
    runs. `decay`: of the weights (AdamW).
    """

    comic_parts: ClassVar = (
        "palette",
        "share",
        "flatness",
        "head.",
        "listener.mood.",
        "listener.change.",
        "listener.heed.",
    )
    optional_parts: ClassVar = {"references": "pointer."}
    most_looks: ClassVar = 60  # of 19 and of 40 windows: after some 50 at each moods were heeded better than after 100
    colors: int = 64
    width: int = 16
    hints: bool = True
    nearness: bool = True
    attention: bool = False
    references: bool = False
    mutual: bool = False
    key: int = 48
    balance: float = 0.5
    exchange: float = 0.3
    zoom: float = 1.3
    decay: float = 0.01

    def __post_init__(self) -> None:
        require("colors", self.colors, 2 <= self.colors <= LARGEST_PALETTE, f"2 to {LARGEST_PALETTE}")
        require_width("width", self.width, "group", 2)
        require_width("key", self.key, "group")
        require_share("balance", self.balance)
        require_share("exchange", self.exchange)
        require("zoom", self.zoom, 1 <= self.zoom <= 4, "a number from 1 to 4")
        require_weight("decay", self.decay)

    @property
    def multiple(self) -> int:
        return int(UNSHUFFLE * 2 ** (len(WIDTHS) - 1))

    @property
    def takes_hints(self) -> bool:
        return self.hints

    @property
    def spreads_hints(self) -> bool:
        return self.hints

    @property
    def learns_from_others(self) -> bool:
        return self.references

    @property
    def idle(self) -> frozenset[str]:
        return frozenset() if self.references else frozenset({"key", "mutual"})

    @property
    def largest_zoom(self) -> float:
        return self.zoom

    @property
    def files(self) -> tuple[str, ...]:
        return (FILE,)

    def build(self) -> "PaletteNetwork":
        return PaletteNetwork(self)


SMALL = PaletteConfig()
PRESETS = {"small": SMALL, "medium": replace(SMALL, width=24, colors=96), "large": replace(SMALL, width=48, colors=128)}


class PaletteNetwork(nn.Module):
    """Line art (B, 1, H, W) in [-1, 1] -> logits (B, colors, H / 4, W / 4) over the palette, and those with what was
    said, (B, colors + 1, H / 4, W / 4), the last for "the colour that hints spread to here".

    `spread` (B, 5, H / 4, W / 4), 0 to 255, and `sources` (B, H / 4, W / 4): what hints say and where they lie, as
    `spread_hints` gives it; `mood` (B, colors + 1): see `moods_of`. The drawing is understood first, whatever is said
    of its colours (`features`, `plain`), which takes nearly all of the time; `told` then changes what is likely by
    hints and mood, as often as they change.

    What was learned of the comic before any step stands beside the weights and never moves: `palette` (colors, 3), its
    colours as 0 to 255, the commonest first; `share` (colors,), the share of the area that each has; `flatness` (1,),
    the share of the area that has one even colour. Where a comic has fewer colours, the last ones repeat the first.
    """

    def __init__(self, config: PaletteConfig) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * part for part in WIDTHS]
        self.stem = Block(UNSHUFFLE**2 + len(REACHES) * config.nearness, widths[0])
        self.down = nn.ModuleList(
            nn.Sequential(Block(above, below, stride=2), Block(below, below)) for above, below in pairwise(widths)
        )
        self.look = nn.ModuleList(Attention(widths[-1]) for _ in range(2 if config.attention else 0))
        ways = list(zip(widths[:1:-1], widths[-2:0:-1], strict=True))
        self.up = nn.ModuleList(Block(below + beside, beside) for below, beside in ways)
        self.head = Pointwise(widths[1], config.colors)
        self.listener = Listener(widths[1], config.colors)
        points = (widths[1], sum(widths[2:4]), config.key)
        self.pointer = Pointer(*points, mutual=config.mutual) if config.references else None
        self.palette = nn.Parameter(torch.zeros(config.colors, 3), requires_grad=False)
        self.share = nn.Parameter(torch.full((config.colors,), 1 / config.colors), requires_grad=False)
        self.flatness = nn.Parameter(torch.zeros(1), requires_grad=False)

    def forward(
        self, outline: Tensor, spread: Tensor | None = None, sources: Tensor | None = None, mood: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """The logits that the drawing alone gives, and those with what was said; with references also the places
        that `Pointer` asks of. The first ones may be told of hints, and the others not.
        """
        features = self.features(outline)
        plain = self.plain(features)
        some = slice(None if spread is None else len(spread))
        told = self.told(features[some], plain[some], spread, sources, mood)
        return (plain, told) if self.pointer is None else (plain, told, self.pointer(features))

    def features(self, outline: Tensor) -> Tensor:
        """(B, C, H / 4, W / 4): what the drawing is of; behind the first 2 width channels, with references, what the
        two coarser levels, that tell who is who, say to the pointer.
        """
        planes = F.pixel_unshuffle(outline, UNSHUFFLE)
        if self.config.nearness:
            planes = torch.cat([planes, nearness(outline)], dim=1)
        value: Tensor = self.stem(planes)
        levels = []
        for number, layer in enumerate(self.down):
            value = layer(value)
            lowest = len(self.down) - 1 - number
            if lowest < len(self.look):
                value = self.look[lowest](value)
            levels.append(value)
        levels.pop()  # the lowest goes up itself
        seen = []
        for layer in self.up:
            value = joined(layer, value, levels.pop())
            seen.append(value)
        if self.pointer is None:
            return value
        return torch.cat([value, self.pointer.coarser(seen[-2:-4:-1])], dim=1)

    def plain(self, features: Tensor) -> Tensor:
        """(B, colors, H / 4, W / 4), nothing said."""
        logits: Tensor = self.head(self._finest(features))
        return logits

    def _finest(self, features: Tensor) -> Tensor:
        return features[:, : 2 * self.config.width]

    def told(
        self,
        features: Tensor,
        plain: Tensor,
        spread: Tensor | None = None,
        sources: Tensor | None = None,
        mood: Tensor | None = None,
    ) -> Tensor:
        """(B, colors + 1, H / 4, W / 4), with hints, a mood, or both; the last is so low that it never counts where
        nothing spreads.
        """
        if spread is None or sources is None:
            spread, sources = no_spread(features[:, 0])
        if mood is None:
            mood = features.new_zeros(len(features), self.config.colors + 1)
        unheard = NEVER * (spread[:, 3:4] == 0).to(plain.dtype)
        untold = torch.cat([plain, unheard], dim=1)
        told: Tensor = self.listener(untold, self._finest(features), spread.to(features.dtype) / 255, sources, mood)
        return told


def joined(block: nn.Module, below: Tensor, beside: Tensor) -> Tensor:
    """What a `Block` makes of a coarse map (B, C, h, w), doubled both ways, and a finer one (B, D, 2 h, 2 w) beside it;
    the coarse part by the transposed convolution that is the same, see `doubled`.
    """
    convolution, norm, activation = cast(tuple[nn.Conv2d, nn.Module, nn.Module], tuple(block.children()))
    coarse = doubled(below, convolution.weight[:, : below.shape[1]].transpose(0, 1))
    fine = F.conv2d(beside, convolution.weight[:, below.shape[1] :], convolution.bias, padding=1)
    value: Tensor = activation(norm(coarse + fine))
    return value


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
    for reach in REACHES:  # the windows so far, three of them side by side, are the next
        for border in ((reach, reach), (0, 0, reach, reach)):
            framed, axis = F.pad(ink, border, value=-torch.inf), 4 - len(border) // 2
            before, after = (framed.narrow(axis, start, ink.shape[axis]) for start in (0, 2 * reach))
            ink = torch.maximum(torch.maximum(before, after), ink)
        found.append(ink)
    return torch.cat(found, dim=1)


def class_weights(network: PaletteNetwork) -> Tensor:
    """(colors,): what a pixel of each colour weighs, 1 on average over the area. Source: Zhang 2016, equation 4."""
    balance, share = network.config.balance, network.share
    weights = 1 / ((1 - balance) * share + balance / len(share))
    return weights / (weights * share).sum()


def cell_targets(color: Tensor, outline: Tensor) -> tuple[Tensor, Tensor]:
    """Of every 4 x 4 pixels the colour of one off the lines, drawn at random: colour (B, C, H, W) and outline
    (B, 1, H, W) in [-1, 1] -> its colour (B, C, H / 4, W / 4), and whether the cell has such a pixel (B, H / 4, W / 4).

    Differs: the paper takes the colour of a smaller picture, which mixes what meets in it.
    """
    batch, channels, height, width = color.shape
    chance = torch.rand(batch, height, width, device=color.device) * (outline[:, 0] > PAPER)
    cells = chance.view(batch, height // CELL, CELL, width // CELL, CELL).transpose(2, 3).flatten(3)
    most, place = cells.max(dim=-1)
    down, right = (torch.arange(side // CELL, device=color.device) * CELL for side in (height, width))
    pixel = (down[:, None] + place // CELL) * width + right + place % CELL
    chosen = color.flatten(2).gather(2, pixel.flatten(1)[:, None].expand(-1, channels, -1))
    return chosen.view(batch, channels, *place.shape[1:]), most > 0


def choice_loss(logits: Tensor, targets: Tensor, likeness: Tensor | None, counts: Tensor, weights: Tensor) -> Tensor:
    """The weighted mean of -log P(colour) over the cells (B, h, w) that have a target, where a colour is likely as
    its class of the palette or as what hints spread: P = p(class) + p(copy) likeness.

    logits (B, colors + 1, h, w), or (B, colors, h, w) and no `likeness`, where nothing is copied; `targets`: the class;
    `likeness`: how like the spread colour the true one is, 0 to 1; `counts`: whether there is a target; `weights`
    (colors,).
    """
    chances = F.log_softmax(logits.movedim(1, -1), dim=-1)  # in the order of memory, which is several times as quick
    if likeness is None:
        errors = -chances.gather(-1, targets[..., None])[..., 0]
    else:
        both = torch.stack([targets, torch.full_like(targets, logits.shape[1] - 1)], dim=-1)
        ways = chances.gather(-1, both)
        errors = -torch.logaddexp(ways[..., 0], ways[..., 1] + torch.log(likeness + LEAST))
    return (errors * weights[targets] * counts).mean()


def likeness(lab: Tensor, other: Tensor) -> Tensor:
    """How like colours (..., 3) in CIELAB are: 1 for the same, 0.6 for 5 apart, 0.1 for 10 (CIE 1976)."""
    return torch.exp(-(lab - other).square().sum(dim=-1) / (2 * ALIKE**2))


def no_spread(cells: Tensor) -> tuple[Tensor, Tensor]:
    """What the network is told of hints where there are none for as many cells as these, (B, h, w)."""
    batch, height, width = cells.shape
    spread = torch.zeros(batch, SPREAD_PLANES, height, width, dtype=torch.uint8, device=cells.device)
    return spread, torch.zeros(batch, height, width, dtype=torch.int32, device=cells.device)


def moods_of(numbers: Tensor, counts: Tensor, colors: int) -> Tensor:
    """(B, colors + 1): which colours of the palette there are, the root of the share of each, and a 1 that says so;
    all 0 where none counts. `numbers` (B, H, W) are those of the palette, `counts` (B, H, W) which are looked at.
    """
    sums = torch.zeros(len(numbers), colors, device=numbers.device)
    sums.scatter_add_(1, numbers.flatten(1), counts.flatten(1).to(sums.dtype))
    total = sums.sum(dim=1, keepdim=True)
    return torch.cat([(sums / total.clamp(min=1)).sqrt(), (total > 0).to(sums.dtype)], dim=1)


def exchange(numbers: Tensor, hinted: Tensor, share: float) -> Tensor:
    """(B, K): for each colour of the palette the step of another that it is exchanged for in a sample, -1 where it
    stays. Of those that hints have, a `share` is exchanged, so that a hint is obeyed where the comic never has its
    colour, by that part alone and all that is the same.

    `numbers` (32^3,): from steps to the palette; `hinted` (B, K): whether any hint has that colour.
    """
    others = torch.randint(len(numbers), hinted.shape, device=hinted.device)
    drawn = torch.rand(hinted.shape, device=hinted.device) < share
    return torch.where(drawn & hinted, others, -1)


def exchanged(steps: Tensor, numbers: Tensor, others: Tensor) -> Tensor:
    """Steps (B, ...) with the colours exchanged that `exchange` says."""
    new = others.gather(1, numbers[steps].flatten(1)).view(steps.shape)
    return torch.where(new < 0, steps, new)


def color_of(steps: Tensor) -> Tensor:
    """Steps (B, H, W) -> the middles of their colours, (B, 3, H, W), 0 to 255."""
    parts = [steps // STEPS**2, steps // STEPS % STEPS, steps % STEPS]
    return (torch.stack(parts, dim=1) * (256 // STEPS) + 128 // STEPS).to(torch.uint8)


def mean_step(steps: Tensor, paper: Tensor) -> Tensor:
    """(B, 1, 1): the step of the mean colour of steps (B, H, W) where there is paper (B, H, W)."""
    color, seen = color_of(steps).float(), paper[:, None].float()
    mean = (color * seen).sum(dim=(2, 3), keepdim=True) / seen.sum(dim=(2, 3), keepdim=True).clamp(min=1)
    return steps_of(mean / 127.5 - 1)


def draw_moods(*moods: Tensor) -> Tensor:
    """For each sample no mood or one of several (B, colors + 1), as often one as another, so that the network knows
    what to do with little and with much.
    """
    every = torch.stack([torch.zeros_like(moods[0]), *moods])
    drawn = torch.randint(len(every), (every.shape[1],), device=every.device)
    return every[drawn, torch.arange(every.shape[1], device=every.device)]


def steps_of(color: Tensor) -> Tensor:
    """Colour (B, 3, H, W) in [-1, 1] -> which of 32^3 steps it lies in, (B, H, W): what tables of colours go by."""
    steps = ((color + 1) * (127.5 * STEPS / 256)).long().clamp_(0, STEPS - 1)
    return (steps[:, 0] * STEPS + steps[:, 1]) * STEPS + steps[:, 2]


def table_of(palette_lab: Tensor, steps_lab: Tensor) -> Tensor:
    """(32^3,): the nearest of the palette (K, 3) for each of the colours (32^3, 3), all in CIELAB."""
    parts = torch.split(steps_lab, 4096)
    return torch.cat([torch.cdist(part, palette_lab).argmin(dim=1) for part in parts])
