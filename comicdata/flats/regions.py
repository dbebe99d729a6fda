"""Line art to closed regions: ink, gaps closed, paper in pieces, grown under the ink. No colours here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from comicdata.flats.gaps import GAP, close_gaps
from comicdata.flats.graph import Counts, Labels, Neighbours, find_neighbours
from comicdata.flats.ink import Mask, find_ink
from comicdata.images import Image
from comicdata.records import Box

MOST = 65_535  # regions: what the numbers of a 16-bit picture hold
SLIVER = 200  # pixels: a smaller piece that only closings part from another is one with it
SPECK = 16  # pixels: a smaller piece within ink is ink


@dataclass(frozen=True)
class Regions:
    """The closed regions of a drawing.

    `labels` (H, W) int32: 1 to `count` in reading order of appearance, grown under the ink; 0 only outside panels.
    `ink` (H, W) bool is what was taken for ink. `notes`: lines for whoever runs this.
    """

    labels: Labels
    count: int
    ink: Mask
    neighbours: Neighbours
    notes: tuple[str, ...] = ()

    @cached_property
    def areas(self) -> Counts:
        """(count + 1,): pixels of each label."""
        return np.bincount(self.labels.ravel(), minlength=self.count + 1)


def find_flats(line: Image, panels: Sequence[Box] | None = None, gap: int | None = None) -> Labels:
    """(H, W) int32: the number of each pixel's region; `find_regions` says more about them."""
    return find_regions(line, panels, gap).labels


def find_regions(line: Image, panels: Sequence[Box] | None = None, gap: int | None = None) -> Regions:
    """The regions of line art (H, W) uint8, 0 = ink and 255 = paper, a panel at a time, so that none crosses a gutter.

    `gap`: how wide a gap in a line may be to be closed, in pixels; 0 closes none. Without panels the picture is one
    drawing, and its paper a region like others.
    """
    if line.ndim != 2 or line.dtype != np.uint8 or not line.size:
        raise ValueError(f"line art is (H, W) uint8, not {line.dtype} {line.shape}")
    gap = GAP if gap is None else gap
    labels = np.zeros(line.shape, np.int32)
    ink = np.zeros(line.shape, bool)
    count = 0
    for rows, columns in _places(line.shape, panels):
        part = line[rows, columns]
        dark = find_ink(part)
        found = _numbered(part.shape, dark, gap)
        free = labels[rows, columns] == 0
        labels[rows, columns] = np.where(free, found + np.int32(count), labels[rows, columns])
        ink[rows, columns] |= dark
        count = int(labels.max())
    return Regions(labels, count, ink, find_neighbours(labels, ink))


def _places(shape: tuple[int, ...], panels: Sequence[Box] | None) -> Iterable[tuple[slice, slice]]:
    height, width = shape
    for box in [Box(0, 0, width, height)] if panels is None else panels:
        rows, columns = slice(max(0, box.y0), min(height, box.y1)), slice(max(0, box.x0), min(width, box.x1))
        if rows.start < rows.stop and columns.start < columns.stop:
            yield rows, columns


def _numbered(shape: tuple[int, ...], ink: Mask, gap: int) -> Labels:
    """(H, W) int32, 1 and up: the regions of one drawing."""
    walls = close_gaps(ink, gap)
    _, pieces = cv2.connectedComponents((~(ink | walls)).view(np.uint8), connectivity=4)
    grown = _grown(_without_specks(pieces))
    merged = _merged(grown, ink)
    return _in_order(merged)


def _without_specks(pieces: Labels) -> Labels:
    areas = np.bincount(pieces.ravel())
    small = areas < SPECK
    small[0] = False
    if small.any() and not small[1:].all():
        pieces = np.where(small[pieces], 0, pieces)
    return pieces


def _grown(pieces: Labels) -> Labels:
    """Every pixel gets the label of the nearest one that has one."""
    empty = pieces == 0
    if empty.all():
        return np.ones_like(pieces)
    if not empty.any():
        return pieces
    _, nearest = cv2.distanceTransformWithLabels(empty.view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    at = ~empty
    name = np.zeros(int(nearest.max()) + 1, np.int32)
    name[nearest[at]] = pieces[at]
    return name[nearest]


def _merged(labels: Labels, ink: Mask) -> Labels:
    """Slivers joined to the neighbour with which they share the longest border without ink, the smallest first."""
    areas = np.bincount(labels.ravel())
    near = find_neighbours(labels, ink)
    into = np.arange(len(areas), dtype=np.int32)
    for label in np.flatnonzero((areas < SLIVER) & (areas > 0)):
        if not label:
            continue
        own = (near.pairs == label).any(1) & (near.open > 0)
        if own.any():
            best = np.flatnonzero(own)[near.open[own].argmax()]
            other = int(near.pairs[best].sum()) - int(label)
            if _root(into, other) != label:
                into[label] = _root(into, other)
    return np.array([_root(into, one) for one in range(len(into))], np.int32)[labels]


def _root(into: Labels, label: int) -> int:
    while into[label] != label:
        label = int(into[label])
    return label


def _in_order(labels: Labels) -> Labels:
    """Numbers from 1 in the order of appearance: by the first pixel, row by row."""
    last = labels.size
    first = np.full(int(labels.max()) + 1, last, np.int64)
    flat = labels.ravel()
    first[flat[::-1]] = np.arange(last - 1, -1, -1)
    number = np.zeros(len(first), np.int32)
    order = np.argsort(first, kind="stable")
    number[order] = np.arange(1, len(first) + 1)
    return number[labels]
