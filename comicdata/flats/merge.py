"""Which pieces of paper are one region: those that only unlikely closings part, the unlikeliest first.

Source: learned agglomeration (Nunez-Iglesias et al., "Machine learning of hierarchical clustering to segment 2D and 3D
images", 2013), on pieces between closings instead of superpixels.
"""

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.ends import Floats
from comicdata.flats.gaps import Gaps
from comicdata.flats.graph import Counts, Labels, Neighbours, find_borders
from comicdata.flats.ink import Mask
from comicdata.flats.judges import log_odds

Pair = tuple[int, int]


@dataclass(frozen=True)
class MergeOptions:
    """`parted`: the log of the odds of being two regions, below which two pieces become one. `sliver`: pixels; a
    smaller piece is one with what a closing parts it from, the less likely one if several do."""

    parted: float = -1.0
    sliver: int = 200


@dataclass
class Wall:
    """What lies between two pieces: pixels of border; those without ink; how many of these closings shut, by their
    chances; how far the farthest is from ink; and the pixels of each closing by its number."""

    length: float
    open: float
    shut: float
    width: float
    closings: dict[int, int]

    def add(self, other: "Wall") -> None:
        """What lies between two pieces after one of them became part of the other."""
        self.length, self.open = self.length + other.length, self.open + other.open
        self.shut += other.shut
        self.width = max(self.width, other.width)
        for closing, pixels in other.closings.items():
            self.closings[closing] = self.closings.get(closing, 0) + pixels


@dataclass(frozen=True)
class Walls:
    """K pairs of pieces that touch, (K, 2), and the wall of each; by piece its rim, towards others and the edge of the
    picture, its area and how far its widest place is from ink; by closing the log of its odds and its pixels in all
    walls; `paired` and `scale` as in Gaps."""

    pairs: Counts
    walls: list[Wall]
    rim: Floats
    area: Floats
    room: Floats
    odds: list[float]
    pixels: list[int]
    paired: float
    scale: float

    def neighbours(self) -> Neighbours:
        """How the pieces lie side by side; as long as none is joined."""
        length, open_ = np.array([(wall.length, wall.open) for wall in self.walls]).reshape(-1, 2).T.astype(np.int64)
        return Neighbours(self.pairs.astype(np.int32), length, open_)


