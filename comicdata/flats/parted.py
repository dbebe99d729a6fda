"""Panels to cut a page of line art into. The rule: no cut goes through the drawing, so a panel whose side the drawing
runs across reaches on, over what lies there, to where nothing is drawn.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.ink import Mask
from comicdata.records import Box

Places = npt.NDArray[np.intp]

LEAST = 4  # pixels: boxes may be so far off the lines that they end at


@dataclass(frozen=True)
class PartedOptions:
    """`crossing`: lines, each by itself, across a side that is none; a frame makes one of all that reach it. `beside`:
    how far on either side they are followed, as a share of the page's shorter side. `frame`: the share of a side along
    which a straight line makes it one. `spread`: the share of a side over which the lines are, one and all: a balloon,
    or a figure that stands out of its frame, is in one place. `covered`: the share of a box that another one reaches
    over before a frame, to be one with it: less is a panel over the corner of another.
    """

    crossing: int = 3
    beside: float = 0.008
    frame: float = 0.5
    spread: float = 0.5
    covered: float = 0.5


def parted(boxes: Sequence[Box], ink: Mask, options: PartedOptions | None = None) -> list[Box]:
    """Boxes of panels on a page, (H, W) bool of ink, without the sides that `crossing` lines or more run across.

    Such a box reaches to the next row or column without ink, to the next frame, or to the edge of the page, and is one
    with those that it meets on the way, before a frame only with those that it covers; it has the place of the first of
    them. All others stay as they are.
    """
    options = options or PartedOptions()
    beside = max(LEAST, round(options.beside * min(ink.shape)))
    left = list(boxes)
    while (found := _open_side(left, ink, beside, options)) is not None:
        left = _united(left, *found)
    return left


def _open_side(boxes: Sequence[Box], ink: Mask, beside: int, options: PartedOptions) -> tuple[int, Box, float] | None:
    """The first box with a side that is none, by its place; what it reaches over there; and the share of another box
    that this must cover to be one with it."""
    for at, box in enumerate(boxes):
        for lines, outside, side in _sides(box, ink):
            if outside < beside or lines.shape[1] - outside < beside:
                continue
            band = lines[:, outside - beside : outside + beside].copy()
            for other in boxes:
                band[_over(other, box, side, beside)] = False
            places = _crossing(band)
            spread = len(places) and (places[-1] - places[0]) / len(band)
            if len(places) >= options.crossing and spread >= options.spread and band.mean(0).max() < options.frame:
                end, framed = _end(lines[:, :outside], options.frame)
                return at, _beyond(box, side, outside - end), options.covered if framed else 0
    return None


def _sides(box: Box, ink: Mask) -> Iterator[tuple[Mask, int, str]]:
    """Each side of a box: the ink along it, (length of the side, W or H), from the edge of the page inwards; how much
    of that lies outside of the box; and its name.
    """
    height, width = ink.shape
    rows, columns = ink[box.y0 : box.y1], ink[:, box.x0 : box.x1].T
    yield rows, box.x0, "x0"
    yield columns, box.y0, "y0"
    yield rows[:, ::-1], width - box.x1, "x1"
    yield columns[:, ::-1], height - box.y1, "y1"


def _over(other: Box, box: Box, side: str, beside: int) -> slice:
    """Along which part of a side of a box another one lies over it: what runs across there is of that one."""
    across, along = ("x", "y") if side in ("x0", "x1") else ("y", "x")
    edge = getattr(box, side)
    if not getattr(other, across + "0") <= edge - beside < edge + beside <= getattr(other, across + "1"):
        return slice(0)
    first, last = getattr(other, along + "0"), getattr(other, along + "1")
    start = getattr(box, along + "0")
    return slice(max(0, first - start), max(0, last - start))


def _crossing(band: Mask) -> Places:
    """Where pieces of ink run across a band, (length, across): the first row of each, at its left end."""
    _, pieces = cv2.connectedComponents(np.ascontiguousarray(band).view(np.uint8), connectivity=8)
    found, rows = np.unique(pieces[:, 0], return_index=True)
    return np.sort(rows[np.isin(found, pieces[:, -1]) & (found > 0)])


def _end(lines: Mask, frame: float) -> tuple[int, bool]:
    """Where the last column is that is free or a frame, 0 where none is; and whether it is a frame, then all of it."""
    inked = lines.mean(0)
    ends = np.flatnonzero((inked == 0) | (inked >= frame))
    if not len(ends):
        return 0, False
    end = int(ends[-1])
    if not inked[end]:
        return end + 1, False
    while end and inked[end - 1] >= frame:
        end -= 1
    return end, True


def _beyond(box: Box, side: str, by: int) -> Box:
    """What lies `by` pixels beyond a side."""
    edge: int = getattr(box, side)
    if side in ("x0", "y0"):
        return replace(box, **{side: edge - by, side[0] + "1": edge})
    return replace(box, **{side: edge + by, side[0] + "0": edge})


def _united(boxes: Sequence[Box], at: int, reached: Box, share: float) -> list[Box]:
    """The boxes with one that has reached over others: they are one."""
    whole = [number for number, one in enumerate(boxes) if number == at or _covered(one, reached) > share]
    parts = [*(boxes[number] for number in whole), reached]
    sides = np.array([one.as_list() for one in parts])
    one = Box(*sides[:, :2].min(0).tolist(), *sides[:, 2:].max(0).tolist())
    return [one if number == whole[0] else box for number, box in enumerate(boxes) if number not in whole[1:]]


def _covered(box: Box, other: Box) -> float:
    """The share of a box that another one covers."""
    wide = min(box.x1, other.x1) - max(box.x0, other.x0)
    high = min(box.y1, other.y1) - max(box.y0, other.y0)
    return max(0, wide) * max(0, high) / (box.width * box.height)
