"""Faint art beside a box: dark scenes that sink into a black gutter, pale ones that fade into white paper."""

from collections.abc import Sequence

import numpy as np

from comicdata.images import Image
from comicdata.panels.paper import Colour, Flags, Shares, column_shares, is_like, row_shares, share
from comicdata.panels.rules import RULES
from comicdata.records import Box


def grown(image: Image, boxes: Sequence[Box], paper: Colour) -> list[Box]:
    """The boxes, each with the faint art beside it, up to the next box; image (H, W, 3) and boxes in its pixels.

    Only clean paper can tell; on grain the boxes stay as they are.
    """
    if not _is_clean(image, paper):
        return list(boxes)
    faint = ~is_like(image, paper, RULES.grow_step)
    found = list(boxes)
    for index, box in enumerate(boxes):
        others = found[:index] + found[index + 1 :]
        x0, x1 = _reach(column_shares(faint[box.y0 : box.y1]), box.x0, box.x1, _limits(box, others, "x"))
        wide = Box(x0, box.y0, x1, box.y1)
        y0, y1 = _reach(row_shares(faint[:, x0:x1]), box.y0, box.y1, _limits(wide, others, "y"))
        found[index] = Box(x0, y0, x1, y1)
    return found


def _is_clean(image: Image, paper: Colour) -> bool:
    """Pure white and black are; another colour where the border of the picture shows it without grain."""
    if min(paper.min(), 255 - paper.max()) <= RULES.grow_step // 2 and np.ptp(paper) <= RULES.grow_step:
        return True
    sides = image[:6], image[-6:], image[:, :6], image[:, -6:]
    near = sum(share(is_like(side, paper, RULES.grow_step)) for side in sides)
    return near >= RULES.grow_clean_share * sum(share(is_like(side, paper)) for side in sides) > 0


def _limits(box: Box, others: Sequence[Box], axis: str) -> tuple[int, int]:
    """How far the box may grow along an axis: to the boxes beside it, not at all where one overlaps that side."""
    low, high = 0, 1 << 30
    start, end = _along(box, axis)
    across, until = _along(box, "y" if axis == "x" else "x")
    for other in others:
        first, last = _along(other, axis)
        other_across, other_until = _along(other, "y" if axis == "x" else "x")
        if other_across < until and across < other_until:
            if first < start:
                low = max(low, min(last, start))
            if last > end:
                high = min(high, max(first, end))
    return low, high


def _along(box: Box, axis: str) -> tuple[int, int]:
    return (box.x0, box.x1) if axis == "x" else (box.y0, box.y1)


def _reach(shares: Shares, start: int, end: int, limits: tuple[int, int]) -> tuple[int, int]:
    """Start and end moved outwards over lines that show faint art; short moves are taken back."""
    art: Flags = shares >= RULES.grow_share
    low, high = start, end
    while low > limits[0] and art[low - 1]:
        low -= 1
    while high < min(limits[1], len(art)) and art[high]:
        high += 1
    return (low if start - low >= RULES.grow_least else start), (high if high - end >= RULES.grow_least else end)
