"""Which pieces of paper are one region: those that only an unlikely closing parts, the unlikeliest first."""

import heapq
import math
from dataclasses import dataclass

import numpy as np

from comicdata.flats.ends import Floats
from comicdata.flats.gaps import Gaps
from comicdata.flats.graph import Counts, Labels
from comicdata.flats.ink import Mask


@dataclass(frozen=True)
class MergeOptions:
    """`weights` of what `signs_of` gives, fitted like those of gaps.py."""

    parted: float = 0.3  # pieces that are parted with less of a chance become one
    sliver: int = 200  # pixels: a smaller piece is one with what a closing parts it from
    weights: tuple[float, ...] = (-3.63, 0.84, -6.39, 1.12, 0.19, 0.3, 7.01)


@dataclass
class Side:
    """What lies between two pieces: pixels of border, those without ink, and the sum of the chances along these."""

    length: float
    open: float
    chance: float


@dataclass(frozen=True)
class Sides:
    """K pairs of pieces that touch, (K, 2); of each the pixels of border, those without ink, and the sum of the chances
    (0 to 1) of closings along these. Of each piece the rim, towards others and the edge of the picture, and the area;
    `paired` and `scale` as in Gaps."""

    pairs: Counts
    length: Floats
    open: Floats
    chance: Floats
    rim: Counts
    area: Counts
    paired: float
    scale: float


def merged(pieces: Labels, ink: Mask, gaps: Gaps, options: MergeOptions | None = None) -> Labels:
    """Labels (H, W) int32, grown under the ink, with pieces joined that are not really parted."""
    return join(find_sides(pieces, ink, gaps), options or MergeOptions())[pieces]


STEPS = (((slice(None), slice(None, -1)), (slice(None), slice(1, None))), ((slice(None, -1),), (slice(1, None),)))


def find_sides(pieces: Labels, ink: Mask, gaps: Gaps) -> Sides:
    """How grown pieces lie side by side."""
    wide = int(pieces.max()) + 1
    packed, free, levels = [], [], []
    rim = np.zeros(wide, np.int64)
    for here, there in STEPS:
        first, second = pieces[here], pieces[there]
        at = np.nonzero(first != second)
        one, two = first[at].astype(np.int64), second[at].astype(np.int64)
        rim += np.bincount(one, minlength=wide) + np.bincount(two, minlength=wide)
        packed.append(np.minimum(one, two) * wide + np.maximum(one, two))
        free.append(~(ink[here][at] | ink[there][at]))
        levels.append(np.maximum(gaps.chances[here][at], gaps.chances[there][at]))
    for edge in (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]):
        rim += np.bincount(edge, minlength=wide)
    keys, place = np.unique(np.concatenate(packed), return_inverse=True)
    place, on_paper = place.ravel(), np.concatenate(free)
    level = np.where(on_paper, np.concatenate(levels) / 255, 0)
    length, open_, chance = (
        np.bincount(place, one, minlength=len(keys)).astype(np.float64)
        for one in (np.ones(len(place)), on_paper.astype(np.float64), level)
    )
    pairs = np.stack([keys // wide, keys % wide], 1)
    return Sides(
        pairs, length, open_, chance, rim, np.bincount(pieces.ravel(), minlength=wide), gaps.paired, gaps.scale
    )


def signs_of(side: Side, rim: float, area: float, other: float, sides: Sides) -> tuple[float, ...]:
    """What speaks for two pieces being two regions: how likely the closing is; how much of the smaller one's rim and of
    the border between the two it makes; the size of the smaller and of the larger one; `paired`."""
    unit = 1000 * sides.scale**2
    chance = min(max(side.chance / side.open, 0.004), 0.996)
    return (
        1.0, math.log(chance / (1 - chance)), min(1.0, side.open / max(rim, 1)), side.open / max(side.length, 1),
        math.log(area / unit), math.log(other / unit), sides.paired,
    )  # fmt: skip


class Pieces:
    """Pieces while they are joined: the sides between them, rims and areas by number."""

    def __init__(self, sides: Sides, options: MergeOptions) -> None:
        self.options = options
        self.sides = sides
        self.near: list[dict[int, Side]] = [{} for _ in range(len(sides.rim))]
        self.rim: list[float] = sides.rim.tolist()
        self.area: list[float] = sides.area.tolist()
        columns = (one.tolist() for one in (sides.pairs, sides.length, sides.open, sides.chance))
        for (one, two), length, open_, chance in zip(*columns, strict=True):
            self.near[one][two] = self.near[two][one] = Side(length, open_, chance)

    def odds(self, one: int, two: int) -> float:
        """The log of the odds that two pieces are two regions; slivers come first."""
        side = self.near[one][two]
        small, large = (one, two) if (self.area[one], one) < (self.area[two], two) else (two, one)
        if self.area[small] < self.options.sliver * self.sides.scale**2:
            return -1e6 - side.open
        signs = signs_of(side, self.rim[small], self.area[small], self.area[large], self.sides)
        return sum(sign * weight for sign, weight in zip(signs, self.options.weights, strict=True))

    def unite(self, keep: int, gone: int) -> list[int]:
        """Makes the one piece part of the other: those pieces beside it whose odds may be lower now. Where it was the
        larger piece before, and its side is as it was, they are not: the larger a piece, the likelier it is a region.
        """
        before = self.area[keep], keep
        changed = self.near[gone].keys() - {keep}
        length = self.near[keep].pop(gone).length
        self.near[gone].pop(keep)
        self.area[keep] += self.area[gone]
        self.rim[keep] += self.rim[gone] - 2 * length
        for other, side in self.near[gone].items():
            del self.near[other][gone]
            have = self.near[keep].setdefault(other, side)
            self.near[other][keep] = have
            if have is not side:
                have.length, have.open, have.chance = (
                    have.length + side.length,
                    have.open + side.open,
                    have.chance + side.chance,
                )
        self.near[gone] = {}
        return [one for one in self.near[keep] if one in changed or (self.area[one], one) > before]


def join(sides: Sides, options: MergeOptions) -> Labels:
    """What each piece becomes, by number: the least parted pair first, until all that is left is parted."""
    pieces = Pieces(sides, options)
    into = np.arange(len(sides.rim), dtype=np.int32)
    limit = math.log(options.parted / (1 - options.parted))
    queue = [(pieces.odds(one, two), one, two) for one, two in sides.pairs[sides.open > 0].tolist()]
    heapq.heapify(queue)
    while queue and queue[0][0] < limit:
        value, one, two = heapq.heappop(queue)
        if two not in pieces.near[one]:
            continue
        if (now := pieces.odds(one, two)) != value:
            if now > value:  # a lower one is in the queue
                heapq.heappush(queue, (now, one, two))
            continue
        keep, gone = (one, two) if len(pieces.near[one]) >= len(pieces.near[two]) else (two, one)
        lower = pieces.unite(keep, gone)
        into[gone] = keep
        for other in lower:
            if pieces.near[keep][other].open:
                heapq.heappush(queue, (pieces.odds(keep, other), min(keep, other), max(keep, other)))
    for label in range(len(into)):
        root = label
        while into[root] != root:
            root = int(into[root])
        into[label] = root
    return into
