"""Line art to closed regions: ink, gaps closed, paper in pieces, grown under the ink. No colours here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from comicdata.flats.balloons import find_balloons
from comicdata.flats.ends import Floats
from comicdata.flats.gaps import USUAL, Gaps, close_gaps
from comicdata.flats.graph import Counts, Labels, Neighbours, as_neighbours, find_neighbours
from comicdata.flats.ink import Mask, find_ink
from comicdata.flats.merge import find_walls, join
from comicdata.flats.near import joined
from comicdata.flats.rims import Rim, paper_reached
from comicdata.images import Image
from comicdata.records import Box

MOST = 65_535  # regions: what the numbers of a 16-bit picture hold
SPECK = 16  # pixels: a smaller piece within ink is ink, and so is one smaller than a square as wide as a line


@dataclass(frozen=True)
class Regions:
    """The closed regions of a drawing.

    `labels` (H, W) int32: 1 to `count` in reading order of appearance, grown under the ink; 0 only outside panels.
    `ink` (H, W) bool is what was taken for ink. `balloons`: the labels of balloons and captions, each a region of its
    own, its letters with it. `notes`: lines for whoever runs this.
    """

    labels: Labels
    count: int
    ink: Mask
    neighbours: Neighbours
    notes: tuple[str, ...] = ()
    balloons: frozenset[int] = frozenset()

    @cached_property
    def areas(self) -> Counts:
        """(count + 1,): pixels of each label."""
        return np.bincount(self.labels.ravel(), minlength=self.count + 1)


def find_flats(line: Image, panels: Sequence[Box] | None = None, gap: int | None = None) -> Labels:
    """(H, W) int32: the number of each pixel's region; `find_regions` says more about them."""
    return find_regions(line, panels, gap).labels


def find_regions(
    line: Image,
    panels: Sequence[Box] | None = None,
    gap: int | None = None,
    ink: Mask | None = None,
    rim: Rim | None = None,
) -> Regions:
    """The regions of line art (H, W) uint8, 0 = ink and 255 = paper, a panel at a time, so that none crosses a gutter.

    `gap`: how wide a gap in a line may be to be closed, in pixels, by default 18 times the width
    of the lines; 0 closes none. Without panels the picture is one
    drawing, and its paper a region like others. `ink`: what `find_ink` found, where that is known; `rim`, of a
    picture in colour: paper that goes on from where it is open, or from a balloon, is a region as a balloon is.
    """
    if line.ndim != 2 or line.dtype != np.uint8 or not line.size:
        raise ValueError(f"line art is (H, W) uint8, not {line.dtype} {line.shape}")
    labels = np.zeros(line.shape, np.int32)
    inside = inside_panels(line.shape, panels)
    ink = inside & (find_ink(line) if ink is None else ink)
    balloons = find_balloons(ink | ~inside)
    if rim is not None:
        balloons |= paper_reached(rim.paper, rim.open | balloons)
    for place in _places(line.shape, panels):
        found = _numbered(ink[place], gap, balloons[place]) + labels.max()
        np.copyto(labels[place], found, where=labels[place] == 0)
    labels, notes = _at_most(labels, ink, MOST)
    count = int(labels.max())
    return Regions(labels, count, ink, find_neighbours(labels, ink), notes, _mostly(labels, ink, balloons))


def inside_panels(shape: tuple[int, ...], panels: Sequence[Box] | None = None) -> Mask:
    """What of (H, W) lies in panels."""
    inside = np.zeros(shape, bool)
    for place in _places(shape, panels):
        inside[place] = True
    return inside


def _mostly(labels: Labels, ink: Mask, balloons: Mask) -> frozenset[int]:
    """The labels of whose paper balloons are most."""
    if not balloons.any():
        return frozenset()
    paper = np.where(ink, 0, labels)
    whole = np.bincount(paper.ravel())
    held = np.bincount(paper[balloons], minlength=len(whole))
    return frozenset(np.flatnonzero(2 * held > whole).tolist()) - {0}


def _at_most(labels: Labels, ink: Mask, most: int) -> tuple[Labels, tuple[str, ...]]:
    """Labels with the smallest regions joined to neighbours until there are at most so many, and what to say of it."""
    count = found = int(labels.max())
    while count > most:
        near = find_neighbours(labels, ink)
        small = np.zeros(count + 1, bool)
        small[np.argsort(np.bincount(labels.ravel(), minlength=count + 1)[1:], kind="stable")[: count - most] + 1] = (
            True
        )
        first = np.flatnonzero(small[near.pairs].any(1))
        _, at = np.unique(np.where(small[near.pairs[first, 0]], *near.pairs[first].T), return_index=True)
        if not len(at):  # as many panels: nothing touches
            break
        one, two = near.pairs[first[at]].T
        group = joined(count + 1, one, two).astype(np.int32)
        labels = _in_order(np.where(labels > 0, group[labels], 0))
        count = int(labels.max())
    if found == count:
        return labels, ()
    return labels, (
        f"{found:,} regions are more than a picture of numbers holds: the smallest were joined, {count:,} are left",
    )


