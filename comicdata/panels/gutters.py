"""Gutters of a strip from the features of its rows: which runs of one colour are background, which are flat art."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from comicdata.panels.paper import BLACK, WHITE, Colour, is_close, spans
from comicdata.panels.rows import Rows
from comicdata.panels.rules import RULES
from comicdata.records import Box


@dataclass(frozen=True, eq=False)
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

    def cut(self, cuts: Sequence[tuple[int, int]], confidence: float) -> list["Run"]:
        """The parts between cuts, (y0, y1) in rows of the run; [] when there is no cut."""
        if not cuts:
            return []
        box, starts = self.box, [0, *(y1 for _, y1 in cuts)]
        ends = [*(y0 for y0, _ in cuts), box.height]
        return [
            Run(Box(box.x0, box.y0 + a, box.x1, box.y0 + b), self.above, self.below, self.confidence * confidence)
            for a, b in zip(starts, ends, strict=True)
            if b > a
        ]


def find_runs(rows: Rows) -> list[Run]:
    """What lies between gutters, and before the first and after the last; longer than any panel it is cut."""
    return [part for run in _runs_between(rows, find_gutters(rows)) for part in _bounded(rows, run)]


def find_gutters(rows: Rows) -> list[Segment]:
    """The segments that are background: white and black ones; others when the comic uses them as background; and the
    thick dark lines where two frames meet.

    Flat art in a frame, and flat art right beside a gutter, belong to a picture; a line there is its frame.
    """
    segments = list(_segments(rows))
    tall = [one for one in segments if one.height >= RULES.narrowest_gutter]
    paper = [one for one in tall if _is_paper(one) or _is_fade(one)]
    coloured = [one for one in tall if one not in paper and one.height >= RULES.coloured_share * rows.width]
    alone = [one for one in coloured if not _is_beside(one, paper)]
    found = [one for one in alone if _is_background(rows, one, alone, coloured)]
    found += [one for one in coloured if one not in alone and _continues(one, found)]
    found += [one for one in segments if _is_line(rows, one) and not _is_beside(one, paper)]
    return sorted((one for one in paper + found if not _is_in_frame(rows, one)), key=lambda one: one.y0)


def _segments(rows: Rows) -> list[Segment]:
    """Runs of uniform rows, broken where the colour jumps."""
    step = np.abs(np.diff(rows.colours, axis=0)).max(axis=1) > RULES.jump
    joined = rows.uniform[1:] & rows.uniform[:-1] & ~step
    starts = np.flatnonzero(rows.uniform & ~np.concatenate([[False], joined]))
    ends = np.flatnonzero(rows.uniform & ~np.concatenate([joined, [False]])) + 1
    return [one for a, b in zip(starts.tolist(), ends.tolist(), strict=True) for one in _levels(rows.colours, a, b)]


def _levels(colours: npt.NDArray[np.float32], y0: int, y1: int) -> Iterator[Segment]:
    """A run of rows; where it fades from or to white or black, the white, the black and what lies between them."""
    whole = Segment(y0, y1, colours[y0], colours[y1 - 1])
    part = colours[y0:y1]
    papers = [] if whole.is_flat else [one for paper in (WHITE, BLACK) for one in _plateaus(part, paper)]
    edges = sorted({y0, y1, *(y0 + end for one in papers for end in one)})
    for start, end in pairwise(edges):
        yield Segment(start, end, colours[start], colours[end - 1])


def _plateaus(part: npt.NDArray[np.float32], paper: Colour) -> list[tuple[int, int]]:
    """The spans of rows of one paper that are tall enough for a gutter."""
    like = np.abs(part - paper).max(axis=1) <= RULES.tolerance
    return [(a, b) for a, b in spans(like, 1) if b - a >= RULES.narrowest_gutter]


def _is_paper(segment: Segment) -> bool:
    """White or black throughout."""
    return segment.is_flat and any(is_close(segment.first, colour) for colour in (WHITE, BLACK))


def _is_line(rows: Rows, segment: Segment) -> bool:
    """Whether two frames meet here: a dark line across the strip, thicker than a seam or a line of a drawing."""
    thick = RULES.line_thinnest <= segment.height < RULES.coloured_share * rows.width
    if not thick or max(segment.first.max(), segment.last.max()) > RULES.line_darkest or segment.y1 == rows.height:
        return False
    return bool(min(rows.steps[segment.y0], rows.steps[segment.y1]) >= RULES.line_edge_share)


def _is_fade(segment: Segment) -> bool:
    """From white to black, or back, or to the same again, over nothing that is drawn."""
    near = [min(np.abs(end - paper).max() for paper in (WHITE, BLACK)) for end in (segment.first, segment.last)]
    return not segment.is_flat and max(near) <= 2 * RULES.tolerance


def _is_beside(segment: Segment, others: Sequence[Segment]) -> bool:
    """Whether another segment ends or begins right at this one."""
    gaps = (max(other.y0 - segment.y1, segment.y0 - other.y1) for other in others)
    return any(gap <= RULES.beside for gap in gaps)


def _is_in_frame(rows: Rows, segment: Segment) -> bool:
    """Whether the sides of a frame run along the segment: ink in nearly every row, straight down on both sides."""
    left, right = rows.left[segment.y0 : segment.y1], rows.right[segment.y0 : segment.y1]
    if not (left >= 0).any():
        return False
    apart = np.median(right[right >= 0]) - np.median(left[left >= 0]) > rows.width / 2
    return bool(apart) and _is_straight(left) and _is_straight(right)


def _is_straight(columns: npt.NDArray[np.int32]) -> bool:
    inked = columns >= 0
    return bool((inked & (np.abs(columns - np.median(columns[inked])) <= 3)).mean() >= RULES.frame_share)


def _is_background(rows: Rows, segment: Segment, alone: Sequence[Segment], coloured: Sequence[Segment]) -> bool:
    """Whether a coloured segment is background: panels begin where it ends.

    A flat one must be seen elsewhere too, so on both sides of a panel, or lie between two edges as wide as the strip;
    a sky is seen again and again, but no panels begin in it. One that changes colour (a gradient), or is seen elsewhere
    only right beside white or black, must lie between clear edges.
    """
    alike = [one for one in alone if _are_apart(rows, one, segment) and _drift(one, segment) <= RULES.drift]
    again = any(is_close(one.first, segment.last) for one in coloured if _are_apart(rows, one, segment))
    above = rows.steps[segment.y0]
    below = rows.steps[segment.y1] if segment.y1 < rows.height else 1.0
    if alike and _are_gutters(rows, [*alike, segment]):
        return len(alike) + 1 >= RULES.often or min(above, below) >= RULES.flat_edge_share
    if segment.height == rows.height:
        return True
    clear = min(above, below) >= RULES.gradient_edge_share and max(above, below) >= RULES.gradient_best_share
    sharp = min(above, below) >= RULES.flat_alone_share
    return bool(sharp) or (bool(clear) and (again or not segment.is_flat))


def _are_gutters(rows: Rows, segments: Sequence[Segment]) -> bool:
    """Whether panels begin at most ends of segments of one colour; in a sky birds, heads and clouds do."""
    ends = [rows.steps[y] for one in segments for y in (one.y0, one.y1) if 0 < y < rows.height]
    return float(np.mean([step >= RULES.flat_edge_share for step in ends] or [1.0])) >= RULES.gutter_ends_share


def _are_apart(rows: Rows, one: Segment, other: Segment) -> bool:
    return abs(one.y0 - other.y0) > rows.width / 4


def _continues(segment: Segment, gutters: Sequence[Segment]) -> bool:
    """Whether a segment beside white or black is background after all: a gutter of just this colour is close by."""
    return any(is_close(one.first, segment.first) and is_close(one.last, segment.last) for one in gutters)


def _drift(one: Segment, other: Segment) -> float:
    """How far the colour moves from one segment to the next, 0..255: a slow gradient moves a little."""
    upper, lower = (one, other) if one.y0 < other.y0 else (other, one)
    return float(np.abs(upper.last - lower.first).max())


def _runs_between(rows: Rows, gutters: Sequence[Segment]) -> Iterator[Run]:
    height, width = rows.height, rows.width
    edges = [Segment(0, 0, WHITE, WHITE), *gutters, Segment(height, height, WHITE, WHITE)]
    if gutters:
        edges[0] = Segment(0, 0, gutters[0].first, gutters[0].first)
        edges[-1] = Segment(height, height, gutters[-1].last, gutters[-1].last)
    for upper, lower in pairwise(edges):
        if lower.y0 > upper.y1:
            yield Run(Box(0, upper.y1, width, lower.y0), upper.last, lower.first)


def _bounded(rows: Rows, run: Run) -> Iterator[Run]:
    """A run no taller than memory should hold: else cut where most of the width changes at once, at low confidence."""
    longest = round(RULES.longest_share * rows.width)
    y0 = run.box.y0
    while run.box.y1 - y0 > longest:
        window = rows.steps[y0 + longest // 2 : y0 + longest]
        cut = y0 + longest // 2 + int(window.argmax())
        yield Run(Box(0, y0, rows.width, cut), run.above, run.below, RULES.bounded_confidence)
        y0 = cut
    whole = y0 == run.box.y0
    yield run if whole else Run(Box(0, y0, rows.width, run.box.y1), run.above, run.below, RULES.bounded_confidence)
