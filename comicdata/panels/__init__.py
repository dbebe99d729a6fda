"""Stage 2: where the panels are. Pure functions from pictures to boxes; slices are stitched first."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from comicdata.images import Image, resize
from comicdata.panels.pages import page_panels
from comicdata.panels.strips import strip_panels, uniform_rows
from comicdata.records import Box, Layout, Panel

__all__ = ["Strip", "cut_panel", "find_layout", "find_panels", "make_strips", "pictures_of"]

TALL = 3.0  # one picture this many times as tall as wide is a whole strip
SQUARE = 1.35
CONTINUES = 22  # mean step across a file border, 0..255, below which the art goes on


@dataclass(frozen=True)
class Strip:
    """One stitched strip, or one page: image (H, W, 3) uint8; source picture `pictures[i]` begins at row `tops[i]`."""

    image: Image
    tops: tuple[int, ...]
    pictures: tuple[int, ...]
    layout: Literal["strip", "page", "single"]


def find_layout(pictures: Sequence[Image]) -> Literal["strip", "page", "single"]:
    """What the pictures of an episode are.

    A strip if art goes on across a good part of the file borders, or if a lone picture is very tall; otherwise pages;
    a lone square-ish picture without inner gutters is one panel.
    """
    if len(pictures) == 1:
        height, width = pictures[0].shape[:2]
        if height > TALL * width:
            return "strip"
        square = max(height, width) <= SQUARE * min(height, width)
        return "single" if square and len(page_panels(pictures[0])) <= 1 else "page"
    borders = [_border(upper, lower) for upper, lower in pairwise(pictures)]
    counts = Counter(borders)
    goes_on = counts["continues"]
    return "strip" if goes_on > counts["breaks"] and 3 * goes_on >= len(borders) else "page"


def _border(upper: Image, lower: Image) -> Literal["gutter", "continues", "breaks"]:
    """What the border of two files is: background on both sides, art that goes on, or art that breaks off."""
    if upper.shape[1] != lower.shape[1]:
        return "breaks"
    rows = np.stack([upper[-1], lower[0]])
    if uniform_rows(rows)[0].all():
        return "gutter"
    step = np.abs(rows[0].astype(np.int16) - rows[1]).mean()
    return "continues" if step <= CONTINUES else "breaks"


def make_strips(pictures: Sequence[Image], layout: Layout = "auto") -> list[Strip]:
    """One Strip of all pictures, brought to their commonest width, or one per page."""
    if not pictures:
        return []
    decided = find_layout(pictures) if layout == "auto" else layout
    if decided != "strip":
        return [Strip(picture, (0,), (index,), decided) for index, picture in enumerate(pictures)]
    width = Counter(picture.shape[1] for picture in pictures).most_common(1)[0][0]
    slices = [_to_width(picture, width) for picture in pictures]
    tops = np.cumsum([0, *(one.shape[0] for one in slices[:-1])]).tolist()
    return [Strip(np.concatenate(slices), tuple(tops), tuple(range(len(slices))), "strip")]


def _to_width(picture: Image, width: int) -> Image:
    if picture.shape[1] == width:
        return picture
    return resize(picture, width, max(1, round(picture.shape[0] * width / picture.shape[1])))


def find_panels(strip: Strip) -> list[Panel]:
    """The panels of a strip or page in reading order, text blocks included, in pixels of `strip.image`."""
    image = strip.image
    if strip.layout == "single":
        return [Panel(Box(0, 0, image.shape[1], image.shape[0]))]
    return strip_panels(image) if strip.layout == "strip" else page_panels(image)


def cut_panel(strip: Strip, box: Box) -> Image:
    """The pixels of a box, (h, w, 3), as a contiguous copy."""
    return np.ascontiguousarray(strip.image[box.y0 : box.y1, box.x0 : box.x1])


def pictures_of(strip: Strip, box: Box) -> tuple[int, ...]:
    """Indices of the source pictures that a box touches."""
    ends = [*strip.tops[1:], strip.image.shape[0]]
    return tuple(
        index for index, top, end in zip(strip.pictures, strip.tops, ends, strict=True) if top < box.y1 and end > box.y0
    )
