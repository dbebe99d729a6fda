"""What a colorizer has to beat, and what it cannot: colourings made without a network, on the same pairs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image, resize
from comicdata.models.colorize.colorizer import multiplied
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.metrics import off_line, outline_copy

Descriptors = npt.NDArray[np.uint8]
SIDE = 16  # of a descriptor
CHUNK = 1024  # descriptors compared at once with as many others: 8 MiB of distances
LOW_RESOLUTION = 8  # the ceiling knows one pixel in 8 x 8, what the first stage of the staged models draws
NAMES = ("outline_copy", "mean_color", "nearest", "lowres_ceiling")


class Baselines:
    """The four baselines, from the pairs a colorizer was trained on.

    outline_copy paints nothing. mean_color lays one colour under the lines: the mean of all pixels of `train` off the
    lines. nearest is the colour picture of the panel of `train` whose outline is nearest (see `describe`), never the
    same panel. lowres_ceiling knows the truth at an eighth of the size: what a perfect small picture would give.
    """

    def __init__(self, train: PairDataset, on_pair: Callable[[int], None] = lambda done: None) -> None:
        self.train = train
        self.mean_color, self._known = _read(train, on_pair)
        names = [row.panel_id for row in train.rows]
        self._numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        self._panels = np.array([self._numbers[name] for name in names], np.int64)

    def find_nearest(self, test: PairDataset, indices: list[int]) -> dict[int, int | None]:
        """Which pair of `train` is nearest to each of these of `test`; None where every one is of the same panel."""
        wanted = np.stack([describe(test.outline(index)) for index in indices])
        own = np.array([self._numbers.get(test.rows[index].panel_id, -1) for index in indices], np.int64)
        found = nearest(wanted, own, self._known, self._panels)
        return {index: None if at < 0 else int(at) for index, at in zip(indices, found, strict=True)}

    def paint(self, outline: Image, truth: Image, neighbour: int | None) -> dict[str, Image | None]:
        """Every baseline by name, (H, W, 3) each; `nearest` is None without a neighbour."""
        plain = np.full((*outline.shape, 3), np.rint(self.mean_color), np.uint8)
        return {
            "outline_copy": outline_copy(outline),
            "mean_color": multiplied(plain, outline),
            "nearest": None if neighbour is None else self.train.color(neighbour),
            "lowres_ceiling": multiplied(enlarged_low_resolution(truth), outline),
        }


def enlarged_low_resolution(truth: Image) -> Image:
    """(H, W, 3) shrunk to an eighth by area and brought back, bilinear."""
    height, width = truth.shape[:2]
    small = resize(truth, max(1, width // LOW_RESOLUTION), max(1, height // LOW_RESOLUTION))
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def describe(outline: Image) -> Descriptors:
    """(H, W) -> (256,) uint8: how much paper there is in each cell of a grid of 16 x 16.

    Two outlines are as far apart as their descriptors, by the sum of squared differences.
    """
    return resize(outline, SIDE, SIDE).ravel()


def nearest(
    wanted: Descriptors, own: npt.NDArray[np.int64], known: Descriptors, panels: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """(N,): the row of `known` (M, 256) nearest to each of `wanted` (N, 256), the first of equals; -1 without any.

    A row whose number in `panels` (M,) is that of the wanted one in `own` (N,) is passed over.
    """
    found = np.full(len(wanted), -1, np.int64)
    best = np.full(len(wanted), np.iinfo(np.int64).max)
    for top in range(0, len(wanted), CHUNK):
        rows = slice(top, top + CHUNK)
        for left in range(0, len(known), CHUNK):
            columns = slice(left, left + CHUNK)
            distance = _distances(wanted[rows], known[columns])
            distance[own[rows, None] == panels[None, columns]] = np.iinfo(np.int64).max
            at = distance.argmin(axis=1)
            closest = distance[np.arange(len(at)), at]
            better = closest < best[rows]
            best[rows] = np.where(better, closest, best[rows])
            found[rows] = np.where(better, left + at, found[rows])
    return found


def _distances(left: Descriptors, right: Descriptors) -> npt.NDArray[np.int64]:
    """Squared distances (N, M). Exact: a sum of 256 products of bytes is below 2^24, which float32 holds."""
    products = left.astype(np.float32) @ right.astype(np.float32).T
    squares = [np.square(one.astype(np.int64)).sum(axis=1) for one in (left, right)]
    return np.asarray(squares[0][:, None] + squares[1][None] - 2 * products.astype(np.int64), dtype=np.int64)


def _read(train: PairDataset, on_pair: Callable[[int], None]) -> tuple[npt.NDArray[np.float64], Descriptors]:
    """The mean colour off the lines, (3,), and the descriptors (M, 256) of all pairs; one pass over the pictures."""
    total, count, known = np.zeros(3, np.int64), 0, []
    with ThreadPoolExecutor() as pool:
        for descriptor, colours, pixels in pool.map(lambda index: _facts(train, index), range(len(train))):
            known.append(descriptor)
            total += colours
            count += pixels
            on_pair(len(known))
    return total / max(1, count), np.stack(known)


def _facts(train: PairDataset, index: int) -> tuple[Descriptors, npt.NDArray[np.int64], int]:
    """The descriptor of one pair, and the sum and number of its colours off the lines."""
    outline = train.outline(index)
    colours = train.color(index)[off_line(outline)]
    return describe(outline), colours.sum(axis=0, dtype=np.int64), len(colours)
