"""Which pixels are background: colours compared within a tolerance, and how much of a row or column they fill."""

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image
from comicdata.panels.rules import RULES

Mask = npt.NDArray[np.uint8]  # 255 where true, 0 elsewhere, as OpenCV writes it
Flags = npt.NDArray[np.bool_]  # one per row or column
Colour = npt.NDArray[np.float32]  # (3,), 0..255
Real = TypeVar("Real", np.float32, np.float64)
Shares = npt.NDArray[np.float64]  # one number in [0, 1] per row or column

WHITE: Colour = np.full(3, 255, np.float32)
BLACK: Colour = np.zeros(3, np.float32)


def is_close(one: Colour, other: Colour) -> bool:
    """Whether two colours are the same within the tolerance."""
    return bool(np.abs(one - other).max() <= RULES.tolerance)


def is_like(image: Image, colour: Colour, tolerance: int = RULES.tolerance) -> Mask:
    """Which pixels of (H, W, 3) are within tolerance of one colour, (H, W)."""
    centre = np.rint(colour).astype(np.int16)
    low = np.clip(centre - tolerance, 0, 255).tolist()
    high = np.clip(centre + tolerance, 0, 255).tolist()
    return np.asarray(cv2.inRange(image, tuple(low), tuple(high)), np.uint8)


def is_like_rows(image: Image, colours: npt.NDArray[np.float32]) -> Mask:
    """Which pixels of (H, W, 3) are within tolerance of the colour of their row, `colours` (H, 3)."""
    column = np.rint(colours).astype(np.uint8)[:, None]
    rows = cv2.resize(column, (image.shape[1], len(column)), interpolation=cv2.INTER_NEAREST)
    return within(image, np.asarray(rows, np.uint8), RULES.tolerance)


def median(values: npt.NDArray[Real], axis: int = 0) -> npt.NDArray[Real]:
    """The median along an axis; where that is short, several times as fast as np.median."""
    ordered, middle = np.sort(values, axis=axis), values.shape[axis] // 2
    pair = ordered.take(middle, axis), ordered.take(values.shape[axis] - 1 - middle, axis)
    return np.asarray((pair[0] + pair[1]) / 2, values.dtype)


def within(one: Image, other: Image, step: int) -> Mask:
    """Where two pictures of one size differ by at most `step` in every channel, (H, W)."""
    return np.asarray(cv2.inRange(cv2.absdiff(one, other), (0, 0, 0), (step,) * 3), np.uint8)


def share(mask: Mask) -> float:
    """Share of true pixels."""
    return cv2.countNonZero(np.ascontiguousarray(mask)) / max(1, mask.size)


def solid_confidence(ground: Mask) -> float:
    """How far a box is trusted by what it holds, `ground` being background: paint fills it, or a frame bounds it.

    Figures and torn edges do neither, and where these end is a matter of opinion.
    """
    filled = share(ground) <= 1 - RULES.solid_share
    return 1.0 if filled or has_frame(ground) else RULES.loose_confidence


def has_frame(paper: Mask) -> bool:
    """Whether straight lines run along all four sides of a part."""
    rows, columns = 1 - row_shares(paper), 1 - column_shares(paper)
    sides = [rows[:6], rows[-6:], columns[:6], columns[-6:]]
    return min(float(side.max()) for side in sides) >= RULES.frame_share


def row_shares(mask: Mask) -> Shares:
    """Share of true pixels in every row of (H, W)."""
    sums = cv2.reduce(mask, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    result: Shares = np.asarray(sums)[:, 0] / (255 * mask.shape[1])
    return result


def column_shares(mask: Mask) -> Shares:
    """Share of true pixels in every column of (H, W)."""
    sums = cv2.reduce(mask, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    result: Shares = np.asarray(sums)[0] / (255 * mask.shape[0])
    return result


def paper_mask(part: Image, above: Colour, below: Colour) -> Mask:
    """Which pixels are background: like the colour above, like the one below, or like the blend between them."""
    mask = is_like(part, above)
    if is_close(above, below):
        return mask
    blend = np.linspace(above, below, part.shape[0], dtype=np.float32)
    result: Mask = mask | is_like(part, below) | is_like_rows(part, blend)
    return result


def spans(content: Flags, narrowest: int) -> list[tuple[int, int]]:
    """Runs of True in (N,) as (start, end); gaps narrower than `narrowest` do not cut."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], content, [False]]).astype(np.int8)))
    found: list[tuple[int, int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if found and start - found[-1][1] < narrowest:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def is_enclosed(gap: Mask) -> bool:
    """Whether a gap between rows, background (h, w), lies inside a frame: a line runs down it on both sides.

    Flat art in a thin frame looks like a gutter row by row; the sides of the frame tell.
    """
    ink = np.asarray(cv2.dilate(np.ascontiguousarray(~gap), np.ones((1, 7), np.uint8)), np.uint8)
    lines = np.flatnonzero(column_shares(ink) >= RULES.frame_share)
    width = gap.shape[1]
    return bool((lines < width / 2).any() and (lines >= width / 2).any())
