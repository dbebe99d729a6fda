"""The low-resolution colorizer: an outline decides a distribution over small pictures, drawn pixel by pixel.

Sources: Kang, Choo, Chang, "Consistent Comic Colorization with Pixel-wise Background Classification" (2017),
section 2, part (a) of figure 1; Guadarrama and others, "PixColor" (2017), arXiv 1705.07208, table 1; van den Oord and
others, "Conditional Image Generation with PixelCNN Decoders" (2016), arXiv 1606.05328, section 2; Ramachandran and
others, "Fast Generation for Convolutional Autoregressive Models" (2017), arXiv 1704.06001. The rule of the file:
what a pixel may see is decided by padding and shifting, never by masks, so training and drawing run the same weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comicdata.models.networks.layers import STRIDE, normalisation
from comicdata.models.networks.mixture import LEVEL, PER_COMPONENT, bits_per_dimension, draw
from comicdata.models.networks.options import NetworkOptions, require, require_share, require_weight, require_width
from comicdata.models.networks.pix2pix import LEVELS_KEPT, ShortUNet


@dataclass(frozen=True)
class LowResolutionConfig(NetworkOptions):
    """All that builds the network; the defaults are PixColor's table where it says something.

    `trunk`: residual, with `trunk_blocks` bottleneck blocks of 1, 2 and 4 times `trunk_width`; or unet, with
    `trunk_depth` levels. `kernel`: side of the gated layers' field. `weight_guess`: of the L1 of `Conditioning.guess`.
    """

    trunk_width: int = 64
    trunk_blocks: tuple[int, ...] = (3, 4, 23)
    trunk: Literal["residual", "unet"] = "residual"
    trunk_depth: int = 6
    width: int = 64
    layers: int = 10
    first_kernel: int = 7
    kernel: int = 5
    hidden: int = 1024
    mixtures: int = 10
    weight_guess: float = 10.0
    dropout: float = 0.3  # Differs: no paper says; a single comic is a small data set
    temperature: float = 1.0  # of the drawing; below 1 fewer odd colours, and less variety

    def __post_init__(self) -> None:
        require_width("trunk_width", self.trunk_width, "group", 4)
        several = len(self.trunk_blocks) > 1 and all(0 < one <= 100 for one in self.trunk_blocks)
        require("trunk_blocks", self.trunk_blocks, several, "a row of two numbers or more")
        depth = self.trunk_depth
        require("trunk_depth", depth, LEVELS_KEPT < depth <= 10, f"a number of levels from {LEVELS_KEPT + 1} to 10")
        require_width("width", self.width)
        require("layers", self.layers, 0 < self.layers <= 100, "a number of layers from 1 to 100")
        for name in ("first_kernel", "kernel"):
            kernel = getattr(self, name)
            require(name, kernel, 0 < kernel <= 31 and kernel % 2 == 1, "an odd side from 1 to 31")
        require_width("hidden", self.hidden)
        require("mixtures", self.mixtures, 0 < self.mixtures <= 100, "a number from 1 to 100")
        require_weight("weight_guess", self.weight_guess)
        require_share("dropout", self.dropout, below_one=True)
        require("temperature", self.temperature, 0 < self.temperature <= 100, "a number above 0, at most 100,")

    @property
    def idle(self) -> frozenset[str]:
        return frozenset({"trunk_depth"} if self.trunk == "residual" else {"trunk_blocks"})

    def build(self) -> "LowResolutionColorizer":
        return LowResolutionColorizer(self)

    @property
    def multiple(self) -> int:
        return STRIDE if self.trunk == "residual" else int(2**self.trunk_depth)


PAPER = LowResolutionConfig()
# Differs: nobody published one for two cores; PixelCNN's numbers shrink, and the trunk is a U-Net, which learned as
# much from as many panels as thirteen bottleneck blocks, in less than half of the time.
SMALL = replace(PAPER, trunk="unet", trunk_width=16, width=32, layers=6, hidden=128, dropout=0.1)
PRESETS = {"small": SMALL, "paper": PAPER, "authors": PAPER}


class Bottleneck(nn.Module):
    """A residual block of three convolutions, (B, inputs, H, W) -> (B, 4 width, H / stride, W / stride)."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * width
        self.path = nn.Sequential(
            *_convolution(inputs, width, 1),
            nn.ReLU(),
            *_convolution(width, width, 3, stride),
            nn.ReLU(),
            *_convolution(width, outputs, 1),
        )
        norm = self.path[-1]
        assert isinstance(norm, nn.GroupNorm)
        nn.init.zeros_(norm.weight)  # a deep trunk begins as a shallow one
        plain = stride == 1 and inputs == outputs
        self.skip = nn.Identity() if plain else nn.Sequential(*_convolution(inputs, outputs, 1, stride))

    def forward(self, value: Tensor) -> Tensor:
        return F.relu(self.path(value) + self.skip(value))


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[nn.Module]:
    """A convolution and its norm. Differs: group normalisation, which is the same in training and in use."""
    layer = nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False)
    if not layer.weight.is_meta:  # as in `initialise`
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    return [layer, normalisation("group", outputs)]


