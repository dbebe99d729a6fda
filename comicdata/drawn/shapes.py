"""Outlines of drawn panels, convex, (n, 2): written apart from what finds panels, so that truth does not rest on it."""

import numpy as np
import numpy.typing as npt

from comicdata.records import Box

Polygon = npt.NDArray[np.float64]  # (n, 2)


def of_box(box: Box) -> Polygon:
    """The corners of a box."""
    return np.array([(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)], float)


def clipped(polygon: Polygon, point: npt.ArrayLike, normal: npt.ArrayLike) -> Polygon:
    """What of a polygon lies on the side of a line that its normal points to."""
    towards = np.asarray(normal, float)
    kept: list[npt.NDArray[np.float64]] = []
    for one, other in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        here, there = float((one - np.asarray(point)) @ towards), float((other - np.asarray(point)) @ towards)
        if here >= 0:
            kept.append(one)
        if (here < 0) != (there < 0):
            kept.append(one + (other - one) * here / (here - there))
    return np.array(kept).reshape(-1, 2)


def bounds(polygon: Polygon) -> Box:
    """The smallest box of whole pixels around a polygon."""
    x0, y0 = np.floor(polygon.min(axis=0) + 1e-6).astype(int).tolist()
    x1, y1 = np.ceil(polygon.max(axis=0) - 1e-6).astype(int).tolist()
    return Box(x0, y0, max(x1, x0 + 1), max(y1, y0 + 1))
