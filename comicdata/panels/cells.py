"""Pages whose panels have no frame: cells between wide gaps, or tinted cells that touch; and insets with a rim."""

import itertools
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from comicdata.images import Image
from comicdata.panels.paper import Flags, Mask, Shares, column_shares, row_shares, spans, within
from comicdata.panels.rules import RULES
from comicdata.records import Box


def find_cells(image: Image, content: Mask) -> list[Box]:
    """Boxes of cells on a page (H, W, 3): cut along straight edges of tint, then at the widest gaps, over and over.

    `content` (H, W) is what is not background. Lettering that is cut off from its figure goes back to it.
    """
    height, width = content.shape
    smooth = cv2.GaussianBlur(image, (0, 0), 1.0)
    return _joined(list(_cut(np.asarray(smooth, np.uint8), content, Box(0, 0, width, height), 0)), height)


def _cut(image: Image, content: Mask, box: Box, depth: int, tinted: bool = True) -> Iterator[Box]:
    """The cells in a box; what is drawn in it where nothing cuts it, all of it where tints did.

    Tints are looked for while they are what cuts.
    """
    part = image[box.y0 : box.y1, box.x0 : box.x1]
    inside = content[box.y0 : box.y1, box.x0 : box.x1]
    least = RULES.cell_least_share * min(content.shape)
    for axis in (0, 1) if depth < RULES.cells_deepest else ():
        if axis == 0:
            edges, shares, length = _edges(part), row_shares(inside), box.height
        else:
            edges, shares, length = _edges(part.transpose(1, 0, 2)), column_shares(inside), box.width
        tints = [(y, y) for y in edges if least < y < length - least] if tinted else []
        marks = tints or _gaps(shares > 0, least)
        if marks:
            starts, ends = [0, *(end for _, end in marks)], [*(start for start, _ in marks), length]
            for start, end in zip(starts, ends, strict=True):
                if axis == 0:
                    yield from _cut(
                        image, content, Box(box.x0, box.y0 + start, box.x1, box.y0 + end), depth + 1, bool(tints)
                    )
                else:
                    yield from _cut(
                        image, content, Box(box.x0 + start, box.y0, box.x0 + end, box.y1), depth + 1, bool(tints)
                    )
            return
    if depth and tinted:
        yield box
        return
    rows, columns = np.flatnonzero(row_shares(inside) > 0), np.flatnonzero(column_shares(inside) > 0)
    if rows.size and columns.size:
        y0, y1, x0, x1 = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
        yield Box(box.x0 + x0, box.y0 + y0, box.x0 + x1, box.y0 + y1)


def _edges(part: Image) -> list[int]:
    """Rows where most of the width changes its tint for good."""
    if part.shape[0] < 3:
        return []
    part = np.ascontiguousarray(part)
    changed: Shares = 1 - row_shares(within(part[2:], part[:-2], RULES.cell_edge_step))
    return [(start + end) // 2 + 1 for start, end in spans(changed >= RULES.cell_edge_share, 12)]


def _gaps(content: Flags, least: float) -> list[tuple[int, int]]:
    """The empty spans inside that are nearly as wide as the widest one."""
    filled = spans(content, 1)
    gaps = [(a, b) for (_, a), (b, _) in itertools.pairwise(filled) if b - a >= RULES.cell_gap_share * least]
    widest = max((b - a for a, b in gaps), default=0)
    wide = [(a, b) for a, b in gaps if b - a >= RULES.cell_widest_share * widest]
    return [(a, b) for a, b in wide if a >= filled[0][0] + least / 3 and b <= filled[-1][1] - least / 3]


def _joined(boxes: Sequence[Box], height: int) -> list[Box]:
    """Low boxes (a line of lettering) joined with the nearest box: more often lettering is above its figure."""
    low = RULES.cell_low_share * height
    kept = [box for box in boxes if box.height >= low]
    for box in (one for one in boxes if one.height < low):
        near = [other for other in kept if other.x0 < box.x1 and box.x0 < other.x1]
        if near:
            best = min(near, key=lambda other: max((other.y0 - box.y1) / 2, box.y0 - other.y1))
            kept[kept.index(best)] = Box(
                min(box.x0, best.x0), min(box.y0, best.y0), max(box.x1, best.x1), max(box.y1, best.y1)
            )
    return kept


def find_insets(paper: Mask, flooded: Mask, least: int) -> list[Box]:
    """Boxes of pictures in a rim of background that lies inside a panel; both sides at least `least` pixels.

    paper (H, W) has the background's colour, flooded (H, W) is connected to the border of the page.
    """
    inside = paper & ~flooded
    outlines, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not any(min(cv2.boundingRect(one)[2:]) >= least for one in outlines):
        return []  # labels take many times as long
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
    found = []
    for label, (x, y, width, height, area) in enumerate(stats[1:count].tolist(), 1):
        if min(width, height) < least or area > RULES.inset_rim_share * width * height:
            continue
        rim = (labels[y : y + height, x : x + width] == label).astype(np.uint8) * 255
        rows, columns = row_shares(rim), column_shares(rim)
        if min(rows[:2].max(), rows[-2:].max(), columns[:2].max(), columns[-2:].max()) < RULES.inset_side_share:
            continue
        inner_rows = np.flatnonzero(rows < RULES.inset_inner_share)
        inner_columns = np.flatnonzero(columns < RULES.inset_inner_share)
        if inner_rows.size and inner_columns.size:
            found.append(
                Box(
                    x + int(inner_columns[0]),
                    y + int(inner_rows[0]),
                    x + int(inner_columns[-1]) + 1,
                    y + int(inner_rows[-1]) + 1,
                )
            )
    return found
