"""Colour hints handed on to where no hint is: every cell of a picture takes the colour of the hint that is nearest,
lines being long ways. A small network cannot carry a dot across a picture; it can learn where to trust this.
"""

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from comicdata.flats.colours import lab_of_colours
from comicdata.images import Image
from comicdata.models.networks.listener import SPREAD_PLANES
from comicdata.models.networks.palette import CELL

LINE = 15.0  # how much longer the way through a cell of ink is
REACH = 150.0  # pixels of paper after which a hint is 1 / e as near
MELTS = 1.0  # of the way to its hint a colour melts into those beside it
ROUNDS = 60  # at most

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int32]


def spread_hints(outline: Image, hints: Image, cell: int = CELL) -> tuple[Image, Numbers]:
    """What the nearest hint of every cell of `cell` x `cell` pixels says, nearest by the shortest way over the paper.

    Outline (H, W) and hints (H, W, 4), uint8 -> (ceil(H / cell), ceil(W / cell), 5) uint8: the colour, how near the
    hint is (255 at it, falling by e every REACH pixels), and 255 where it is; and in which cell the hint lies, counted
    row by row. Without hints all is 0.
    """
    given = _cells(hints, cell)
    height, width = given.shape[:2]
    spread, sources = np.zeros((height, width, SPREAD_PLANES), np.uint8), np.zeros((height, width), np.int32)
    seeds = np.flatnonzero(given[..., 3])
    if not len(seeds):
        return spread, sources
    ways, cost = _ways(height, width), _costs(outline, cell).ravel()
    length = ways.length * (cost[ways.start] + cost[ways.end]) * np.float32(cell / 2)
    net = csr_array((length, ways.end, ways.rows), (len(cost), len(cost)))
    far, _, nearest = dijkstra(net, indices=seeds, min_only=True, return_predecessors=True)
    sources[:] = nearest.reshape(height, width)
    spread[..., :3] = given.reshape(-1, 4)[sources, :3]
    spread[..., 3] = np.rint(255 * np.exp(-far / REACH)).reshape(height, width)
    spread[..., 4] = given[..., 3]
    return spread, sources


def melted(outline: Image, spread: Image, cell: int = CELL) -> Floats:
    """What `spread_hints` spreads of some hint, (h, w, 5), as colours that run into each other where they meet on
    paper, the wider the farther their hints are: (h, w, 3) CIELAB.

    Heat flows (Perona, Malik, "Scale-space and edge detection using anisotropic diffusion", 1990), in every cell until
    it has come MELTS of the way to the hint. Differs: lines resist by their ink, not by how colours change there.
    """
    cost, color = _costs(outline, cell), np.moveaxis(lab_of_colours(spread[..., :3]), 2, 0).copy()
    far = REACH * np.log(255 / np.maximum(spread[..., 3], 1).astype(np.float32))
    rounds = np.minimum(np.square(MELTS / cell * far), ROUNDS)
    down, right = (np.square(2 / way) for way in (cost[1:] + cost[:-1], cost[:, 1:] + cost[:, :-1]))

    def gathered(values: Floats) -> Floats:
        total = values.copy()
        total[..., 1:, :] += values[..., :-1, :] * down
        total[..., :-1, :] += values[..., 1:, :] * down
        total[..., 1:] += values[..., :-1] * right
        total[..., :-1] += values[..., 1:] * right
        return total

    weight = gathered(np.ones_like(cost))
    for done in range(int(rounds.max())):
        color = np.where(done < rounds, gathered(color) / weight, color)
    return np.ascontiguousarray(np.moveaxis(color, 0, 2))


def _costs(outline: Image, cell: int) -> Floats:
    """(h, w): how long the way through each cell is, 1 over paper."""
    ink = 1 - _darkest(outline, cell) / np.float32(255)
    return np.asarray(1 + LINE * ink * ink, np.float32)


def _cells(hints: Image, cell: int) -> Image:
    """One hinted pixel of each cell, the first; (h, w, 4)."""
    height, width = (-(-side // cell) for side in hints.shape[:2])
    whole = np.zeros((height * cell, width * cell, 4), np.uint8)
    whole[: hints.shape[0], : hints.shape[1]] = hints
    parts = whole.reshape(height, cell, width, cell, 4).swapaxes(1, 2).reshape(height, width, cell * cell, 4)
    first = (parts[..., 3] > 0).argmax(axis=2)
    return np.take_along_axis(parts, first[..., None, None], axis=2)[:, :, 0]


def _darkest(outline: Image, cell: int) -> Image:
    """The darkest pixel of each cell, (h, w)."""
    height, width = (-(-side // cell) for side in outline.shape)
    whole = np.full((height * cell, width * cell), 255, np.uint8)
    whole[: outline.shape[0], : outline.shape[1]] = outline
    return np.asarray(whole.reshape(height, cell, width, cell).min(axis=(1, 3)))


class _Ways:
    """From every cell to its eight neighbours, as the rows of a sparse matrix: `start`, `end` and `length` in cells."""

    def __init__(self, height: int, width: int) -> None:
        number = np.arange(height * width, dtype=np.int32).reshape(height, width)
        framed = cv2.copyMakeBorder(number, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=-1)
        steps = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1) if down or right]
        ends = np.stack([framed[1 + y : 1 + y + height, 1 + x : 1 + x + width].ravel() for y, x in steps], axis=1)
        there = ends >= 0
        self.end = ends[there]
        self.start = np.repeat(number.ravel(), there.sum(axis=1))
        lengths = np.array([np.hypot(*step) for step in steps], np.float32)
        self.length = np.broadcast_to(lengths, ends.shape)[there]
        self.rows = np.concatenate([[0], np.cumsum(there.sum(axis=1))]).astype(np.int32)


@lru_cache(maxsize=4)
def _ways(height: int, width: int) -> _Ways:
    return _Ways(height, width)
