"""What colour hints are worth: how far a colouring is from the truth at the hints, near them, and over all; beside
what they are worth without any network, each place in the colour of the nearest hint.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from comicdata.files import sha256_bytes
from comicdata.flats.hints import Hint, paint_hints
from comicdata.images import Image
from comicdata.models.colorize.colorizer import multiplied
from comicdata.models.data.spreading import spread_hints
from comicdata.models.evaluate.lab import Floats, de2000_map, lab_of
from comicdata.models.evaluate.metrics import Mask, mean_of_finite, mean_under, off_line
from comicdata.models.networks.palette import CELL

COUNTS = (1, 4, 16, 64)  # hints given to one window
RADIUS_PART = 64  # the radius of a hint is the side of the window through this
REACH = 6  # "near" ends so many radii from the centre
ALIKE = 12  # a pixel has the colour of a hint when no channel is further from it
AREAS = ("at", "near", "off_line")

NAMES = ("hinted", "plain", "hints_spread")

Errors = dict[int, dict[str, tuple[float, ...]]]  # by count and area, in the order of NAMES


@dataclass(frozen=True)
class Dots:
    """Hints for one window, with the pixels (H, W) that they are judged on: all off the lines; `at` and `near` of the
    colour of their hint.
    """

    hints: Sequence[Hint]
    areas: dict[str, Mask]


def choose_dots(outline: Image, truth: Image, name: str) -> list[Hint]:
    """As many hints as COUNTS asks at most, in the true colour of places off the lines; the same for the same `name`.

    The first of them are those of a smaller count. A window without paper has none.
    """
    places = np.argwhere(off_line(outline))
    random = np.random.default_rng(int(sha256_bytes(name.encode())[:16], 16))
    chosen = places[random.permutation(len(places))[: max(COUNTS)]]
    radius = max(1, round(min(outline.shape) / RADIUS_PART))
    return [Hint(int(x), int(y), radius, _color(truth[y, x])) for y, x in chosen]


def _color(pixel: Image) -> tuple[int, int, int]:
    red, green, blue = pixel.tolist()
    return red, green, blue


def dots_of(hints: Sequence[Hint], outline: Image, truth: Image) -> Dots:
    """Where these hints are judged."""
    paper = off_line(outline)
    at, near = np.zeros_like(paper), np.zeros_like(paper)
    for hint in hints:
        lowest, highest = ([min(255, max(0, value + step)) for value in hint.color] for step in (-ALIKE, ALIKE))
        alike = paper & (cv2.inRange(truth, tuple(lowest), tuple(highest)) > 0)
        at |= alike & _disc(hint, 1, paper.shape)
        near |= alike & _disc(hint, REACH, paper.shape)
    dotted = paint_hints(hints, *outline.shape)[..., 3] > 0
    return Dots(hints, {"at": at, "near": near & ~dotted, "off_line": paper})


def _disc(hint: Hint, scale: float, shape: tuple[int, ...]) -> Mask:
    larger = Hint(hint.x, hint.y, hint.radius * scale, hint.color)
    return paint_hints([larger], shape[0], shape[1])[..., 3] > 0


def spread_alone(hints: Sequence[Hint], outline: Image) -> Image:
    """Every place in the colour of the hint that is nearest by the way over the paper: what needs no network."""
    height, width = outline.shape
    spread = spread_hints(outline, paint_hints(hints, height, width))[0][..., :3]
    return multiplied(spread.repeat(CELL, axis=0).repeat(CELL, axis=1)[:height, :width], outline)


def measure_hints(
    colorize: Callable[[Image, Sequence[Hint]], Image], plain: Image, outline: Image, truth: Image, name: str
) -> Errors:
    """The mean CIEDE2000 between truth (H, W, 3) and colourings on the very same pixels: with hints, without any, and
    with nothing but hints; nan where no pixel is left. `colorize` paints an outline (H, W) with hints; `plain` is what
    it makes of it without.
    """
    truth_lab = lab_of(truth)

    def error(painted: Image) -> Floats:
        return de2000_map(lab_of(painted), truth_lab)

    without, every = error(plain), choose_dots(outline, truth, name)
    found: Errors = {}
    for count in COUNTS:
        dots = dots_of(every[:count], outline, truth)
        hinted = error(colorize(outline, dots.hints)) if every else without
        alone = error(spread_alone(dots.hints, outline))
        found[count] = {
            area: tuple(mean_under(one, pixels) for one in (hinted, without, alone))
            for area, pixels in dots.areas.items()
        }
    return found


def mean_hints(windows: Sequence[Errors]) -> dict[str, Any]:
    """Means over windows, for the public document; None where no window has a number."""

    def means(count: int, area: str) -> dict[str, float | None]:
        every = zip(*(one[count][area] for one in windows), strict=True)
        return {name: mean_of_finite(values) for name, values in zip(NAMES, every, strict=True)}

    counts = {str(count): {area: means(count, area) for area in AREAS} for count in COUNTS}
    return {"windows": len(windows), "counts": counts}
