"""A picture that balloons as white as paper tear in two, from gutter to gutter: its pieces are put together again."""

from collections.abc import Sequence

import cv2
import numpy as np

from comicdata.panels.rules import RULES
from comicdata.records import Box


def mended(outlines: Sequence[tuple[cv2.typing.MatLike, Box]]) -> list[tuple[list[cv2.typing.MatLike], Box]]:
    """Parts with the pieces that a chain of balloons, white from gutter to gutter, tears off: these interlock with
    them, where panels lie beside each other.
    """
    whole: list[tuple[list[cv2.typing.MatLike], Box]] = []
    for contour, box in outlines:
        torn = [_is_level(one, box) and _interlock(np.concatenate(contours), contour) for contours, one in whole]
        if any(torn):
            contours, around = whole.pop(torn.index(True))
            whole.append(([*contours, contour], _around(around, box)))
        else:
            whole.append(([contour], box))
    return whole


def _is_level(one: Box, other: Box) -> bool:
    """Whether two parts begin and end at the same rows, or columns."""
    apart = [abs(a - b) <= RULES.frame_slack for a, b in zip(one.as_list(), other.as_list(), strict=True)]
    return all(apart[::2]) or all(apart[1::2])


def _interlock(one: cv2.typing.MatLike, other: cv2.typing.MatLike) -> bool:
    """Whether the convex outlines of two parts share much of the smaller one, which does not lie within the other."""
    hulls = cv2.convexHull(one), cv2.convexHull(other)
    shared = cv2.intersectConvexConvex(*hulls)[0] / max(1.0, min(map(cv2.contourArea, hulls)))
    return bool(RULES.torn_share <= shared <= RULES.within_share)


def _around(one: Box, other: Box) -> Box:
    """The box around two."""
    return Box(min(one.x0, other.x0), min(one.y0, other.y0), max(one.x1, other.x1), max(one.y1, other.y1))
