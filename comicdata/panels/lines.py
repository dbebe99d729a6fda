"""Long straight lines from border to border of a cell of a page, dark or light, upright, level or leaning: candidates.

What may be a separator is marked once per page (`separators`), thin dark strokes and bands of paper; for a cell the
share of every chord that is marked is counted, the best chords are refined. Whether one parts panels, judge.py says.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from comicdata.images import Image
from comicdata.panels.paper import Mask, row_shares, within
from comicdata.panels.polygons import Polygon
from comicdata.panels.rules import RULES

ALONG = 64  # samples of a chord while chords are compared; a power of two
STEEPEST = 36  # rows, at a quarter of the size of the analysis, that a chord may rise or fall
_Floats = npt.NDArray[np.float64]
_INSIDE = np.arange(-1, 5)[:, None, None]  # pixels from the outline of a cell inwards
_SHARE = np.linspace(0, 1, 96)  # where a chord is looked at while its ends are moved
_REACHED = np.arange(-RULES.chord_reach, RULES.chord_reach + 1)
_MOVES = np.stack(np.meshgrid(_REACHED, _REACHED, indexing="ij"), axis=-1).reshape(-1, 2)  # of its two ends
_MOVED = _MOVES[:, :1] * (1 - _SHARE) + _MOVES[:, 1:] * _SHARE  # and of its places
_MOVING = 0.05 * np.abs(_MOVES).sum(axis=1) / len(_SHARE)  # in shares of the line: what moving its ends must gain


@dataclass(frozen=True, eq=False)
class Separators:
    """What may part panels on a page, at the size of the analysis: for level lines and for upright ones.

    `image` (H, W, 3); `strokes[axis]` (H, W), 255 where a stroke or a band of paper runs across; `marks[axis]` the
    same, and fainter where only the colour changes, since dark art hides a line; `coarse[axis]` these at a quarter of
    the size.
    """

    image: Image
    strokes: tuple[Mask, Mask]
    marks: tuple[Mask, Mask]
    coarse: tuple[Mask, Mask]


@dataclass(frozen=True, eq=False)
class Chord:
    """A straight line through a cell, from border to border: its ends (2,) in pixels, whether it is rather upright.

    `covered`: share that is marked; `stroked`: share along which strokes run, not edges alone; `rivals`: lines like it
    in the same direction, in a fence or a wall of tiles many; `place`: share of the cell on its smaller side; `framed`:
    share of the outline of the cell that is a dark line.
    """

    start: _Floats
    end: _Floats
    upright: bool
    covered: float
    stroked: float = 1.0
    rivals: int = 1
    place: float = 0.5
    framed: float = 0.0

    @property
    def length(self) -> float:
        return float(np.hypot(*(self.end - self.start)))

    @property
    def normal(self) -> _Floats:
        """Points to the right of an upright line, and below a level one."""
        x, y = (self.end - self.start) / self.length
        return np.array([y, -x]) if self.upright else np.array([-y, x])


def separators(image: Image, paper: Mask) -> Separators:
    """Marks of a page, (H, W, 3), whose pixels of paper are `paper`."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    strokes = []
    for kernel in (np.ones((RULES.stroke_widest, 1), np.uint8), np.ones((1, RULES.stroke_widest), np.uint8)):
        dark = cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, kernel) >= RULES.stroke_step
        dark &= grey <= RULES.stroke_darkest
        light = cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, kernel) >= RULES.stroke_step
        light &= grey >= RULES.stroke_lightest
        strokes.append((dark | light).astype(np.uint8) * 255 | paper)
    marks = [one | _edges(image, axis) for axis, one in enumerate(strokes)]
    return Separators(image, (strokes[0], strokes[1]), (marks[0], marks[1]), (_coarse(marks[0]), _coarse(marks[1])))


def _edges(image: Image, axis: int) -> Mask:
    """Where the colour of (H, W, 3) changes downwards (axis 0) or sidewards (1), (H, W): fainter than a stroke."""
    soft, step = np.asarray(cv2.blur(image, (3, 3)), np.uint8), RULES.chord_edge_reach
    edges = np.zeros(image.shape[:2], np.uint8)
    if image.shape[axis] <= 2 * step:
        return edges
    if axis:
        edges[:, step:-step] = ~within(soft[:, 2 * step :], soft[:, : -2 * step], RULES.chord_edge_step - 1)
    else:
        edges[step:-step] = ~within(soft[2 * step :], soft[: -2 * step], RULES.chord_edge_step - 1)
    return edges & np.uint8(RULES.chord_edge_mark)


