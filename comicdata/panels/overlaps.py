"""How far boxes lie in each other. Plain geometry only."""

from comicdata.records import Box

INSIDE = 0.85  # of a box in another one: it lies in it


def shared(one: Box, other: Box) -> int:
    """The area that two boxes share."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(0, width) * max(0, height)


def share_inside(one: Box, other: Box) -> float:
    """The share of a box that lies in another one."""
    return shared(one, other) / (one.width * one.height)


def is_inside(one: Box, other: Box) -> bool:
    """Whether nearly all of a box lies in another one."""
    return share_inside(one, other) > INSIDE
