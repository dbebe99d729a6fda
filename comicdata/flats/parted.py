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
    or a figure that stands out of its frame, is in one place.
    """

    crossing: int = 3
    beside: float = 0.008
    frame: float = 0.5
    spread: float = 0.5


def parted(boxes: Sequence[Box], ink: Mask, options: PartedOptions | None = None) -> list[Box]:
    """Boxes of panels on a page, (H, W) bool of ink, without the sides that `crossing` lines or more run across.

    Such a box reaches to the next row or column without ink, or to the edge of the page, and is one with those that it
    meets on the way; it has the place of the first of them. All others stay as they are.
    """
    options = options or PartedOptions()
    beside = max(LEAST, round(options.beside * min(ink.shape)))
    left = list(boxes)
    while (found := _open_side(left, ink, beside, options)) is not None:
        left = _united(left, *found)
    return left


def _open_side(boxes: Sequence[Box], ink: Mask, beside: int, options: PartedOptions) -> tuple[int, Box] | None:
    """The first box with a side that is none, by its place, and what it reaches over there."""
    for at, box in enumerate(boxes):
        for lines, outside, side in _sides(box, ink):
            if outside < beside or lines.shape[1] - outside < beside:
                continue
            band = lines[:, outside - beside : outside + beside]
            places = _crossing(band)
            spread = len(places) and (places[-1] - places[0]) / len(band)
            if len(places) >= options.crossing and spread >= options.spread and band.mean(0).max() < options.frame:
                return at, _beyond(box, side, outside - _free(lines[:, :outside]))
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


def _crossing(band: Mask) -> Places:
    """Where pieces of ink run across a band, (length, across): the first row of each, at its left end."""
    _, pieces = cv2.connectedComponents(np.ascontiguousarray(band).view(np.uint8), connectivity=8)
    found, rows = np.unique(pieces[:, 0], return_index=True)
    return np.sort(rows[np.isin(found, pieces[:, -1]) & (found > 0)])


def _free(lines: Mask) -> int:
    """Where the last free column ends, 0 where none is."""
    free = np.flatnonzero(~lines.any(0))
    return int(free[-1]) + 1 if len(free) else 0


def _beyond(box: Box, side: str, by: int) -> Box:
    """What lies `by` pixels beyond a side."""
    edge: int = getattr(box, side)
    if side in ("x0", "y0"):
        return replace(box, **{side: edge - by, side[0] + "1": edge})
    return replace(box, **{side: edge + by, side[0] + "0": edge})


def _united(boxes: Sequence[Box], at: int, reached: Box) -> list[Box]:
    """The boxes with one that has reached over others: they are one."""
    whole = [number for number, one in enumerate(boxes) if number == at or _meet(one, reached)]
    parts = [*(boxes[number] for number in whole), reached]
    sides = np.array([one.as_list() for one in parts])
    one = Box(*sides[:, :2].min(0).tolist(), *sides[:, 2:].max(0).tolist())
    return [one if number == whole[0] else box for number, box in enumerate(boxes) if number not in whole[1:]]


def _meet(one: Box, other: Box) -> bool:
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1
