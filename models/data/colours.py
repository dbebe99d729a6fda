"""The colours of a comic: which there are, how much area each has, how much of the area is even. The rule of the file:
same pairs, same colours, in every process.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from scipy.cluster.vq import kmeans2
from scipy.sparse import coo_array
from scipy.spatial import cKDTree

from comicdata.errors import UsageError
from comicdata.flats.colours import lab_of_colours
from comicdata.images import Image
from comicdata.models.data.pairs import PairDataset
from comicdata.models.data.references import PAPER
from comicdata.records import spread

Floats = npt.NDArray[np.float32]
LOOKED_AT = 2_000  # pairs at most
PIXELS = 400  # of each
CLUSTERED = 40_000
ROUNDS = 30
EVEN_REACH = 7  # pixels around an even place, lines left out, in which no channel changes by more than
EVEN_STEP = 10
STEPS = 32
FINE = 2  # levels of a channel that are one colour
ALIKE, SAME = 4.0, 2.0  # CIELAB: colours no farther apart are one; are the same but for noise
EXACT = 0.75  # of what is like a colour, what is the same: paint shades, and a cast's colours do not
STANDING = 0.75  # of the palette, at most, are colours that come back
LEAST_PANELS = 4  # that have a colour that comes back
LEAST_SHARE = 0.02  # of all panels, likewise


@dataclass(frozen=True)
class Colours:
    """`palette` (K, 3) uint8, the commonest first, `share` (K,) of the area that each has, `flatness`: the share of the
    area that is even. `in_common`: what two comics share of it, the least of all pairs of series; 1 with one series.
    """

    palette: Image
    share: Floats
    flatness: float
    in_common: float = 1.0


def rgb_of_lab(lab: Floats) -> Image:
    """(..., 3) CIELAB -> sRGB as uint8, rounded; what sRGB does not have becomes its nearest in each channel."""
    values = np.ascontiguousarray(lab, np.float32)
    rgb = cv2.cvtColor(values.reshape(-1, 1, 3), cv2.COLOR_LAB2RGB)
    return np.asarray(cv2.addWeighted(rgb, 255, rgb, 0, 0, dtype=cv2.CV_8U), np.uint8).reshape(values.shape)


def all_steps() -> Floats:
    """(32^3, 3): the middles of the colours whose channels lie in the same 32nds, CIELAB."""
    return lab_of_colours(step_colors())


@lru_cache(maxsize=1)
def step_colors() -> Image:
    """The same as they are painted, uint8."""
    middle = (np.arange(STEPS, dtype=np.uint8) * (256 // STEPS)) + 128 // STEPS
    return np.stack(np.meshgrid(middle, middle, middle, indexing="ij"), axis=-1).reshape(-1, 3)


def find_colours(data: PairDataset, count: int, seed: int) -> Colours:
    """At most `count` colours that stand for those of the pairs, off the lines; fewer where there are fewer.

    First the exact colours that come back in even areas from panel to panel: the cast's. Then k-means in CIELAB of
    what is unlike them, of pixels drawn from every pair, those of rare colours more often, so that a small red nose
    has its red. UsageError where the pairs have no paper off the lines, or one colour.
    """
    random = np.random.default_rng([seed, count])
    chosen = spread(len(data), LOOKED_AT)
    drawn = [_drawn(data, index, random) for index in chosen]
    pixels = np.concatenate([colors for colors, _ in drawn])
    if not len(pixels):
        raise UsageError(f"{data.folder}: nothing but ink; a palette needs colours off the lines")
    if (pixels == pixels[0]).all():
        raise UsageError(f"{data.folder}: one colour, #{bytes(pixels[0]).hex()}, off all lines; nothing to choose from")
    panels = np.repeat([data.rows[at].panel_id for at in chosen], [len(colors) for colors, _ in drawn])
    even = np.concatenate([flat for _, flat in drawn])
    standing = _standing(pixels[even], panels[even], round(STANDING * count))
    others = pixels[_apart(pixels, standing) > ALIKE] if len(standing) else pixels
    palette = np.unique(np.concatenate([standing, _clustered(others, count - len(standing), random)]), axis=0)
    numbers = nearest_colours(pixels, palette)
    share = np.bincount(numbers, minlength=len(palette)) / len(pixels)
    order = np.argsort(-share, kind="stable")
    flatness = float(np.mean([flat.mean() for _, flat in drawn if len(flat)]))
    series = np.repeat([data.rows[at].series_id for at in chosen], [len(colors) for colors, _ in drawn])
    return Colours(palette[order], share[order].astype(np.float32), flatness, _in_common(numbers, series))


def _standing(pixels: Image, panels: npt.NDArray[np.str_], most: int) -> Image:
    """(N, 3): the colours that most panels have, one after the other, each without those like the ones before; at most
    `most`, and none that hardly any panel has, or that shades into what is like it. `pixels` (P, 3) lie in even areas
    of `panels` (P,).
    """
    names, number = np.unique(panels, return_inverse=True)
    cells, which = np.unique(pixels // FINE, axis=0, return_inverse=True)
    if not len(cells):
        return np.zeros((0, 3), np.uint8)
    which = which.ravel()
    there = coo_array((np.ones(len(which), np.int32), (which, number)), (len(cells), len(names))).tocsr()
    often = np.bincount(which)
    tree = cKDTree(lab_of_colours(cells * FINE + FINE // 2))
    alike = [np.array(one) for one in tree.query_ball_point(tree.data, ALIKE)]
    same = [np.array(one) for one in tree.query_ball_point(tree.data, SAME)]
    left = np.ones(len(cells), bool)
    of_panels = np.array([there[near].max(axis=0).astype(bool).sum() for near in alike])
    found: list[npt.NDArray[np.float64]] = []
    for best in np.argsort(-of_panels, kind="stable").tolist():
        if len(found) == most or of_panels[best] < max(LEAST_PANELS, LEAST_SHARE * len(names)):
            break
        near = alike[best][left[alike[best]]]
        if not left[best] or not len(near):
            continue
        middle = int(near[often[near].argmax()])
        if often[same[middle]].sum() >= EXACT * often[alike[middle]].sum():
            found.append(np.median(pixels[which == middle], axis=0))
            left[alike[middle]] = False
        left[best] = False
    return np.asarray(np.rint(np.array(found).reshape(-1, 3)), np.uint8)


def _apart(pixels: Image, colors: Image) -> Floats:
    """(P,): how far each pixel is from the nearest of the colours, in CIELAB."""
    known, choice = lab_of_colours(pixels), lab_of_colours(colors)
    return np.asarray(cKDTree(choice).query(known)[0], np.float32)


def nearest_colours(rgb: Image, palette: Image) -> npt.NDArray[np.int64]:
    """The number of the nearest of `palette` (K, 3) for each of `rgb` (N, 3), by CIELAB."""
    codes, which = np.unique(rgb.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32), return_inverse=True)
    different = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.uint8)
    known, choice = lab_of_colours(different), lab_of_colours(palette)
    parts = (known[start : start + 4096] for start in range(0, len(known), 4096))
    distances = (np.square(part[:, None] - choice[None]).sum(axis=2) for part in parts)
    return np.concatenate([one.argmin(axis=1) for one in distances])[which]


def _drawn(data: PairDataset, index: int, random: np.random.Generator) -> tuple[Image, npt.NDArray[np.bool_]]:
    """Colours (N, 3) of random pixels of a pair off its lines, and which of those pixels lie in even areas, (N,)."""
    color, outline = data.color(index), data.outline(index)
    paper = np.flatnonzero(cv2.erode(outline, np.ones((3, 3), np.uint8)) > PAPER)
    if not len(paper):
        return np.zeros((0, 3), np.uint8), np.zeros(0, bool)
    places = paper[random.integers(len(paper), size=PIXELS)]
    around, lines = np.ones((EVEN_REACH, EVEN_REACH), np.uint8), (outline <= PAPER)[..., None]
    highest = cv2.dilate(np.where(lines, np.uint8(0), color), around)
    lowest = cv2.erode(np.where(lines, np.uint8(255), color), around)
    step = cv2.subtract(highest, lowest).max(axis=2)
    return color.reshape(-1, 3)[places], step.ravel()[places] <= EVEN_STEP


def _clustered(pixels: Image, count: int, random: np.random.Generator) -> Image:
    """k-means of pixels whose 5-bit colour weighs 1 / sqrt of how often it is there; rounded to sRGB, none twice."""
    if not len(pixels) or count <= 0:
        return np.zeros((0, 3), np.uint8)
    steps = pixels.astype(np.int64) // (256 // STEPS)
    _, which, often = np.unique(steps @ [STEPS * STEPS, STEPS, 1], return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(often[which])
    some = random.choice(len(pixels), min(len(pixels), CLUSTERED), p=weights / weights.sum())
    known = lab_of_colours(pixels[some]).astype(np.float64)
    different = np.unique(pixels[some], axis=0)
    if len(different) <= count:
        return different
    centres, _ = kmeans2(known, count, ROUNDS, minit="++", missing="warn", rng=random)
    return np.unique(rgb_of_lab(centres.astype(np.float32)), axis=0)


def _in_common(numbers: npt.NDArray[np.int64], series: npt.NDArray[np.str_]) -> float:
    """The least share of area that two series have in like colours."""
    names = np.unique(series)
    shares = [np.bincount(numbers[series == name], minlength=int(numbers.max()) + 1) for name in names]
    parts = [one / one.sum() for one in shares]
    both = [float(np.minimum(one, two).sum()) for at, one in enumerate(parts) for two in parts[:at]]
    return min(both, default=1.0)
