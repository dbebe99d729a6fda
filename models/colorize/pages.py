"""A whole picture, page or strip through a colorizer: each panel alone, gutters and captions left as drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from comicdata.errors import PictureError
from comicdata.flats.hints import Hint, Mark
from comicdata.flats.line_art import read_line_art
from comicdata.images import Image
from comicdata.models.colorize.colorizer import PLAIN, Colorizer, Painted
from comicdata.models.colorize.suggestions import Suggestion
from comicdata.models.colorize.wishes import Wishes, is_inside
from comicdata.panels import find_panels, make_strips
from comicdata.records import Box, Layout, Panel

SPLIT_FROM = 1.5  # pictures below this many training sizes on the short side are one panel
CONFIDENT = 0.5


@dataclass(frozen=True)
class Colorized:
    """The picture in colour, (H, W, 3) uint8 as large as the input, once per sample, and the panels that were coloured.
    Where no panel has as many different colourings as were wished for there are fewer.

    `layers`: what a model of several stages made on the way, by name, (H, W) or (H, W, 3); the same sizes.
    `unheard`: the hints between the panels, which coloured nothing, by their number from 1. `suggested`: where hints
    would help most, the best first, in the colours that are guessed. `notes`: what is worth a word.
    """

    images: tuple[Image, ...]
    panels: tuple[Box, ...]
    layers: dict[str, Image]
    unheard: tuple[int, ...] = ()
    suggested: tuple[Hint, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def image(self) -> Image:
        return self.images[0]


@dataclass(frozen=True)
class LeftAlone:
    """A picture that was not coloured, and why, in plain words."""

    why: str


def colorize_picture(
    colorizer: Colorizer,
    rgb: Image,
    wishes: Wishes = PLAIN,
    *,
    recolor: bool = False,
    line_art: bool = False,
    name: str = "picture",
    layout: Layout = "auto",
    panels: Sequence[Panel] | None = None,
) -> Colorized | LeftAlone:
    """Colour one picture; LeftAlone when it is no line art and `recolor` is off.

    Line art is used as it is, on paper of any colour; `line_art` insists that it is. With `recolor` the outline the run
    was trained on is drawn first, panel by panel; PictureError (with `name`) when that outline was made elsewhere.
    The layers are those of the first sample. Hints are in pixels of the picture; each reaches the panel that its centre
    lies in. PictureError names one outside the picture. `panels` are those that a person gave; no others are looked
    for. Where a panel has fewer different colourings than were wished for, the others of it have its last.
    """
    read = read_line_art(rgb, insist=line_art)
    if not read.is_line_art and not recolor:
        return LeftAlone(read.why)
    if not read.is_line_art:
        check_draws(colorizer, name)
    check_places(wishes.hints, rgb, name)
    given = None if panels is None else [panel.box for panel in panels if panel.kind == "panel"]
    boxes = panel_boxes(colorizer, rgb, layout) if given is None else given
    results = [rgb.copy()]
    layers: dict[str, Image] = {}
    suggested: list[Suggestion] = []
    notes: list[str] = []
    for box in boxes:
        place = (slice(box.y0, box.y1), slice(box.x0, box.x1))
        own = wishes.inside(box)
        made = paint_panel(colorizer, rgb[place], read.drawing[place] if read.is_line_art else None, own)
        results += [results[-1].copy() for _ in made[len(results) :]]
        for number, result in enumerate(results):
            result[place] = made[min(number, len(made) - 1)].image
        suggested += [Suggestion(gain, hint.moved(box.x0, box.y0)) for gain, hint in made[0].suggested]
        notes += made[0].notes
        for kind, layer in (("background", made[0].background), ("low-resolution", made[0].low_resolution)):
            if layer is not None:
                whole = layers.setdefault(kind, np.zeros((*rgb.shape[:2], *layer.shape[2:]), np.uint8))
                whole[place] = layer
    hints = enumerate(wishes.hints, 1)
    unheard = (number for number, hint in hints if not any(is_inside(box, hint) for box in boxes))
    best = sorted(suggested, key=lambda one: -one.gain)[: wishes.suggest]
    places = tuple(one.hint for one in best)
    return Colorized(tuple(results), tuple(boxes), layers, tuple(unheard), places, tuple(notes))


def paint_panel(colorizer: Colorizer, rgb: Image, drawing: Image | None, wishes: Wishes) -> list[Painted]:
    """One panel (H, W, 3), by its line art (H, W), or where it has none by the outline that is drawn of it."""
    if drawing is None:
        return colorizer.recolor(rgb, wishes, lines=True)
    return colorizer.paint(drawing.copy(), wishes, lines=True)


def check_draws(colorizer: Colorizer, name: str) -> None:
    """PictureError where a picture in colour is to be coloured, and the outline of this run cannot be drawn here."""
    if not colorizer.draws:
        raise PictureError(
            f"{name}: has colour, and the outline {colorizer.outline} that this run was trained on was made elsewhere "
            "and cannot be drawn here; give line art from the program that made it"
        )


def check_places(hints: Sequence[Mark | Image], rgb: Image, name: str) -> None:
    height, width = rgb.shape[:2]
    whole = Box(0, 0, width, height)
    for number, hint in enumerate(hints, 1):
        if not isinstance(hint, np.ndarray) and not is_inside(whole, hint):
            raise PictureError(
                f"{name}: hint {number} at ({hint.x:g}, {hint.y:g}) lies outside the picture, {width}x{height} pixels; "
                "places are in pixels of the picture, from its top left corner"
            )


def panel_boxes(colorizer: Colorizer, rgb: Image, layout: Layout) -> list[Box]:
    """The panels to colour one by one; the whole picture where it is small, or not clearly several panels."""
    whole = [Box(0, 0, rgb.shape[1], rgb.shape[0])]
    if layout == "single" or (layout == "auto" and min(rgb.shape[:2]) < SPLIT_FROM * colorizer.size):
        return whole
    (strip, *_) = make_strips([rgb], layout)
    panels = [panel for panel in find_panels(strip) if panel.kind == "panel" and panel.confidence >= CONFIDENT]
    return [panel.box for panel in panels] if len(panels) > 1 else whole
