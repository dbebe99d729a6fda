"""Gutters that a balloon or a figure bridges: background comes in from the sides, and at its edges panels begin."""

import cv2
import numpy as np

from comicdata.panels.gutters import Run
from comicdata.panels.paper import Mask, Shares, spans
from comicdata.panels.rules import RULES


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


def _open_shares(mask: Mask) -> Shares:
    """Share of every row that is background all the way to the left or the right end of the row; dust is closed."""
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    ink, flipped = np.asarray(closed) == 0, np.asarray(cv2.flip(closed, 1)) == 0
    width = mask.shape[1]
    from_left, from_right = ink.argmax(axis=1), flipped.argmax(axis=1)
    result: Shares = np.where(ink.any(axis=1), (from_left + from_right) / width, 1.0)
    return result


def _open_spans(open_shares: Shares) -> list[tuple[int, int]]:
    """Spans of at least so many open rows between edges, the most open first: panels of unequal width lie open beside a
    gutter, too.
    """
    found: list[tuple[int, int]] = []
    for level in RULES.soft_levels:
        for y0, y1 in spans(open_shares >= level, 3):
            tall = y1 - y0 >= RULES.soft_height
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
