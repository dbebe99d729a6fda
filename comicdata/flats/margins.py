"""The paper beside panels that their boxes take in: what lies outside of a frame, and gutters within boxes that became
one. The rule: it reaches the edge of a box, and hardly anything of it lies deep in a panel.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from comicdata.flats.graph import Counts, Labels
from comicdata.flats.ink import Mask
from comicdata.flats.near import Indices
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
    lengths = [_along_edge(regions, paper, box) for box in cut]
    reaching = np.any(np.array(lengths) > 0, axis=0)  # all others are none, and not looked at
    place = np.flatnonzero(paper & reaching[regions.labels])
    labels = regions.labels.ravel()[place]
    whole = np.bincount(labels, minlength=regions.count + 1)
    inside, deep = (
        np.bincount(labels[_within(paper.shape, boxes, rim).ravel()[place]], minlength=regions.count + 1)
        for boxes, rim in ((found, 0), (cut, RIM))
    )
    thin = _thin(paper, place, labels, whole)
    margin: set[int] = set()
    for box, length in zip(cut, lengths, strict=True):
        strip = (deep <= (1 - OUTSIDE) * whole) & (length >= ALONG * min(box.width, box.height))
        gutter = (inside <= (1 - OUTSIDE) * whole) | (thin & (box not in found))
        margin |= set(np.flatnonzero((length > 0) & (strip | gutter)).tolist())
    return margin - {0}


def _within(shape: tuple[int, ...], boxes: Sequence[Box], rim: float) -> Mask:
    """What of (H, W) lies within any of the boxes, without a rim."""
    mask = np.zeros(shape, bool)
    for box in boxes:
        by = max(LEAST, round(rim * min(box.width, box.height))) if rim else 0
        mask[max(0, box.y0 + by) : max(0, box.y1 - by), max(0, box.x0 + by) : max(0, box.x1 - by)] = True
    return mask


def _thin(paper: Mask, place: Indices, labels: Labels, whole: Counts) -> Mask:
    """Which labels, given place by place, are nowhere wider than a gutter, and much longer than wide: (count + 1,)."""
    depth = cv2.distanceTransform(paper.view(np.uint8), cv2.DIST_L2, 3)
    most = np.zeros(len(whole))
    np.maximum.at(most, labels, depth.ravel()[place])
    thin: Mask = (2 * most <= GUTTER * min(paper.shape)) & (whole >= LONG * (2 * most) ** 2)
    return thin


def _along_edge(regions: Regions, paper: Mask, box: Box) -> Counts:
    """The pixels of paper of each label at the edge of a box: (count + 1,)."""
    place = slice(max(0, box.y0), box.y1), slice(max(0, box.x0), box.x1)
    labels, paper = regions.labels[place], paper[place]
    sides = (np.s_[:1], np.s_[-1:], np.s_[:, :1], np.s_[:, -1:])
    return np.bincount(np.concatenate([labels[side][paper[side]] for side in sides]), minlength=regions.count + 1)
