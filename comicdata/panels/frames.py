"""Closed frames within a picture: an inset, or a panel that overlaps others. Four straight lines that end where they
meet, and no line that divides what is inside: a window has a cross, a wall of tiles goes on beyond the corners.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from comicdata.images import Image
from comicdata.panels.paper import Mask
from comicdata.panels.rules import RULES
from comicdata.panels.score import iou
from comicdata.records import Box

Line = tuple[int, int, int]  # its place across, its start and its end, in pixels


def find_frames(image: Image, least: int) -> list[Box]:
    """The frames on a page, (H, W, 3), at the size of the analysis, both sides at least `least` pixels, the best
    covered first; of several around nearly the same the best.
    """
    inked = ink(image)
    level, upright = _lines(inked[0], least), _lines(inked[1].T, least)
    boxes = [box for box in set(_cornered(level, upright, least)) if not _is_divided(level, upright, box)]
    covered = {box: _covered(inked, box) for box in boxes}
    found: list[Box] = []
    for box in sorted(boxes, key=lambda one: (-covered[one], one.as_list())):
        if covered[box] >= RULES.frame_covered and all(iou(box, other) < RULES.frame_same for other in found):
            found.append(box)
    return found


def ink(image: Image) -> tuple[Mask, Mask]:
    """Where dark strokes run across (H, W, 3), level ones and upright ones, faint ones in the dark included."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    wide = RULES.frame_widest
    found = [cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, np.ones(one, np.uint8)) for one in ((wide, 1), (1, wide))]
    dark = grey <= RULES.frame_darkest
    level, upright = (np.where((one >= RULES.frame_step) & dark, np.uint8(255), np.uint8(0)) for one in found)
    return level, upright


def _lines(strokes: Mask, least: int) -> list[Line]:
    """The level lines of marks (H, W), (row, first column, end): slack in the row, short holes closed."""
    wide = cv2.dilate(strokes, np.ones((3, 1), np.uint8))
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, np.ones((1, RULES.frame_hole), np.uint8))
    long = np.asarray(cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((1, least), np.uint8)), np.uint8)
    outlines, _ = cv2.findContours(long, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = map(cv2.boundingRect, outlines)
    return [(y + h // 2, x, x + width) for x, y, width, h in boxes if h <= RULES.frame_thickest]


def _cornered(level: Sequence[Line], upright: Sequence[Line], least: int) -> Iterator[Box]:
    """The boxes two opposite corners of which are seen."""
    slack = RULES.frame_slack
    corners: list[list[tuple[int, int]]] = [[], [], [], []]  # top left, top right, foot left, foot right
    for y, start, end in level:
        for x, top, foot in upright:
            for number, (at, vertical) in enumerate(((start, top), (end, top), (start, foot), (end, foot))):
                if abs(at - x) <= slack and abs(vertical - y) <= slack:
                    corners[number].append((x, y))
    for (x0, y0), (x1, y1) in ((a, b) for a in corners[0] for b in corners[3]):
        if x1 - x0 >= least and y1 - y0 >= least:
            yield Box(x0, y0, x1, y1)
    for (x1, y0), (x0, y1) in ((a, b) for a in corners[1] for b in corners[2]):
        if x1 - x0 >= least and y1 - y0 >= least:
            yield Box(x0, y0, x1, y1)


def _covered(inked: tuple[Mask, Mask], box: Box) -> float:
    """The share of its least covered side that strokes run along; 0 where they go on beyond many corners."""
    height, width = inked[0].shape
    beyond, shares = 0, []
    for strokes, across, start, end, size in (
        (inked[0], (box.y0, box.y1), box.x0, box.x1, width),
        (inked[1].T, (box.x0, box.x1), box.y0, box.y1, height),
    ):
        for at in across:
            seen = strokes[max(0, at - 2) : at + 3].max(axis=0, initial=0) > 0
            shares.append(float(seen[start:end].mean()))
            reach = RULES.frame_beyond
            stubs = (start - reach, start - 4), (end + 4, end + reach)
            beyond += sum(a >= 0 and b <= size and seen[a:b].mean() >= RULES.frame_covered for a, b in stubs)
    return min(shares) if beyond <= RULES.frame_goes_on else 0.0


def _is_divided(level: Sequence[Line], upright: Sequence[Line], box: Box) -> bool:
    """Whether a line runs through a box from side to side."""
    slack = 2 * RULES.frame_slack
    for lines, (low, high), (start, end) in (
        (level, (box.y0, box.y1), (box.x0, box.x1)),
        (upright, (box.x0, box.x1), (box.y0, box.y1)),
    ):
        inside = ((first, last) for at, first, last in lines if low + slack < at < high - slack)
        if any(first <= start + slack and last >= end - slack for first, last in inside):
            return True
    return False
