"""Open ends of lines: where a stroke stops, and which way it was going. Measured on the skeleton of the ink."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.ink import Mask
from comicdata.flats.thin import ring_of, thinned

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]  # flat indices into the padded skeleton
THICK = 12  # pixels from the paper: deeper ink is an area, not a line, and has no skeleton
STEPS = 100  # how far an end is followed back
SEEN = 16  # steps in which a line shows its way and its bend
SKIPPED = 2  # steps at the very end, which say more about its tip than about its way
LONGEST = 20  # steps: no spur has more, as no line is thicker than THICK
SPUR = 5  # steps: a branch of fewer is a corner of the ink, not a line; also one of fewer than 1.5 times its half width


@dataclass(frozen=True)
class Ends:
    """N open ends: where, (N, 2) x, y; in which direction the line would go on, (N,) in radians; how much it turns from
    step to step, (N,); half its width; how many steps it runs without a fork, at most STEPS.

    `width`: how wide the lines of this drawing are, the median.
    """

    points: Floats
    way: Floats
    bend: Floats
    radius: Floats
    steps: Places
    width: float

    def __len__(self) -> int:
        return len(self.points)


def find_ends(ink: Mask) -> Ends:
    """The open ends of all lines."""
    depth = cv2.distanceTransform(np.pad(ink.view(np.uint8), 1), cv2.DIST_L2, 3)
    thin = np.pad(thinned(ink & (depth[1:-1, 1:-1] <= THICK)), 1)
    lines = 2 * float(np.median(depth[thin])) - 1 if thin.any() else 0.0
    trail, steps = _without_spurs(thin, depth)
    width = thin.shape[1]
    x, y = (trail % width - 1).astype(np.float64), (trail // width - 1).astype(np.float64)
    rows = np.arange(len(trail))

    def way(near: Places, far: Places) -> Floats:
        angle: Floats = np.arctan2(y[rows, near] - y[rows, far], x[rows, near] - x[rows, far])
        return angle

    first = np.minimum(SKIPPED, steps - 2)
    last = np.minimum(steps - 1, SEEN)
    middle = (first + last) // 2
    turn = turned(way(first, middle) - way(middle, last))
    bend = np.where(steps > SEEN, turn / np.maximum((last - first) / 2, 1), 0)
    points = np.stack([x[:, 0], y[:, 0]], 1)
    ahead = way(first, last) + bend * SEEN
    return Ends(points, ahead, bend, depth.ravel()[trail[:, 0]].astype(np.float64), steps, lines)


def turned(angle: Floats) -> Floats:
    """Angles brought to between -pi and pi."""
    around: Floats = (angle + np.pi) % (2 * np.pi) - np.pi
    return around


def _without_spurs(thin: Mask, depth: npt.NDArray[np.float32]) -> tuple[Places, Places]:
    """The ends of a padded skeleton, as trails and their steps, after its spurs were taken off it: an end that is cut
    square or hollow forks into its corners."""
    flat, ring = thin.ravel(), ring_of(thin.shape[1])
    at = changed = np.flatnonzero(flat)
    crossings = np.zeros(flat.size, np.uint8)
    while True:
        code = np.zeros(len(changed), np.uint8)
        for bit, offset in enumerate(ring):
            code |= flat[changed + offset].view(np.uint8) << bit
        crossings[changed] = CROSSINGS[code]
        at = at[flat[at]]
        starts, fork = at[crossings[at] == 1], crossings >= 3
        trail, steps = _followed(flat, fork, starts, ring, LONGEST)
        last = trail[np.arange(len(trail)), steps - 1]
        spur = fork[last[:, None] + ring].any(1) & (steps < np.maximum(SPUR, 1.5 * depth.ravel()[last] + 1))
        if not spur.any():
            trail, steps = _followed(flat, fork, starts, ring, STEPS)
            line = steps >= SPUR
            return trail[line], steps[line]
        gone = trail[spur][:, : int(steps[spur].max())]
        flat[gone], crossings[gone] = False, 0
        changed = np.unique(gone[..., None] + ring)
        changed = changed[flat[changed]]


def _crossings() -> npt.NDArray[np.uint8]:
    """How often the ring of 8 neighbours changes from empty to set, for each of its 256 states."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    crossings: npt.NDArray[np.uint8] = (bits > np.roll(bits, 1, axis=1)).sum(1).astype(np.uint8)
    return crossings


CROSSINGS = _crossings()


def _followed(flat: Mask, fork: Mask, starts: Places, ring: Places, most: int) -> tuple[Places, Places]:
    """Where ends come from: places (N, most), the last repeated, and how many, (N,): up to a fork or the other end."""
    trail = np.repeat(starts[:, None], most, 1)
    steps = np.ones(len(starts), np.int64)
    going = np.arange(len(starts))
    beside = np.zeros(6 * ring[3] + 1, bool)  # which differences of two places are those of neighbours
    beside[ring + 3 * ring[3]] = True
    order = ring[[0, 2, 4, 6, 1, 3, 5, 7]]  # straight neighbours first: a corner is not cut
    for step in range(1, most):
        now = trail[going, step - 1]
        near = now[:, None] + order
        free = flat[near]
        for back in range(2, min(step, 3) + 1):
            free &= near != trail[going, step - back][:, None]
        if step >= 2:  # rather not beside where it came from: that is the inner side of a corner
            on = free & ~beside[near - trail[going, step - 2][:, None] + 3 * ring[3]]
            free = np.where(on.any(1)[:, None], on, free)
        found = free.any(1)
        then = near[np.arange(len(near)), free.argmax(1)]
        found &= ~fork[then]
        going, then = going[found], then[found]
        trail[going, step:] = then[:, None]
        steps[going] += 1
        if not len(going):
            break
    return trail, steps
