"""Which points lie near each other, and which things hang together: few lines, where SciPy takes longer to load than to
be asked.
"""

import cv2
import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

CHUNK = 1_000_000  # pairs that are looked at at a time, for the memory they take


def near_pairs(points: Numbers, others: Numbers, reach: float) -> tuple[Indices, Indices]:
    """All pairs of a point and another one, (N, 2) and (M, 2), by number, that are no farther apart than `reach`."""
    low = min(points.min(initial=0), others.min(initial=0))
    strip, own = ((one[:, 1] - low) // reach for one in (others, points))
    long = max(points[:, 0].max(initial=0), others[:, 0].max(initial=0)) - low + 3 * reach  # of a strip, and a gap
    place = strip * long + others[:, 0] - low
    order = np.argsort(place, kind="stable")
    middle = ((own[:, None] + (-1, 0, 1)) * long + points[:, :1] - low).ravel()  # in the strips above, here, below
    place = place[order]
    begin, end = np.searchsorted(place, middle - reach), np.searchsorted(place, middle + reach, side="right")
    ones, twos = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    total = np.cumsum(end - begin)
    for part in np.split(np.arange(len(middle)), np.searchsorted(total, np.arange(CHUNK, total.max(initial=0), CHUNK))):
        of, at = ranges(begin[part], end[part])
        one, two = part[of] // 3, order[at]
        fits = ((points[one] - others[two]) ** 2).sum(1) <= reach**2
        ones.append(one[fits])
        twos.append(two[fits])
    return np.concatenate(ones), np.concatenate(twos)


def ranges(begin: Indices, end: Indices) -> tuple[Indices, Indices]:
    """All pairs of a range, by number, and a place that lies in it."""
    counts = end - begin
    one = np.repeat(np.arange(len(begin)), counts)
    return one, np.arange(len(one)) - np.repeat(np.cumsum(counts) - counts - begin, counts)


def nearest(points: Numbers, most: int) -> tuple[Numbers, Indices]:
    """How far the nearest of (N, 2) are from each, itself with them, and which: (N, most), or fewer where N is less."""
    single = np.ascontiguousarray(points, np.float32)
    tree = cv2.flann.Index(single, {"algorithm": 4})  # one tree, which is asked to the end
    near, _ = tree.knnSearch(single, min(most, len(points)), params={"checks": -1})
    return np.sqrt(((points[near] - points[:, None]) ** 2).sum(2)), near.astype(np.intp)


def joined(count: int, one: Indices, two: Indices) -> Indices:
    """The group of each of `count` things, of which these pairs belong together; numbered as they appear."""
    first = np.arange(count)  # of each thing, one of its group that came before
    while True:
        low = np.minimum(first[one], first[two])
        then = first.copy()
        for of in (one, two):
            np.minimum.at(then, first[of], low)
        while (then[then] != then).any():
            then = then[then]
        if (then == first).all():
            return np.unique(first, return_inverse=True)[1].ravel().astype(np.intp)
        first = then
