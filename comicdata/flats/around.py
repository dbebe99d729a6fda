"""How far the paper around a block of lettering may be its balloon: candidates by distance and gap, and their signs.

The rule of this file: nothing is decided here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.ink import Mask
from comicdata.flats.lettering import Block
from comicdata.images import Image

Kind = TypeVar("Kind", bound=np.generic)
Labels = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.float64]
Box4 = tuple[int, int, int, int]


@dataclass(frozen=True)
class BalloonRules:
    """Lengths are heights of letters."""

    fewest: int = 3  # letters of a balloon
    alike: float = 0.18  # share of the mean by which many marks differ at least
    likely: float = -3.0  # log odds: a block below is no lettering
    most: int = 40  # blocks: of more the likeliest
    sure: float = -1.0  # and one above surely is
    good: float = 0.5  # log odds: a rim above is one,
    hopeless: float = -3.0  # one below is none, and none is with wider gaps,
    certain: float = 8.0  # and one above surely is
    many: int = 20  # letters: fewer, on open paper, are a sign or a sound
    open: float = 0.55  # share of a rim without ink, above which it is none
    reaches: tuple[float, ...] = (0.5, 0.75, 1, 1.3, 1.6, 2, 2.5, 3, 4, 5, 7, 10)
    fronts: tuple[float, ...] = (1.3, 2, 3, 5)  # of these, where the paper that goes on is a sign
    clear: float = 0.4  # so far around letters is nothing but paper
    gaps: tuple[float, ...] = (0.65, 1.3, 2.2)  # how wide gaps of a rim may be that let nothing through
    tail: float = 1.0  # widest
    long: float = 8.0  # longest tail,
    tail_area: float = 0.1  # the largest, beside its balloon
    outward: float = 0.5  # of where a tail meets its balloon: how much of it may meet other paper
    whole: float = 0.5  # of the picture: where so much would be balloons, two figures were taken for letters
    coarse: int = 10  # pixels: letters are looked at no finer than twice so high


RULES = BalloonRules()


@dataclass(frozen=True)
class _Reached:
    """What is reached from letters up to one distance: the paper, and its place in the window; which share of what lies
    so far goes on, how much of it letters fill, and what of others' letters lies in it."""

    reach: float
    paper: Mask
    place: tuple[slice, slice]
    front: float
    filled: float
    others: int


@dataclass(frozen=True)
class Candidate:
    """What may be a balloon: what is reached up to one distance from the letters, and its signs."""

    reached: _Reached
    signs: Numbers


