"""From line art to colour at any size: a picture is painted at the scale the network knows and keeps its own lines."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from comicdata.errors import UsageError
from comicdata.files import sha256_bytes
from comicdata.flats.hints import no_hints, paint_hints
from comicdata.images import Image, resize
from comicdata.models.colorize.references import Reference
from comicdata.models.colorize.suggestions import Suggestion
from comicdata.models.colorize.wishes import Style, Wishes
from comicdata.models.data.hints import with_hints
from comicdata.models.data.pairs import MIX
from comicdata.models.networks.layers import to_image, to_range, to_tensor
from comicdata.models.runs.settings import network_of
from comicdata.outlines import Outlines
from comicdata.pairs.manifest import KINDS

Floats = npt.NDArray[np.float32]
LARGEST_ENLARGEMENT = 2.0
TILE = 1024  # longest side that goes through the network at once; TILE - OVERLAP is a multiple of 2^8
OVERLAP = 256
PLAIN = Wishes()
CURE = "train palette on pairs of 20 series or more, or with --references"
OPTIONS = {  # what asks for a wish, and who fulfils it; of others --NAME, and palette
    "samples": ("--samples", "palette, two-step and consistent do"),
    "background": ("--background", "palette and consistent do"),
    "hints": ("--hints", "a run that was trained with hints does: comicdata train --hints"),
    "moods": ("--mood", "palette does"),
    "references": ("--reference", CURE),
    "near_copies": ("--near-copies", CURE),
    "follow": ("--no-follow", "palette does"),
}


@dataclass(frozen=True)
class Painted:
    """One colouring, (H, W, 3) uint8, and what it is made of.

    `color` (H, W, 3) without the lines, `line` (H, W) what is laid over it; None where the network's own picture has
    the lines. `layers` are of the same size, by name: "background" (H, W), 255 where one colour was laid; "flats"
    (H, W, 3), one colour for each region; "low-resolution" (H, W, 3), the small picture enlarged. `suggested`: where
    hints would help most; `notes`: what is worth a word. `paper` (H, W): what has no colour and stays as it is
    drawn. `unsure`: regions whose colour is in doubt, and `doubt` their share of the area, None where the model says
    nothing of that. `kept`: what of the colouring may be a reference for others. `shade` (H, W): tones under the
    line, 255 where there are none.
    """

    color: Image
    line: Image | None = None
    layers: Mapping[str, Image] = field(default_factory=dict)
    suggested: Sequence[Suggestion] = ()
    notes: Sequence[str] = ()
    paper: npt.NDArray[np.bool_] | None = None
    unsure: int = 0
    doubt: float | None = None
    kept: Reference | None = None
    shade: Image | None = None

    @property
    def parts(self) -> dict[str, Image]:
        """The layers with those that every model has: "colours", "lines", "tones" where the drawing has some, and
        "painted", 255 where it is.
        """
        lines = np.full(self.color.shape[:2], 255, np.uint8) if self.line is None else self.line
        painted = np.full_like(lines, 255) if self.paper is None else np.where(self.paper, np.uint8(0), np.uint8(255))
        tones = {} if self.shade is None else {"tones": self.shade}
        return {**self.layers, **tones, "colours": self.color, "lines": lines, "painted": painted}

    def around(self, mask: npt.NDArray[np.bool_]) -> "Painted":
        """The same with paper where a mask (H, W) says."""
        paper = mask if self.paper is None else self.paper | mask
        flats = {name: _cleared(layer, mask) for name, layer in self.layers.items() if name == "flats"}
        behind = {name: np.where(mask, np.uint8(0), layer) for name, layer in self.layers.items() if layer.ndim == 2}
        layers = {**self.layers, **flats, **behind}
        return replace(self, color=_cleared(self.color, mask), layers=layers, paper=paper)

    @cached_property
    def image(self) -> Image:
        below = self.color if self.shade is None else multiplied(self.color, self.shade)
        return below if self.line is None else multiplied(below, self.line)


class Colorizer:
    """A trained generator. `size`: the working size it was trained at; `outline`: the outline it knows, and `outlines`
    how Canny and XDoG were drawn then. `heeds`: the wishes that it can fulfil, by their names; `styles`: those it
    paints in, where there is a choice. `pause` is called between the steps of a colouring; who may give one up puts
    something there that raises.
    """

    styles: tuple[Style, ...] = ()

    def __init__(self, network: nn.Module, config: dict[str, Any], device: torch.device) -> None:
        self.network = network
        self.config = config
        self.device = device
        self.pause: Callable[[], None] = lambda: None
        self.size = int(config["size"])
        self.outlines = Outlines.of_values(config.get("outlines", {}))
        self.options = network_of(config)
        self.multiple = self.options.multiple

    @property
    def outline(self) -> str:
        """canny, xdog, or the name of one made elsewhere; a network that learned both of ours is given canny."""
        choice = str(self.config["outline"])
        return "canny" if choice == MIX else choice

    @property
    def draws(self) -> bool:
        """Whether the outline it knows is one that can be drawn here, from a picture in colour."""
        return self.outline in KINDS[1:]

    def draw(self, rgb: Image) -> Image:
        """The outline (H, W) uint8 of a picture in colour, at its own size."""
        return self.outlines.draw(self.outline, rgb)

    def recolor(self, rgb: Image, wishes: Wishes = PLAIN, *, lines: bool = False) -> list[Painted]:
        """A picture in colour (H, W, 3) painted anew: `paint` of the outline drawn first.

        The network sees the outline that make-pairs drew of such a panel: XDoG on the picture at the working size,
        Canny + black made smaller. The lines laid over the colours are those of the native size.
        """
        size, drawn = self._working_size(rgb), self.draw(rgb)
        xdog = self.outline == "xdog"
        working = self.outlines.draw("xdog", resize(rgb, *size), size=self.size) if xdog else resize(drawn, *size)
        return self.paint(drawn, wishes, working=working, lines=lines)

    def _working_size(self, picture: Image) -> tuple[int, int]:
        """Width and height at which the network sees a picture: short side `size`, enlarged twice at most."""
        height, width = picture.shape[:2]
        scale = self._scale(picture)
        return max(1, round(width * scale)), max(1, round(height * scale))

    def _scale(self, picture: Image) -> float:
        return min(LARGEST_ENLARGEMENT, self.size / float(min(picture.shape[:2])))

    @property
    def style(self) -> Style | None:
        """The style it paints in unless another is wished."""
        return None

    @property
    def takes_hints(self) -> bool:
        return self.options.takes_hints

    @property
    def heeds(self) -> frozenset[str]:
        return frozenset({"seed", "layers", "at", "rim", *(["hints"] if self.takes_hints else [])})

    def check(self, wishes: Wishes) -> None:
        """UsageError for the first wish that this model cannot fulfil."""
        for one in fields(Wishes):
            value = getattr(wishes, one.name)
            plain = value is None or (value == one.default if isinstance(value, bool | int) else not len(value))
            if one.name not in self.heeds and not plain:
                option, who = OPTIONS.get(one.name, (f"--{one.name}", "palette does"))
                raise UsageError(f"{self.config['model']} knows nothing of {option}; {who}")

    def forget(self) -> None:
        """What was kept of a drawing: the network is another one now."""

    def colorize(self, outline: Image, wishes: Wishes = PLAIN) -> Image:
        """(H, W) uint8, ink 0 on paper 255 -> (H, W, 3) uint8 of the same size."""
        return self.paint(outline, wishes)[0].image

    def colorize_many(self, outlines: Sequence[Image], wishes: Wishes = PLAIN) -> list[Image]:
        """What `colorize` makes of each; a model that gains from it paints them together."""
        return [self.colorize(outline, wishes) for outline in outlines]

    def paint(
        self,
        outline: Image,
        wishes: Wishes = PLAIN,
        *,
        working: Image | None = None,
        lines: bool = False,
    ) -> list[Painted]:
        """(H, W) uint8, ink 0 on paper 255 -> `wishes.samples` colourings of the same size, the likeliest first.

        The short side is scaled to `size` (enlarged twice at most), because lines of another thickness are unknown to
        the network. Where that changed the size, only the colours come back from it: they are brought to the size of
        the input and multiplied by its lines, which so stay sharp. Each picture has random numbers of its own, or all
        panels would get like colours. UsageError where a model cannot do what is wished. `working` is the line art at
        the working size where scaling does not give it. `lines`: lay the lines over the colours also where the size
        did not change; without, that is the network's own picture.
        """
        if outline.ndim != 2 or outline.dtype != np.uint8 or not outline.size:
            raise UsageError(f"line art of shape {outline.shape}, {outline.dtype}: (H, W) uint8 is expected")
        self.check(wishes)
        scale = self._scale(outline)
        if working is None:
            working = outline if scale == 1 else self._brought_down(outline)
        if wishes.hints:
            working = self._with_hints(working, paint_hints(wishes.hints, working.shape[0], working.shape[1], scale))
        return self._painted(outline, working, wishes, lines=lines or scale != 1)

    def _brought_down(self, outline: Image) -> Image:
        """Line art at the working size."""
        return resize(outline, *self._working_size(outline))

    def _painted(self, outline: Image, working: Image, wishes: Wishes, *, lines: bool) -> list[Painted]:
        """From line art at its own size and, with hints, at the working size; `lines` are laid over the colours."""
        made = self._paint_all(working, wishes, picture_seed(wishes.seed, outline))
        if not lines:
            return made
        return [_brought_to(outline, working[..., 0] if working.ndim == 3 else working, one) for one in made]

    def _with_hints(self, working: Image, drawn: Image) -> Image:
        """Line art at its working size and hints as (H, W, 5)."""
        return np.dstack([working, drawn])

    def _paint_all(self, outline: Image, wishes: Wishes, seed: int) -> list[Painted]:
        """At the size given."""
        return [Painted(self._paint(outline))]

    def _paint(self, outline: Image) -> Image:
        """At the size given."""
        return np.asarray(np.rint(tiled(outline, self._forward)), dtype=np.uint8)

    def _forward(self, outline: Image) -> Image:
        """Mirror the borders out, run, cut back."""
        height, width = outline.shape[:2]
        value = self._padded(outline)
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, self.device.type == "cuda"):
            output = self.network(value)
        return to_image(output[0, :, :height, :width])

    def _padded(self, outline: Image) -> Tensor:
        """What the network reads, (1, C, H, W), the borders mirrored out to multiples of what it needs."""
        height, width = outline.shape[:2]
        layers = np.atleast_3d(outline)
        if self.takes_hints and layers.shape[2] == 1:
            layers = np.dstack([outline, no_hints(height, width)])
        beyond = ((0, -height % self.multiple), (0, -width % self.multiple), (0, 0))
        value = to_tensor(np.pad(layers, beyond, mode="symmetric")[None]).to(self.device)
        return with_hints(to_range(value[:, :1]), value[:, 1:] if value.shape[1] > 1 else None)


def tiled(outline: Image, forward: Callable[[Image], npt.NDArray[Any]], cell: int = 1) -> Floats:
    """What `forward` makes of a picture (H, W) or (H, W, C): (H / cell, W / cell, C), rounded up; above TILE in tiles
    that overlap and fade into each other, so that memory stays bounded.
    """
    height, width = (-(-side // cell) for side in outline.shape[:2])
    total: Floats | None = None
    weight = np.zeros((height, width, 1), np.float32)
    for top in _starts(outline.shape[0]):
        for left in _starts(outline.shape[1]):
            made = forward(outline[top : top + TILE, left : left + TILE])
            total = np.zeros((height, width, made.shape[2]), np.float32) if total is None else total
            rows = slice(top // cell, top // cell + made.shape[0])
            columns = slice(left // cell, left // cell + made.shape[1])
            fade = np.outer(_fade(made.shape[0], OVERLAP // cell), _fade(made.shape[1], OVERLAP // cell))[..., None]
            total[rows, columns] += made * fade
            weight[rows, columns] += fade
    assert total is not None
    return np.asarray(total / weight, np.float32)


def _starts(length: int) -> range:
    """Where tiles begin along one side."""
    return range(0, max(1, length - OVERLAP), TILE - OVERLAP)


def _fade(length: int, overlap: int) -> Floats:
    """Weights along one side of a tile: rising over the overlap, falling over it, never 0."""
    place = np.arange(1, length + 1, dtype=np.float32)
    return np.asarray(np.minimum(np.minimum(place, place[::-1]), overlap) / overlap, dtype=np.float32)


def _brought_to(outline: Image, working: Image, made: Painted) -> Painted:
    """A colouring of the working size at the size of the outline, with its lines."""
    height, width = outline.shape
    color = resize(_without_lines(made.color, working), width, height)
    layers = {
        name: np.asarray(cv2.resize(layer, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
        for name, layer in made.layers.items()
    }
    return replace(made, color=color, line=outline, layers=layers)


def _without_lines(color: Image, outline: Image) -> Image:
    """Paint the pixels under a line with the palest colour beside it, so that enlarged lines leave no dark seam."""
    paler = np.asarray(cv2.dilate(color, np.ones((5, 5), np.uint8)))
    return np.where((outline < 128)[..., None], paler, color)


def _cleared(color: Image, mask: npt.NDArray[np.bool_]) -> Image:
    return np.where(mask[..., None], np.uint8(255), color)


def multiplied(color: Image, outline: Image) -> Image:
    """The layer mode "multiply" of painting programs: ink stays, paper lets the colour through. (H, W, 3), (H, W)."""
    return np.asarray(cv2.multiply(color, np.repeat(outline[..., None], 3, axis=2), scale=1 / 255), dtype=np.uint8)


def picture_seed(seed: int, outline: Image) -> int:
    """The seed of one picture: the same for the same `seed` and pixels, wherever the picture stands among others."""
    return int(sha256_bytes(f"{seed}:{outline.shape}:".encode() + outline.tobytes())[:14], 16)
