"""Where balloons and captions are. The rule: a balloon is the blank paper around lettering as far as lines hold it;
where none do, as far as on the other sides.
"""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.ink import Mask
from comicdata.flats.lettering import Marks, find_lettering
from comicdata.images import Image

Kind = TypeVar("Kind", bound=np.generic)
Labels = npt.NDArray[np.int32]
Box4 = tuple[int, int, int, int]


@dataclass(frozen=True)
class BalloonRules:
    """Lengths are heights of letters. The front is the part of a rim, at one distance from the letters, without ink."""

    reaches: tuple[float, ...] = (0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.3, 2.6, 3, 3.5, 4, 5, 6, 8, 10, 12)
    clear: float = 0.4  # so far around letters is nothing but paper,
    soiled: float = 0.1  # but for this share,
    soiled_few: float = 0.03  # and around few letters this
    few: int = 8  # letters
    many: int = 20  # letters: fewer are about as high as those of the whole drawing
    uneven: float = 1.5  # by so much
    larger: float = 2.3  # or larger, for a shout
    shout: int = 4  # letters: fewer are not believed to be one
    closed: float = 0.12  # few letters, and shouts, are in a rim that is open by no more than this share,
    open: float = 0.4  # others in one that is open by no more than this,
    plenty: int = 40  # and so many letters
    open_plenty: float = 0.55  # by no more than this
    farther: float = 0.05  # by so much more must a rim be closed for being farther away, per height
    near: float = 3.0  # beyond this
    filled: float = 0.25  # letters fill so much of what lies within,
    filled_shut: float = 0.12  # and so much of a rim without a gap,
    shut: float = 0.05  # or with a small one
    held: float = 0.2  # a rim that is open by less than this, and farther out by more
    leak: float = 0.1  # than this, is the rim
    gap: float = 0.65  # the widest gap that lets nothing through
    tail: float = 1.0  # widest
    long: float = 8.0  # longest tail,
    tail_area: float = 0.2  # the largest, beside its balloon


RULES = BalloonRules()


def find_balloons(ink: Mask) -> Mask:
    """(H, W) bool: the balloons and captions in ink (H, W), their tails and letters with them."""
    found = np.zeros(ink.shape, np.uint8)
    blocks, marks = find_lettering(ink)
    if not blocks:
        return found > 0
    usual = _usual_height(blocks)
    blocks = [one for one in blocks if _is_usual(one, usual)]
    letters = np.zeros(int(marks.max()) + 1, bool)
    for one in blocks:
        letters[one.number] = True
    paper = ~ink | letters[marks]
    text = np.zeros(ink.shape, np.int32)
    for number, one in enumerate(blocks, 1):
        _write(text, one, number)
    for number, one in enumerate(blocks, 1):
        _add_balloon(found, paper, text, one, number, usual)
    return _finished(found, usual)


def _usual_height(blocks: list[Marks]) -> float:
    """The height that most letters have."""
    height = np.concatenate([one.height for one in blocks])
    many = np.concatenate([one.letters * len(one.ink) * one.height**2 for one in blocks])
    order = np.argsort(height)
    return float(height[order][np.searchsorted(np.cumsum(many[order]), many.sum() / 2)])


def _is_usual(block: Marks, usual: float) -> bool:
    height, marks = float(np.median(block.height)), len(block.ink)
    most = RULES.larger if marks >= RULES.shout else RULES.uneven
    return marks >= RULES.many or usual / RULES.uneven <= height <= usual * most


def _write(text: Labels, block: Marks, number: int) -> None:
    """Writes a number where the rows of a block are, gaps between words and rows filled."""
    height = float(np.median(block.height))
    wide, high = round(height), round(0.6 * height)
    margin = np.array([2 * wide, 2 * high])  # the closing is not to end at a border
    x, y = (block.boxes[:, :2].min(axis=0).astype(int) - margin).tolist()
    x1, y1 = (block.boxes[:, 2:].max(axis=0).astype(int) + margin).tolist()
    own = np.zeros((y1 - y, x1 - x), np.uint8)
    for left, top, right, low in (block.boxes.astype(int) - (x, y, x, y)).tolist():
        own[top:low, left:right] = 1
    own = np.asarray(cv2.morphologyEx(own, cv2.MORPH_CLOSE, np.ones((2 * high + 1, 2 * wide + 1), np.uint8)))
    own = own[2 * high : -2 * high or None, 2 * wide : -2 * wide or None]
    text[y + 2 * high : y1 - 2 * high, x + 2 * wide : x1 - 2 * wide][own > 0] = number


def _add_balloon(found: Image, paper: Mask, text: Labels, block: Marks, number: int, usual: float) -> None:
    """Draws the balloon around a block of lettering, if there is one, into (H, W) uint8."""
    height = float(np.median(block.height))
    margin = int(RULES.reaches[-1] * height) + 2
    x0, y0 = (block.boxes[:, :2].min(axis=0).astype(int) - margin).tolist()
    x1, y1 = (block.boxes[:, 2:].max(axis=0).astype(int) + margin).tolist()
    box = x0, y0, x1, y1
    around = _Around(_window(paper, box), _window(text, box), number, margin, height)
    inside = around.balloon(_open_at_most(block, usual))
    if inside is not None:
        place = found[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)]
        place |= inside[max(0, -y0) :, max(0, -x0) :][: place.shape[0], : place.shape[1]].view(np.uint8)


@dataclass(frozen=True)
class _Reached:
    """What is reached from letters up to one distance: the paper, and its place in the window; which share of its rim
    is open, and how much of it letters fill."""

    paper: Mask
    place: tuple[slice, slice]
    front: float
    filled: float


