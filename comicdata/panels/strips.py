"""A vertical strip to its panels: runs of background rows are gutters; what lies between is cut by columns, then rows.

The whole episode is one picture here, so file borders cannot be seen, and cannot matter.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from comicdata.images import Image
from comicdata.panels.paper import (
    BLACK,
    WHITE,
    Colour,
    Mask,
    column_shares,
    is_close,
    is_enclosed,
    is_like_rows,
    paper_mask,
    row_shares,
    spans,
    uniform_rows,
)
from comicdata.panels.rules import RULES
from comicdata.panels.text import is_text
from comicdata.records import Box, Panel


@dataclass(frozen=True)
class Segment:
    """A maximal run of rows, y0 <= y < y1, that are each one colour and change slowly from row to row."""

    y0: int
    y1: int
    first: Colour
    last: Colour

    @property
    def height(self) -> int:
        return self.y1 - self.y0

    @property
    def is_flat(self) -> bool:
        return bool(np.abs(self.first - self.last).max() <= RULES.tolerance)


@dataclass(frozen=True)
class Run:
    """A part of the strip between gutters, with the colours of the background above and below it."""

    box: Box
    above: Colour
    below: Colour
    confidence: float = 1.0


def strip_panels(image: Image) -> list[Panel]:
    """Panels and text blocks of a stitched strip, (H, W, 3) uint8, from top to bottom and left to right."""
    gutters = _gutters(image)
    runs = [run for whole in _runs_between(image, gutters) for run in _divide(image, whole, 0)]
    return [_panel(image, run) for run in runs if _is_large(run.box, image.shape[1])]


def _segments(image: Image) -> list[Segment]:
    """Runs of uniform rows, broken where the colour jumps."""
    uniform, colours = uniform_rows(image)
    step = np.abs(np.diff(colours, axis=0)).max(axis=1) > RULES.jump
    joined = uniform[1:] & uniform[:-1] & ~step
    starts = np.flatnonzero(uniform & ~np.concatenate([[False], joined]))
    ends = np.flatnonzero(uniform & ~np.concatenate([joined, [False]])) + 1
    return [Segment(int(a), int(b), colours[a], colours[b - 1]) for a, b in zip(starts, ends, strict=True)]


def _gutters(image: Image) -> list[Segment]:
    """The segments that are background: white and black ones; others when the comic uses them as background.

    Flat art in a frame, and flat art right beside a gutter, belong to a picture.
    """
    width = image.shape[1]
    tall = [one for one in _segments(image) if one.height >= RULES.narrowest_gutter]
    paper = [one for one in tall if _is_paper(one)]
    coloured = [
        one
        for one in tall
        if not _is_paper(one) and one.height >= RULES.coloured_share * width and not _is_beside(one, paper)
    ]
    found = paper + [one for one in coloured if _is_background(image, one, coloured)]
    return sorted((one for one in found if not _is_in_frame(image, one)), key=lambda one: one.y0)


def _is_paper(segment: Segment) -> bool:
    """White or black throughout."""
    return segment.is_flat and any(is_close(segment.first, colour) for colour in (WHITE, BLACK))


def _is_beside(segment: Segment, others: Sequence[Segment]) -> bool:
    """Whether another segment ends or begins right at this one."""
    gaps = (max(other.y0 - segment.y1, segment.y0 - other.y1) for other in others)
    return any(gap <= RULES.beside for gap in gaps)


def _is_in_frame(image: Image, segment: Segment) -> bool:
    """Whether the sides of a frame run along the segment."""
    rows = image[segment.y0 : segment.y1]
    return is_enclosed(is_like_rows(rows, uniform_rows(rows)[1]))


def _is_background(image: Image, segment: Segment, segments: Sequence[Segment]) -> bool:
    """Whether a coloured segment is background: panels begin where it ends.

    A flat one must be seen elsewhere too, so on both sides of a panel; one that changes colour (a gradient) may stand
    alone between two clear edges.
    """
    apart = [one for one in segments if abs(one.y0 - segment.y0) > image.shape[1] / 4]
    alike = sum(_drift(one, segment) <= RULES.drift for one in apart)
    above, below = _edge_share(image, segment.y0), _edge_share(image, segment.y1)
    if alike:
        return alike + 1 >= RULES.often or min(above, below) >= RULES.flat_edge_share
    if segment.height == image.shape[0]:
        return True
    alone = min(above, below) >= RULES.gradient_edge_share and max(above, below) >= RULES.gradient_best_share
    return alone and not segment.is_flat


def _edge_share(image: Image, y: int) -> float:
    """Share of the width where the colour changes around row y; 1 at the ends of the strip."""
    if y - 4 < 0 or y + 3 >= image.shape[0]:
        return 1.0
    step = cv2.absdiff(image[y - 4], image[y + 3]).max(axis=1)
    return float((step > RULES.edge_step).mean())


def _drift(one: Segment, other: Segment) -> float:
    """How far the colour moves from one segment to the next, 0..255: a slow gradient moves a little."""
    upper, lower = (one, other) if one.y0 < other.y0 else (other, one)
    return float(np.abs(upper.last - lower.first).max())


def _runs_between(image: Image, gutters: Sequence[Segment]) -> Iterator[Run]:
    """What lies between gutters, and before the first and after the last."""
    height, width = image.shape[:2]
    edges = [Segment(0, 0, WHITE, WHITE), *gutters, Segment(height, height, WHITE, WHITE)]
    if gutters:
        edges[0] = Segment(0, 0, gutters[0].first, gutters[0].first)
        edges[-1] = Segment(height, height, gutters[-1].last, gutters[-1].last)
    for upper, lower in pairwise(edges):
        if lower.y0 > upper.y1:
            yield Run(Box(0, upper.y1, width, lower.y0), upper.last, lower.first)


def _divide(image: Image, run: Run, depth: int) -> list[Run]:
    """Cut a run at background columns, the parts at background rows, and so on; then at soft gutters and hard edges."""
    box = run.box
    part = image[box.y0 : box.y1, box.x0 : box.x1]
    mask = paper_mask(part, run.above, run.below)
    if depth < RULES.deepest:
        pieces = [piece for column in _column_spans(mask) for piece in _row_boxes(mask, column, box)]
        if not pieces:
            return []
        if pieces != [box]:
            return [found for piece in pieces for found in _divide(image, Run(piece, run.above, run.below), depth + 1)]
    return _soft_gutters(mask, run) or _hard_edges(part, run) or [run]


def _column_spans(mask: Mask) -> list[tuple[int, int]]:
    """Spans of columns between background columns; narrow background columns inside a picture do not cut."""
    content = column_shares(mask) < RULES.column_share
    return _outside_frames(np.ascontiguousarray(mask.T), spans(content, RULES.narrowest_column))


def _row_boxes(mask: Mask, column: tuple[int, int], box: Box) -> Iterator[Box]:
    """Boxes of the row spans inside one span of columns, in strip coordinates."""
    x0, x1 = column
    part = mask[:, x0:x1]
    content = row_shares(part) < RULES.uniform_share
    for y0, y1 in _outside_frames(part, spans(content, RULES.narrowest_gutter)):
        yield Box(box.x0 + x0, box.y0 + y0, box.x0 + x1, box.y0 + y1)


def _outside_frames(mask: Mask, found: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join the spans of rows whose gap lies inside a frame."""
    joined: list[tuple[int, int]] = []
    for start, end in found:
        if joined and is_enclosed(mask[joined[-1][1] : start]):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _soft_gutters(mask: Mask, run: Run) -> list[Run]:
    """Split where rows are mostly background although something (a balloon) bridges the gutter.

    Both ends of such a gutter are edges: the share of background jumps within 4 rows.
    """
    share = row_shares(mask)
    cuts = []
    for y0, y1 in spans(share >= RULES.soft_paper_share, 1):
        inside = y0 > RULES.soft_height and y1 < len(share) - RULES.soft_height
        if not inside or y1 - y0 < RULES.soft_height:
            continue
        level = float(np.median(share[y0:y1]))
        before, after = share[max(0, y0 - 4)], share[min(len(share) - 1, y1 + 3)]
        if min(level - before, level - after) >= RULES.soft_edge_share:
            cuts.append((y0, y1, level))
    return _cut(run, [(y0, y1) for y0, y1, _ in cuts], min((level for *_, level in cuts), default=1.0))


