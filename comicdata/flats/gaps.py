"""Gaps in lines, closed so that the closing continues the line: from open end to open end, then to the next ink."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.ends import Ends, find_ends
from comicdata.flats.ink import Mask

GAP = 40  # pixels: the widest gap that is closed unless it is said


@dataclass(frozen=True)
class GapOptions:
    """Lengths in pixels."""

    turn: float = 0.3  # the least cosine between the way of an end and the closing
    ray: float = 0.6  # an end without a partner goes on to the next ink for so much of the widest gap
    most: int = 40_000  # ends: a picture with more is no line art, and nothing is closed


def close_gaps(ink: Mask, gap: int = GAP, options: GapOptions | None = None) -> Mask:
    """(H, W) bool: the walls that close gaps of up to `gap` pixels, without the ink."""
    options = options or GapOptions()
    walls = np.zeros(ink.shape, np.uint8)
    ends = find_ends(ink)
    if gap > 0 and 0 < len(ends) <= options.most:
        free = _links(walls, ends, gap, options)
        _rays(walls, ink, ends, free, options.ray * gap)
    closed: Mask = walls.view(bool) & ~ink
    return closed


def _links(walls: npt.NDArray[np.uint8], ends: Ends, gap: float, options: GapOptions) -> Mask:
    """Draws the best links between ends; which ends are still free."""
    from scipy.spatial import cKDTree

    reach = gap + 2 * float(ends.radius.max())
    pairs = cKDTree(ends.points).query_pairs(reach, output_type="ndarray")
    free = np.ones(len(ends), bool)
    if not len(pairs):
        return free
    one, two = pairs[:, 0], pairs[:, 1]
    apart = ends.points[two] - ends.points[one]
    far = np.maximum(np.hypot(apart[:, 0], apart[:, 1]), 1e-9)
    apart /= far[:, None]
    first, second = (ends.ways[one] * apart).sum(1), -(ends.ways[two] * apart).sum(1)
    good = (first > options.turn) & (second > options.turn)
    worth = np.where(good, (1 - far / (reach + 1)) * first * second, 0)
    for index in np.argsort(-worth, kind="stable"):
        if worth[index] <= 0:
            break
        a, b = one[index], two[index]
        if free[a] and free[b]:
            free[a] = free[b] = False
            _curve(walls, ends, a, b, far[index])
    return free


def _curve(walls: npt.NDArray[np.uint8], ends: Ends, a: int, b: int, far: float) -> None:
    """A Hermite curve that leaves one end and reaches the other along their ways."""
    t = np.linspace(0, 1, max(4, int(far / 3)))[:, None]
    start, end = ends.points[a], ends.points[b]
    out, back = ends.ways[a] * far, -ends.ways[b] * far
    way = (
        (2 * t**3 - 3 * t**2 + 1) * start + (t**3 - 2 * t**2 + t) * out
        + (3 * t**2 - 2 * t**3) * end + (t**3 - t**2) * back
    )  # fmt: skip
    cv2.polylines(walls, [np.rint(way).astype(np.int32)], False, 1, 1, cv2.LINE_4)


def _rays(walls: npt.NDArray[np.uint8], ink: Mask, ends: Ends, free: Mask, reach: float) -> None:
    """Draws free ends on to the next ink or wall within reach."""
    height, width = ink.shape
    solid = ink | (walls > 0)
    start = ends.points[free] + ends.ways[free] * (ends.radius[free] + 2)[:, None]
    along = np.arange(int(reach))
    x = np.rint(start[:, :1] + ends.ways[free][:, :1] * along).astype(np.int64)
    y = np.rint(start[:, 1:] + ends.ways[free][:, 1:] * along).astype(np.int64)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    hit = solid[np.where(inside, y, 0), np.where(inside, x, 0)] & inside
    for index in np.flatnonzero(hit.any(1)):
        last = int(hit[index].argmax())
        from_ = tuple(np.rint(ends.points[free][index]).astype(int).tolist())
        cv2.line(walls, from_, (int(x[index, last]), int(y[index, last])), 1, 1, cv2.LINE_4)