class Around:
    """What is around one block of lettering: `free` (h, w) of ink; `room`, how many pixels from ink; `away`, how many
    heights of its letters from the nearest lettering, below 0 within, and `nearest`, the number of that block."""

    def __init__(
        self, ink: Mask, paper: Mask, text: Labels, block: Block, number: int, chance: float, usual: float
    ) -> None:
        self.block, self.number, self.chance, self.usual = block, number, chance, usual
        self.step = max(1, int(block.height / RULES.coarse))
        self.height = block.height / self.step
        self.margin = int(RULES.reaches[-1] * self.height) + 2
        x0, y0 = (block.marks.boxes[:, :2].min(axis=0).astype(int) // self.step - self.margin).tolist()
        x1, y1 = (-(block.marks.boxes[:, 2:].max(axis=0).astype(int) // -self.step) + self.margin).tolist()
        self.box = x0 * self.step, y0 * self.step, x1 * self.step, y1 * self.step
        self.fine = self.window(paper)
        self.free = _coarser(self.fine, self.step) == 255
        self.room = cv2.distanceTransform(self.free.view(np.uint8), cv2.DIST_L2, 3)
        self.ink = _coarser(self.window(ink), self.step) > 0
        self.beside_ink = cv2.dilate(self.ink.view(np.uint8), np.ones((5, 5), np.uint8)).view(bool)
        inner = self.window(text)
        if chance <= RULES.sure:
            write_number(inner, block, number, self.box[:2])
        self.text = np.ascontiguousarray(inner[self.step // 2 :: self.step, self.step // 2 :: self.step])
        away, place = cv2.distanceTransformWithLabels(
            (self.text == 0).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        within = cv2.distanceTransform((self.text > 0).view(np.uint8), cv2.DIST_L2, 3)
        self.away = np.asarray(away - within, np.float32) / np.float32(self.height)
        name = np.zeros(int(place.max()) + 1, np.int32)
        name[place[self.text > 0]] = self.text[self.text > 0]
        self.nearest = name[place]

    def candidates(self, gap: float) -> Iterator[Candidate]:
        """What may be the balloon around the block, for every distance, if its rim has no wider gap."""
        own = self.text == self.number
        if not own.any():  # others are written over it
            return
        soiled = float(1 - self.free[(self.away <= RULES.clear) & (self.nearest == self.number)].mean())
        size = np.log(self.block.height / self.usual)
        many = self.block.marks.letters.sum() >= RULES.many
        reached, least = self._spreading(gap), np.inf
        front = {one.reach: one.front for one in reached}
        fronts = [front.get(reach, 0.0) for reach in RULES.fronts]
        for one, after in zip(reached, [*reached[1:], reached[-1]], strict=True):
            if one.front > RULES.open and not many:
                continue
            signs = [
                self.chance,
                size,
                abs(size),
                np.log(self.block.marks.letters.sum()),
                np.log(one.reach),
                gap,
                one.front,
                min(one.front, least) - one.front,
                after.front - one.front,
                one.filled,
                soiled,
                np.log(1 + one.others),
                *fronts,
                *self._shape(one, own),
            ]
            least = min(least, one.front)
            yield Candidate(one, np.array(signs, np.float64))

    def _spreading(self, gap: float) -> list[_Reached]:
        """What is reached farther and farther, until nothing goes on."""
        found: list[_Reached] = []
        for reach in RULES.reaches:
            if reach > gap / 2:
                found.append(self._up_to(reach, gap))
                if not found[-1].front:
                    break
        return found

    def window(self, picture: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
        """The part of (H, W) that lies in the box."""
        return _window(picture, self.box)

    def fine_of(self, coarse: Mask) -> Mask:
        """(h, w) as fine as the drawing."""
        return coarse.repeat(self.step, axis=0).repeat(self.step, axis=1)

    def _shape(self, reached: _Reached, own: Mask) -> list[float]:
        """What the paper reached looks like, and how it lies around the letters."""
        whole, place = reached.paper.view(np.uint8), reached.place
        outlines, _ = cv2.findContours(whole, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        if not outlines:
            return [0.0] * 9
        filled = cv2.drawContours(np.zeros_like(whole), outlines, -1, 1, -1)
        area = float(np.count_nonzero(filled))
        points = np.concatenate(outlines)
        hull = cv2.contourArea(cv2.convexHull(points))
        foreign = np.count_nonzero(filled.view(bool) & ~self.free[place]) / area
        rim = cv2.dilate(filled, np.ones((3, 3), np.uint8)).view(bool) & (filled == 0)
        held = np.count_nonzero(rim & self.ink[place]) / (np.count_nonzero(rim) or 1)
        longest = max(outlines, key=len)[:, 0]
        bare = _longest_run(~self.beside_ink[place][longest[:, 1], longest[:, 0]])
        x, y, wide, high = cv2.boundingRect(points)
        x, y = x + place[1].start, y + place[0].start
        rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
        left, right, top, low = columns[0] - x, x + wide - columns[-1], rows[0] - y, y + high - rows[-1]
        return [
            np.log(area / self.height**2),
            np.log(area / np.count_nonzero(own)),
            area / max(hull, 1.0),
            foreign,
            held,
            bare,
            abs(left - right) / self.height,
            abs(top - low) / self.height,
            (left + right - top - low) / self.height,
        ]

    def whole(self, chosen: Candidate) -> Mask:
        """A candidate with its tails, (h, w) in the box, as fine as the drawing."""
        inside = np.zeros(self.free.shape, bool)
        inside[chosen.reached.place] = chosen.reached.paper
        inside |= self._tails(inside, chosen.reached.reach)
        if self.step == 1:
            return inside
        near = self.fine_of(inside) & self.fine
        side = 2 * self.step + 1
        grown = cv2.dilate(near.view(np.uint8), np.ones((side, side), np.uint8)) & self.fine.view(np.uint8)
        _, pieces = cv2.connectedComponents(grown, connectivity=4)
        ours = np.zeros(int(pieces.max()) + 1, bool)
        ours[pieces[near]] = True
        return np.asarray(ours[pieces] & (grown > 0))

    def draw(self, found: Mask, chosen: Candidate) -> None:
        """Draws a candidate, its tails with it, into (H, W)."""
        inside = self.whole(chosen)
        x0, y0, x1, y1 = self.box
        place = found[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)]
        place |= inside[max(0, -y0) :, max(0, -x0) :][: place.shape[0], : place.shape[1]]

    def _up_to(self, reach: float, gap: float) -> _Reached:
        cut = self.margin - int(reach * self.height) - 2
        high, wide = self.free.shape
        place = slice(cut, high - cut), slice(cut, wide - cut)
        away, text = self.away[place], self.text[place]
        radius, start = gap * self.height / 2, text == self.number
        within = self.free[place] & (away <= reach)
        fits = np.minimum(self.room[place], (np.float32(reach) - away) * np.float32(self.height)) > radius
        paper = _reached(within, fits, start, radius)
        blocks = np.zeros(int(self.text.max()) + 1, bool)  # whose letters were reached: the rim is around all of them
        blocks[text[paper]] = True
        blocks[[0, self.number]] = False, True
        rim = (away > reach - max(1.5 / self.height, 0.125)) & (away <= reach) & blocks[self.nearest[place]]
        front = float(paper[rim].mean()) if rim.any() else 0.0
        filled = float(blocks[text].sum() / max(1, paper.sum()))
        return _Reached(reach, paper, place, front, filled, int(blocks.sum()) - 1)

    def _tails(self, inside: Mask, reach: float) -> Mask:
        """Narrow paper that goes on from a balloon, rather than to other paper: tails, and corners."""
        rest = (self.free & ~inside & (self.away <= reach + RULES.long)).view(np.uint8)
        wide = np.asarray(cv2.morphologyEx(rest, cv2.MORPH_OPEN, _disc(RULES.tail * self.height)), np.uint8)
        narrow = rest & ~wide
        _, labels = cv2.connectedComponents(narrow, connectivity=4)
        areas = np.bincount(labels.ravel())
        ours, others = (
            np.bincount(labels[(cv2.dilate(one, np.ones((3, 3), np.uint8)) & narrow) > 0], minlength=len(areas))
            for one in (inside.view(np.uint8), wide)
        )
        tail = (ours > RULES.outward * others) & (areas <= RULES.tail_area * inside.sum())
        return np.asarray(tail[labels] & (narrow > 0))


def _window(picture: npt.NDArray[Kind], box: Box4) -> npt.NDArray[Kind]:
    """A part of (H, W), 0 beyond its edges."""
    x0, y0, x1, y1 = box
    high, wide = picture.shape
    part = picture[max(0, y0) : min(high, y1), max(0, x0) : min(wide, x1)]
    return np.pad(part, ((max(0, -y0), max(0, y1 - high)), (max(0, -x0), max(0, x1 - wide))))


def _coarser(mask: Mask, step: int) -> Image:
    """(h, w) bool as means of cells, 255 where all of one is true."""
    whole = mask.view(np.uint8) * np.uint8(255)
    size = mask.shape[1] // step, mask.shape[0] // step
    return whole if step == 1 else np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)


def _disc(wide: float) -> Image:
    side = round(wide) | 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _reached(free: Mask, fits: Mask, start: Mask, radius: float) -> Mask:
    """What a disc reaches on free paper from a start, where its middle `fits`."""
    _, labels = cv2.connectedComponents((fits | (start & free)).view(np.uint8), connectivity=4)
    seen = np.zeros(int(labels.max()) + 1, bool)
    seen[labels[start]] = True
    seen[0] = False
    reached = seen[labels]
    covered = cv2.distanceTransform((~(reached & fits)).view(np.uint8), cv2.DIST_L2, 3) <= radius
    return np.asarray(reached | (covered & free))


def _longest_run(flags: Mask) -> float:
    """The longest run of True around a ring (N,), as a share of it."""
    others = np.flatnonzero(~np.concatenate([flags, flags]))
    return float(np.diff(others).max() - 1) / len(flags) if len(others) > 1 else float(flags.all())


def write_number(text: Labels, block: Block, number: int, origin: tuple[int, int] = (0, 0)) -> None:
    """Writes a number where the rows of a block are, gaps between words and rows filled."""
    height, boxes = block.height, block.marks.boxes.astype(int) - (*origin, *origin)
    wide, high = round(height), round(0.6 * height)
    margin = np.array([2 * wide, 2 * high])  # the closing is not to end at a border
    x, y = (boxes[:, :2].min(axis=0) - margin).tolist()
    x1, y1 = (boxes[:, 2:].max(axis=0) + margin).tolist()
    own = np.zeros((y1 - y, x1 - x), np.uint8)
    for left, top, right, low in (boxes - (x, y, x, y)).tolist():
        own[top:low, left:right] = 1
    own = np.asarray(cv2.morphologyEx(own, cv2.MORPH_CLOSE, np.ones((2 * high + 1, 2 * wide + 1), np.uint8)))
    own = own[2 * high : -2 * high or None, 2 * wide : -2 * wide or None]
    text[y + 2 * high : y1 - 2 * high, x + 2 * wide : x1 - 2 * wide][own > 0] = number