def find_walls(pieces: Labels, ink: Mask, gaps: Gaps) -> Walls:
    """How grown pieces lie side by side."""
    wide = int(pieces.max()) + 1
    here, there = find_borders(pieces)
    flat, dark, closings, space = pieces.ravel(), ink.ravel(), gaps.closing.ravel(), gaps.space.ravel()
    one, two = flat[here].astype(np.int64), flat[there].astype(np.int64)
    on_paper = ~(dark[here] | dark[there])
    rim = np.bincount(one, minlength=wide) + np.bincount(two, minlength=wide)
    for edge in (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]):
        rim += np.bincount(edge, minlength=wide)
    keys, place = np.unique(np.minimum(one, two) * wide + np.maximum(one, two), return_inverse=True)
    place = place.ravel()
    length, open_ = np.bincount(place, minlength=len(keys)), np.bincount(place, on_paper, minlength=len(keys))
    place, here, there = place[on_paper], here[on_paper], there[on_paper]
    number = np.maximum(closings[here], closings[there]).astype(np.int64)
    width = np.zeros(len(keys))
    np.maximum.at(width, place, np.maximum(space[here], space[there]))
    many = len(gaps.odds)
    shut = np.bincount(place, _shutting(gaps.odds)[number], minlength=len(keys))
    sizes = (one.astype(np.float64).tolist() for one in (length, open_, shut, width))
    walls = [Wall(long, opening, closed, far, {}) for long, opening, closed, far in zip(*sizes, strict=True)]
    for key, count in zip(*(one.tolist() for one in np.unique(place * many + number, return_counts=True)), strict=True):
        if key % many:
            walls[key // many].closings[key % many] = count
    return Walls(
        np.stack([keys // wide, keys % wide], 1), walls, rim.astype(np.float64),
        np.bincount(pieces.ravel(), minlength=wide).astype(np.float64), _room(pieces, gaps.space, wide),
        gaps.odds.clip(-6, 6).tolist(), np.bincount(number, minlength=many).tolist(), gaps.paired, gaps.scale,
    )  # fmt: skip


def _shutting(odds: Floats) -> Floats:
    """The chance of each closing by its number, 0 where none is."""
    chance = 1 / (1 + np.exp(-odds))
    chance[0] = 0
    return np.asarray(chance)


def _room(pieces: Labels, space: npt.NDArray[np.float32], wide: int) -> Floats:
    """How far from ink each piece goes: (wide,)."""
    room = np.zeros(wide)
    peak = (space > 0) & (space == cv2.dilate(space, np.ones((3, 3), np.uint8)))
    np.maximum.at(room, pieces[peak], space[peak])
    return room


@dataclass
class Pieces:
    """Pieces while they are joined: the walls between them, and what is known of each by number."""

    found: Walls
    options: MergeOptions
    near: list[dict[int, Wall]] = field(init=False)
    open: list[float] = field(init=False)
    grown: list[int] = field(init=False)  # how often

    def __post_init__(self) -> None:
        found = self.found
        self.near = [{} for _ in range(len(found.rim))]
        self.rim, self.area, self.room = found.rim.tolist(), found.area.tolist(), found.room.tolist()
        self.open, self.grown = [0.0] * len(self.rim), [0] * len(self.rim)
        self.log_chance = [-math.log1p(math.exp(-odds)) for odds in found.odds]
        for (one, two), wall in zip(found.pairs.tolist(), found.walls, strict=True):
            self.near[one][two] = self.near[two][one] = wall
            self.open[one] += wall.open
            self.open[two] += wall.open

    def slivers(self, pairs: list[Pair]) -> list[float]:
        """Below 0 for pairs one of which is a sliver: less by each pixel between them that no closing surely shuts."""
        sliver = self.options.sliver * self.found.scale**2
        return [
            wall.shut - wall.open if min(self.area[one], self.area[two]) < sliver else 0.0
            for one, two in pairs
            for wall in [self.near[one][two]]
        ]

    def odds(self, pairs: list[Pair]) -> list[float]:
        """The log of the odds that pairs of pieces are two regions."""
        return log_odds("wall", np.array([self.signs(*pair) for pair in pairs])).tolist() if pairs else []

    def signs(self, one: int, two: int) -> tuple[float, ...]:
        """What speaks for two pieces being two regions: how likely the closings between them are, and how much of them
        stands there; how much of the rim and of the border they make; how large the pieces are; how wide the opening
        is that they close, by itself and beside the widest places on both sides; how open the pieces are."""
        wall, scale = self.near[one][two], self.found.scale
        small, large = (one, two) if (self.area[one], one) < (self.area[two], two) else (two, one)
        unit, room = 1000 * scale**2, sorted((self.room[one], self.room[two]))
        narrow, wide = max(room[0], 1), max(room[1], 1)
        return (
            *self._chances(wall), min(1.0, wall.open / max(self.rim[small], 1)), wall.open / max(wall.length, 1),
            math.log(self.area[small] / unit), math.log(self.area[large] / unit), self.found.paired,
            math.log((wall.open + 1) / 20 / scale), math.log((wall.open + 1) ** 2 / self.area[small]),
            math.log((wall.width + 1) / (narrow + 1)), math.log((wall.width + 1) / 5 / scale),
            math.log(narrow / 10 / scale), math.log(wide / 10 / scale),
            math.log((wall.width + 1) / (wall.open / 2 + 1)), min(1.0, self.open[small] / max(self.rim[small], 1)),
            wall.open / max(self.open[small], 1), min(1.0, self.open[large] / max(self.rim[large], 1)),
        )  # fmt: skip

    def _chances(self, wall: Wall) -> tuple[float, ...]:
        """The log odds of the closings of a wall: their mean, least and most, the chance that all are right, how many
        they are; and the share of them that stands there."""
        total = sum(wall.closings.values())
        if not total:
            return 0.0, 0.0, -6.0, 0.0, 0.0, 0.0
        odds, pixels = self.found.odds, self.found.pixels
        mean, share, main, every = 0.0, 0.0, [], 0.0
        for closing, count in wall.closings.items():
            mean += odds[closing] * count
            share += count * count / pixels[closing]
            if count >= max(2, 0.1 * total):
                main.append(odds[closing])
                every += self.log_chance[closing]
        mean /= total
        if not main:
            main, every = [mean], -math.log1p(math.exp(-mean))
        return mean, min(main), max(main), every, float(len(main)), share / total

    def unite(self, keep: int, gone: int) -> list[int]:
        """Makes the one piece part of the other: the pieces of which the wall to it is another now; all, if it grew by
        more than a tenth."""
        grown = self.area[gone] > 0.1 * self.area[keep]
        wall = self.near[keep].pop(gone)
        changed = self.near[gone].keys() - {keep}
        self.near[gone].pop(keep)
        self.area[keep] += self.area[gone]
        self.grown[keep] += 1
        self.rim[keep] += self.rim[gone] - 2 * wall.length
        self.open[keep] += self.open[gone] - 2 * wall.open
        self.room[keep] = max(self.room[keep], self.room[gone])
        for other, side in self.near[gone].items():
            del self.near[other][gone]
            have = self.near[keep].setdefault(other, side)
            self.near[other][keep] = have
            if have is not side:
                have.add(side)
        self.near[gone] = {}
        return sorted(self.near[keep].keys() if grown else changed)


def join(found: Walls, options: MergeOptions | None = None) -> Labels:
    """What each piece becomes, by number: slivers join first, then the least parted pair, until all left is parted."""
    return join_pieces(Pieces(found, options or MergeOptions()))


def join_pieces(pieces: Pieces) -> Labels:
    """The same, of pieces that are changed by it."""
    into = np.arange(len(pieces.near), dtype=np.int32)
    for gone, kept in [*_joins(pieces, pieces.slivers, 0.0), *_joins(pieces, pieces.odds, pieces.options.parted)]:
        into[gone] = kept
    for label in range(len(into)):
        root = label
        while into[root] != root:
            root = int(into[root])
        into[label] = root
    return into


def _joins(pieces: Pieces, judge: Callable[[list[Pair]], list[float]], limit: float) -> Iterator[Pair]:
    """Joins pairs that are parted by less than the limit, the least first: each time which piece is gone, and into
    which. A pair whose pieces have grown is judged again when its turn comes."""
    pairs = [
        (one, two) for one, near in enumerate(pieces.near) for two, wall in near.items() if one < two and wall.open
    ]
    now = dict(zip(pairs, judge(pairs), strict=True))
    queue = [(value, pair, _grown(pieces, pair)) for pair, value in now.items()]
    heapq.heapify(queue)
    while queue and queue[0][0] < limit:
        value, pair, grown = heapq.heappop(queue)
        one, two = pair
        if two not in pieces.near[one] or now[pair] != value:
            continue
        if grown != _grown(pieces, pair):
            (again,) = judge([pair])
            if again > value:
                now[pair] = again
                heapq.heappush(queue, (again, pair, _grown(pieces, pair)))
                continue
        keep, gone = (one, two) if len(pieces.near[one]) >= len(pieces.near[two]) else (two, one)
        near = [other for other in pieces.unite(keep, gone) if pieces.near[keep][other].open]
        yield gone, keep
        pairs = [(min(keep, other), max(keep, other)) for other in near]
        for pair, value in zip(pairs, judge(pairs), strict=True):
            now[pair] = value
            heapq.heappush(queue, (value, pair, _grown(pieces, pair)))


def _grown(pieces: Pieces, pair: Pair) -> int:
    """How often the two have grown: as long as that stays, so does what a judge says of them."""
    return pieces.grown[pair[0]] + pieces.grown[pair[1]]
