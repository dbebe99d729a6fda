"""What the border between two pictures of an episode is: art that goes on, art that breaks off, or a gutter.

Art is compared with art, never with a fixed step: a border is crossed where the two rows are much more alike, column by
column, than the same two rows shifted against each other. Flat colour and restless strokes so say nothing.
"""

from itertools import pairwise
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image, resize
from comicdata.panels.looks import Look
from comicdata.panels.rows import uniform_rows
from comicdata.panels.rules import RULES

Border = Literal["goes on", "gutter", "ends", "breaks", "unclear"]
_Row = npt.NDArray[np.float32]
SLACK = 2  # columns: a slanted line crosses a border this far aside


def border_between(upper: Look, lower: Look) -> Border:
    """What lies between the bottom of one picture and the top of the next; of two widths the narrower is enlarged.

    "gutter": one colour on both sides; "ends": art on one side only; "unclear": art that would look so either way.
    Where the outermost rows do not show art that goes on, the rows behind a seam are compared.
    """
    width = max(upper.width, lower.width)
    above, below = _to_width(upper.bottom.rows, width), _to_width(lower.top.rows, width)
    far = _to_width(upper.top.rows, width), _to_width(lower.bottom.rows, width)
    outermost = _compare(above, below, far)
    if outermost == "goes on" or min(len(above), len(below)) <= RULES.seam:
        return outermost
    return _compare(above[RULES.seam :], below[RULES.seam :], far)


def _to_width(rows: Image, width: int) -> Image:
    return rows if rows.shape[1] == width else resize(rows, width, rows.shape[0])


def _compare(above: Image, below: Image, far: tuple[Image, Image]) -> Border:
    """The border between rows (n, W, 3) on both sides, each counted from the border; `far` are the other ends."""
    rows = np.stack([above[0], below[0]])
    flat = uniform_rows(rows)
    if flat.all():
        upper, lower = np.median(rows, axis=1)
        return "gutter" if np.abs(upper - lower).max() <= 2 * RULES.tolerance else "breaks"
    if flat.any():
        return "ends"
    upper, lower = _soft(above[0]), _soft(below[0])
    step, width = _step(upper, lower), len(upper)
    by_chance = min(_step(upper, np.roll(lower, width * sixth // 6, axis=0)) for sixth in (2, 3, 4))
    # what both ends of all pages show, the bed of a scanner, a frame around the page, goes on from page to page
    everywhere = max(_step(_soft(far[0][0]), lower), _step(upper, _soft(far[1][0])))
    if min(by_chance, everywhere) < RULES.border_least:
        return "unclear"
    if step <= RULES.border_goes_on * min(by_chance, everywhere):
        return "goes on"
    restless = RULES.border_restless * max(_inner_step(above), _inner_step(below))
    return "breaks" if step >= RULES.border_breaks * by_chance and step > restless else "unclear"


def _soft(row: Image) -> _Row:
    """A row (W, 3) without the noise of JPEG."""
    soft: _Row = np.asarray(cv2.blur(row[None].astype(np.float32), (5, 1)), np.float32)[0]
    return soft


def _step(one: _Row, other: _Row) -> float:
    """How much two rows (W, 3) differ per column, the nearest columns of the other row taken."""
    padded = np.pad(other, ((SLACK, SLACK), (0, 0)), mode="edge")
    shifted = (np.abs(one - padded[at : at + len(one)]).max(axis=1) for at in range(2 * SLACK + 1))
    return float(np.minimum.reduce(list(shifted)).mean())


def _inner_step(rows: Image) -> float:
    """The greatest such difference between neighbouring rows of one picture near its end."""
    soft = [_soft(row) for row in rows[:4]]
    return max((_step(one, other) for one, other in pairwise(soft)), default=0.0)