def _hard_edges(part: Image, run: Run) -> list[Run]:
    """Split a tall run where nearly the whole row changes at once: two full-bleed pictures that meet."""
    if part.shape[0] <= RULES.hard_from_share * part.shape[1]:
        return []
    sampled = np.ascontiguousarray(part[:, :: max(1, part.shape[1] // 256)])
    step = cv2.absdiff(sampled[1:], sampled[:-1]).max(axis=2)
    changed = (step >= RULES.hard_edge_step).mean(axis=1)
    changed[_near_flat_rows(part)] = 0
    margin = part.shape[1] // 6
    cuts: list[tuple[int, int]] = []
    for y in np.flatnonzero(changed >= RULES.hard_edge_share).tolist():
        if margin < y < part.shape[0] - margin and (not cuts or y - cuts[-1][1] > margin):
            cuts.append((y + 1, y + 1))
    return _cut(run, cuts, 0.4)


def _near_flat_rows(part: Image) -> Mask:
    """Which steps from row y to y + 1 lie near rows of one colour, (h - 1,)."""
    uniform = uniform_rows(part)[0].astype(np.uint8)
    reach = np.ones((2 * RULES.hard_flat + 1, 1), np.uint8)
    return np.asarray(cv2.dilate(uniform[:-1, None], reach))[:, 0] > 0


def _cut(run: Run, cuts: Sequence[tuple[int, int]], confidence: float) -> list[Run]:
    """The parts of a run between cuts, (y0, y1) in rows of the run; [] when there is no cut."""
    if not cuts:
        return []
    box, starts = run.box, [0, *(y1 for _, y1 in cuts)]
    ends = [*(y0 for y0, _ in cuts), box.height]
    return [
        Run(Box(box.x0, box.y0 + a, box.x1, box.y0 + b), run.above, run.below, run.confidence * confidence)
        for a, b in zip(starts, ends, strict=True)
    ]


def _is_large(box: Box, width: int) -> bool:
    return min(box.width, box.height) >= RULES.smallest_panel_share * width


def _panel(image: Image, run: Run) -> Panel:
    """The run as a panel, or as text when it is mostly background with hardly a colour."""
    box = run.box
    part = image[box.y0 : box.y1, box.x0 : box.x1]
    return Panel(box, run.confidence, "text" if is_text(part, run.above, run.below, image.shape[1]) else "panel")
