"""Line art to closed regions: ink, gaps closed, paper in pieces, grown under the ink. No colours here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from comicdata.flats.balloons import find_balloons
from comicdata.flats.gaps import USUAL, Gaps, close_gaps
from comicdata.flats.graph import Counts, Labels, Neighbours, find_neighbours
from comicdata.flats.ink import Mask, find_ink
from comicdata.flats.merge import merged
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
        found = _numbered(ink[place], gap, balloons[place])
        labels[place] = np.where(labels[place] == 0, found + labels.max(), labels[place])
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
        graph = coo_matrix((np.ones(len(one), np.int8), (one, two)), shape=(count + 1, count + 1))
        joined = connected_components(graph, directed=False)[1].astype(np.int32)
        labels = _in_order(np.where(labels > 0, joined[labels], 0))
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
    least = max(SPECK, round((USUAL * gaps.scale) ** 2))
    labels = _without_specks(merged(cut_apart(solid, gaps), solid, gaps), solid, least)
    return _in_order(_with_balloons(labels, ink, balloons) if balloons.any() else labels)


def cut_apart(ink: Mask, gaps: Gaps) -> Labels:
    """(H, W) int32: the pieces of paper between ink and closings, grown over both."""
    _, pieces = cv2.connectedComponents((~(ink | (gaps.closing > 0))).view(np.uint8), connectivity=4)
    return _grown(pieces)


def _with_balloons(labels: Labels, ink: Mask, balloons: Mask) -> Labels:
    """Labels with a further one for each balloon, grown under the ink like all."""
    _, number = cv2.connectedComponents(balloons.view(np.uint8), connectivity=8)
    paper = np.where(ink, 0, labels)
    return _grown(np.where(balloons, number + labels.max(), paper).astype(np.int32))


def _without_specks(labels: Labels, ink: Mask, least: int) -> Labels:
    """Pieces with less paper than `least`, too small to colour, as the neighbour with the longest border; one among
    others of its kind, in hatching, as what they become.
    """
    areas = np.bincount(np.where(ink, 0, labels).ravel(), minlength=int(labels.max()) + 1)
    areas[0] = 0
    small = (areas < least) & (np.bincount(labels.ravel(), minlength=len(areas)) > 0)
    if not small.any() or areas.max() < least:
        return labels
    near = find_neighbours(labels, ink)
    here, there = np.concatenate([near.pairs, near.pairs[:, ::-1]])[
        np.argsort(np.tile(near.length, 2), kind="stable")
    ].T
    into = np.arange(len(areas), dtype=np.int32)
    while len(at := np.flatnonzero(small[here] & ~small[there])):
        into[here[at]] = into[there[at]]  # the last one stays: that with the longest border
        small[here[at]] = False
    return into[labels]


def _grown(pieces: Labels) -> Labels:
    """Every pixel gets the label of the nearest one that has one."""
    empty = pieces == 0
    if empty.all():
        return np.ones_like(pieces)
    if not empty.any():
        return pieces
    _, nearest = cv2.distanceTransformWithLabels(empty.view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    name = np.concatenate([np.zeros(1, np.int32), pieces[pieces > 0]])  # the nearest are numbered row by row
    return np.asarray(np.take(name, nearest))


def _in_order(labels: Labels) -> Labels:
    """Numbers from 1 in the order of appearance: by the first pixel, row by row; 0 stays 0."""
    last = labels.size
    flat = labels.ravel()
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1])[::-1]
    first = np.full(int(labels.max()) + 1, last, np.int64)
    first[flat[starts]] = starts
    found = np.flatnonzero(first < last)
    found = found[found > 0]
    number = np.zeros(len(first), np.int32)
    number[found[np.argsort(first[found])]] = np.arange(1, len(found) + 1)
    return number[labels]
