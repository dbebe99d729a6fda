"""Colours handed on from region to region: a random walk over the graph of regions, without pixels.

Source: Grady, "Random walks for image segmentation" (2006), on regions instead of pixels.
Differs: every region also leaks, by its area, so that a colour fades out instead of filling the whole picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from comicdata.flats.graph import Counts, Neighbours


@dataclass(frozen=True)
class SpreadOptions:
    """How well a colour passes along a pixel of a border, and how fast it fades."""

    open: float = 1.0  # where no ink parts two regions, but a closed gap
    inked: float = 0.01  # across a line: enough for slivers that one colour encloses, not for the white of an eye
    fading: float = 0.004  # per pixel of a region's area
    sure: float = 0.5  # the least share of one colour in a region that takes it


def spread(
    neighbours: Neighbours, areas: Counts, seeds: Mapping[int, int], options: SpreadOptions | None = None
) -> dict[int, int]:
    """What the seeds, {region: colour number}, give to other regions: {region: colour number}, the seeds left out.

    A region that no colour reaches with a share of `sure` is not in it.
    """
    options = options or SpreadOptions()
    near = _close(neighbours, areas, seeds, options)
    if not len(near):
        return {}
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import splu

    numbers = sorted(set(seeds.values()))
    column = {number: place for place, number in enumerate(numbers)}
    row = np.full(len(areas), -1)
    row[near] = np.arange(len(near))
    given = np.full(len(areas), -1)
    for region, number in seeds.items():
        given[region] = column[number]
    one, two = neighbours.pairs.T
    flow = _flow(neighbours, options)
    held = areas[near] * options.fading
    total = np.zeros(len(areas))
    np.add.at(total, one, flow)
    np.add.at(total, two, flow)
    inner = (row[one] >= 0) & (row[two] >= 0)
    diagonal = np.arange(len(near))
    values = np.r_[-flow[inner], -flow[inner], total[near] + held]
    rows = np.r_[row[one[inner]], row[two[inner]], diagonal]
    columns = np.r_[row[two[inner]], row[one[inner]], diagonal]
    wanted = np.zeros((len(near), len(numbers)))
    for here, there in ((one, two), (two, one)):
        edge = (row[here] >= 0) & (given[there] >= 0)
        np.add.at(wanted, (row[here[edge]], given[there[edge]]), flow[edge])
    shares = splu(coo_matrix((values, (rows, columns))).tocsc()).solve(wanted)
    best = shares.argmax(1)
    taken = shares[diagonal, best] >= options.sure
    return {int(near[at]): numbers[int(best[at])] for at in np.flatnonzero(taken)}


def _flow(neighbours: Neighbours, options: SpreadOptions) -> npt.NDArray[np.float64]:
    """How well a colour passes between the two of each pair."""
    inked = neighbours.length - neighbours.open
    flow: npt.NDArray[np.float64] = neighbours.open * options.open + inked * options.inked
    return flow


def _close(
    neighbours: Neighbours, areas: Counts, seeds: Mapping[int, int], options: SpreadOptions
) -> npt.NDArray[np.int64]:
    """The regions, no seeds, that some colour may reach: all borders together outweigh what a region loses."""
    one, two = neighbours.pairs.T
    flow = _flow(neighbours, options)
    total = np.bincount(one, flow, len(areas)) + np.bincount(two, flow, len(areas))
    able = total * (1 - options.sure) >= areas * options.fading * options.sure
    able[list(seeds)] = False
    able[0] = False
    return np.flatnonzero(able)