class Conditioning(nn.Module):
    """Outline (B, 1, H, W) in [-1, 1] -> what the pixels are told of it, (B, width, H / 8, W / 8).

    A trunk of stride 8, then the adaptation layers, which see the small outline beside its features.
    Differs: PixColor starts from a trunk trained on photographs, and holds PixelCNN's gradient back from it at first;
    comics have no such trunk, so beside PixelCNN's it has a task of its own, to `guess` the whole small picture (L1).
    Neighbours say so much about a pixel that, without this, the outline goes unheard; and a guess in the form of a
    mixture is taught by how exact its flat colours are, not by how right. The adaptation layers are drawn but not
    described.
    """

    def __init__(self, config: LowResolutionConfig) -> None:
        super().__init__()
        self.trunk = _residual_trunk(config) if config.trunk == "residual" else _unet_trunk(config)
        self.guess = nn.Conv2d(config.width, 3, 1)
        self.adaptation = nn.Sequential(*_three_convolutions(config.width + 1, config.width))

    def forward(self, outline: Tensor) -> Tensor:
        return self.with_guess(outline)[0]

    def with_guess(self, outline: Tensor) -> tuple[Tensor, Tensor]:
        """And a small picture (B, 3, H / 8, W / 8) in [-1, 1] that knows no neighbours; it serves training only."""
        features = self.trunk(outline)
        told = self.adaptation(torch.cat([features, F.avg_pool2d(outline, STRIDE)], dim=1))
        return told, torch.tanh(self.guess(features))


def _residual_trunk(config: LowResolutionConfig) -> nn.Sequential:
    """PixColor's: a convolution of 7 x 7, three stages of bottleneck blocks, three convolutions."""
    width = config.trunk_width
    layers: list[nn.Module] = [*_convolution(1, width, 7, 2), nn.ReLU()]
    inputs = width
    for stage, blocks in enumerate(config.trunk_blocks):
        for block in range(blocks):
            stride = 2 if block == 0 and stage < 2 else 1
            layers.append(Bottleneck(inputs, width * 2**stage, stride))
            inputs = 4 * width * 2**stage
    return nn.Sequential(*layers, *_three_convolutions(inputs, config.width))


def _unet_trunk(config: LowResolutionConfig) -> nn.Sequential:
    unet = ShortUNet(config.trunk_width, config.trunk_depth, "group", 0.0)
    return nn.Sequential(unet, nn.ReLU(), nn.Conv2d(unet.channels, config.width, 3, padding=1), nn.ReLU())


