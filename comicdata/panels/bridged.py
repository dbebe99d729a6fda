"""Gutters that a balloon or a figure bridges: background comes in from the sides, and at its edges panels begin."""

import cv2
import numpy as np

from comicdata.images import Image
from comicdata.panels.gutters import Run
from comicdata.panels.paper import Mask, Shares, column_shares, row_shares, spans, within
from comicdata.panels.rules import RULES
from comicdata.records import Box


def cut_bridged_rows(mask: Mask, run: Run, width: int) -> list[Run]:
    """Split where background comes in from the sides although something (a balloon) bridges the gutter.

    At both ends of such a gutter panels begin: the share that is open to the sides falls within 4 rows. At the head and
    the foot of a run the balloon only hangs out of its panel: the gutter beside it is cut off.
    """
    open_shares = _open_shares(mask)
    height, smallest = len(open_shares), RULES.smallest_panel_share * width
    found = _open_spans(open_shares)
    cuts = [(y0, y1) for y0, y1 in found if smallest < y0 and y1 < height - smallest]
    confidence = min((float(np.median(open_shares[y0:y1])) for y0, y1 in cuts), default=1.0) ** 0.5
    head, foot = _soft_end(open_shares), _soft_end(open_shares[::-1])
    ends = [*([(0, head)] if head else []), *([(height - foot, height)] if foot else [])]
    return run.cut(sorted(cuts + ends), confidence)


def cut_bridged_columns(part: Image, mask: Mask, run: Run, width: int) -> list[Run]:
    """Split likewise where background comes in from above or below, between the frames of two panels side by side; what
    is as high as a page has more than one tier, and lines part it.
    """
    if run.box.height >= RULES.strip_page_high * run.box.width:
        return []
    box, smallest = run.box, RULES.smallest_panel_share * width
    open_shares = _open_shares(np.asarray(cv2.transpose(mask), np.uint8))
    found = _open_spans(open_shares, RULES.soft_width)
    cuts = [(x0, x1) for x0, x1 in found if smallest < x0 and x1 < box.width - smallest]
    cuts = [(x0, x1) for x0, x1 in cuts if _is_between_frames(part, mask, x0, x1)]
    confidence = run.confidence * min((float(np.median(open_shares[x0:x1])) for x0, x1 in cuts), default=1.0) ** 0.5
    starts, ends = [0, *(x1 for _, x1 in cuts)], [*(x0 for x0, _ in cuts), box.width]
    pieces = [
        Run(Box(box.x0 + a, box.y0, box.x0 + b, box.y1), run.above, run.below, confidence)
        for a, b in zip(starts, ends, strict=True)
    ]
    return pieces if cuts else []


def _is_between_frames(part: Image, mask: Mask, x0: int, x1: int) -> bool:
    """Whether a line of one colour runs along both sides of an upright gutter, as far as that is open."""
    clear = row_shares(np.ascontiguousarray(mask[:, x0:x1])) >= RULES.soft_frame_share
    open_ends = [(a, b) for a, b in spans(clear, 3) if a == 0 or b == len(clear)]
    start, end = max(open_ends, key=lambda one: one[1] - one[0], default=(0, 0))
    if start == end:
        return False
    rows = slice(start, end)
    for side in (part[rows, x0 - RULES.soft_width : x0], part[rows, x1 : x1 + RULES.soft_width]):
        lines = np.repeat(np.median(side, axis=0).astype(np.uint8)[None], len(side), axis=0)
        alike = column_shares(within(np.ascontiguousarray(side), lines, RULES.soft_frame_step))
        if alike.max() < RULES.soft_frame_share:
            return False
    return True


def _open_shares(mask: Mask) -> Shares:
    """Share of every row that is background all the way to the left or the right end of the row; dust is closed."""
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    ink, flipped = np.asarray(closed) == 0, np.asarray(cv2.flip(closed, 1)) == 0
    width = mask.shape[1]
    from_left, from_right = ink.argmax(axis=1), flipped.argmax(axis=1)
    result: Shares = np.where(ink.any(axis=1), (from_left + from_right) / width, 1.0)
    return result


def _open_spans(open_shares: Shares, least: int = RULES.soft_height) -> list[tuple[int, int]]:
    """Spans of at least so many open rows between edges, the most open first: panels of unequal width lie open beside a
    gutter, too.
    """
    found: list[tuple[int, int]] = []
    for level in RULES.soft_levels:
        for y0, y1 in spans(open_shares >= level, 3):
            tall = y1 - y0 >= least
            if tall and _has_edges(open_shares, y0, y1) and not any(y0 < b and a < y1 for a, b in found):
                found.append((y0, y1))
    return sorted(found)


def _has_edges(open_shares: Shares, y0: int, y1: int) -> bool:
    """Whether panels begin on both sides of the rows."""
    level = float(np.median(open_shares[y0:y1]))
    before, after = open_shares[max(0, y0 - 4)], open_shares[min(len(open_shares) - 1, y1 + 3)]
    falls = max(before, after) <= min(level - RULES.soft_edge_share, level * RULES.soft_beside_share)
    return bool(falls) and _is_straight(open_shares[y1:]) and _is_straight(open_shares[:y0][::-1])


def _is_straight(open_shares: Shares) -> bool:
    """Whether the first rows of a panel are all equally wide: the side of a picture, not the outline of a figure."""
    rows = open_shares[4 : 4 + RULES.soft_straight_rows]
    return rows.size > 0 and float(np.ptp(np.percentile(rows, (10, 90)))) <= RULES.soft_straight_step


def _soft_end(open_shares: Shares) -> int:
    """How many rows at the head are a balloon that hangs out of a panel with a straight edge; 0 for none."""
    rows = spans(open_shares >= RULES.soft_level_of_ends, 3)
    if not rows or rows[0][0] > 4:
        return 0
    end = rows[0][1]
    low = RULES.soft_height <= end <= RULES.soft_end_share * len(open_shares)
    straight = len(open_shares) > end + 3 and open_shares[end + 3] <= RULES.soft_straight_share
    return end if low and straight and _is_straight(open_shares[end:]) else 0
