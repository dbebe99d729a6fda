"""A picture under way: what becomes of its panels is laid into it, and at the end it is one picture in colour.

The rule of this file: a page is a strip of one slice; what holds for the one holds for the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from comicdata.errors import PictureError
from comicdata.flats.hints import Hint, Mark
from comicdata.images import Image
from comicdata.models.colorize.colorizer import Painted
from comicdata.models.colorize.references import Reference
from comicdata.models.colorize.suggestions import Suggestion
from comicdata.models.colorize.wishes import Wishes, is_inside
from comicdata.records import Box

EMPTY = {"lines": 255, "tones": 255, "colours": 255, "flats": 255}  # between the panels; other layers are 0 there


@dataclass(frozen=True)
class Colorized:
    """The picture in colour, (H, W, 3) uint8 as large as the input, once per sample, and the panels that were coloured.
    Where no panel has as many different colourings as were wished for there are fewer.

    `layers`: what the first sample is made of, by name, (H, W) or (H, W, 3), see `Painted`; the same sizes.
    `unheard`: the hints between the panels, which coloured nothing, by their number from 1. `suggested`:
    where hints would help most, the best first, in the colours that are guessed. `notes`: what is worth a word.
    `unsure`: regions whose colour is in doubt, and `doubt` the share of the panels that they cover; None where the
    model says nothing of that. `kept`: what of the panels may be references for others.
    """

    images: tuple[Image, ...]
    panels: tuple[Box, ...]
    layers: dict[str, Image]
    unheard: tuple[int, ...] = ()
    suggested: tuple[Hint, ...] = ()
    notes: tuple[str, ...] = ()
    unsure: int | None = None
    doubt: float | None = None
    kept: tuple[Reference, ...] = ()

    @property
    def image(self) -> Image:
        return self.images[0]


@dataclass(frozen=True)
class LeftAlone:
    """A picture that was not coloured, and why, in plain words. `kept`: what of it may be references for others."""

    why: str
    kept: tuple[Reference, ...] = ()


@dataclass
class Sheet:
    """A picture (H, W, 3) under way; `top`: how many rows of its strip lie above it. Panels are laid by their boxes in
    the strip, as far as they lie in it; of suggestions only those in it count, of what else is said of a panel only
    what is said in the sheet where it begins.
    """

    rgb: Image
    top: int = 0
    images: list[Image] = field(default_factory=list)
    layers: dict[str, Image] = field(default_factory=dict)
    boxes: list[Box] = field(default_factory=list)
    suggested: list[Suggestion] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unsure: int | None = None
    doubtful: float = 0.0  # pixels
    kept: list[Reference] = field(default_factory=list)

    @property
    def bottom(self) -> int:
        return self.top + len(self.rgb)

    def touches(self, box: Box) -> bool:
        return self.top < box.y1 and box.y0 < self.bottom

    def lay(self, box: Box, made: Sequence[Painted], *, layers: bool = False) -> None:
        """Lay the colourings of a panel, one for each sample; a sample that it has not is its last. `layers`: keep what
        the first is made of.
        """
        first, last = max(box.y0, self.top), min(box.y1, self.bottom)
        here, part = Box(box.x0, first - self.top, box.x1, last - self.top), slice(first - box.y0, last - box.y0)
        place = (slice(here.y0, here.y1), slice(here.x0, here.x1))
        self.images = self.images or [self.rgb.copy()]
        self.images += [self.images[-1].copy() for _ in made[len(self.images) :]]
        for number, image in enumerate(self.images):
            one = made[min(number, len(made) - 1)]
            image[place] = (
                one.image[part]
                if one.paper is None
                else np.where(one.paper[part, :, None], image[place], one.image[part])
            )
        for name, layer in (made[0].parts if layers else made[0].layers).items():
            if name not in self.layers:
                self.layers[name] = np.full((*self.rgb.shape[:2], *layer.shape[2:]), EMPTY.get(name, 0), np.uint8)
            self.layers[name][place] = layer[part]
        self.boxes.append(here)
        moved = (Suggestion(gain, hint.moved(box.x0, box.y0 - self.top)) for gain, hint in made[0].suggested)
        self.suggested += [one for one in moved if 0 <= one.hint.y < self.rgb.shape[0]]
        if made[0].doubt is not None:
            self.doubtful += made[0].doubt * here.width * here.height
            self.unsure = (self.unsure or 0) + (made[0].unsure if box.y0 >= self.top else 0)
        if box.y0 >= self.top:
            self.notes += made[0].notes
            self.kept += [] if made[0].kept is None else [made[0].kept.moved(box.x0, box.y0 - self.top)]

    def finish(self, wishes: Wishes) -> Colorized:
        """What became of the picture, of which at least one panel was laid; hints in its pixels."""
        hints = enumerate(wishes.hints, 1)
        unheard = (number for number, hint in hints if not any(is_inside(box, hint) for box in self.boxes))
        best = sorted(self.suggested, key=lambda one: -one.gain)[: wishes.suggest]
        area = max(1, sum(box.width * box.height for box in self.boxes))
        layers = self.layers | ({"page": self.rgb} if wishes.layers else {})
        return Colorized(
            tuple(self.images or [self.rgb]),
            tuple(self.boxes),
            layers,
            tuple(unheard),
            tuple(one.hint for one in best),
            tuple(self.notes),
            self.unsure,
            None if self.unsure is None else round(self.doubtful / area, 4),
            tuple(self.kept),
        )


def check_places(hints: Sequence[Mark | Image], rgb: Image, name: str) -> None:
    """PictureError for a hint outside of its picture."""
    height, width = rgb.shape[:2]
    whole = Box(0, 0, width, height)
    for number, hint in enumerate(hints, 1):
        if not isinstance(hint, np.ndarray) and not is_inside(whole, hint):
            raise PictureError(
                f"{name}: hint {number} at ({hint.x:g}, {hint.y:g}) lies outside the picture, {width}x{height} pixels; "
                "places are in pixels of the picture, from its top left corner"
            )
