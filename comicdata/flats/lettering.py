"""Where lettering stands in a drawing. The rule: lettering is many small even marks in rows, and hardly anything else
among them.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from comicdata.flats.ink import Mask

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Lettering:
    """What lettering is. Lengths are heights of letters where no other unit is said."""

    lowest: int = 4  # pixels
    highest: float = 0.05  # of the longer side of the drawing
    widest: float = 30.0  # letters that touch, a word
    dense: float = 0.3  # share of its box that the ink of a letter fills
    dense_word: float = 0.35
    level: float = 0.36  # how far the middles of two letters in a row may lie above each other
    apart: float = 1.3  # how far two letters in a row may be from each other
    uneven: float = 2.6  # how many times as high as its neighbour a letter may be
    in_row: int = 3  # marks that make a row
    fewest: int = 4  # letters that make a block,
    fewest_marks: int = 3  # in so many marks: two are eyes
    of_ink: float = 0.85  # share of the ink among them that is letters
    most: int = 500  # marks in one: more are a texture
    alike: float = 0.15  # by such a share of the mean letters differ in width or ink; windows and beads do not
    spread: float = 2.2  # the third quarter of the heights, by the first


LETTERING = Lettering()


@dataclass(frozen=True)
class Marks:
    """Marks of ink that may be letters: their boxes, (N, 4) x0 y0 x1 y1, ink pixels, and numbers in the drawing."""

    boxes: Numbers
    ink: Numbers
    number: Indices

    def of(self, chosen: Indices) -> "Marks":
        return Marks(self.boxes[chosen], self.ink[chosen], self.number[chosen])

    @property
    def height(self) -> Numbers:
        return self.boxes[:, 3] - self.boxes[:, 1]

    @property
    def width(self) -> Numbers:
        return self.boxes[:, 2] - self.boxes[:, 0]

    @property
    def full(self) -> npt.NDArray[np.bool_]:
        """Which have as much ink in their box as letters, or words, have."""
        least = np.where(self.width > 2.5 * self.height, LETTERING.dense_word, LETTERING.dense)
        return np.asarray(self.ink >= least * self.height * self.width)

    @property
    def letters(self) -> Numbers:
        """How many letters each may be: those of a word may touch."""
        return np.maximum(1, np.rint(self.width / (0.8 * self.height)))


def find_lettering(ink: Mask) -> tuple[list[Marks], npt.NDArray[np.int32]]:
    """The blocks of lettering in ink (H, W), and (H, W) int32, the number of the mark that each pixel of ink is of."""
    marks, labels = _marks(ink)
    return (_blocks(marks) if len(marks.ink) > 1 else []), labels


def _marks(ink: Mask) -> tuple[Marks, npt.NDArray[np.int32]]:
    """Marks of the size of letters."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    most = max(24.0, LETTERING.highest * max(ink.shape))
    fits = (high >= LETTERING.lowest) & (high <= most) & (wide <= LETTERING.widest * high) & (np.arange(count) > 0)
    x, y, wide, high, area = stats[fits].T.astype(np.float64)
    return Marks(np.stack([x, y, x + wide, y + high], axis=1), area, np.flatnonzero(fits)), labels


def _blocks(marks: Marks) -> list[Marks]:
    """Rows of letters under each other: even, and with hardly anything but letters among them."""
    rules = LETTERING
    rows = _rows(marks)
    in_row = np.bincount(rows, marks.letters)[rows] >= rules.in_row
    letters = np.flatnonzero(in_row & marks.full)
    if not len(letters):
        return []
    block = _stacked(marks.of(letters), rows[letters])
    found = []
    for number in np.unique(block).tolist():
        own = letters[block == number]
        if _is_lettering(marks, own, rows[own]):
            found.append(marks.of(own))
    return found


def _is_lettering(marks: Marks, own: Indices, rows: Indices) -> bool:
    """Whether a block of letters, among all marks, is lettering."""
    rules, letters = LETTERING, marks.of(own)
    together = np.bincount(rows)[rows] > 1
    low, high = np.quantile(letters.height, [0.25, 0.75])
    if (
        letters.letters.sum() < rules.fewest
        or len(own) < rules.fewest_marks
        or together.sum() < 2
        or together.mean() < 0.5
        or high > rules.spread * low
    ):
        return False
    if len(own) > rules.most or max(_spread(letters.ink), _spread(letters.width)) < rules.alike:
        return False
    margin = float(np.median(letters.height)) / 2
    first, last = letters.boxes[:, :2].min(axis=0) - margin, letters.boxes[:, 2:].max(axis=0) + margin
    middle = (marks.boxes[:, :2] + marks.boxes[:, 2:]) / 2
    among = ((middle >= first) & (middle <= last)).all(axis=1)
    return bool(letters.ink.sum() >= rules.of_ink * marks.ink[among].sum())