def _places(shape: tuple[int, ...], panels: Sequence[Box] | None) -> Iterable[tuple[slice, slice]]:
    height, width = shape
    for box in [Box(0, 0, width, height)] if panels is None else panels:
        rows, columns = slice(max(0, box.y0), min(height, box.y1)), slice(max(0, box.x0), min(width, box.x1))
        if rows.start < rows.stop and columns.start < columns.stop:
            yield rows, columns


def _numbered(ink: Mask, gap: int | None, balloons: Mask) -> Labels:
    """(H, W) int32, 1 and up: the regions of one drawing. Other regions end at balloons as they do at ink."""
    solid = ink | balloons
    gaps = close_gaps(solid, gap)
    pieces = cut_apart(solid, gaps)
    walls = find_walls(pieces, solid, gaps)
    near, paper = walls.neighbours(), walls.area - np.bincount(pieces[solid], minlength=len(walls.area))
    into = _without_specks(join(walls), paper, near, max(SPECK, round((USUAL * gaps.scale) ** 2)))
    return _in_order(_with_balloons(into[pieces], ink, balloons)) if balloons.any() else _in_order(pieces, into)


def cut_apart(ink: Mask, gaps: Gaps) -> Labels:
    """(H, W) int32: the pieces of paper between ink and closings, grown over both."""
    _, pieces = cv2.connectedComponents((~(ink | (gaps.closing > 0))).view(np.uint8), connectivity=4)
    return _grown(pieces)


def _with_balloons(labels: Labels, ink: Mask, balloons: Mask) -> Labels:
    """Labels with a further one for each balloon, grown under the ink like all."""
    _, number = cv2.connectedComponents(balloons.view(np.uint8), connectivity=8)
    paper = np.where(ink, 0, labels)
    return _grown(np.where(balloons, number + labels.max(), paper).astype(np.int32))


def _without_specks(into: Labels, paper: Floats, near: Neighbours, least: int) -> Labels:
    """What pieces become, by number, if regions with less paper than `least`, too small to colour, are one with the
    neighbour with the longest border; one among others of its kind, in hatching, with what they become. `paper` of each
    piece, and how they lie side by side.
    """
    areas = np.bincount(into, paper)
    small = (areas < least) & (np.bincount(into) > 0)
    small[0] = False
    if not small.any() or areas.max() < least:
        return into
    one, two = into[near.pairs].T
    near = as_neighbours(one, two, near.open, near.length)
    here, there = np.concatenate([near.pairs, near.pairs[:, ::-1]])[
        np.argsort(np.tile(near.length, 2), kind="stable")
    ].T
    then = np.arange(len(areas), dtype=np.int32)
    while len(at := np.flatnonzero(small[here] & ~small[there])):
        then[here[at]] = then[there[at]]  # the last one stays: that with the longest border
        small[here[at]] = False
    return then[into]


def _grown(pieces: Labels) -> Labels:
    """Every pixel gets the label of the nearest one that has one."""
    empty = pieces == 0
    if empty.all():
        return np.ones_like(pieces)
    if not empty.any():
        return pieces
    _, nearest = cv2.distanceTransformWithLabels(empty.view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    grown = pieces.copy()
    grown[empty] = pieces[~empty][nearest[empty] - 1]  # the nearest are numbered row by row
    return grown


def _in_order(labels: Labels, into: Labels | None = None) -> Labels:
    """Labels, or what they become by number, as numbers from 1 in the order of appearance: by the first pixel, row by
    row; 0 stays 0."""
    last, flat = labels.size, labels.ravel()
    into = np.arange(int(labels.max()) + 1, dtype=np.int32) if into is None else into
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])
    first = np.full(int(into.max()) + 1, last, np.int64)
    first[into[flat[starts[::-1]]]] = starts[::-1]
    found = np.flatnonzero(first < last)
    found = found[found > 0]
    number = np.zeros(len(first), np.int32)
    number[found[np.argsort(first[found])]] = np.arange(1, len(found) + 1)
    return number[into][labels]
