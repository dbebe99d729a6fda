"""Which regions stay white: the paper around a drawing, balloons and captions. The rule: a balloon is a region that
holds lettering, many small even marks in rows, and hardly more than it.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from comicdata.flats.regions import Regions
from comicdata.images import Image

Flags = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]
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
    fewest: int = 4  # letters in a balloon
    fewest_open: int = 8  # in one whose rim has a gap
    rows_apart: float = 1.6  # how much white belongs to a line of letters, above and below
    filled: float = 0.22  # share of a balloon that its letters and the white between them take
    around: float = 2.2  # how far the white of a balloon reaches from its letters
    empty: float = 0.15  # share of a balloon that may lie farther, but for its tail
    beside: float = 1.0  # how close to letters the white around them begins
    within: float = 0.65  # share of a region that lies close around letters, where the balloon has a gap
    of_ink: float = 0.85  # share of the small marks within a balloon, by ink, that are letters
    spread: float = 2.2  # the third quarter of the heights, by the first


LETTERING = Lettering()
DARKENED = 225  # mean level of the shade below which a region is toned, not white
AROUND = 0.5  # share of the rim of a drawing that the paper around it has
COVERED = 0.6  # of the paper of a region lies in a balloon: it is a piece of it
TAIL = 0.3  # of a balloon: the largest piece that a gap parted from it


@dataclass(frozen=True)
class _Marks:
    """Marks of ink that may be letters: their boxes, (N, 4) x0 y0 x1 y1, ink pixels, and the region around them."""

    boxes: Numbers
    ink: Numbers
    region: Indices

    def of(self, chosen: Indices) -> "_Marks":
        return _Marks(self.boxes[chosen], self.ink[chosen], self.region[chosen])

    @property
    def height(self) -> Numbers:
        return self.boxes[:, 3] - self.boxes[:, 1]

    @property
    def full(self) -> Flags:
        """Which have as much ink in their box as letters, or words, have."""
        wide = self.boxes[:, 2] - self.boxes[:, 0]
        least = np.where(wide > 2.5 * self.height, LETTERING.dense_word, LETTERING.dense)
        return np.asarray(self.ink >= least * self.height * wide)

    @property
    def letters(self) -> Numbers:
        """How many letters each may be: those of a word may touch."""
        return np.maximum(1, np.rint((self.boxes[:, 2] - self.boxes[:, 0]) / (0.8 * self.height)))


def white_regions(line: Image, regions: Regions, shade: Image | None = None) -> set[int]:
    """The labels that stay white: paper around the drawing, balloons, captions.

    `line` (H, W) uint8, ink 0, is what the regions were found in; `shade` as in LineArt: what is toned is not white.
    """
    white = find_balloons(line, regions) | _paper_around(regions)
    return white - _toned(regions, shade) if shade is not None else white


def find_balloons(line: Image, regions: Regions) -> set[int]:
    """The labels of balloons and captions, their letters and tails with them.

    Looked for in the pieces of paper as the ink parts them, because closed gaps cut letters from the rim of a balloon;
    where the rim itself has a gap, the regions beside the letters are taken that lie close around them.
    """
    paper = ~regions.ink & (regions.labels > 0)
    _, pieces = cv2.connectedComponents(paper.view(np.uint8), connectivity=4)
    balloons, blocks = _lettered_parts(pieces, regions.ink)
    labels = _held(regions, paper, balloons[pieces], COVERED)
    whole = np.bincount(regions.labels[paper], minlength=regions.count + 1)
    for block in (one for one in blocks if one.letters.sum() >= LETTERING.fewest_open):
        labels |= _around_block(regions, paper, whole, block)
    if not labels:
        return labels
    return _with_pieces(labels, max((float(np.median(one.height)) for one in blocks), default=0.0), regions)


def _held(regions: Regions, paper: Flags, inside: Flags, share: float) -> set[int]:
    """The labels of whose paper this share lies inside."""
    held = np.bincount(regions.labels[paper & inside], minlength=regions.count + 1)
    whole = np.bincount(regions.labels[paper], minlength=regions.count + 1)
    return set(np.flatnonzero(held > share * np.maximum(whole, 1)).tolist()) - {0}


def _around_block(regions: Regions, paper: Flags, whole: Indices, letters: _Marks) -> set[int]:
    """The labels beside letters that lie close around them, or hardly reach farther."""
    height = float(np.median(letters.height))
    margin = round(LETTERING.around * height)
    x0, y0 = np.maximum(letters.boxes[:, :2].min(axis=0).astype(int) - margin, 0).tolist()
    x1, y1 = (letters.boxes[:, 2:].max(axis=0).astype(int) + margin).tolist()
    place = (slice(y0, y1), slice(x0, x1))
    text = np.zeros(paper[place].shape, np.uint8)
    for left, top, right, low in letters.boxes.astype(int).tolist():
        text[top - y0 : low - y0, left - x0 : right - x0] = 1
    beside = _dilated(text, LETTERING.beside * height) & paper[place]
    close = _dilated(text, LETTERING.around * height) & paper[place]
    labels = regions.labels[place]
    held = np.bincount(labels[close], minlength=regions.count + 1)
    near = np.bincount(labels[beside], minlength=regions.count + 1)
    kept = (near > 0) & (held >= LETTERING.within * whole)
    return set(np.flatnonzero(kept).tolist()) - {0}


def _dilated(mask: Image, reach: float) -> Flags:
    side = 2 * round(reach) + 1
    return np.asarray(cv2.dilate(mask, np.ones((side, side), np.uint8)) > 0)


def _lettered_parts(parts: Labels, ink: Flags) -> tuple[Flags, list[_Marks]]:
    """Which numbers of (H, W) int32, 0 where no paper is, are balloons, and all blocks of lettering in any of them."""
    areas = np.bincount(parts.ravel())
    found = np.zeros(len(areas), bool)
    marks = _marks(parts, ink)
    order = np.argsort(marks.region, kind="stable")
    blocks: list[_Marks] = []
    for chosen in np.split(order, np.flatnonzero(np.diff(marks.region[order])) + 1):
        if len(chosen) > 1:
            label = int(marks.region[chosen[0]])
            own = _blocks(marks.of(chosen))
            found[label] = _is_filled(marks.of(chosen), own, parts, label, float(areas[label]))
            blocks += own
    return found, blocks


def _marks(parts: Labels, ink: Flags) -> _Marks:
    """Marks of the size of letters, each all within one part."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    most = max(24.0, LETTERING.highest * max(ink.shape))
    fits = (high >= LETTERING.lowest) & (high <= most) & (wide <= LETTERING.widest * high) & (np.arange(count) > 0)
    x, y, wide, high, area = stats[fits].T.astype(np.int64)
    region = _around(parts, x, y, wide, high)
    boxes = np.stack([x, y, x + wide, y + high], axis=1).astype(np.float64)
    kept = region > 0
    return _Marks(boxes[kept], area[kept].astype(np.float64), region[kept])