class _Around:
    """What is around one block of lettering: `free` (h, w) of ink; `away`, how many heights of its letters from the
    nearest lettering, and `nearest`, the number of that block."""

    def __init__(self, free: Mask, text: Labels, number: int, margin: int, height: float) -> None:
        self.free, self.text, self.number, self.margin, self.height = free, text, number, margin, height
        away, place = cv2.distanceTransformWithLabels(
            (text == 0).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
        )
        self.away = np.asarray(away, np.float32) / np.float32(height)
        name = np.zeros(int(place.max()) + 1, np.int32)
        name[place[text > 0]] = text[text > 0]
        self.nearest = name[place]

    def balloon(self, most: float) -> Mask | None:
        """(h, w): what belongs to a balloon; None where no rim holds it, but for `most` of it."""
        own = (self.away <= RULES.clear) & (self.nearest == self.number)
        soiled = RULES.soiled if most > RULES.closed else RULES.soiled_few
        found = self._held() if own.any() and 1 - self.free[own].mean() <= soiled else None
        if found is None or found[1].front > most:
            return None
        inside = np.zeros(self.free.shape, bool)
        inside[found[1].place] = found[1].paper
        return inside | self._tails(inside, found[0])

    def _held(self) -> tuple[float, _Reached] | None:
        """The distance at which the rim is best, and what is reached there."""
        best, found = np.inf, None
        for reach in RULES.reaches:
            one = self._up_to(reach)
            least = RULES.filled if one.front > RULES.shut else RULES.filled_shut
            if (reach > RULES.near and one.filled < least) or (best < RULES.held and one.front > best + RULES.leak):
                break
            score = one.front + RULES.farther * max(0.0, reach - RULES.near)
            if score < best or (score <= best + 0.01 and one.front <= RULES.shut):
                best, found = score, (reach, one)
        return found

    def _up_to(self, reach: float) -> _Reached:
        cut = self.margin - int(reach * self.height) - 2
        high, wide = self.free.shape
        place = slice(cut, high - cut), slice(cut, wide - cut)
        away, text = self.away[place], self.text[place]
        paper = _reached(self.free[place] & (away <= reach), text == self.number, RULES.gap * self.height)
        blocks = np.zeros(int(self.text.max()) + 1, bool)  # whose letters were reached: the rim is around all of them
        blocks[text[paper]] = True
        blocks[[0, self.number]] = False, True
        rim = (away > reach - max(1.5 / self.height, 0.125)) & (away <= reach) & blocks[self.nearest[place]]
        front = float(paper[rim].mean()) if rim.any() else 0.0
        return _Reached(paper, place, front, float(blocks[text].sum() / max(1, paper.sum())))

    def _tails(self, inside: Mask, reach: float) -> Mask:
        """Narrow paper that goes on from a balloon, and its corners."""
        rest = (self.free & ~inside & (self.away <= reach + RULES.long)).view(np.uint8)
        narrow = rest & ~np.asarray(cv2.morphologyEx(rest, cv2.MORPH_OPEN, _disc(RULES.tail * self.height)))
        beside = cv2.dilate(inside.view(np.uint8), np.ones((3, 3), np.uint8))
        _, labels = cv2.connectedComponents(narrow, connectivity=4)
        areas = np.bincount(labels.ravel())
        ours = np.zeros(len(areas), bool)
        ours[labels[(beside & narrow) > 0]] = True
        ours &= areas <= RULES.tail_area * inside.sum()
        return np.asarray(ours[labels] & (narrow > 0))


def _open_at_most(block: Marks, usual: float) -> float:
    """The share of the rim of a balloon with this lettering that may be open."""
    letters = block.letters.sum()
    if letters < RULES.few or np.median(block.height) > usual * RULES.uneven:
        return RULES.closed
    return RULES.open if letters < RULES.plenty else RULES.open_plenty


def _window(picture: npt.NDArray[Kind], box: Box4) -> npt.NDArray[Kind]:
    """A part of (H, W), 0 beyond its edges."""
    x0, y0, x1, y1 = box
    high, wide = picture.shape
    part = picture[max(0, y0) : min(high, y1), max(0, x0) : min(wide, x1)]
    return np.pad(part, ((max(0, -y0), max(0, y1 - high)), (max(0, -x0), max(0, x1 - wide))))


def _disc(wide: float) -> Image:
    side = round(wide) | 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _reached(free: Mask, start: Mask, wide: float) -> Mask:
    """What a disc so wide reaches on free paper from a start."""
    disc = _disc(wide)
    way = cv2.erode(free.view(np.uint8), disc, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    _, labels = cv2.connectedComponents((way | (start & free)).view(np.uint8), connectivity=4)
    seen = np.zeros(int(labels.max()) + 1, bool)
    seen[labels[start]] = True
    seen[0] = False
    reached = seen[labels]
    return np.asarray(reached | (cv2.dilate((reached & way).view(np.uint8), disc) > 0))


def _finished(found: Image, height: float) -> Mask:
    """Balloons without scraps, the small holes in them filled: those in letters, dots, letters that were not seen."""
    for inside, most in ((0, 9 * height**2), (1, 3 * height**2)):
        _, labels, stats, _ = cv2.connectedComponentsWithStats((found == inside).view(np.uint8), connectivity=4)
        small = stats[:, cv2.CC_STAT_AREA] <= most
        small[0] = False
        found = np.where(small[labels], np.uint8(1 - inside), found)
    return np.asarray(found > 0)
