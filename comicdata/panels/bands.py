"""Bands of clean paper across a page: they part its panels, whatever these are drawn with, where frames stand."""

from collections.abc import Iterator

import numpy as np

from comicdata.panels.paper import Mask, Shares, column_shares, row_shares, spans
from comicdata.panels.rules import RULES
from comicdata.records import Box

REACH = 3  # lines beside a band in which the line of a frame is looked for


def clean_bands(paper: Mask) -> Mask:
    """The margins and the gutters from side to side of paper (H, W), without a mark in them; none where nothing that
    they part is framed.
    """
    parts = list(_parts(paper, Box(0, 0, paper.shape[1], paper.shape[0])))
    bands = np.full_like(paper, 255 if any(_is_framed(paper, box) for box in parts) else 0)
    for box in parts:
        bands[box.y0 : box.y1, box.x0 : box.x1] = 0
    return bands


def _parts(paper: Mask, box: Box) -> Iterator[Box]:
    """What is drawn in a box, without the paper around it: cut at its gutters and what they part likewise."""
    rows, columns = (np.flatnonzero(marks) for marks in _marks(paper, box))
    if not rows.size:
        return
    x0, y0, x1, y1 = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    drawn = Box(box.x0 + int(x0), box.y0 + int(y0), box.x0 + int(x1), box.y0 + int(y1))
    across, down = (_between(marks) for marks in _marks(paper, drawn))
    if len(across) > 1:
        pieces = [Box(drawn.x0, drawn.y0 + a, drawn.x1, drawn.y0 + b) for a, b in across]
    else:
        pieces = [Box(drawn.x0 + a, drawn.y0, drawn.x0 + b, drawn.y1) for a, b in down]
    if len(pieces) == 1:
        yield drawn
    else:
        for piece in pieces:
            yield from _parts(paper, piece)


def _marks(paper: Mask, box: Box) -> tuple[Shares, Shares]:
    """The share of every row and of every column of a box that is no paper."""
    part = np.ascontiguousarray(paper[box.y0 : box.y1, box.x0 : box.x1])
    return 1 - row_shares(part), 1 - column_shares(part)


def _between(marks: Shares) -> list[tuple[int, int]]:
    """The parts of a profile, (start, end), between the clean bands that the line of a frame runs along."""
    bands = [(a, b) for a, b in spans(marks == 0, 1) if b - a >= RULES.page_soft_height]
    bands = [(a, b) for a, b in bands if _is_lined(marks[max(0, a - REACH) : b + REACH])]
    return list(zip([0, *(b for _, b in bands)], [*(a for a, _ in bands), len(marks)], strict=True))


def _is_lined(marks: Shares) -> bool:
    return bool(marks.max() >= RULES.band_lined_share)


def _is_framed(paper: Mask, box: Box) -> bool:
    """Whether the lines of a frame run along all four sides of a box."""
    return all(_is_lined(marks[:REACH]) and _is_lined(marks[-REACH:]) for marks in _marks(paper, box))
