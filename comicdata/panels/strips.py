"""A vertical strip to its panels: runs of background rows are gutters; what lies between is cut by columns, then rows.

The whole episode is one picture here, so file borders cannot be seen, and cannot matter.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image, channel_spread
from comicdata.panels.rules import RULES
from comicdata.records import Box, Panel

Mask = npt.NDArray[np.bool_]
Colour = npt.NDArray[np.float32]  # (3,)


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


WHITE: Colour = np.full(3, 255, np.float32)
BLACK: Colour = np.zeros(3, np.float32)


def strip_panels(image: Image) -> list[Panel]:
    """Panels and text blocks of a stitched strip, (H, W, 3) uint8, from top to bottom and left to right."""
    gutters = _gutters(image)
    runs = [run for whole in _runs_between(image, gutters) for run in _divide(image, whole, 0)]
    return [_panel(image, run) for run in runs if _is_large(run.box, image.shape[1])]


def uniform_rows(image: Image) -> tuple[Mask, npt.NDArray[np.float32]]:
    """Which rows are one colour, (H,), and the median colour of every row from sampled columns, (H, 3)."""
    step = max(1, image.shape[1] // 64)
    colours = np.median(image[:, ::step], axis=1).astype(np.float32)
    return _share_like(image, colours[:, None], axis=1) >= RULES.uniform_share, colours


def _share_like(image: Image, colours: npt.NDArray[np.float32], axis: int) -> npt.NDArray[np.float64]:
    """Share of pixels along `axis` that are within tolerance of `colours` (which broadcasts against the image)."""
    return np.asarray(_is_like(image, colours).mean(axis=axis))


def _is_like(image: Image, colours: npt.NDArray[np.float32]) -> Mask:
    centre = np.rint(colours).astype(np.int16)
    low = np.clip(centre - RULES.tolerance, 0, 255).astype(np.uint8)
    high = np.clip(centre + RULES.tolerance, 0, 255).astype(np.uint8)
    if colours.ndim == 1:
        return np.asarray(cv2.inRange(image, tuple(low.tolist()), tuple(high.tolist()))) > 0
    inside = (image >= low) & (image <= high)
    result: Mask = inside[..., 0] & inside[..., 1] & inside[..., 2]
    return result


def _segments(image: Image) -> list[Segment]:
    """Runs of uniform rows, broken where the colour jumps."""
    uniform, colours = uniform_rows(image)
    step = np.abs(np.diff(colours, axis=0)).max(axis=1) > RULES.jump
    joined = uniform[1:] & uniform[:-1] & ~step
    starts = np.flatnonzero(uniform & ~np.concatenate([[False], joined]))
    ends = np.flatnonzero(uniform & ~np.concatenate([joined, [False]])) + 1
    return [Segment(int(a), int(b), colours[a], colours[b - 1]) for a, b in zip(starts, ends, strict=True)]


def _gutters(image: Image) -> list[Segment]:
    """The segments that are background: white and black ones; others when the comic uses them as background."""
    width = image.shape[1]
    tall = [one for one in _segments(image) if one.height >= RULES.narrowest_gutter]
    return [one for one in tall if _is_paper(one) or _is_coloured_gutter(one, tall, width)]


def _is_paper(segment: Segment) -> bool:
    """White or black throughout."""
    return segment.is_flat and any(_close(segment.first, colour) for colour in (WHITE, BLACK))


def _close(one: Colour, other: Colour) -> bool:
    return bool(np.abs(one - other).max() <= RULES.tolerance)


def _is_coloured_gutter(segment: Segment, segments: Sequence[Segment], width: int) -> bool:
    """Another colour counts when it is seen on both sides of a panel: flat art under a gutter is seen on one side.

    A segment that changes colour (a gradient) counts when it is tall.
    """
    if segment.height < RULES.gradient_share * width:
        return False
    touching = any(
        other is not segment and (other.y1 == segment.y0 or other.y0 == segment.y1) and _is_paper(other)
        for other in segments
    )
    if touching:  # flat art against paper: the top or the foot of a picture
        return False
    if not segment.is_flat:
        return True
    apart = [one for one in segments if one is not segment and abs(one.y0 - segment.y0) > width / 4]
    return any(_drift(one, segment) <= RULES.drift for one in apart)


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


def paper_mask(part: Image, above: Colour, below: Colour) -> Mask:
    """Which pixels are background: like the colour above, like the one below, or like the blend between them."""
    mask = _is_like(part, above)
    if not _close(above, below):
        blend = np.linspace(above, below, part.shape[0], dtype=np.float32)[:, None]
        mask = mask | _is_like(part, below) | _is_like(part, blend)
    return mask


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
    return _spans(mask.mean(axis=0) < RULES.column_share, RULES.narrowest_column)


def _row_boxes(mask: Mask, column: tuple[int, int], box: Box) -> Iterator[Box]:
    """Boxes of the row spans inside one span of columns, in strip coordinates."""
    x0, x1 = column
    for y0, y1 in _spans(mask[:, x0:x1].mean(axis=1) < RULES.uniform_share, RULES.narrowest_gutter):
        yield Box(box.x0 + x0, box.y0 + y0, box.x0 + x1, box.y0 + y1)


def _spans(content: Mask, narrowest: int) -> list[tuple[int, int]]:
    """Runs of True; gaps narrower than `narrowest` do not cut."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], content, [False]]).astype(np.int8)))
    spans: list[tuple[int, int]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if spans and start - spans[-1][1] < narrowest:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
    return spans


def _soft_gutters(mask: Mask, run: Run) -> list[Run]:
    """Split where rows are mostly background although something (a balloon) bridges the gutter.

    Both ends of such a gutter are edges: the share of background jumps within 4 rows.
    """
    share = mask.mean(axis=1)
    cuts = []
    for y0, y1 in _spans(share >= RULES.soft_paper_share, 1):
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
    sampled = part[:, :: max(1, part.shape[1] // 256)].astype(np.int16)
    step = np.abs(np.diff(sampled, axis=0)).max(axis=2)
    changed = (step >= RULES.hard_edge_step).mean(axis=1)
    uniform, _ = uniform_rows(part)
    changed[uniform[1:] | uniform[:-1]] = 0  # a flat sky over a straight horizon, not two pictures
    margin = part.shape[1] // 6
    cuts: list[tuple[int, int]] = []
    for y in np.flatnonzero(changed >= RULES.hard_edge_share).tolist():
        if margin < y < part.shape[0] - margin and (not cuts or y - cuts[-1][1] > margin):
            cuts.append((y + 1, y + 1))
    return _cut(run, cuts, 0.4)


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


def is_text(part: Image, above: Colour, below: Colour, width: int) -> bool:
    """Captions and balloons in the gutter: low, mostly background or white, colourless, and without a frame."""
    if part.shape[0] >= width or part.shape[1] >= 0.9 * width:
        return False
    paper = paper_mask(part, above, below) | _is_like(part, WHITE)
    framed = (
        min(1 - paper[edge].mean() for edge in (0, -1)) > 0.5 and min(1 - paper[:, e].mean() for e in (0, -1)) > 0.5
    )
    colourless = (channel_spread(part) > 40).mean() < RULES.text_colour_share
    return bool(paper.mean() >= RULES.text_paper_share and colourless and not framed)
