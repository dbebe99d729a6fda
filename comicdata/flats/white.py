"""Which regions stay white where nothing else is meant: the paper around a drawing, balloons and captions.

The rule of this file: what is toned is not white.
"""

import numpy as np

from comicdata.flats.regions import Regions
from comicdata.images import Image

DARKENED = 225  # mean level of the shade below which a region is toned, not white
AROUND = 0.5  # share of the rim of a drawing that the paper around it has


def white_regions(regions: Regions, shade: Image | None = None) -> set[int]:
    """The labels that stay white: paper around the drawing, balloons, captions. `shade` as in LineArt."""
    white = _paper_around(regions) | regions.balloons
    return white if shade is None or shade.min() >= DARKENED else white - _toned(regions, shade)


def _paper_around(regions: Regions) -> set[int]:
    """The region that runs around the whole drawing; within panels there is none."""
    labels = regions.labels
    sides = [labels[0], labels[-1], labels[:, 0], labels[:, -1]]
    on_all = set.intersection(*(set(np.unique(side).tolist()) for side in sides)) - {0}
    rim = np.concatenate(sides)
    return {label for label in on_all if (rim == label).mean() >= AROUND}


def _toned(regions: Regions, shade: Image) -> set[int]:
    """The regions that a tone covers."""
    at = shade < 255
    dark = np.bincount(regions.labels[at], 255 - shade[at], minlength=regions.count + 1)
    return set(np.flatnonzero(dark > (255 - DARKENED) * regions.areas).tolist())