def _three_convolutions(inputs: int, width: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for channels in (inputs, width, width):
        layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
    return layers


def gated(value: Tensor) -> Tensor:
    """tanh of the first half of the channels times the sigmoid of the second (equation 2 of arXiv 1606.05328)."""
    signal, gate = value.chunk(2, dim=1)
    return torch.tanh(signal) * torch.sigmoid(gate)


class GatedLayer(nn.Module):
    """One layer of the two stacks: the vertical sees the rows above, the horizontal the pixels to the left.

    Together they see all that was drawn before and nothing else: no blind spot (section 2.2 and figure 2). The first
    layer (mask A) does not see the pixel itself; the others (mask B) see their own, which knows only its past.
    """

    def __init__(self, inputs: int, config: LowResolutionConfig, *, first: bool) -> None:
        super().__init__()
        kernel, width = (config.first_kernel if first else config.kernel), config.width
        self.first = first
        self.reach = kernel // 2
        self.seen = self.reach if first else self.reach + 1  # rows of the one stack, columns of the other
        self.vertical = nn.Conv2d(inputs, 2 * width, (self.seen, kernel))
        self.horizontal = nn.Conv2d(inputs, 2 * width, (1, self.seen))
        self.link = nn.Conv2d(2 * width, 2 * width, 1)
        self.told = nn.Conv2d(width, 4 * width, 1)  # the condition, in every gate of both stacks
        self.out = nn.Conv2d(width, width, 1)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, vertical: Tensor, horizontal: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """(B, C, H, W) of each stack, and the condition, to the next of each stack."""
        height, width = condition.shape[2:]
        told_vertical, told_horizontal = self.told(condition).chunk(2, dim=1)
        above = self.vertical(F.pad(vertical, (self.reach, self.reach, self.reach, 0))[:, :, : height + self.seen - 1])
        left = self.horizontal(F.pad(horizontal, (self.reach, 0))[..., : width + self.seen - 1])
        value = self.out(self.dropout(gated(left + self.link(above) + told_horizontal)))
        return gated(above + told_vertical), value if self.first else value + horizontal


class PixelCNN(nn.Module):
    """Color (B, 3, h, w) and condition (B, width, h, w) -> for every pixel the mixture its past makes likely.

    Returns (B, 10 mixtures, h, w), see mixture.py. A fourth channel of ones tells the picture from its border.
    """

    def __init__(self, config: LowResolutionConfig) -> None:
        super().__init__()
        layers = [GatedLayer(4, config, first=True)]
        layers += [GatedLayer(config.width, config, first=False) for _ in range(config.layers)]
        self.layers = nn.ModuleList(layers)
        self.hidden = nn.Conv2d(config.width, config.hidden, 1)
        self.out = nn.Conv2d(config.hidden, PER_COMPONENT * config.mixtures, 1)

    def forward(self, color: Tensor, condition: Tensor) -> Tensor:
        vertical = horizontal = F.pad(color, (0, 0, 0, 0, 0, 1), value=1.0)
        for layer in self.layers:
            vertical, horizontal = layer(vertical, horizontal, condition)
        parameters: Tensor = self.out(F.relu(self.hidden(F.relu(horizontal))))
        return parameters


class LowResolutionColorizer(nn.Module):
    """The whole: outline (B, 1, H, W) in [-1, 1] and a small picture (B, 3, H / 8, W / 8) -> its mixtures.

    H and W are multiples of `config.multiple`.
    """

    def __init__(self, config: LowResolutionConfig) -> None:
        super().__init__()
        self.config = config
        self.conditioning = Conditioning(config)
        self.pixels = PixelCNN(config)

    def forward(self, outline: Tensor, small: Tensor) -> Tensor:
        parameters: Tensor = self.pixels(small, self.conditioning(outline))
        return parameters

    def terms(self, outline: Tensor, small: Tensor) -> dict[str, Tensor]:
        """What training minimises: bits per dimension given what came before, and the weighted L1 of the guess."""
        condition, guess = self.conditioning.with_guess(outline)
        bits = bits_per_dimension(self.pixels(small, condition).float(), small).mean()
        return {"bits": bits, "guess": self.config.weight_guess * F.l1_loss(guess.float(), small)}

    def bits(self, outline: Tensor, small: Tensor) -> Tensor:
        """(B,) bits per dimension of small pictures; the loss, in float32 whatever the layers run in."""
        return bits_per_dimension(self(outline, small).float(), small)

    @torch.no_grad()
    def sample(self, outline: Tensor) -> Tensor:
        """Small pictures (B, 3, H / 8, W / 8), one per outline, from torch's random numbers; fit to train on."""
        condition = self.conditioning(outline)
        uniform = torch.rand(len(outline), *condition.shape[2:], self.config.mixtures + 3, device=outline.device)
        return sample_cached(self.pixels, condition, uniform, temperature=self.config.temperature).clone()

    @torch.inference_mode()
    def one_each(self, outline: Tensor, seeds: Sequence[int]) -> Tensor:
        """One small picture for each of B outlines: that of `ranked`, count 1, after its seed."""
        condition = self.conditioning(outline)
        shape = (*condition.shape[2:], self.config.mixtures + 3)
        numbers = [torch.rand(shape, generator=torch.Generator().manual_seed(one)) for one in seeds]
        uniform = torch.stack(numbers).to(outline.device)
        return sample_cached(self.pixels, condition, uniform, temperature=self.config.temperature)

    @torch.inference_mode()
    def ranked(self, outline: Tensor, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """`count` small pictures for one outline (1, 1, H, W), the likeliest first, and the bits of each."""
        condition = self.conditioning(outline).expand(count, -1, -1, -1)
        shape = (count, *condition.shape[2:], self.config.mixtures + 3)
        uniform = torch.rand(shape, generator=generator).to(outline.device)
        small = sample_cached(self.pixels, condition, uniform, temperature=self.config.temperature)
        bits = bits_per_dimension(self.pixels(small, condition).float(), small)
        order = bits.argsort(stable=True)
        return small[order], bits[order]


def shrink(color: Tensor) -> Tensor:
    """Color (B, 3, H, W) in [-1, 1] -> the small picture (B, 3, H / 8, W / 8), rounded to the 256 levels."""
    return ((F.avg_pool2d(color, STRIDE) + 1) / LEVEL).round() * LEVEL - 1


@torch.inference_mode()
def sample_naively(pixels: PixelCNN, condition: Tensor, uniform: Tensor, *, temperature: float = 1.0) -> Tensor:
    """One whole forward pass per pixel: slow, and the measure of what `sample_cached` must equal."""
    count, _, height, width = condition.shape
    color = condition.new_zeros(count, 3, height, width)
    for y in range(height):
        for x in range(width):
            parameters = pixels(color, condition)[:, :, y, x]
            color[:, :, y, x] = draw(parameters, uniform[:, y, x], temperature)
    return color


@torch.inference_mode()
def sample_cached(pixels: PixelCNN, condition: Tensor, uniform: Tensor, *, temperature: float = 1.0) -> Tensor:
    """Draw small pictures (B, 3, h, w): the vertical stack once per row, the horizontal one column per pixel.

    `condition` (B, width, h, w); `uniform` (B, h, w, mixtures + 3) are the random numbers, so the result depends on
    nothing else. Runs without dropout. Source: arXiv 1704.06001, section 2, for layers without strides.
    """
    count, _, height, width = condition.shape
    caches = [_LayerCache(layer, condition) for layer in pixels.layers]  # type: ignore[arg-type]
    hidden, out = _matrix(pixels.hidden), _matrix(pixels.out)
    color = condition.new_zeros(count, height, width, 3)
    row = condition.new_zeros(count, 4, width)  # no row yet above the first: border, so without its ones
    for y in range(height):
        vertical = row
        for cache in caches:
            vertical = cache.start_row(y, vertical)
        for x in range(width):
            value = caches[0].step(x, None)
            for cache in caches[1:]:
                value = cache.step(x, value)
            parameters = torch.addmm(out[1], F.relu(torch.addmm(hidden[1], F.relu(value), hidden[0])), out[0])
            drawn = draw(parameters, uniform[:, y, x], temperature)
            color[:, y, x] = drawn
            caches[0].see(x, drawn)
        row = F.pad(color[:, y].transpose(1, 2), (0, 0, 0, 1), value=1.0)
    return color.permute(0, 3, 1, 2)


def _matrix(layer: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Weights of a convolution with a kernel of one row, for rows of values (N, kernel * inputs); and its bias."""
    assert layer.bias is not None
    return layer.weight[:, :, 0].permute(2, 1, 0).flatten(0, 1).contiguous(), layer.bias


class _LayerCache:
    """What one gated layer remembers while a picture grows: its last rows above, and the row at hand."""

    def __init__(self, layer: GatedLayer, condition: Tensor) -> None:
        self.layer = layer
        count, _, _, width = condition.shape
        inputs = layer.vertical.in_channels
        self.rows = condition.new_zeros(count, inputs, layer.seen, width + 2 * layer.reach)
        self.columns = condition.new_zeros(count, width + layer.seen, inputs)
        self.told_vertical, self.told_horizontal = layer.told(condition).chunk(2, dim=1)
        self.weight, self.bias = _matrix(layer.horizontal)
        self.out_weight, self.out_bias = _matrix(layer.out)
        self.from_above = condition.new_zeros(0)

    def start_row(self, y: int, newest: Tensor) -> Tensor:
        """Take the newest row (B, C, w) that this layer may see; returns its own row of the vertical stack."""
        self.rows = self.rows.roll(-1, dims=2)
        self.rows[:, :, -1, self.layer.reach : self.layer.reach + newest.shape[2]] = newest
        above = self.layer.vertical(self.rows)
        horizontal = self.layer.link(above) + self.told_horizontal[:, :, y : y + 1] + self.bias[:, None, None]
        self.from_above = horizontal[:, :, 0].transpose(1, 2).contiguous()
        self.columns.zero_()
        return gated(above + self.told_vertical[:, :, y : y + 1])[:, :, 0]

    def step(self, x: int, value: Tensor | None) -> Tensor:
        """The horizontal stack at column x: (B, C) of the layer below to (B, C); None for the first layer."""
        if value is not None:
            self.columns[:, x + self.layer.seen - 1] = value
        window = self.columns[:, x : x + self.layer.seen].flatten(1)
        made = gated(torch.addmm(self.from_above[:, x], window, self.weight))
        made = torch.addmm(self.out_bias, made, self.out_weight)
        return made if value is None else made + value

    def see(self, x: int, color: Tensor) -> None:
        """Take the pixel (B, 3) just drawn at column x; the first layer's only input."""
        self.columns[:, x + self.layer.seen, :3] = color
        self.columns[:, x + self.layer.seen, 3] = 1.0
