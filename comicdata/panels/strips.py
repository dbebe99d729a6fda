"""A vertical strip to its panels: runs of background rows are gutters; what lies between is cut by columns, then rows.

How a gutter is found. rows.py looks at every row once: is it one colour, which one, and does much change around it?
gutters.py joins such rows to segments: white and black ones are gutters; a coloured or fading one is a gutter when the
comic shows that colour elsewhere too, or when panels clearly begin at both its ends; never inside a frame. This file
takes the run between two gutters and cuts it where columns are background, then where rows of the columns are, and so
on; then where background shows beside a balloon that bridges a gutter; then, at low confidence, where two pictures
meet without any gutter. What is left is a panel, or lettering. Nothing here knows where a file ends.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import cv2
import numpy as np

from comicdata.images import Image
from comicdata.panels.gutters import Run, find_runs
from comicdata.panels.paper import Flags, Mask, column_shares, is_enclosed, paper_mask, row_shares, share, spans, within
from comicdata.panels.rows import read_rows, uniform_rows
from comicdata.panels.rules import RULES
from comicdata.panels.text import is_text
from comicdata.records import Box, Panel


def strip_panels(image: Image, *, right_to_left: bool = False) -> list[Panel]:
    """Panels and text blocks of a stitched strip, (H, W, 3) uint8, from top to bottom and along each row."""
    runs = find_runs(read_rows([image]))
    return [
        panel for run in runs for panel in _run_panels(image[run.box.y0 : run.box.y1], run, right_to_left=right_to_left)
    ]


def stream_strip(
    slices: Callable[[], Iterable[Image]], *, right_to_left: bool = False
) -> Iterator[tuple[Panel, Image]]:
    """The panels of strip_panels, each with its pixels (h, w, 3), from slices (h, W, 3) of one width.

    `slices` is called twice and read in order: first for the features of the rows, then for the pixels. Held at a time
    are one slice and one run between gutters, never the episode.
    """
    runs = find_runs(read_rows(slices()))
    for run, part in _parts(runs, slices()):
        for panel in _run_panels(part, run, right_to_left=right_to_left):
            box, top = panel.box, run.box.y0
            yield panel, np.ascontiguousarray(part[box.y0 - top : box.y1 - top, box.x0 : box.x1])


def _parts(runs: Sequence[Run], slices: Iterable[Image]) -> Iterator[tuple[Run, Image]]:
    """Every run with its rows; slices above the run are let go."""
    coming, held, top, end = iter(slices), [], 0, 0
    for run in runs:
        while end < run.box.y1:
            held.append(next(coming))
            end += held[-1].shape[0]
            while held and top + held[0].shape[0] <= run.box.y0:
                top += held.pop(0).shape[0]
        while held and top + held[0].shape[0] <= run.box.y0:
            top += held.pop(0).shape[0]
        joined = held[0] if len(held) == 1 else np.concatenate(held)
        yield run, joined[run.box.y0 - top : run.box.y1 - top]


def _run_panels(part: Image, run: Run, *, right_to_left: bool) -> list[Panel]:
    """The panels in the rows of one run, `part` (h, W, 3)."""
    width = part.shape[1]
    found = []
    for piece in _divide(part, run, width, 0, right_to_left):
        if min(piece.box.width, piece.box.height) < RULES.smallest_panel_share * width:
            continue
        text = is_text(_within_run(part, run, piece.box), piece.above, piece.below, width)
        found.append(Panel(piece.box, piece.confidence, "text" if text else "panel"))
    return found


def _within_run(part: Image, run: Run, box: Box) -> Image:
    x, y = run.box.x0, run.box.y0
    return part[box.y0 - y : box.y1 - y, box.x0 - x : box.x1 - x]


def _divide(part: Image, run: Run, width: int, depth: int, right_to_left: bool) -> list[Run]:
    """Cut a run at background columns, the parts at background rows, and so on; then at soft gutters and hard edges.

    `part` holds the pixels of the run, `width` is the strip's.
    """
    mask = paper_mask(part, run.above, run.below)
    if depth >= RULES.deepest:
        return [run]
    columns = _column_spans(mask)
    if right_to_left:
        columns = columns[::-1]
    pieces = [piece for column in columns for piece in _row_boxes(mask, column, run.box)]
    if not pieces:
        return []
    if pieces == [run.box]:
        cut = _soft_gutters(mask, run, width) or _hard_edges(part, run, width)
        if not cut:
            return [run]
    else:
        cut = [Run(piece, run.above, run.below, run.confidence) for piece in pieces]
    return [
        found for one in cut for found in _divide(_within_run(part, run, one.box), one, width, depth + 1, right_to_left)
    ]


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


def _soft_gutters(mask: Mask, run: Run, width: int) -> list[Run]:
    """Split where rows are mostly background although something (a balloon) bridges the gutter.

    Both ends of such a gutter are edges: the share of background jumps within 4 rows; and it is open to one side, or it
    would be the inside of a balloon. At the head and the foot of a run the balloon only hangs out: it is cut off.
    """
    shares = row_shares(mask)
    height, smallest = len(shares), RULES.smallest_panel_share * width
    cuts: list[tuple[int, int]] = []
    confidence = 1.0
    for y0, y1 in spans(shares >= RULES.soft_paper_share, 4):
        if y1 - y0 < RULES.soft_height or not _is_open(mask[y0:y1]):
            continue
        level = float(np.median(shares[y0:y1]))
        before, after = shares[max(0, y0 - 4)], shares[min(height - 1, y1 + 3)]
        if y0 > smallest and y1 < height - smallest and min(level - before, level - after) >= RULES.soft_edge_share:
            cuts.append((y0, y1))
            confidence = min(confidence, level)
    head, foot = _soft_end(shares, mask), _soft_end(shares[::-1], mask[::-1])
    if head:
        cuts.insert(0, (0, head))
    if foot:
        cuts.append((height - foot, height))
    return _cut(run, cuts, confidence)


def _is_open(rows: Mask) -> bool:
    """Whether background runs along the left or the right of the rows."""
    edge = max(2, rows.shape[1] // 50)
    return max(share(rows[:, :edge]), share(rows[:, -edge:])) >= RULES.soft_open_share


def _soft_end(shares: np.ndarray, mask: Mask) -> int:  # type: ignore[type-arg]
    """How many rows at the head are a balloon that hangs out of a panel with a straight edge; 0 for none."""
    rows = spans(shares >= RULES.soft_paper_share, 4)
    if not rows or rows[0][0] > 4 + RULES.narrowest_gutter:
        return 0
    end = rows[0][1]
    low = RULES.soft_height <= end <= RULES.soft_end_share * len(shares)
    straight = len(shares) > end + 3 and shares[end + 3] <= RULES.soft_straight_share
    return end if low and straight and _is_open(mask[:end]) else 0


def _hard_edges(part: Image, run: Run, width: int) -> list[Run]:
    """Split a tall run as wide as the strip where nearly the whole row changes at once: two pictures that meet.

    A row between others like it on both sides is a pattern; between two flat parts it is a horizon.
    """
    height = part.shape[0]
    if height <= max(2.0, RULES.hard_from_share * width) or part.shape[1] < RULES.hard_width_share * width:
        return []
    margin = round(RULES.hard_margin_share * width)
    changed = _changed_shares(part)
    edges = [start for start, _ in spans(changed >= RULES.hard_edge_share, 12)]
    around = [-1, *edges, height]
    cuts = []
    for before, y, after in zip(around, edges, around[2:], strict=False):
        pattern = y - before < margin and after - y < margin
        if not pattern and margin < y < height - margin:
            peak = y + int(changed[y : y + 12].argmax())
            cuts.append((peak + 1, peak + 1))
    return _cut(run, cuts, RULES.hard_confidence)


def _changed_shares(part: Image) -> np.ndarray:  # type: ignore[type-arg]
    """Share of the width that changes from row y to y + 1, (h - 1,); 0 where both sides are flat."""
    sampled = np.ascontiguousarray(part[:, :: max(1, part.shape[1] // 256)])
    changed = 1 - row_shares(within(sampled[1:], sampled[:-1], RULES.hard_edge_step))
    flat = uniform_rows(part)
    reach = RULES.hard_flat
    above = _any_before(flat, reach)[:-1]
    below = _any_before(flat[::-1], reach)[::-1][1:]
    changed[above & below] = 0
    changed[(above | below) & (changed < RULES.hard_flat_share)] = 0
    return changed


def _any_before(flags: Flags, reach: int) -> Flags:
    """Whether any of the rows y - reach < row <= y is True."""
    kernel = np.ones((2 * reach - 1, 1), np.uint8)
    kernel[reach:] = 0
    return np.asarray(cv2.dilate(flags.astype(np.uint8)[:, None], kernel))[:, 0] > 0


def _cut(run: Run, cuts: Sequence[tuple[int, int]], confidence: float) -> list[Run]:
    """The parts of a run between cuts, (y0, y1) in rows of the run; [] when there is no cut."""
    if not cuts:
        return []
    box, starts = run.box, [0, *(y1 for _, y1 in cuts)]
    ends = [*(y0 for y0, _ in cuts), box.height]
    return [
        Run(Box(box.x0, box.y0 + a, box.x1, box.y0 + b), run.above, run.below, run.confidence * confidence)
        for a, b in zip(starts, ends, strict=True)
        if b > a
    ]
