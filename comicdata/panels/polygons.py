"""Convex polygons, (n, 2) float x and y in order around: cut along a line, bounded by a box. Plain geometry only."""

import numpy as np
import numpy.typing as npt

from comicdata.records import Box

Polygon = npt.NDArray[np.float64]  # (n, 2)


def of_box(box: Box) -> Polygon:
    """The corners of a box."""
    return np.array([(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)], float)


def clipped(polygon: Polygon, point: npt.ArrayLike, normal: npt.ArrayLike) -> Polygon:
    """What of a polygon lies on the side of a line that its normal points to; (0, 2) where nothing does."""
    heights = (polygon - np.asarray(point, float)) @ np.asarray(normal, float)
    kept: list[npt.NDArray[np.float64]] = []
    for index, height in enumerate(heights):
        before = heights[index - 1]
        if height * before < 0:
            share = before / (before - height)
            kept.append(polygon[index - 1] + share * (polygon[index] - polygon[index - 1]))
        if height >= 0:
            kept.append(polygon[index])
    return np.array(kept).reshape(-1, 2)


def bounds(polygon: Polygon) -> Box:
    """The smallest box of whole pixels around a polygon."""
    x0, y0 = np.floor(polygon.min(axis=0) + 1e-6).astype(int).tolist()
    x1, y1 = np.ceil(polygon.max(axis=0) - 1e-6).astype(int).tolist()
    return Box(x0, y0, max(x1, x0 + 1), max(y1, y0 + 1))


def area(polygon: Polygon) -> float:
    """The area of a polygon."""
    x, y = polygon.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2) if len(polygon) > 2 else 0.0
