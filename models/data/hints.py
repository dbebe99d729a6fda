"""Colour hints: where a person says "this is red". The rule of the file: what training draws and what a person gives
become the same four channels, in `random_hints` or `paint_hints`, and in `with_hints`.

Sources: Liu and others, "Auto-painter" (2017), arXiv 1705.01908 (colour control: squares of the blurred picture);
Ci and others, "User-Guided Deep Anime Line Art Colorization" (AlacGAN, 2018), arXiv 1808.03240 (half of the samples
without hints).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from comicdata.flats.hints import no_hints
from comicdata.images import Image
from comicdata.models.networks.layers import to_range

MOST = 40
MEAN_COUNT = 6
LARGEST_PART = 24  # a hint's radius in training is at most the side of the crop through this
SMALL_PART = 64
BLUR_PART = 100  # the authors blur with radius 5 at 512 pixels
SAME_COLOR = 36  # largest difference in a channel from the hint's colour, for a pixel to belong to it


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a network is told beside the outline, for B pictures; None where it takes none: `hints` (B, 4, H, W) uint8
    as they are drawn; or `spread` (B, 5, H / 4, W / 4) uint8 and `sources` (B, H / 4, W / 4) int32, as `spread_hints`
    hands them on. Where pictures are references of each other (references.py): `panels` (B,), the panel of each by
    number, and `areas` (B, H / 4, W / 4), as `region_areas` gives them.
    """

    hints: Tensor | None = None
    spread: Tensor | None = None
    sources: Tensor | None = None
    panels: Tensor | None = None
    areas: Tensor | None = None

    def each(self, change: Callable[[Tensor], Tensor]) -> "Conditions":
        """The same with every tensor changed: a part of the batch, another device."""
        values = (getattr(self, one.name) for one in fields(self))
        return Conditions(*(None if value is None else change(value) for value in values))


def with_hints(outline: Tensor, hints: Tensor | None) -> Tensor:
    """What the networks read: outline (B, 1, H, W) in [-1, 1] and hints (B, 4, H, W) uint8 -> (B, 5, H, W).

    Colours are in [-1, 1], 0 where there is no hint; the last channel is 1 under hints and 0 elsewhere, so a white
    hint differs from white paper. Without hints the outline comes back as it is.
    Differs: the paper draws hints into the sketch itself, where white ones cannot be seen.
    """
    if hints is None:
        return outline
    given = hints[:, 3:].float() / 255
    return torch.cat([outline, to_range(hints[:, :3]) * given, given], dim=1)


def random_hints(color: Image, outline: Image, random: np.random.Generator) -> Image:
    """Hints as a person might give them, (H, W, 4) uint8, from the truth (H, W, 3); half of the time none.

    Dots, squares and strokes around places off the lines, their number geometric; each has one colour, the blurred
    truth at its centre, and ends where the truth has another.
    """
    if random.random() < 0.5:
        return no_hints(*outline.shape)
    blurred = cv2.GaussianBlur(color, (0, 0), max(1.0, min(outline.shape) / BLUR_PART))
    return _scattered(blurred, outline, min(MOST, int(random.geometric(1 / MEAN_COUNT))), random)


def random_dots(color: Image, outline: Image, random: np.random.Generator) -> Image:
    """Hints for a network that is told what they spread to: one to 64 of them, few as often as many; in a sixth of
    the samples none. As `random_hints`, but small, and in the colour that is there.
    """
    if random.random() < 1 / 6:
        return no_hints(*outline.shape)
    count = round(float(2 ** random.uniform(0, 6)))
    return _scattered(cv2.blur(color, (3, 3)), outline, count, random, part=SMALL_PART)


def _scattered(
    colors: Image, outline: Image, count: int, random: np.random.Generator, part: int = LARGEST_PART
) -> Image:
    """At most `count` shapes in the colours (H, W, 3) of places drawn at random; those on a line are left out."""
    height, width = outline.shape
    drawn = no_hints(height, width)
    for _ in range(count):
        row, column = int(random.integers(height)), int(random.integers(width))
        shape = _shape(random, max(1.0, min(height, width) / part))
        if outline[row, column] >= 128:  # nobody points at a line
            _lay(drawn, colors, shape, row, column)
    return drawn


def fixed_hints(color: Image, outline: Image, number: int) -> Image:
    """A few hints, the same for the same number: (H, W, 4) uint8."""
    hints = no_hints(*outline.shape)
    for attempt in range(20):
        if not hints.any():
            hints = random_hints(color, outline, np.random.default_rng([number, attempt]))
    return hints


def _shape(random: np.random.Generator, largest: float) -> npt.NDArray[np.uint8]:
    """A square canvas of odd side with its centre inside a dot, a square or a stroke of 255."""
    reach = 1 + round(float(random.random()) * (largest - 1))
    kind = int(random.integers(3))
    middle = 4 * reach if kind == 2 else reach
    shape = np.zeros((2 * middle + 1, 2 * middle + 1), np.uint8)
    if kind == 0:
        cv2.circle(shape, (middle, middle), reach, 255, -1)
    elif kind == 1:
        shape[:] = 255
    else:
        steps = np.cumsum(random.normal(0, 1.5 * reach, (3, 2)), axis=0)
        points = np.rint(middle + np.vstack([np.zeros((1, 2)), steps])).astype(np.int32)
        cv2.polylines(shape, [points], False, 255, max(1, reach))
    return shape


def _lay(drawn: Image, blurred: Image, shape: npt.NDArray[np.uint8], row: int, column: int) -> None:
    """Lay a shape around (row, column), in the colour there, wherever the picture has that colour."""
    middle = len(shape) // 2
    top, left = max(0, row - middle), max(0, column - middle)
    place = (slice(top, row + middle + 1), slice(left, column + middle + 1))
    colors = blurred[place].astype(np.int16)
    start = (top - row + middle, left - column + middle)
    inside = shape[start[0] : start[0] + len(colors), start[1] : start[1] + colors.shape[1]] > 0
    same = np.abs(colors - blurred[row, column]).max(axis=2) <= SAME_COLOR
    drawn[place][inside & same] = (*blurred[row, column], 255)
