"""A cell of a page cut along the lines that part panels, over and over: across the whole of a cell each time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from comicdata.images import Image
from comicdata.panels.judge import chance
from comicdata.panels.lines import Chord, Separators, chords, separators
from comicdata.panels.paper import Mask, column_shares, row_shares, share
from comicdata.panels.polygons import Polygon, bounds, clipped
from comicdata.panels.rules import RULES
from comicdata.records import Box

Judged = tuple[float, Chord]  # how likely a line parts panels


class Least(NamedTuple):
    """How likely a line must be at least to part panels: the first in a cell, and those after it; one along less of
    which than `stroked` strokes run is an edge, and must be as likely as `edge`, too. None where less of the outline
    of the cell than `framed` is a dark line.
    """

    first: float = RULES.parts_panels
    others: float = RULES.parts_panels
    stroked: float = RULES.stroked_share
    edge: float = RULES.edges_panels
    framed: float = 0.0

    def surer(self, chance: float) -> "Least":
        """The same, but at least this chance of each."""
        return self._replace(first=max(chance, self.first), others=max(chance, self.others))

    def allows(self, chance: float, chord: Chord, *, first: bool) -> bool:
        """Whether a line of this chance is one that cuts."""
        least = self.first if first else self.others
        likely = chance >= (least if chord.stroked >= self.stroked else max(least, self.edge))
        return likely and chord.framed >= self.framed


PAGE = Least()
STRIP = Least(RULES.strip_parts_first, RULES.strip_parts, RULES.strip_stroked, 1.0, RULES.strip_framed)
STRIP_PAGE = Least(RULES.strip_page_first, RULES.strip_page)


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of a cell, convex, and the least chance of the cuts that made it; 1 where it was never cut."""

    outline: Polygon
    chance: float = 1.0


def panels_in(page: Separators, cell: Polygon, least: Least = PAGE) -> list[Part]:
    """The panels in a cell; the cell itself where nothing parts it.

    Lines must be surer still where the cell would fall into as many parts as a fence.
    """
    for surely in (0.0, *RULES.surer):
        parts = list(parted(page, Part(cell), least.surer(surely)))
        if len(parts) <= RULES.most_parts:
            return parts
    return [Part(cell)]


def parted(page: Separators, part: Part, least: Least, depth: int = 0, lines: Sequence[Judged] = ()) -> Iterator[Part]:
    """The panels in a cell: it is cut where a line most likely parts it, then its two parts likewise.

    `lines` went through more than this cell, where a balloon may hide most of what is left of them here.
    """
    if depth >= RULES.deepest:
        yield part
        return
    narrowest = max(RULES.part_least, RULES.part_least_share * min(page.image.shape[:2]))
    found = _judged(page, part.outline, narrowest)
    judged = [*lines, *(one for one in found if least.allows(*one, first=depth == 0))]
    for sure, chord in sorted(judged, key=lambda one: -one[0]):
        halves = clipped(part.outline, chord.start, chord.normal), clipped(part.outline, chord.start, -chord.normal)
        if all(map(len, halves)) and min(min(np.ptp(half, axis=0)) for half in halves) >= narrowest:
            across = [(chance, other) for chance, other in judged if other.upright != chord.upright]
            for half in halves:
                yield from parted(page, Part(half, min(part.chance, sure)), least, depth + 1, across)
            return
    yield part


def _judged(page: Separators, cell: Polygon, narrowest: float) -> list[Judged]:
    """The lines through a cell that leave parts at least so narrow, and how likely they part panels."""
    if min(np.ptp(cell, axis=0)) < narrowest or max(np.ptp(cell, axis=0)) < 2 * narrowest:
        return []
    return [(chance(page, chord), chord) for chord in chords(page, cell, narrowest)]