def _around(parts: Labels, x: Indices, y: Indices, wide: Indices, high: Indices) -> Indices:
    """The part that lies just outside of each mark on all sides, (N,); 0 where there are several."""
    rows, columns = parts.shape
    left, right, top, low = x - 2, x + wide + 1, y - 2, y + high + 1
    places = [(b, a) for a in (left, x + wide // 2, right) for b in (top, y + high // 2, low)]
    seen = [parts[np.clip(b, 0, rows - 1), np.clip(a, 0, columns - 1)] for b, a in places]
    near = np.stack(seen[:4] + seen[5:], axis=1)
    common = np.sort(np.where(near > 0, near, np.iinfo(np.int32).max), axis=1)[:, 1]
    others = ((near > 0) & (near != common[:, None])).sum(axis=1)
    return np.where((others <= 1) & ((near == common[:, None]).sum(axis=1) >= 2), common, 0).astype(np.intp)


def _blocks(marks: _Marks) -> list[_Marks]:
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


def _is_lettering(marks: _Marks, own: Indices, rows: Indices) -> bool:
    """Whether a block of letters, among all marks of its part, is lettering."""
    rules, letters = LETTERING, marks.of(own)
    together = np.bincount(rows)[rows] > 1
    low, high = np.quantile(letters.height, [0.25, 0.75])
    if letters.letters.sum() < rules.fewest or together.sum() < 2 or together.mean() < 0.5 or high > rules.spread * low:
        return False
    margin = float(np.median(letters.height)) / 2
    first, last = letters.boxes[:, :2].min(axis=0) - margin, letters.boxes[:, 2:].max(axis=0) + margin
    middle = (marks.boxes[:, :2] + marks.boxes[:, 2:]) / 2
    among = ((middle >= first) & (middle <= last)).all(axis=1)
    return bool(letters.ink.sum() >= rules.of_ink * marks.ink[among].sum())


def _stacked(letters: _Marks, rows: Indices) -> Indices:
    """The block of each letter: rows that lie under each other, overlap, and are about as high."""
    names, row = np.unique(rows, return_inverse=True)
    boxes = np.array([
        [*letters.boxes[row == one, :2].min(axis=0), *letters.boxes[row == one, 2:].max(axis=0)]
        for one in range(len(names))
    ])  # fmt: skip
    height = np.array([float(np.median(letters.height[row == one])) for one in range(len(names))])
    apart = np.maximum(boxes[:, None, 1], boxes[None, :, 1]) - np.minimum(boxes[:, None, 3], boxes[None, :, 3])
    over = np.minimum(boxes[:, None, 2], boxes[None, :, 2]) - np.maximum(boxes[:, None, 0], boxes[None, :, 0])
    higher, lower = np.maximum(height[:, None], height[None]), np.minimum(height[:, None], height[None])
    linked = (apart <= 1.5 * higher) & (over > -0.5 * higher) & (higher <= 1.8 * lower)
    return np.asarray(connected_components(coo_matrix(linked), directed=False)[1][row], np.intp)


def _is_filled(marks: _Marks, blocks: list[_Marks], parts: Labels, label: int, area: float) -> bool:
    """Whether a part holds its blocks of lettering and hardly more."""
    if not blocks or sum(one.ink.sum() for one in blocks) < LETTERING.of_ink * marks.ink.sum():
        return False
    height = float(np.median(np.concatenate([one.height for one in blocks])))
    taken = sum(_taken(one) for one in blocks)
    return taken >= LETTERING.filled * area and _empty(blocks, parts == label, height) <= (LETTERING.empty * area)


def _empty(blocks: list[_Marks], part: Flags, height: float) -> int:
    """How many pixels of a part lie far from its letters and are wider than a tail."""
    text = np.zeros(part.shape, np.uint8)
    for x0, y0, x1, y1 in np.concatenate([one.boxes for one in blocks]).astype(int).tolist():
        text[y0:y1, x0:x1] = 1
    near = _dilated(text, LETTERING.around * height)
    side = round(1.2 * height) | 1
    far = cv2.morphologyEx((part & ~near).astype(np.uint8), cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    return int(cv2.countNonZero(far))


def _rows(marks: _Marks) -> Indices:
    """The row that each mark stands in: neighbours at one level, close, and about as high."""
    rules, height = LETTERING, marks.height
    middle = (marks.boxes[:, :2] + marks.boxes[:, 2:]) / 2
    reach = (rules.apart + 1 + rules.widest / 2) * float(height.max())
    pairs = cKDTree(middle).query_pairs(reach, output_type="ndarray")
    one, two = pairs[:, 0], pairs[:, 1]
    higher, lower = np.maximum(height[one], height[two]), np.minimum(height[one], height[two])
    gap = np.maximum(marks.boxes[one, 0], marks.boxes[two, 0]) - np.minimum(marks.boxes[one, 2], marks.boxes[two, 2])
    level = np.abs(middle[one, 1] - middle[two, 1]) <= rules.level * higher
    linked = (
        level & marks.full[one] & marks.full[two] & (gap <= rules.apart * higher) & (higher <= rules.uneven * lower)
    )
    size = len(height)
    links = coo_matrix((np.ones(int(linked.sum())), (one[linked], two[linked])), shape=(size, size))
    return np.asarray(connected_components(links, directed=False)[1], np.intp)


def _taken(letters: _Marks) -> float:
    """The area that a block of letters takes, with the white that belongs to them: its box, and half a line around."""
    height = float(np.median(letters.height))
    wide, high = letters.boxes[:, 2:].max(axis=0) - letters.boxes[:, :2].min(axis=0)
    return float((wide + height) * (high + LETTERING.rows_apart * height - height))


def _with_pieces(found: set[int], height: float, regions: Regions) -> set[int]:
    """With what lies within balloons, the holes of letters, and with what only a closed gap parts from them: tails."""
    pairs, opened = regions.neighbours.pairs, regions.neighbours.open
    white = set(found)
    for one, two, free in zip(*pairs.T.tolist(), opened.tolist(), strict=True):
        for balloon, piece in ((one, two), (two, one)):
            fits = regions.areas[piece] <= TAIL * regions.areas[balloon]
            if balloon in found and piece not in found and free and fits:
                white.add(piece)
    around: dict[int, set[int]] = {}
    for one, two in pairs.tolist():
        around.setdefault(one, set()).add(two)
        around.setdefault(two, set()).add(one)
    small = {label for label, near in around.items() if near <= white and regions.areas[label] <= 4 * height**2}
    return white | small


def _paper_around(regions: Regions) -> set[int]:
    """The region that runs around the whole drawing; within panels there is none."""
    labels = regions.labels
    sides = [labels[0], labels[-1], labels[:, 0], labels[:, -1]]
    on_all = set.intersection(*(set(np.unique(side).tolist()) for side in sides)) - {0}
    rim = np.concatenate(sides)
    return {label for label in on_all if (rim == label).mean() >= AROUND}


def _toned(regions: Regions, shade: Image) -> set[int]:
    """The regions that a tone covers."""
    mean = np.bincount(regions.labels.ravel(), shade.ravel(), minlength=regions.count + 1) / np.maximum(
        regions.areas, 1
    )
    return set(np.flatnonzero(mean < DARKENED).tolist())