def _spread(sizes: Numbers) -> float:
    return float(sizes.std() / sizes.mean())


def _stacked(letters: Marks, rows: Indices) -> Indices:
    """The block of each letter: rows that lie under each other, overlap, and are about as high."""
    order = np.argsort(rows, kind="stable")
    first = np.flatnonzero(np.diff(rows[order], prepend=-1))
    row = np.empty(len(rows), np.intp)
    row[order] = np.cumsum(np.diff(rows[order], prepend=rows[order[0]]) > 0)
    left, top = np.minimum.reduceat(letters.boxes[order, :2], first).T
    right, low = np.maximum.reduceat(letters.boxes[order, 2:], first).T
    height = np.add.reduceat(letters.height[order], first) / np.diff(first, append=len(rows))
    one, two = _within(top, top, low + 1.8 * 1.5 * height)
    apart = top[two] - np.minimum(low[one], low[two])
    over = np.minimum(right[one], right[two]) - np.maximum(left[one], left[two])
    higher, lower = np.maximum(height[one], height[two]), np.minimum(height[one], height[two])
    linked = (apart <= 1.5 * higher) & (over > -0.5 * higher) & (higher <= 1.8 * lower)
    return _joined(len(first), one[linked], two[linked])[row]


def _within(places: Numbers, starts: Numbers, ends: Numbers) -> tuple[Indices, Indices]:
    """All pairs of a range, by number, and a place that lies in it."""
    order = np.argsort(places, kind="stable")
    begin = np.searchsorted(places[order], starts)
    counts = np.searchsorted(places[order], ends, side="right") - begin
    one = np.repeat(np.arange(len(starts)), counts)
    two = np.arange(len(one)) - np.repeat(np.cumsum(counts) - counts - begin, counts)
    return one, order[two]


def _joined(count: int, one: Indices, two: Indices) -> Indices:
    """The group of each of `count` things, of which these pairs belong together."""
    links = coo_matrix((np.ones(len(one), np.int8), (one, two)), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1], np.intp)


def _rows(marks: Marks) -> Indices:
    """The row that each mark stands in: neighbours at one level, close, and about as high."""
    ones, twos = [], []
    height, lowest = marks.height, float(LETTERING.lowest)
    while lowest <= height.max():  # heights by octaves: how far a neighbour may be depends on them
        one, two = _beside(marks, np.flatnonzero((height >= lowest) & (height < 2 * LETTERING.uneven * lowest)))
        fits = np.minimum(height[one], height[two]) < 2 * lowest
        ones.append(one[fits])
        twos.append(two[fits])
        lowest *= 2
    return _joined(len(height), np.concatenate(ones), np.concatenate(twos))


def _beside(marks: Marks, chosen: Indices) -> tuple[Indices, Indices]:
    """Pairs of these marks, the left one first, that stand side by side in a row."""
    rules = LETTERING
    chosen = chosen[marks.full[chosen]]
    if len(chosen) < 2:
        return chosen[:0], chosen[:0]
    boxes, height = marks.boxes[chosen], marks.height[chosen]
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    ends, starts = (cKDTree(np.stack([side, middle], axis=1)) for side in (boxes[:, 2], boxes[:, 0]))
    reach = float(np.hypot(rules.apart, rules.level) * height.max())
    found = ends.sparse_distance_matrix(starts, reach, output_type="ndarray")
    one, two = found["i"], found["j"]
    higher, lower = np.maximum(height[one], height[two]), np.minimum(height[one], height[two])
    level = np.abs(middle[one] - middle[two]) <= rules.level * higher
    near = boxes[two, 0] - boxes[one, 2] <= rules.apart * higher
    linked = level & near & (higher <= rules.uneven * lower) & (one != two)
    return chosen[one[linked]], chosen[two[linked]]
