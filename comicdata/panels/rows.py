"""What is known about every row of a strip after one look at it: some thirty bytes a row, whatever the slices are."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image
from comicdata.panels.paper import Flags, Shares, is_like_rows, median, row_shares, within
from comicdata.panels.rules import RULES

SAMPLES = 64  # columns whose median is the colour of a row
STEP_SAMPLES = 256  # columns that tell how much changes from row to row
REACH = 7  # rows between the two that are compared: an edge softened by JPEG lies between them


@dataclass(frozen=True)
class Rows:
    """Features of H rows.

    uniform (H,): the row is one colour; colours (H, 3): which one, 0 where it is none; steps (H,): share of the width
    where the colour changes around the row, 1 at the ends; left, right (H,): first and last column that leaves the
    colour of a uniform row, -1 where none does.
    """

    width: int
    uniform: Flags
    colours: npt.NDArray[np.float32]
    steps: Shares
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]

    @property
    def height(self) -> int:
        return len(self.uniform)


def read_rows(slices: Iterable[Image]) -> Rows:
    """The features of a strip, slice by slice, (h, W, 3) uint8 of one width; where it is cut makes no difference."""
    parts: list[tuple[Flags, npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.int32]]] = []
    steps: list[Shares] = []
    width, tail = 0, None
    for one in slices:
        width = one.shape[1]
        columns = sampled(one, STEP_SAMPLES)
        parts.append(_row_colours(one, columns))
        joined = columns if tail is None else np.concatenate([tail, columns])
        if len(joined) > REACH:
            steps.append(1 - row_shares(within(joined[REACH:], joined[:-REACH], RULES.edge_step)))
        tail = joined[-REACH:]
    uniform, colours, left, right = (np.concatenate(column) for column in zip(*parts, strict=True))
    around = np.ones(len(uniform))
    if steps:
        around[REACH // 2 + 1 : len(uniform) - REACH // 2] = np.concatenate(steps)
    return Rows(width, uniform, colours, around, left, right)


def uniform_rows(image: Image) -> Flags:
    """Which rows of (H, W, 3) are one colour, (H,)."""
    return _row_colours(image, image)[0]


def _row_colours(
    image: Image, columns: Image
) -> tuple[Flags, npt.NDArray[np.float32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """uniform, colours, left and right of Rows; `columns` are some or all columns of the image.

    Rows where many neighbouring samples differ cannot be one colour; of the others the median is taken, and only those
    whose samples agree with it are read in full.
    """
    height = image.shape[0]
    colours = np.zeros((height, 3), np.float32)
    uniform = np.zeros(height, bool)
    left, right = np.full(height, -1, np.int32), np.full(height, -1, np.int32)
    samples = sampled(columns, SAMPLES)
    calm = np.ones(height, bool)
    if samples.shape[1] > 1:
        pairs = within(np.ascontiguousarray(samples[:, 1:]), np.ascontiguousarray(samples[:, :-1]), 2 * RULES.tolerance)
        calm = row_shares(pairs) >= 2 * RULES.sampled_share - 1
    rows = np.flatnonzero(calm)
    if rows.size:
        medians = median(samples[rows].transpose(0, 2, 1).astype(np.float32, order="C"), axis=2)
        agree = row_shares(is_like_rows(samples[rows], medians)) >= RULES.sampled_share
        rows, medians = rows[agree], medians[agree]
    if rows.size:
        like = is_like_rows(image[rows], medians)
        one = row_shares(like) >= RULES.uniform_share
        uniform[rows[one]], colours[rows[one]] = True, medians[one]
        left[rows[one]], right[rows[one]] = _ends_of_ink(like[one] == 0)
    return uniform, colours, left, right


def sampled(image: Image, columns: int) -> Image:
    """Every nth column of (h, W, 3), so many or a few more."""
    height, width = image.shape[:2]
    apart = max(1, width // columns)
    count = width // apart
    most = cv2.resize(image[:, : count * apart], (count, height), interpolation=cv2.INTER_NEAREST)  # a quick copy
    last = image[:, count * apart :: apart]
    return np.concatenate([np.asarray(most, np.uint8), last], axis=1) if last.size else np.asarray(most, np.uint8)


def _ends_of_ink(ink: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """First and last true column of every row, -1 where there is none."""
    some = ink.any(axis=1)
    first, last = ink.argmax(axis=1), ink.shape[1] - 1 - ink[:, ::-1].argmax(axis=1)
    return np.where(some, first, -1).astype(np.int32), np.where(some, last, -1).astype(np.int32)
