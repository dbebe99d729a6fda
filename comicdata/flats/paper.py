"""The paper of a drawing: its colour, and how evenly it is lit. The rule: light falls off smoothly over a whole page,
or along a fold from edge to edge; whatever changes at a line is drawn.
"""

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image

Floats = npt.NDArray[np.float32]
Color = tuple[int, int, int]

SAMPLE = 1e6  # pixels by which colours are judged
CELLS = 24  # along the longer side, in which the paper is looked for
NEAR = 10  # levels around a peak of the histogram that belong to it
SHARE = 0.03  # of a picture that is paper at least, where it has any: a balloon or two
DARK = 60  # grey level; no paper is darker
DARKEST = 0.5  # of the paper's level: what may still be paper, in the shadow
EVEN = 0.985  # of its brightest place: darker paper is unevenly lit
FITTED = 0.03  # in which paper may differ from the light that was fitted to it
POWERS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (3, 0), (0, 3), (2, 1), (1, 2))


def paper_color(rgb: Image) -> Color:
    """The colour of the paper of (H, W, 3): the level of its brightest parts, white where all is ink.

    The rim is left out: there the lid of a scanner shows.
    """
    height, width = rgb.shape[:2]
    inner = rgb[height // 16 : height - height // 16, width // 16 : width - width // 16]
    inner = sampled(inner)
    grey = np.asarray(cv2.cvtColor(inner, cv2.COLOR_RGB2GRAY), np.uint8)
    counts = _counts(grey)
    mass = np.convolve(counts, np.ones(2 * NEAR + 1), "same") / grey.size
    brightest = int(np.searchsorted(np.cumsum(counts), (1 - SHARE) * grey.size))
    first = max(0, brightest - 2 * NEAR)
    peak = first + int(np.argmax(mass[first : brightest + 1]))
    if peak < DARK:
        return 255, 255, 255
    return median_color(inner, cv2.inRange(grey, peak - NEAR, peak + NEAR))


def sampled(rgb: Image) -> Image:
    """So many pixels of (H, W, 3), evenly spread, as colours are judged by."""
    step = max(1, round((rgb.shape[0] * rgb.shape[1] / SAMPLE) ** 0.5))
    return np.ascontiguousarray(rgb[::step, ::step])


def median_color(rgb: Image, where: Image) -> Color:
    """The median of each channel of (H, W, 3), of the pixels, one at least, where a mask is not 0."""
    red, green, blue = (round(_median(_counts(rgb, channel, where))) for channel in range(3))
    return red, green, blue


def _counts(image: Image, channel: int = 0, where: Image | None = None) -> npt.NDArray[np.float64]:
    """How many pixels of a channel of (H, W) or (H, W, 3) have each level, where a mask is not 0: (256,)."""
    return np.asarray(cv2.calcHist([image], [channel], where, [256], [0, 256]), np.float64).ravel()


def _median(counts: npt.NDArray[np.float64]) -> float:
    """The median of levels of which there are so many."""
    below, total = np.cumsum(counts), counts.sum()
    middle = np.searchsorted(below, [(total - 1) // 2, total // 2], side="right")
    return float(middle.mean())


def light(rgb: Image, paper: Color) -> Floats | None:
    """How bright the paper of (H, W, 3) is at every place, beside `paper`: (H, W, 3) around 1; None where it is even.

    A polynomial of the third degree and the shadows of folds are fitted to the brightest parts of many cells; where
    fewer than a third of the cells show paper, nothing is fitted.
    """
    cells: Floats = np.asarray(_cells(rgb) / np.maximum(np.asarray(paper, np.float32), 1), np.float32)
    inside = _is_paper(cells)
    if inside.mean() < 1 / 3 or cells.shape[0] < 4 or cells.shape[1] < 4:
        return None
    fitted = np.stack([_fit(cells[..., channel], inside) for channel in range(3)], axis=2)
    if float(np.quantile(fitted[inside], 0.02)) >= EVEN * float(np.quantile(fitted[inside], 0.98)):
        return None
    if float(np.median(np.abs(cells - fitted)[inside])) > FITTED:
        return None
    field = cv2.resize(fitted.astype(np.float32), (rgb.shape[1], rgb.shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.maximum(field, 0.05), np.float32)


def _cells(rgb: Image) -> Floats:
    """The bright level of every cell, (rows, columns, 3): the mean of the pixels at the upper quartile of its grey."""
    height, width = rgb.shape[:2]
    side = max(8, -(-max(height, width) // CELLS))
    rows, columns = max(1, height // side), max(1, width // side)
    found = np.empty((rows, columns, 3), np.float32)
    for row in range(rows):
        for column in range(columns):
            top, left = row * height // rows, column * width // columns
            part = rgb[top : (row + 1) * height // rows, left : (column + 1) * width // columns]
            step = max(1, min(part.shape[:2]) // 48)
            pixels = part[::step, ::step].reshape(-1, 3).astype(np.float32)
            grey = pixels @ np.ones(3, np.float32)  # the sum of the channels
            upper = round(0.75 * (len(grey) - 1))
            level = np.partition(grey, upper)[upper]
            bright = (np.abs(grey - level) <= 3 * 8).astype(np.float32)
            found[row, column] = bright @ pixels / bright.sum()
    return found


def _is_paper(cells: Floats) -> npt.NDArray[np.bool_]:
    """Which cells may show paper: bright enough, and of its hue; light has no colour of its own."""
    spread = cells.max(axis=2) - cells.min(axis=2)
    result: npt.NDArray[np.bool_] = (cells.mean(axis=2) > DARKEST) & (spread < 0.12)
    return result


def _fit(level: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    """A smooth surface through the brightest of the paper, and folds from edge to edge."""
    rows, columns = level.shape
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    terms = np.stack([x**a * y**b for a, b in POWERS], axis=2)
    weight = inside.astype(np.float64)
    surface = np.full_like(level, float(np.median(level[inside])))
    for _ in range(12):  # what lies below the surface is drawn upon, or in a fold: it pulls less and less
        root = np.sqrt(weight)[..., None]
        solved = np.linalg.lstsq((terms * root).reshape(-1, len(POWERS)), (level * root[..., 0]).ravel(), rcond=None)[0]
        surface = terms @ solved
        rest = level - surface
        weight = inside / (1 + (np.where(rest < 0, rest / 0.015, rest / 0.04)) ** 2)
    for axis in (0, 1):
        surface = surface + _folds(level - surface, inside, axis)
    return np.asarray(surface, np.float32)


def _folds(rest: Floats, inside: npt.NDArray[np.bool_], axis: int) -> Floats:
    """What columns (`axis` 0) or rows lack of the surface in one piece, from edge to edge."""
    known = np.where(inside, rest, np.nan)
    depth = np.zeros(rest.shape[1 - axis])
    for index in range(len(depth)):
        line = known[:, index] if axis == 0 else known[index]
        line = line[~np.isnan(line)]
        if len(line) >= 0.7 * rest.shape[axis]:
            middle = float(np.median(line))
            if (np.abs(line - middle) <= FITTED).mean() >= 0.75:
                depth[index] = middle
    depth[np.abs(depth) < 0.01] = 0
    return np.asarray(np.broadcast_to(depth[None, :] if axis == 0 else depth[:, None], rest.shape), np.float32)
