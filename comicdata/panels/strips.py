"""A vertical strip to its panels: runs of background rows are gutters; what lies between is cut by columns, then rows.

How a gutter is found. rows.py looks at every row once: is it one colour, which one, and does much change around it?
gutters.py joins such rows to segments: white and black ones are gutters; a coloured or fading one is a gutter when the
comic shows that colour elsewhere too, or when panels clearly begin at both its ends; never inside a frame. This file
takes the run between two gutters and cuts it where columns are background, then where rows of the columns are, and so
on; then where background shows beside a balloon that bridges a gutter (bridged.py); then, at low confidence, where two
pictures meet without any gutter. What is left is a panel, or lettering. Nothing here knows where a file ends.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np

from comicdata.images import Image
from comicdata.panels.bridged import cut_bridged_columns, cut_bridged_rows
from comicdata.panels.faint import grown
from comicdata.panels.figures import find_figures
from comicdata.panels.gutters import Run, find_runs
from comicdata.panels.paper import (
    Flags,
    Mask,
    Shares,
    column_shares,
    is_close,
    is_enclosed,
    is_like,
    paper_mask,
    row_shares,
    share,
    solid_confidence,
    spans,
    within,
)
from comicdata.panels.parting import part_boxes
from comicdata.panels.reading import reading_order
from comicdata.panels.rows import STEP_SAMPLES, read_rows, sampled, uniform_rows
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
    for run, part, panels in stream_runs(slices, right_to_left=right_to_left):
        for panel in panels:
            box, top = panel.box, run.y0
            yield panel, np.ascontiguousarray(part[box.y0 - top : box.y1 - top, box.x0 : box.x1])


def stream_runs(
    slices: Callable[[], Iterable[Image]], *, right_to_left: bool = False
) -> Iterator[tuple[Box, Image, list[Panel]]]:
    """As `stream_strip`, by what lies between two gutters: its box in the strip, its pixels, and the panels in it, in
    pixels of the strip. No panel reaches out of its run, and the next one lies below.
    """
    runs = find_runs(read_rows(slices()))
    for run, part in _parts(runs, slices()):
        yield run.box, part, _run_panels(part, run, right_to_left=right_to_left)


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
    width, least = part.shape[1], RULES.smallest_panel_share * part.shape[1]
    ground = _grounds(part, run)
    pieces = []
    for one in _by_paper(part, run, width):
        pieces += _divide(_within_run(part, run, one.box), ground(one), one, width, 0, right_to_left)
    pieces = [one for piece in pieces for one in _by_content(part, run, piece, ground(piece), width, right_to_left)]
    pieces = [piece for piece in pieces if min(piece.box.width, piece.box.height) >= least]
    boxes = [piece.box for piece in pieces]
    if is_close(run.above, run.below):
        top = run.box.y0
        inside = grown(part, [_moved(box, -top) for box in boxes], run.above)
        boxes = [_moved(box, top) for box in inside]
    return [
        _panel(_within_run(part, run, piece.box), ground(piece), piece, box, width)
        for piece, box in zip(pieces, boxes, strict=True)
    ]


def _grounds(part: Image, run: Run) -> Callable[[Run], Mask]:
    """What of a piece of a run is background; between two like papers that is marked once for all pieces."""
    whole = paper_mask(part, run.above, run.below) if is_close(run.above, run.below) else None

    def ground(piece: Run) -> Mask:
        if whole is not None:
            return _within_run(whole, run, piece.box)
        return paper_mask(_within_run(part, run, piece.box), piece.above, piece.below)

    return ground


def _panel(inner: Image, ground: Mask, piece: Run, box: Box, width: int) -> Panel:
    """A piece as a panel with this box, or as lettering; as sure as its cuts are, less where it is not filled."""
    sure = round(piece.confidence * solid_confidence(ground), 4)
    text = is_text(inner, ground, piece.above, piece.below, width)
    return Panel(piece.box if text else box, sure, "text" if text else "panel")


def _by_content(part: Image, run: Run, piece: Run, ground: Mask, width: int, right_to_left: bool) -> list[Run]:
    """A large piece cut into the figures that stand on its black ground, or along the lines that part panels in it."""
    if min(piece.box.width, piece.box.height) < RULES.lines_from_share * width:
        return [piece]
    inner = _within_run(part, run, piece.box)
    figures = find_figures(inner, ground, piece.above, width) if is_close(piece.above, piece.below) else []
    if figures:
        return [replace(piece, box=_placed(box, piece.box)) for box in figures]
    if piece.box.width >= RULES.lines_within_share * width or share(ground) > 1 - RULES.solid_share:
        return [piece]  # a line across the whole strip may be a seam that cutting it into files left
    high, wide = piece.box.height / piece.box.width, piece.box.width / width
    is_page = high >= RULES.strip_page_high and wide >= RULES.strip_page_wide
    boxes = part_boxes(inner, ground, is_page=is_page)
    sure = {_placed(box, piece.box): chance for box, chance in boxes}
    ordered = reading_order(list(sure), right_to_left=right_to_left)
    return [replace(piece, box=box, confidence=min(piece.confidence, sure[box])) for box in ordered] or [piece]


def _placed(box: Box, within: Box) -> Box:
    x, y = within.x0, within.y0
    return Box(x + box.x0, y + box.y0, x + box.x1, y + box.y1)


def _by_paper(part: Image, run: Run, width: int) -> list[Run]:
    """A run between two papers cut at the bridged gutters of either: where both colours counted as background at once,
    black frames on white paper would be background, too.
    """
    if is_close(run.above, run.below):
        return [run]
    upper = cut_bridged_rows(paper_mask(part, run.above, run.above), run, width)
    if upper:
        return [*(replace(one, below=run.above) for one in upper[:-1]), upper[-1]]
    lower = cut_bridged_rows(paper_mask(part, run.below, run.below), run, width)
    return [lower[0], *(replace(one, above=run.below) for one in lower[1:])] if lower else [run]


def _moved(box: Box, rows: int) -> Box:
    return Box(box.x0, box.y0 + rows, box.x1, box.y1 + rows)


def _within_run(part: Image, run: Run, box: Box) -> Image:
    x, y = run.box.x0, run.box.y0
    return part[box.y0 - y : box.y1 - y, box.x0 - x : box.x1 - x]


def _divide(part: Image, mask: Mask, run: Run, width: int, depth: int, right_to_left: bool) -> list[Run]:
    """Cut a run at background columns, the parts at background rows, and so on; then at soft gutters and hard edges.

    `part` holds the pixels of the run, `mask` which of them are background; `width` is the strip's.
    """
    if depth >= RULES.deepest:
        return [run]
    columns = _column_spans(mask)
    if right_to_left:
        columns = columns[::-1]
    pieces = [piece for column in columns for piece in _row_boxes(mask, column, run.box)]
    if not pieces:
        return []
    if pieces == [run.box]:
        cut = cut_bridged_rows(mask & _clean(part, run), run, width)
        cut = cut or cut_bridged_columns(part, mask, run, width)[:: -1 if right_to_left else 1]
        cut = cut or _hard_edges(part, run, width)
        if not cut:
            return [run]
    else:
        cut = [Run(piece, run.above, run.below, run.confidence) for piece in pieces]
    found = []
    for one in cut:
        inner, inner_mask = _within_run(part, run, one.box), _within_run(mask, run, one.box)
        found += _divide(inner, inner_mask, one, width, depth + 1, right_to_left)
    return found


def _clean(part: Image, run: Run) -> Mask:
    """Where the dark ground of a run is quite clean: in a dark picture what looks like it is art; all of other runs."""
    if max(run.above.max(), run.below.max()) > RULES.figures_darkest:
        return np.full(part.shape[:2], 255, np.uint8)
    return is_like(part, run.above, RULES.grow_step) | is_like(part, run.below, RULES.grow_step)


def _column_spans(mask: Mask) -> list[tuple[int, int]]:
    """Spans of columns between background columns; narrow background columns inside a picture do not cut."""
    content = column_shares(mask) < RULES.column_share
    return _outside_frames(mask.T, spans(content, RULES.narrowest_column))


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


def _hard_edges(part: Image, run: Run, width: int) -> list[Run]:
    """Split a tall run as wide as the strip where nearly the whole row changes at once: two pictures that meet."""
    height = part.shape[0]
    if height <= max(2, RULES.hard_from_share * width) or part.shape[1] < RULES.hard_width_share * width:
        return []
    margin = round(RULES.hard_margin_share * width)
    columns = sampled(part, STEP_SAMPLES)
    flat = uniform_rows(part)
    changed = _changed_shares(columns, flat, RULES.hard_edge_step)
    faint = _middles(_changed_shares(columns, flat, RULES.hard_edge_step // 2) >= RULES.hard_faint_share)
    cuts = [
        (y, y)
        for y in _middles(changed >= RULES.hard_edge_share)
        if margin < y < height - margin
        and not _is_horizon(flat, y)
        and not _is_seam(columns, y)
        and not _is_pattern(columns, y, [0, *faint, height], margin)
    ]
    return run.cut(cuts, RULES.hard_confidence)


def _middles(edges: Flags) -> list[int]:
    """Where edges are, as rows of the run: steps from y to y + 2 that follow each other are one edge."""
    return [(start + end) // 2 + 1 for start, end in spans(edges, 12)]


def _is_horizon(flat: Flags, y: int) -> bool:
    """Whether there is hardly anything but flat colour on one side of row y."""
    return max(float(flat[:y].mean()), float(flat[y:].mean())) > RULES.hard_sky_share


def _is_seam(sampled: Image, y: int) -> bool:
    """Whether one picture goes on behind row y: what lies there is a line that cutting into slices left."""
    reach = 2 * RULES.seam
    return (
        share(within(sampled[y - reach : y - reach + 1], sampled[y + reach : y + reach + 1], 2 * RULES.hard_edge_step))
        > RULES.hard_seam_share
    )


def _is_pattern(sampled: Image, y: int, edges: Sequence[int], margin: int) -> bool:
    """Whether row y is one edge of checks or tiles: others follow on both sides, or the bands beside it look alike."""
    above = any(14 < y - other < margin for other in edges)
    below = any(14 < other - y < margin for other in edges)
    step = cv2.absdiff(sampled[y - 3], sampled[y + 2]).mean()
    bands = sampled[y - margin : y], sampled[y : y + margin]
    upper, lower = (cv2.resize(band, (6, 1), interpolation=cv2.INTER_AREA) for band in bands)
    return bool((above and below) or cv2.absdiff(upper, lower).mean() < RULES.hard_pattern_share * step)


def _changed_shares(sampled: Image, flat: Flags, least: int) -> Shares:
    """Share of the width that changes from row y to y + 2, (h - 2,); 0 where both sides are flat."""
    changed: Shares = 1 - row_shares(within(sampled[2:], sampled[:-2], least))
    reach = RULES.hard_flat
    above = _any_before(flat, reach)[:-2]
    below = _any_before(flat[::-1], reach)[::-1][2:]
    changed[above & below] = 0
    changed[(above | below) & (changed < RULES.hard_flat_share)] = 0
    return changed


def _any_before(flags: Flags, reach: int) -> Flags:
    """Whether any of the rows y - reach < row <= y is True."""
    kernel = np.ones((2 * reach - 1, 1), np.uint8)
    kernel[reach:] = 0
    return np.asarray(cv2.dilate(flags.astype(np.uint8)[:, None], kernel))[:, 0] > 0
