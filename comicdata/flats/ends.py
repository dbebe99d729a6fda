"""Open ends of lines: where a stroke stops, and which way it was going. Measured on the skeleton of the ink."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.ink import Mask

Points = npt.NDArray[np.float64]  # (N, 2): x, y
THICK = 12  # pixels from the paper: deeper ink is an area, not a line, and has no skeleton
STEPS = 20  # how far an end is followed back
SKIPPED = 2  # steps at the very end, which say more about its tip than about its way
LEAST = 5  # steps: an end that is followed for fewer is a spur of the skeleton


@dataclass(frozen=True)
class Ends:
    """N open ends: where (N, 2) x, y; the direction in which the line would go on, (N, 2), length 1; half its width."""

    points: Points
    ways: Points
    radius: npt.NDArray[np.float64]
    steps: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.points)


def find_ends(ink: Mask) -> Ends:
    """The open ends of all lines."""
    from skimage.morphology import skeletonize

    depth = cv2.distanceTransform(np.pad(ink.view(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    thin = np.pad(skeletonize(ink & (depth <= THICK)), 1)
    width = thin.shape[1]
    flat = thin.ravel()
    ring = np.array([-width, -width + 1, 1, width + 1, width, width - 1, -1, -width - 1])  # clockwise from above
    at = np.flatnonzero(flat)
    code = np.zeros(len(at), np.uint8)
    for bit, offset in enumerate(ring):
        code |= flat[at + offset].astype(np.uint8) << bit
    starts = at[CROSSINGS[code] == 1]
    junction = np.zeros(flat.size, bool)
    junction[at[CROSSINGS[code] >= 3]] = True
    trail, steps = _followed(flat, junction, starts, ring)
    kept = steps >= LEAST
    trail, steps = trail[kept], steps[kept]
    x, y = (trail % width - 1).astype(np.float64), (trail // width - 1).astype(np.float64)
    first = np.minimum(SKIPPED, steps - 2)
    rows = np.arange(len(trail))
    way = np.stack([x[rows, first] - x[rows, steps - 1], y[rows, first] - y[rows, steps - 1]], 1)
    points = np.stack([x[:, 0], y[:, 0]], 1)
    length = np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)
    radius = depth[points[:, 1].astype(int), points[:, 0].astype(int)].astype(np.float64)
    return Ends(points, way / length[:, None], radius, steps)


def _crossings() -> npt.NDArray[np.uint8]:
    """How often the ring of 8 neighbours changes from empty to set, for each of its 256 states."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    crossings: npt.NDArray[np.uint8] = (bits > np.roll(bits, 1, axis=1)).sum(1).astype(np.uint8)
    return crossings


CROSSINGS = _crossings()


def _followed(
    flat: Mask, junction: Mask, starts: npt.NDArray[np.int64], ring: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where each end comes from: flat indices (N, STEPS), and how many, (N,): up to a junction or the other end."""
    trail = np.repeat(starts[:, None], STEPS, 1)
    steps = np.ones(len(starts), np.int64)
    going = np.arange(len(starts))
    order = ring[[0, 2, 4, 6, 1, 3, 5, 7]]  # straight neighbours first: a corner is not cut
    for step in range(1, STEPS):
        now = trail[going, step - 1]
        near = now[:, None] + order
        open_ = flat[near]
        for back in range(2, min(step, 3) + 1):
            open_ &= near != trail[going, step - back][:, None]
        if step >= 2:  # neither beside where it came from
            before = trail[going, step - 2]
            open_ &= ~np.isin(near - before[:, None], ring)
        found = open_.any(1)
        nxt = near[np.arange(len(near)), open_.argmax(1)]
        found &= ~junction[nxt]
        going, nxt = going[found], nxt[found]
        trail[going, step] = nxt
        steps[going] += 1
        if not len(going):
            break
    return trail, steps
