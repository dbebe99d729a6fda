"""The paper beside panels that their boxes take in: what lies outside of a frame, and gutters within boxes that became
one. The rule: it reaches the edge of a box, and hardly anything of it lies deep in a panel.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from comicdata.flats.graph import Counts
from comicdata.flats.ink import Mask
from comicdata.flats.regions import Regions
from comicdata.records import Box

RIM = 0.018  # of the shorter side of a box: how far outside of its frame it may begin
LEAST = 4  # pixels: the same of small boxes
ALONG = 0.1  # of the shorter side of a box: how long a strip outside of its frame is at least
OUTSIDE = 0.9  # of its paper at least: letters and specks at a frame may be of the same region
GUTTER = 0.05  # of the shorter side of the page: no wider is one within a box that was several
LONG = 5  # times as long as it is wide


def margins(regions: Regions, found: Sequence[Box], cut: Sequence[Box]) -> set[int]:
    """The labels of the paper around panels: `found` are the boxes of the panels, `cut` those that regions are from."""
    if not cut:
        return set()
    paper = ~regions.ink & (regions.labels > 0)
    whole = np.bincount(regions.labels[paper], minlength=regions.count + 1)
    inside = _paper_within(regions, paper, found, 0)
    deep = _paper_within(regions, paper, cut, RIM)
    thin = _thin(regions, paper, whole)
    labels: set[int] = set()
    for box in cut:
        length = _along_edge(regions, paper, box)
        strip = (deep <= (1 - OUTSIDE) * whole) & (length >= ALONG * min(box.width, box.height))
        gutter = (inside <= (1 - OUTSIDE) * whole) | (thin & (box not in found))
        labels |= set(np.flatnonzero((length > 0) & (strip | gutter)).tolist())
    return labels - {0}


def _paper_within(regions: Regions, paper: Mask, boxes: Sequence[Box], rim: float) -> Counts:
    """The pixels of paper of each label within any of the boxes, without a rim: (count + 1,)."""
    mask = np.zeros(paper.shape, bool)
    for box in boxes:
        by = max(LEAST, round(rim * min(box.width, box.height))) if rim else 0
        mask[max(0, box.y0 + by) : max(0, box.y1 - by), max(0, box.x0 + by) : max(0, box.x1 - by)] = True
    return np.bincount(regions.labels[paper & mask], minlength=regions.count + 1)


def _thin(regions: Regions, paper: Mask, whole: Counts) -> Mask:
    """Which labels are nowhere wider than a gutter, and much longer than wide: (count + 1,)."""
    depth = cv2.distanceTransform(paper.view(np.uint8), cv2.DIST_L2, 3)
    most = np.zeros(regions.count + 1)
    np.maximum.at(most, regions.labels[paper], depth[paper])
    thin: Mask = (2 * most <= GUTTER * min(paper.shape)) & (whole >= LONG * (2 * most) ** 2)
    return thin


def _along_edge(regions: Regions, paper: Mask, box: Box) -> Counts:
    """The pixels of paper of each label at the edge of a box: (count + 1,)."""
    place = slice(max(0, box.y0), box.y1), slice(max(0, box.x0), box.x1)
    labels = np.where(paper[place], regions.labels[place], 0)
    edges = (labels[:1], labels[-1:], labels[:, :1], labels[:, -1:])
    return np.bincount(np.concatenate([one.ravel() for one in edges]), minlength=regions.count + 1)
