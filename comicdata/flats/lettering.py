"""Where lettering may stand: rows of small even marks, on one piece of paper, with little else among them."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.ink import Mask
from comicdata.flats.near import Indices, Numbers, joined, near_pairs, ranges


@dataclass(frozen=True)
class Lettering:
    """What may be lettering. Lengths are heights of letters where no other unit is said."""

    lowest: int = 4  # pixels
    highest: float = 0.05  # of the longer side of the drawing
    widest: float = 30.0  # letters that touch, a word
    dense: float = 0.25  # share of its box that the ink of a letter fills
    level: float = 0.36  # how far the middles of two letters in a row may lie above each other
    apart: float = 1.3  # how far two letters in a row may be from each other
    uneven: float = 2.6  # how many times as high as its neighbour a letter may be
    gap: float = 0.4  # of the lowest of an octave: twice as wide a gap in a rim parts letters from what lies outside
    fewest: int = 2  # letters that make a block
    most: int = 500  # marks in one: more are a texture
    row: int = 5  # so many marks, and more, that differ
    alike: float = 0.15  # in width and ink by less than such a share of the mean are windows, beads
    face: int = 5  # so many marks at most make a face: a mouth, above it eyes and brows,
    mirrored: float = 0.35  # so far from where the other's mirror image would be,
    between: float = 0.7  # and so many of their widths from each other


LETTERING = Lettering()


@dataclass(frozen=True)
class Marks:
    """N marks of ink that may be letters: their boxes, (N, 4) x0 y0 x1 y1, ink pixels, the mean width of their strokes,
    and numbers in the drawing. `paper` (K, N): the piece of paper each lies on, for letters of each octave of heights.
    """

    boxes: Numbers
    ink: Numbers
    stroke: Numbers
    number: Indices
    paper: Indices

    def of(self, chosen: Indices) -> "Marks":
        return Marks(
            self.boxes[chosen], self.ink[chosen], self.stroke[chosen], self.number[chosen], self.paper[:, chosen]
        )

    @property
    def height(self) -> Numbers:
        return self.boxes[:, 3] - self.boxes[:, 1]

    @property
    def width(self) -> Numbers:
        return self.boxes[:, 2] - self.boxes[:, 0]

    @property
    def middle(self) -> Numbers:
        return (self.boxes[:, :2] + self.boxes[:, 2:]) / 2

    @property
    def full(self) -> npt.NDArray[np.bool_]:
        """Which have as much ink in their box as letters, or words, have."""
        return np.asarray(self.ink >= LETTERING.dense * self.height * self.width)

    @property
    def letters(self) -> Numbers:
        """How many letters each may be: those of a word may touch."""
        return np.maximum(1, np.rint(self.width / (0.8 * self.height)))


@dataclass(frozen=True)
class Block:
    """A block of what may be lettering, and its signs (see `_signs`)."""

    marks: Marks
    signs: Numbers

    @property
    def height(self) -> float:
        return float(np.median(self.marks.height))


def find_lettering(ink: Mask) -> tuple[list[Block], npt.NDArray[np.int32]]:
    """What may be lettering in ink (H, W), and (H, W) int32, the number of the mark that each pixel of ink is of."""
    marks, labels = _marks(ink)
    return (_blocks(marks) if len(marks.ink) > 1 else []), labels


def _marks(ink: Mask) -> tuple[Marks, npt.NDArray[np.int32]]:
    """Marks of the size of letters."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    most = max(24.0, LETTERING.highest * max(ink.shape))
    fits = (high >= LETTERING.lowest) & (high <= most) & (wide <= LETTERING.widest * high) & (np.arange(count) > 0)
    x, y, wide, high, area = stats[fits].T.astype(np.float64)
    number = np.flatnonzero(fits)
    rim = ink & ~(cv2.erode(ink.view(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    stroke = 2 * area / np.maximum(1, np.bincount(labels[rim], minlength=count)[number])
    paper = _paper(ink, labels, number, most)
    return Marks(np.stack([x, y, x + wide, y + high], axis=1), area, stroke, number, paper), labels


def _octave(height: Numbers) -> Indices:
    return np.asarray(np.log2(np.maximum(height, LETTERING.lowest) / LETTERING.lowest), np.intp)


def _paper(ink: Mask, labels: npt.NDArray[np.int32], number: Indices, most: float) -> Indices:
    """The piece of paper around each mark, without what only a narrow gap joins to it, per octave: (K, N)."""
    away = cv2.distanceTransform((~ink).view(np.uint8), cv2.DIST_L2, 3)
    flat, wide = labels.ravel(), ink.shape[1]
    at = np.flatnonzero(ink)
    first, last = np.zeros((2, int(labels.max()) + 1), np.intp)
    last[flat[at]] = at
    first[flat[at[::-1]]] = at[::-1]
    found = []
    for octave in range(int(_octave(np.array([most]))[0]) + 1):
        radius = LETTERING.gap * LETTERING.lowest * 2**octave
        step = max(1, int(radius / 2))
        _, pieces = cv2.connectedComponents((away[::step, ::step] > max(radius, 0.5)).view(np.uint8), connectivity=4)
        around = np.zeros(len(number), np.intp)
        for far in range(1, int(2 * radius) + 4, step):  # up from the highest pixel, down from the lowest
            for place in (first[number] - far * wide, last[number] + far * wide):
                y, x = np.divmod(np.clip(place, 0, ink.size - 1), wide)
                around = np.where(around == 0, pieces[y // step, x // step], around)
        found.append(around)
    return np.stack(found)


def _blocks(marks: Marks) -> list[Block]:
    """Rows of letters under each other."""
    rows = _rows(marks)
    in_row = np.bincount(rows, marks.letters)[rows] >= LETTERING.fewest
    letters = np.flatnonzero(in_row & marks.full)
    if not len(letters):
        return []
    number, middle = _stacked(marks.of(letters), rows[letters]), marks.middle
    order = np.argsort(number, kind="stable")
    found = []
    for chosen in np.split(letters[order], np.flatnonzero(np.diff(number[order])) + 1):
        block = marks.of(chosen)
        if len(chosen) <= LETTERING.most and not are_alike(block, LETTERING.alike) and not _is_face(block.boxes):
            found.append(Block(block, _signs(marks, middle, chosen, rows[chosen])))
    return found


def are_alike(marks: Marks, most: float) -> bool:
    """Whether marks are many, and differ in width and ink by less than such a share of the mean: windows, beads."""
    return len(marks.ink) >= LETTERING.row and max(_spread(marks.ink), _spread(marks.width)) < most


def _is_face(boxes: Numbers) -> bool:
    """Whether marks are a wide mouth and, over its middle, pairs that mirror each other, wider apart than letters."""
    if not 3 <= len(boxes) <= LETTERING.face:
        return False
    lowest = int(boxes[:, 3].argmax())
    mouth, others = boxes[lowest], np.delete(boxes, lowest, axis=0)
    turned = mouth[0] + mouth[2] - others[:, [2, 0]]
    mirror = np.stack([turned[:, 0], others[:, 1], turned[:, 1], others[:, 3]], axis=1)
    height = float(np.median(others[:, 3] - others[:, 1]))
    off = np.abs(others[:, None] - mirror[None]).max(axis=2) <= LETTERING.mirrored * height
    width = others[:, 2] - others[:, 0]
    apart = np.abs(others[:, 0] + others[:, 2] - mouth[0] - mouth[2]) - width
    wide = mouth[2] - mouth[0] > 1.3 * (mouth[3] - mouth[1])
    return bool(wide and off.any(axis=1).all() and (apart >= LETTERING.between * width).all())


def _signs(marks: Marks, middle: Numbers, own: Indices, rows: Indices) -> Numbers:
    """What tells a block of letters, among all marks and their middles, from strokes and leaves."""
    block = marks.of(own)
    low, height, high = np.quantile(block.height, [0.25, 0.5, 0.75]).tolist()
    _, row = np.unique(rows, return_inverse=True)
    in_row = np.bincount(row)
    first, last = block.boxes[:, :2].min(axis=0) - height / 2, block.boxes[:, 2:].max(axis=0) + height / 2
    x, y = middle.T
    around = (x >= first[0]) & (x <= last[0]) & (y >= first[1]) & (y <= last[1])
    octave = int(_octave(np.array([height]))[0])
    among = around & (marks.paper[octave] == np.bincount(block.paper[octave]).argmax())
    order = np.lexsort([block.boxes[:, 0], row])
    boxes, beside = block.boxes[order], np.diff(row[order]) == 0
    gaps = (boxes[1:, 0] - boxes[:-1, 2])[beside] / height
    foot = np.bincount(row, block.boxes[:, 3]) / in_row
    signs = [
        np.log(len(own)),
        np.log(block.letters.sum()),
        np.log(len(in_row)),
        (in_row[row] > 1).mean(),
        np.log(high / low),
        _spread(block.height),
        _spread(block.ink),
        _spread(block.width),
        np.log(np.median(block.width / block.height)),
        (block.ink / (block.height * block.width)).mean(),
        np.log(block.stroke.mean() / height),
        _spread(block.stroke),
        float(gaps.mean()) if len(gaps) else 0.5,
        float(gaps.std()) if len(gaps) else 0.5,
        float(np.abs(block.boxes[:, 3] - foot[row]).mean() / height),
        block.ink.sum() / marks.ink[among].sum(),
        block.ink.sum() / marks.ink[around].sum(),
        np.log(block.ink.sum() / float(np.prod(last - first))),
    ]
    return np.array(signs, np.float64)


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
    paper, octave = letters.paper[:, order[first]], _octave(higher)
    linked = (apart <= 1.5 * higher) & (over > -0.5 * higher) & (higher <= 1.8 * lower)
    linked &= paper[octave, one] == paper[octave, two]
    return joined(len(first), one[linked], two[linked])[row]


def _within(places: Numbers, starts: Numbers, ends: Numbers) -> tuple[Indices, Indices]:
    """All pairs of a range, by number, and a place that lies in it."""
    order = np.argsort(places, kind="stable")
    begin = np.searchsorted(places[order], starts)
    one, two = ranges(begin, np.searchsorted(places[order], ends, side="right"))
    return one, order[two]


def _rows(marks: Marks) -> Indices:
    """The row that each mark stands in: neighbours at one level, close, and about as high, on one piece of paper."""
    ones, twos = [], []
    height, lowest = marks.height, float(LETTERING.lowest)
    while lowest <= height.max():  # heights by octaves: how far a neighbour may be depends on them
        one, two = _beside(marks, np.flatnonzero((height >= lowest) & (height < 2 * LETTERING.uneven * lowest)))
        fits = np.minimum(height[one], height[two]) < 2 * lowest
        ones.append(one[fits])
        twos.append(two[fits])
        lowest *= 2
    return joined(len(height), np.concatenate(ones), np.concatenate(twos))


def _beside(marks: Marks, chosen: Indices) -> tuple[Indices, Indices]:
    """Pairs of these marks, the left one first, that stand side by side in a row."""
    rules = LETTERING
    chosen = chosen[marks.full[chosen]]
    if len(chosen) < 2:
        return chosen[:0], chosen[:0]
    boxes, height = marks.boxes[chosen], marks.height[chosen]
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    ends, starts = (np.stack([side, middle], axis=1) for side in (boxes[:, 2], boxes[:, 0]))
    one, two = near_pairs(ends, starts, float(np.hypot(rules.apart, rules.level) * height.max()))
    higher, lower = np.maximum(height[one], height[two]), np.minimum(height[one], height[two])
    level = np.abs(middle[one] - middle[two]) <= rules.level * higher
    near = boxes[two, 0] - boxes[one, 2] <= rules.apart * higher
    paper, octave = marks.paper[:, chosen], _octave(lower)
    same = paper[octave, one] == paper[octave, two]
    linked = same & level & near & (higher <= rules.uneven * lower) & (one != two)
    return chosen[one[linked]], chosen[two[linked]]