def _coarse(marks: Mask) -> Mask:
    """The strongest mark in every four by four."""
    grown = cv2.dilate(marks, np.ones((4, 4), np.uint8), anchor=(0, 0))
    return np.ascontiguousarray(np.asarray(grown, np.uint8)[::4, ::4])


def chords(page: Separators, cell: Polygon, least: float) -> Iterator[Chord]:
    """The most covered chords of a cell along both axes, each at least `least` from where the cell begins and ends."""
    framed = _framed_share(page.image, cell)
    for upright in (False, True):
        marks, points = page.coarse[upright], cell / 4
        if upright:
            marks, points = marks.T, points[:, ::-1]
        inside = np.zeros(marks.shape, np.uint8)
        cv2.fillPoly(inside, [np.rint(points).astype(np.int32)], 255)
        (x0, y0), (x1, y1) = (
            np.floor(points.min(axis=0)).astype(int).clip(0),
            np.ceil(points.max(axis=0)).astype(int) + 1,
        )
        layers = [one[y0:y1, x0:x1] for one in (marks & inside, inside)]
        height, stretch = len(layers[0]), layers[0].shape[1] / ALONG
        found = _best(layers, least / 4)
        for rise, y, covered in found[: RULES.most_chords]:
            slope, place = rise / (ALONG - 1) / stretch, (y + rise / 2) / height
            ends = _refined(page.marks[upright], cell, upright, slope, 4 * (y + y0) + 2, 4 * x0)
            if ends is not None:
                stroked = _stroked_share(page.strokes[upright], ends, upright=upright)
                yield Chord(ends[0], ends[1], upright, covered, stroked, len(found), min(place, 1 - place), framed)


