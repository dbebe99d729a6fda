"""Which regions lie side by side, and along how many pixels: sums over the borders of a label map."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from comicdata.flats.ink import Mask

Labels = npt.NDArray[np.int32]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Neighbours:
    """K pairs of regions that touch: (K, 2) int32, the lower number first, sorted; `length` (K,) of the border in
    pixels, `open` (K,) how many of them lie on paper, where no ink parts the two."""

    pairs: Labels
    length: Counts
    open: Counts

    def of(self, label: int) -> Labels:
        """The neighbours of one region."""
        own = (self.pairs == label).any(1)
        found: Labels = self.pairs[own].sum(1, dtype=np.int32) - np.int32(label)
        return found


def find_borders(labels: Labels) -> tuple[Counts, Counts]:
    """The places of all pixels beside or above one of another label, and of that one, in the raveled picture."""
    width = labels.shape[1]
    beside = np.zeros(labels.shape, bool)
    np.not_equal(labels[:, :-1], labels[:, 1:], out=beside[:, :-1])
    below = labels[:-1] != labels[1:]
    left, upper = np.flatnonzero(beside), np.flatnonzero(below)
    return np.concatenate([left, upper]), np.concatenate([left + 1, upper + width])


def find_neighbours(labels: Labels, ink: Mask) -> Neighbours:
    """All pairs of different labels above 0 that touch side by side."""
    here, there = find_borders(labels)
    flat, dark = labels.ravel(), ink.ravel()
    return as_neighbours(flat[here], flat[there], ~(dark[here] | dark[there]))


def as_neighbours(
    one: Labels, two: Labels, open_: npt.NDArray[np.generic], length: npt.NDArray[np.generic] | None = None
) -> Neighbours:
    """All pairs of different labels above 0 of which parts of a border are given: the two, how much of it lies on
    paper, and its length, by default 1.
    """
    low, high = np.minimum(one, two).astype(np.int64), np.maximum(one, two)
    real = (low > 0) & (low < high)
    wide = int(high.max(initial=0)) + 1
    packed, place = np.unique(low[real] * wide + high[real], return_inverse=True)
    sums = (np.bincount(place.ravel(), part if part is None else part[real], len(packed)) for part in (length, open_))
    return Neighbours(
        np.stack([packed // wide, packed % wide], 1).astype(np.int32), *(one.astype(np.int64) for one in sums)
    )