def part_boxes(image: Image, ground: Mask, *, is_page: bool) -> list[tuple[Box, float]]:
    """The panels in a picture of a strip, (h, w, 3), whose background is `ground`, with the least chance of the cuts
    between them. [] where nothing cuts.

    In a strip lines must be surer, the first one most of all, less so in what is as large as a page: gutters part the
    rest.
    """
    small, factor = shrunk(image)
    content = cv2.resize(~ground, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    content = np.asarray(cv2.threshold(content, 127, 255, cv2.THRESH_BINARY)[1], np.uint8)
    parts = panels_in(separators(small, ~content), hull(content), STRIP_PAGE if is_page else STRIP)
    if len(parts) < 2:
        return []
    boxes = [drawn_in(content, part.outline) for part in parts]
    return [(enlarged(box, factor, image.shape), part.chance) for box, part in zip(boxes, parts, strict=True)]


def shrunk(image: Image) -> tuple[Image, int]:
    """A picture at the size of the analysis, and how many times smaller that is."""
    factor = max(1, round((image.shape[0] * image.shape[1]) ** 0.5 / RULES.page_side))
    if factor == 1:
        return image, 1
    more_rows, more_columns = -image.shape[0] % factor, -image.shape[1] % factor
    whole = cv2.copyMakeBorder(image, 0, more_rows, 0, more_columns, cv2.BORDER_REPLICATE)
    small = cv2.resize(whole, (whole.shape[1] // factor, whole.shape[0] // factor), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8), factor


def enlarged(box: Box, factor: int, shape: Sequence[int]) -> Box:
    """A box of the small picture in pixels of the large one, of this shape."""
    x1, y1 = min(box.x1 * factor, shape[1]), min(box.y1 * factor, shape[0])
    return Box(box.x0 * factor, box.y0 * factor, x1, y1)


def drawn_in(content: Mask, outline: Polygon) -> Box:
    """The box around what of the content, (H, W), lies within an outline."""
    box = bounds(outline)
    inside = np.zeros((box.height, box.width), np.uint8)
    cv2.fillPoly(inside, [np.rint(outline - (box.x0, box.y0)).astype(np.int32)], 255)
    x0, y0 = max(0, box.x0), max(0, box.y0)
    inside = inside[y0 - box.y0 :, x0 - box.x0 :]
    there = content[y0 : box.y1, x0 : box.x1]
    inside = inside[: there.shape[0], : there.shape[1]] & there
    found = trimmed(~inside, Box(0, 0, inside.shape[1], inside.shape[0]))
    return Box(x0 + found.x0, y0 + found.y0, x0 + found.x1, y0 + found.y1)


def trimmed(ground: Mask, box: Box) -> Box:
    """The box without the background along its sides; the box itself where it is all background."""
    part = np.ascontiguousarray(ground[box.y0 : box.y1, box.x0 : box.x1])
    rows = np.flatnonzero(row_shares(part) < RULES.uniform_share)
    columns = np.flatnonzero(column_shares(part) < RULES.column_share)
    if not rows.size or not columns.size:
        return box
    return Box(
        box.x0 + int(columns[0]), box.y0 + int(rows[0]), box.x0 + int(columns[-1]) + 1, box.y0 + int(rows[-1]) + 1
    )


def at_frame(ground: Mask, box: Box) -> Box:
    """The box without what stands out of its frame, a balloon, a head, an arm between background on both sides, up to
    where nearly all of a line is content at once.
    """
    part = np.ascontiguousarray(~ground[box.y0 : box.y1, box.x0 : box.x1])
    turned = np.ascontiguousarray(part.T)
    x0, x1 = _standing_out(turned), _standing_out(turned[::-1])
    y0, y1 = _standing_out(part), _standing_out(part[::-1])
    return Box(box.x0 + x0, box.y0 + y0, box.x1 - x1, box.y1 - y1)


def _standing_out(content: Mask) -> int:
    """How many rows of (h, w) there are before the frame; 0 where none begins at once after them.

    Where art goes up along a side of the panel its frame is above, and a balloon as white as paper lies over it.
    """
    shares = row_shares(np.ascontiguousarray(content))
    start = int((shares >= RULES.frame_line_share).argmax())
    if not 0 < start <= RULES.out_of_frame_share * len(shares):
        return 0
    out = shares[: max(0, start - RULES.frame_line_blur)]
    sides = max(share(content[: len(out), :4]), share(content[: len(out), -4:])) if len(out) else 0.0
    narrow = (out <= RULES.out_of_frame_most).all() and sides <= RULES.out_of_frame_sides
    return start if narrow else 0


def hull(mask: Mask) -> Polygon:
    """The convex outline of what is marked in (H, W), a few corners only."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = cv2.convexHull(np.concatenate(contours))
    corners = cv2.approxPolyDP(outline, 2.0, closed=True)
    return np.asarray((corners if len(corners) > 2 else outline)[:, 0], float)
