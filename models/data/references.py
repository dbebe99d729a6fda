"""Panels of one series side by side, so that each learns to take its colours from the others. The rule of the file: a
group is a pure function of (seed, its number).
"""

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image
from comicdata.models.networks.palette import CELL

GROUP = 6  # samples in a row are of one series
NEAR = 12  # windows around the first of a group: half of the groups lie so close together in their series
SMOOTH = 4.0  # pixels, added to the area of a region, before places are drawn by the root of what it is
PAPER = 200  # paler than this an outline has no line
ARCS = 6  # of the circle of hues, exchanged as wholes
Floats = npt.NDArray[np.float32]


def members(first: int, series: npt.NDArray[np.int64], random: np.random.Generator) -> list[int]:
    """`first` and GROUP - 1 other windows of its series, by their places in `series` (N,), the series of each window
    by number; where it has fewer, some again.
    """
    own = np.flatnonzero(series == series[first])
    if random.integers(2):
        at = int(np.searchsorted(own, first))
        start = max(0, min(at - NEAR // 2, len(own) - NEAR))
        own = own[start : start + NEAR]
    others = own[own != first]
    if not len(others):
        return [first] * GROUP
    order = random.permutation(others)
    return [first, *np.resize(order, GROUP - 1).tolist()]


def region_areas(outline: Image) -> Floats:
    """(H / 4, W / 4), rounded up: the pixels of the smallest region of paper that reaches into each cell; 0 where none
    does.
    """
    outline = np.pad(outline, [(0, -side % CELL) for side in outline.shape])
    height, width = outline.shape
    _, labels, stats, _ = cv2.connectedComponentsWithStats((outline > PAPER).astype(np.uint8), connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float32)
    areas[0] = np.inf
    cells = areas[labels].reshape(height // CELL, CELL, width // CELL, CELL).min(axis=(1, 3))
    return np.where(np.isinf(cells), np.float32(0), cells)


def turned(colors: Image, random: np.random.Generator) -> Image:
    """Colours (N, 3) as another comic might have them: arcs of hues exchanged and all of them turned, paler or duller,
    lighter or darker; black, white and greys stay greys.
    """
    hue = np.arange(180)
    start, turn = (int(one) for one in random.integers(180, size=2))
    arc, within = np.divmod((hue - start) % 180, 180 // ARCS)
    hues = (random.permutation(ARCS)[arc] * (180 // ARCS) + within + start + turn) % 180
    levels = np.linspace(0, 1, 256)
    dull, dark = random.uniform(0.7, 1.4, size=2)
    hsv = cv2.cvtColor(colors[None], cv2.COLOR_RGB2HSV)[0]
    changed = np.stack(
        [
            hues.astype(np.uint8)[hsv[:, 0]],
            np.rint(255 * levels**dull).astype(np.uint8)[hsv[:, 1]],
            np.rint(255 * levels**dark).astype(np.uint8)[hsv[:, 2]],
        ],
        axis=1,
    )
    return np.asarray(cv2.cvtColor(changed[None], cv2.COLOR_HSV2RGB)[0], np.uint8)