def _stroked_share(strokes: Mask, ends: Polygon, *, upright: bool) -> float:
    """The share of a line, its ends (2, 2), with a stroke on it or right beside it."""
    aside = np.array([-1, 0, 1])[:, None, None] * np.array((1, 0) if upright else (0, 1))
    places = np.asarray(ends[0] + (ends[1] - ends[0]) * _SHARE[:, None] + aside, np.float32)
    shown = cv2.remap(strokes, places[..., 0], places[..., 1], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return float((np.asarray(shown) > 0).any(axis=0).mean())


def _framed_share(image: Image, cell: Polygon) -> float:
    """The share of the outline of a cell of (H, W, 3) along which something dark runs just inside."""
    height, width = image.shape[:2]
    along = np.roll(cell, -1, axis=0) - cell
    inwards = cell.mean(axis=0) - cell - along / 2
    inwards /= np.hypot(*inwards.T)[:, None] + 1e-6
    places = cell[:, None] + along[:, None] * np.linspace(0.05, 0.95, 24)[:, None]
    x, y = np.rint(places[:, None] + inwards[:, None, None] * _INSIDE).astype(int).transpose(3, 0, 1, 2)
    seen = image[y.clip(0, height - 1), x.clip(0, width - 1)].max(axis=3).min(axis=1)
    return float(np.average((seen < RULES.stroke_darkest).mean(axis=1), weights=np.hypot(*along.T) + 1e-6))


def _best(layers: list[Mask], least: float) -> list[tuple[float, float, float]]:
    """(rise, row at the left border of the window, share) of the most covered lines, none near another, best first.

    `layers`: marks and inside (h, w). A line stands out from its neighbours, else it is one of a hatching.
    """
    height = layers[0].shape[0]
    level = np.stack([cv2.resize(one, (ALONG, height), interpolation=cv2.INTER_AREA) for one in layers])
    sums = leaning_sums(np.concatenate([level, level[..., ::-1]]))
    marked, length = sums[::2], sums[1::2]
    long = length >= max(1, RULES.chord_shortest * length.max())
    shares = np.divide(marked, length, out=np.zeros(length.shape, np.float32), where=long)
    far = RULES.chord_stands_apart
    around = np.zeros((2, shares.shape[1] + 2 * far, shares.shape[2]), np.float32)
    around[:, far:-far] = shares
    stands_out = shares - np.minimum(around[:, 2 * far :], around[:, : -2 * far])
    good = (shares >= RULES.chord_covered) & (stands_out >= RULES.chord_stands_out)
    mirrored, row, rise = np.nonzero(good)
    order = np.argsort(0.002 * rise - shares[good], kind="stable")
    mirrored, row, rise = mirrored[order], row[order] - STEEPEST, rise[order]
    middle = row + rise / 2
    left = (least <= middle) & (middle <= height - least)
    found: list[tuple[float, float, float]] = []
    while left.any() and len(found) < RULES.most_rivals:
        best = int(left.argmax())
        fall, start = int(rise[best]), int(row[best])
        share = float(shares[mirrored[best], start + STEEPEST, fall])
        found.append((-fall, start + fall, share) if mirrored[best] else (fall, start, share))
        left &= np.abs(middle - middle[best]) > RULES.chords_apart
    return found


def leaning_sums(layers: Mask) -> npt.NDArray[np.uint16]:
    """Sums of (n, h, ALONG) along lines that fall by 0 to STEEPEST rows from left to right, (n, h + STEEPEST,
    STEEPEST + 1): [.., y + STEEPEST, fall] is the line that begins in row y. Sums of halves make up those of the whole.
    """
    count, height, _ = layers.shape
    rows = STEEPEST + height
    sums = np.zeros((1, ALONG, count, rows + STEEPEST), np.uint16)  # fall, block, layer, row: rows are added at once
    sums[0, :, :, STEEPEST:rows] = layers.transpose(2, 0, 1)
    for width in (2**power for power in range(1, ALONG.bit_length())):
        halves = min(width // 2, STEEPEST * width // ALONG // 2 + 1)
        left, right = sums[:halves, ::2, :, :rows], sums[:halves, 1::2]
        sums = np.zeros((2 * halves, ALONG // width, count, rows + STEEPEST), np.uint16)
        for odd in (0, 1):  # of a fall by 2 * half + odd the left half falls by half, and so does the right, lower down
            np.add(left, _lowered(right[..., odd:], rows), out=sums[odd::2, ..., :rows])
    return sums[: STEEPEST + 1, 0, :, :rows].transpose(1, 2, 0)


def _lowered(sums: npt.NDArray[np.uint16], rows: int) -> npt.NDArray[np.uint16]:
    """A view of (falls, blocks, layers, more than rows) as (falls, blocks, layers, rows), each begun as many rows later
    as it falls.
    """
    fall, *others, row = sums.strides
    return as_strided(sums, (*sums.shape[:-1], rows), (fall + row, *others, row), writeable=False)


def _refined(marks: Mask, cell: Polygon, upright: bool, slope: float, y: float, x: float) -> Polygon | None:
    """The ends of the chord at full size where it is covered most, moved by a few pixels each."""
    points = cell[:, ::-1] if upright else cell
    ends = _crossings(points, slope, y - slope * x)
    if ends is None or ends[1, 0] - ends[0, 0] < 8:
        return None
    ends = _best_ends(marks, ends, upright=upright)
    return ends[:, ::-1] if upright else ends


def _crossings(points: Polygon, slope: float, y: float) -> Polygon | None:
    """Where y + slope * x enters and leaves a convex polygon."""
    heights = points[:, 1] - slope * points[:, 0] - y
    xs = []
    for index, height in enumerate(heights):
        before = heights[index - 1]
        if height * before < 0:
            share = before / (before - height)
            xs.append(points[index - 1, 0] + share * (points[index, 0] - points[index - 1, 0]))
    if len(xs) != 2:
        return None
    at = np.array(sorted(xs))
    return np.stack([at, y + slope * at], axis=1)


def _best_ends(marks: Mask, ends: Polygon, *, upright: bool) -> Polygon:
    """Ends moved up or down by up to `chord_reach` pixels each, so that most of the line is marked.

    Of an upright line x and y are exchanged in `ends`.
    """
    along = np.trunc(ends[0, 0] + (ends[1, 0] - ends[0, 0]) * _SHARE) + np.zeros_like(_MOVED)
    across = ends[0, 1] + (ends[1, 1] - ends[0, 1]) * _SHARE + _MOVED
    x, y = (np.asarray(one, np.float32) for one in ((across, along) if upright else (along, across)))
    shown = cv2.remap(marks, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    best = int((row_shares(np.asarray(shown, np.uint8)) - _MOVING).argmax())
    moved: Polygon = ends + np.stack([np.zeros(2), _MOVES[best]], axis=1)
    return moved
