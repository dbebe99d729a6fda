"""Which pixels are background: colours compared within a tolerance, and how much of a row or column they fill."""

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image
from comicdata.panels.rules import RULES

Mask = npt.NDArray[np.bool_]
Colour = npt.NDArray[np.float32]  # (3,), 0..255
Shares = npt.NDArray[np.float64]  # one number in [0, 1] per row or column

WHITE: Colour = np.full(3, 255, np.float32)
BLACK: Colour = np.zeros(3, np.float32)

SAMPLES = 64  # columns whose median is the colour of a row


def is_close(one: Colour, other: Colour) -> bool:
    """Whether two colours are the same within the tolerance."""
    return bool(np.abs(one - other).max() <= RULES.tolerance)


def is_like(image: Image, colour: Colour) -> Mask:
    """Which pixels of (H, W, 3) are within tolerance of one colour, (H, W)."""
    centre = np.rint(colour).astype(np.int16)
    low = np.clip(centre - RULES.tolerance, 0, 255).tolist()
    high = np.clip(centre + RULES.tolerance, 0, 255).tolist()
    return np.asarray(cv2.inRange(image, tuple(low), tuple(high))).view(np.bool_)


def is_like_rows(image: Image, colours: npt.NDArray[np.float32]) -> Mask:
    """Which pixels of (H, W, 3) are within tolerance of the colour of their row, `colours` (H, 3)."""
    rows = np.repeat(np.rint(colours).astype(np.uint8)[:, None], image.shape[1], axis=1)
    return np.asarray(cv2.inRange(cv2.absdiff(image, rows), (0, 0, 0), (RULES.tolerance,) * 3)).view(np.bool_)


def row_shares(mask: Mask) -> Shares:
    """Share of True in every row of (H, W)."""
    return np.asarray(cv2.reduce(_bytes(mask), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S))[:, 0] / mask.shape[1]


def column_shares(mask: Mask) -> Shares:
    """Share of True in every column of (H, W)."""
    return np.asarray(cv2.reduce(_bytes(mask), 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S))[0] / mask.shape[0]


def _bytes(mask: Mask) -> Image:
    """The mask as 0 and 1: OpenCV writes 255 for True, numpy writes 1."""
    return np.minimum(np.ascontiguousarray(mask).view(np.uint8), 1)


def uniform_rows(image: Image) -> tuple[Mask, npt.NDArray[np.float32]]:
    """Which rows are one colour, (H,), and the median colour of every row from sampled columns, (H, 3).

    Most rows fail on the samples alone; only the others are read in full.
    """
    sampled = np.ascontiguousarray(image[:, :: max(1, image.shape[1] // SAMPLES)])
    colours = np.median(sampled, axis=1).astype(np.float32)
    uniform = row_shares(is_like_rows(sampled, colours)) >= RULES.sampled_share
    candidates = np.flatnonzero(uniform)
    if candidates.size:
        shares = row_shares(is_like_rows(image[candidates], colours[candidates]))
        uniform[candidates] = shares >= RULES.uniform_share
    return uniform, colours


def paper_mask(part: Image, above: Colour, below: Colour) -> Mask:
    """Which pixels are background: like the colour above, like the one below, or like the blend between them."""
    mask = is_like(part, above)
    if is_close(above, below):
        return mask
    blend = np.linspace(above, below, part.shape[0], dtype=np.float32)
    result: Mask = mask | is_like(part, below) | is_like_rows(part, blend)
    return result


def spans(content: Mask, narrowest: int) -> list[tuple[int, int]]:
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
    """Whether a gap between rows, background (h, w), lies inside a frame: a line runs down it on the left and the right.

    Flat art in a thin frame looks like a gutter row by row; the sides of the frame tell.
    """
    ink = cv2.dilate(_bytes(~gap), np.ones((1, 7), np.uint8)).view(np.bool_)
    lines = np.flatnonzero(column_shares(ink) >= RULES.frame_share)
    width = gap.shape[1]
    return bool((lines < width / 2).any() and (lines >= width / 2).any())
