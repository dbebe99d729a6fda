"""Gaps in lines, closed so that the closing continues the line: from open end to open end, or on to the next ink.

More closings are drawn than are right. Each has a chance to be one, from 0 to 1; `merge.py` decides by it and by what
the closing parts. The weights were fitted to drawn pictures with known gaps (benchmarks/flats_gaps.py).
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.ends import Ends, Floats, Places, find_ends, turned
from comicdata.flats.ink import Mask

GAP = 18.0  # widths of a line: the widest gap that is closed unless it is said
USUAL = 4.5  # pixels: the width of the lines that the weights were fitted to
NARROW, WIDE = 1.3, 18.0  # pixels: lines count as no narrower and no wider
Chances = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class GapOptions:
    """Lengths in pixels, angles in radians."""

    ray: float = 0.6  # an end goes on to the next ink for so much of the widest gap
    fan: tuple[float, ...] = (0.0, 0.2, -0.2, 0.4, -0.4, 0.6, -0.6)  # and looks to either side
    stub: float = 6.0  # a closing is at most so many times as long as the shorter of its two lines
    turn: float = 1.5  # the largest angle between the way of an end and the other end
    least: float = 0.03  # closings with less of a chance are not drawn
    sure: float = 0.7  # an end with such a partner looks no further
    partners: int = 3  # closings of one end with others, the likeliest
    most: int = 40_000  # ends: a picture with more is no line art, and nothing is closed
    links: tuple[float, ...] = (5.45, -1.52, -0.57, -1.71, 0.2, -1.65, -0.52)
    rivals: tuple[float, ...] = (-0.95, 1.42, 0.77)
    rays: tuple[float, ...] = (0.14, -2.11, -1.43, 0.25, 0.0, 1.96, -0.47)


@dataclass(frozen=True)
class Closings:
    """M lines, (M, P, 2) x, y, the chance of each, (M,), and what it was judged by, (M, F)."""

    lines: Floats
    chance: Floats
    signs: Floats


@dataclass(frozen=True)
class Gaps:
    """`chances` (H, W) uint8: the closings off the ink, 1 to 255 by their chance, 0 elsewhere; `paired`, the share of
    ends that have a sure partner: low where ends are those of loose strokes, high where lines are broken; `scale`: how
    wide lines are beside those that the weights were fitted to."""

    chances: Chances
    paired: float
    scale: float


def close_gaps(ink: Mask, gap: int | None = None, options: GapOptions | None = None) -> Gaps:
    """What may close gaps of up to `gap` pixels, by default GAP times the width of the lines."""
    options = options or GapOptions()
    chances, paired = np.zeros(ink.shape, np.uint8), 0.0
    ends = find_ends(ink)
    width = min(max(ends.width, NARROW), WIDE)
    reach = GAP * width if gap is None else gap
    if reach > 0 and 0 < len(ends) <= options.most:
        links, best = find_links(ink, ends, reach, width / USUAL, options)
        draw(chances, links)
        paired = float((best >= options.sure).mean())
        draw(chances, find_rays(ink | (chances >= 128), ends, best, reach, width / USUAL, options, paired))
        chances[ink] = 0
    return Gaps(chances, paired, width / USUAL)


def draw(chances: Chances, closings: Closings) -> None:
    """Draws closings, the likelier over the others."""
    for at in np.argsort(closings.chance, kind="stable"):
        level = max(1, round(255 * float(closings.chance[at])))
        line = np.rint(closings.lines[at]).astype(np.int32)
        cv2.polylines(chances, [line], False, level, 1, cv2.LINE_4)


def _chance(signs: Floats, weights: tuple[float, ...]) -> Floats:
    chance: Floats = 1 / (1 + np.exp(-(weights[0] + signs @ np.array(weights[1:]))))
    return chance


def find_links(ink: Mask, ends: Ends, gap: float, scale: float, options: GapOptions) -> tuple[Closings, Floats]:
    """The likely closings between two ends, and of each end the chance of the likeliest."""
    from scipy.spatial import cKDTree

    one, two = cKDTree(ends.points).query_pairs(gap, output_type="ndarray").reshape(-1, 2).T
    apart = ends.points[two] - ends.points[one]
    far, angle = np.hypot(*apart.T), np.arctan2(apart[:, 1], apart[:, 0])
    out, back = turned(ends.way[one] - angle), turned(ends.way[two] - angle - np.pi)
    short = np.minimum(ends.steps[one], ends.steps[two])
    turn = np.abs(out) + np.abs(back)
    signs = np.stack(
        [far / 40 / scale, np.abs(out + back), turn, np.maximum(np.abs(out), np.abs(back)) ** 2,
         np.minimum(1, far / short), np.log(short / 40 / scale)], 1,
    )  # fmt: skip
    able = (np.abs(out) < options.turn) & (np.abs(back) < options.turn) & (far < options.stub * short + 10 * scale)
    one, two, far, signs = one[able], two[able], far[able], signs[able]
    lines = _curves(ends, one, two, far)
    free = ~_crossing(ink, lines, np.maximum(ends.radius[one], ends.radius[two]) + 3, far)
    one, two, far, signs, lines = one[free], two[free], far[free], signs[free], lines[free]
    chance = _chance(signs, options.links)
    rival, best = _rivals(chance, one, two, len(ends))
    signs = np.stack([np.log(np.maximum(chance, 1e-9) / np.maximum(1 - chance, 1e-9)), rival], 1)
    chance = _chance(signs, options.rivals)
    kept = (chance >= options.least) & _among_the_best(chance, one, two, len(ends), options.partners)
    return Closings(lines[kept], chance[kept], signs[kept]), best


def _crossing(ink: Mask, lines: Floats, tips: Floats, far: Floats) -> Mask:
    """Which curves run over ink between their two ends, of which `tips` pixels on either side are their own."""
    height, width = ink.shape
    x = np.rint(lines[..., 0]).astype(np.int64).clip(0, width - 1)
    y = np.rint(lines[..., 1]).astype(np.int64).clip(0, height - 1)
    t = np.linspace(0, 1, lines.shape[1])
    own = (t < (tips / far)[:, None]) | (t > 1 - (tips / far)[:, None])
    crossing: Mask = (ink[y, x] & ~own).any(1)
    return crossing


def _rivals(chance: Floats, one: Places, two: Places, count: int) -> tuple[Floats, Floats]:
    """For each pair the chance of the likeliest other at one of its ends; for each end that of its likeliest pair."""
    best, second = np.zeros(count), np.zeros(count)
    for end in (one, two):
        np.maximum.at(best, end, chance)
    for end in (one, two):
        np.maximum.at(second, end, np.where(chance < best[end], chance, 0))
    rivals = [np.where(chance < best[end], best[end], second[end]) for end in (one, two)]
    return np.maximum(*rivals), best


def _among_the_best(chance: Floats, one: Places, two: Places, count: int, most: int) -> Mask:
    """Which pairs are among the `most` likeliest of both their ends."""
    order = np.argsort(-chance, kind="stable")
    used = np.zeros(count, np.int64)
    kept = np.zeros(len(chance), bool)
    for at in order.tolist():
        a, b = one[at], two[at]
        if used[a] < most and used[b] < most:
            used[a] += 1
            used[b] += 1
            kept[at] = True
    return kept


def _curves(ends: Ends, one: Places, two: Places, far: Floats) -> Floats:
    """Hermite curves that leave one end and reach the other along their ways: (M, 32, 2)."""
    t = np.linspace(0, 1, 32)[None, :, None]
    out = far[:, None] * np.stack([np.cos(ends.way[one]), np.sin(ends.way[one])], 1)
    back = -far[:, None] * np.stack([np.cos(ends.way[two]), np.sin(ends.way[two])], 1)
    curves: Floats = (
        (2 * t**3 - 3 * t**2 + 1) * ends.points[one][:, None]
        + (t**3 - 2 * t**2 + t) * out[:, None]
        + (3 * t**2 - 2 * t**3) * ends.points[two][:, None]
        + (t**3 - t**2) * back[:, None]
    )
    return curves


def find_rays(
    solid: Mask, ends: Ends, best: Floats, gap: float, scale: float, options: GapOptions, paired: float
) -> Closings:
    """From each end without a sure partner the likeliest way on to ink: along its bend, or a little to either side."""
    height, width = solid.shape
    which = np.flatnonzero(best < options.sure)
    step = np.arange(max(2, int(options.ray * gap)))
    angle = ends.way[which][:, None, None] + np.array(options.fan)[None, :, None]
    start = ends.points[which][:, None] + (ends.radius[which][:, None] + 2)[..., None] * np.concatenate(
        [np.cos(angle), np.sin(angle)], 2
    )
    angle = angle + ends.bend[which][:, None, None] * step
    x, y = start[..., :1] + np.cumsum(np.cos(angle), 2), start[..., 1:] + np.cumsum(np.sin(angle), 2)
    column, row = np.rint(x).astype(np.int64), np.rint(y).astype(np.int64)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    stop = solid[np.where(inside, row, 0), np.where(inside, column, 0)] | ~inside
    hit, far = stop.any(2), stop.argmax(2)
    short = np.broadcast_to(ends.steps[which][:, None], far.shape)
    aside = np.broadcast_to(np.abs(np.array(options.fan)), far.shape)
    linked = np.broadcast_to(best[which][:, None], far.shape)
    signs = np.stack(
        [
            far / 20 / scale,
            aside,
            np.minimum(1, far / short),
            np.log(short / 40 / scale),
            np.full(far.shape, paired),
            linked,
        ],
        -1,
    )
    chance = np.where(hit & (far < options.stub * short), _chance(signs, options.rays), 0)
    likeliest = chance.argmax(1)
    every = np.arange(len(which))
    kept = chance[every, likeliest] >= options.least
    every, likeliest = every[kept], likeliest[kept]
    till = np.minimum(np.arange(len(step) + 2)[None], far[every, likeliest][:, None] + 2).clip(max=len(step) - 1)
    lines = np.stack([x[every[:, None], likeliest[:, None], till], y[every[:, None], likeliest[:, None], till]], 2)
    lines = np.concatenate([ends.points[which[every]][:, None], lines], 1)
    return Closings(lines, chance[every, likeliest], signs[every, likeliest])
