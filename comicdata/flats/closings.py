"""The ways in which an open end may go on, and their signs, for and against. The rule: nothing is decided here."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.ends import Ends, Floats, Places, turned
from comicdata.flats.ink import Mask
from comicdata.flats.near import near_pairs

TURN = 1.5  # radians: the largest angle between the way of an end and the way to the other
SHORT, ASKEW = 16.0, 2.2  # lines of fewer pixels say little about their way, so more is allowed
STUB = 6.0  # a closing is at most so many times as long as the line it goes on from
FAN = (0.0, 0.3, -0.3, 0.6, -0.6, 0.9, -0.9)  # radians: where a ray leaves its end
POINTS = 32  # of a curve
CHUNK = 150_000  # steps of rays at a time, for the memory they take


class Space:
    """Ink (H, W) bool and what lies around it: `free`, how far each pixel is from ink, and the connected pieces."""

    def __init__(self, ink: Mask, scale: float) -> None:
        self.ink, self.scale = ink, scale
        self.free: npt.NDArray[np.float32] = cv2.distanceTransform((~ink).view(np.uint8), cv2.DIST_L2, 3)
        _, self.piece, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
        self.size = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])


@dataclass(frozen=True)
class Links:
    """M closings between two ends: `one` and `two` (M,), the curves (M, POINTS, 2) x, y, and their signs (M, F)."""

    one: Places
    two: Places
    lines: Floats
    signs: Floats


@dataclass(frozen=True)
class Rays:
    """M closings from an end to ink: `end` (M,), the angle at which each leaves it and the pixels to go, and their
    signs (M, F)."""

    end: Places
    angle: Floats
    far: Places
    signs: Floats


def find_links(ends: Ends, space: Space, reach: float) -> Links:
    """The curves between two ends that do not turn back and run over no ink."""
    one, two = near_pairs(ends.points, ends.points, reach)
    one, two = one[one < two], two[one < two]
    apart = ends.points[two] - ends.points[one]
    far, angle = np.hypot(*apart.T), np.arctan2(apart[:, 1], apart[:, 0])
    out, back = turned(ends.way[one] - angle), turned(ends.way[two] - angle - np.pi)
    turn = np.where(ends.steps < SHORT * space.scale, ASKEW, TURN)
    long = np.maximum(ends.steps[one], ends.steps[two])
    able = (np.abs(out) < turn[one]) & (np.abs(back) < turn[two]) & (far < STUB * long)
    one, two, far, out, back = one[able], two[able], far[able], out[able], back[able]
    lines = _curves(ends, one, two, far)
    free = ~_crossing(space.ink, lines, np.maximum(ends.radius[one], ends.radius[two]) + 3, far)
    one, two, far, out, back, lines = one[free], two[free], far[free], out[free], back[free], lines[free]
    return Links(one, two, lines, _link_signs(ends, space, one, two, lines, far, out, back))


def _link_signs(
    ends: Ends, space: Space, one: Places, two: Places, lines: Floats, far: Floats, out: Floats, back: Floats
) -> Floats:
    """Of each link: how long it is; how far from the straight, from one arc, and from the bends of its lines; beside
    the length of these lines; how clear the space is in its middle; whether it joins two pieces of ink, how large."""
    unit = space.scale
    steps = np.stack([ends.steps[one], ends.steps[two]])
    short, long = steps.min(0), steps.max(0)
    column, row = _pixels(lines[:, 12:20], space.ink.shape)
    clear = space.free[row, column].min(1) / np.maximum(far / 2, 1)
    arc = np.hypot(*np.diff(lines, axis=1).transpose(2, 0, 1)).sum(1)
    bend = turned(ends.way[two] + np.pi - ends.way[one]) / np.maximum(arc, 1) - (ends.bend[one] - ends.bend[two]) / 2
    askew = np.abs(np.stack([out, back]))
    first = steps[0] < steps[1]
    piece = np.stack([_piece(ends, space)[end] for end in (one, two)])
    tiny = short < SHORT * unit
    return np.column_stack(
        [np.log(far / 20 / unit), far / 40 / unit, np.abs(out + back), askew.sum(0), askew.max(0) ** 2,
         np.minimum(1, far / short), np.log(short / 40 / unit), np.log(long / 40 / unit), np.minimum(clear, 1.5),
         np.minimum(np.abs(bend) * 4.5 * unit, 1), np.minimum(arc / far - 1, 2), piece[0] == piece[1],
         np.log(space.size[piece].min(0) / 40 / unit), np.where(first, askew[1], askew[0]),
         np.where(first, askew[0], askew[1]) * tiny, tiny]
    )  # fmt: skip


def _pixels(points: Floats, shape: tuple[int, ...]) -> tuple[Places, Places]:
    """The columns and rows of points x, y, within the picture."""
    column = np.rint(points[..., 0]).astype(np.int64).clip(0, shape[1] - 1)
    row = np.rint(points[..., 1]).astype(np.int64).clip(0, shape[0] - 1)
    return column, row


def _piece(ends: Ends, space: Space) -> Places:
    """The piece of ink that each end is of."""
    column, row = _pixels(ends.points, space.ink.shape)
    piece: Places = space.piece[row, column].astype(np.int64)
    return piece


def _crossing(ink: Mask, lines: Floats, tips: Floats, far: Floats) -> Mask:
    """Which curves run over ink between their two ends, of which `tips` pixels on either side are their own."""
    column, row = _pixels(lines, ink.shape)
    t = np.linspace(0, 1, lines.shape[1])
    own = (t < (tips / far)[:, None]) | (t > 1 - (tips / far)[:, None])
    crossing: Mask = np.asarray((ink[row, column] & ~own).any(1))
    return crossing


def _curves(ends: Ends, one: Places, two: Places, far: Floats) -> Floats:
    """Hermite curves that leave one end and reach the other along their ways: (M, POINTS, 2)."""
    t = np.linspace(0, 1, POINTS)[None, :, None]
    out = far[:, None] * np.stack([np.cos(ends.way[one]), np.sin(ends.way[one])], 1)
    back = -far[:, None] * np.stack([np.cos(ends.way[two]), np.sin(ends.way[two])], 1)
    curves: Floats = (
        (2 * t**3 - 3 * t**2 + 1) * ends.points[one][:, None]
        + (t**3 - 2 * t**2 + t) * out[:, None]
        + (3 * t**2 - 2 * t**3) * ends.points[two][:, None]
        + (t**3 - t**2) * back[:, None]
    )
    return curves


def find_rays(ends: Ends, space: Space, reach: float, links: Floats) -> Rays:
    """The ways from each end on to ink, or to one of the `links` (M, P, 2): along its bend, and to either side."""
    solid = space.ink.view(np.uint8).copy()
    cv2.polylines(solid, list(np.rint(links).astype(np.int32)), False, 1, 1, cv2.LINE_4)
    steps = np.arange(max(2, int(reach)))
    each = max(1, CHUNK // len(steps))
    parts = [
        _rays_of(ends, space, solid, steps, np.arange(first, min(first + each, len(ends))))
        for first in range(0, len(ends), each)
    ]
    end, angle, far, signs = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Rays(end, angle, far, signs)


def _rays_of(
    ends: Ends, space: Space, solid: npt.NDArray[np.uint8], steps: Places, which: Places
) -> tuple[Places, Floats, Places, Floats]:
    """The rays of some ends, as columns of Rays."""
    unit, height, width = space.scale, *solid.shape
    aside = np.broadcast_to(np.array(FAN), (len(which), len(FAN)))
    angle = ends.way[which][:, None] + aside
    x, y = _trace(ends, which[:, None], angle, steps)
    column, row = np.rint(x).astype(np.int32), np.rint(y).astype(np.int32)
    outside = (column < 0) | (column >= width) | (row < 0) | (row >= height)
    column, row = column.clip(0, width - 1), row.clip(0, height - 1)
    stop = (solid[row, column] > 0) | outside
    far = stop.argmax(2)
    able = stop.any(2) & (far < STUB * ends.steps[which][:, None])
    first = np.where(stop.any(2), far, steps[-1]).min(1) + 3
    at, ray = np.nonzero(able)
    end, far, aside = which[at], far[at, ray], np.abs(aside[at, ray])
    place, middle = (row[at, ray, far], column[at, ray, far]), (row[at, ray, far // 2], column[at, ray, far // 2])
    inside = ~outside[at, ray, far]
    hit = np.where(inside, space.piece[place], -1)
    own = _piece(ends, space)[end]
    gap, line = far + ends.radius[end], ends.steps[end]
    clear = space.free[middle] / np.maximum((gap + 2) / 2, 1)
    signs = np.column_stack(
        [np.log((gap + 1) / 20 / unit), gap / 20 / unit, aside, aside**2, np.minimum(1, gap / line),
         np.log(line / 40 / unit), np.minimum(clear, 1.5), hit == own, inside, hit == 0,
         np.log((far + 3) / first[at]), np.log(space.size[own] / 40 / unit), line < SHORT * unit]
    )  # fmt: skip
    return end, angle[at, ray], far, signs


def _trace(ends: Ends, end: Places, angle: Floats, steps: Places) -> tuple[Floats, Floats]:
    """Where rays run that leave ends at angles, bent as their lines are: x and y, with a last axis of steps."""
    start = ends.radius[end] + 2
    ahead = angle[..., None] + ends.bend[end][..., None] * steps
    x = (ends.points[end, 0] + start * np.cos(angle))[..., None] + np.cumsum(np.cos(ahead), -1)
    y = (ends.points[end, 1] + start * np.sin(angle))[..., None] + np.cumsum(np.sin(ahead), -1)
    return x, y


def ray_lines(rays: Rays, which: Places, ends: Ends) -> list[Floats]:
    """The lines of some rays, each (P, 2) x, y from its end to within the ink that it meets."""
    steps = np.arange(int(rays.far[which].max(initial=0)) + 2)
    each, lines = max(1, CHUNK // len(steps)), []
    for first in range(0, len(which), each):
        part = which[first : first + each]
        ahead = np.stack(_trace(ends, rays.end[part], rays.angle[part], steps), -1)
        whole = np.concatenate([ends.points[rays.end[part], None], ahead], 1)
        lines += [line[: far + 3].copy() for line, far in zip(whole, rays.far[part].tolist(), strict=True)]
    return lines
