"""Figures that stand on the page without a frame: the paper around them is the page's, and stays without colour."""

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.rims import Rim
from comicdata.images import Image
from comicdata.models.colorize.decoding import Labels, Mask
from comicdata.records import Box

BESIDE = 12  # pixels beyond a panel, and within it, where its frame may lie
PAPER = 0.85  # of the lightness of the lightest: from there on it is paper,
PURE = 0.94  # and in a picture in colour, which may have pale paint
DARKEST = 128  # that paper is
OPEN = 0.5  # of what of the rim belongs to a region, the least that is open
BLANK = 0.4  # of a region, lines with it, the least that is paper
MUCH = 0.25  # of the rim: a region with so much of it open lies around a figure, as does one in an open corner


def open_rim(picture: Image, box: Box, *, tinted: bool = False) -> Rim:
    """Open are pixels of the outermost rows and columns of a panel with nothing but paper outside and inside, as far as
    a frame may be away. `picture` (H, W, 3) is the page, or what is known of it; `tinted`: it is one in colour.
    """
    near = Box(
        max(0, box.x0 - BESIDE),
        max(0, box.y0 - BESIDE),
        min(picture.shape[1], box.x1 + BESIDE),
        min(picture.shape[0], box.y1 + BESIDE),
    )
    if near == box and not tinted:  # a drawing that is one panel is open nowhere
        return Rim(*np.zeros((2, box.height, box.width), np.bool_))
    light = np.minimum.reduce(cv2.split(picture[near.y0 : near.y1, near.x0 : near.x1]))
    paper = light >= max(DARKEST, (PURE if tinted else PAPER) * float(np.percentile(light, 95)))
    top, left, bottom, right = box.y0 - near.y0, box.x0 - near.x0, near.y1 - box.y1, near.x1 - box.x1
    across = slice(left, left + box.width)
    down = slice(top, top + box.height)
    rim = np.zeros((box.height, box.width), np.bool_)
    if top:
        rim[0] |= paper[: top + BESIDE, across].all(axis=0)
    if bottom:
        rim[-1] |= paper[-bottom - BESIDE :, across].all(axis=0)
    if left:
        rim[:, 0] |= paper[down, : left + BESIDE].all(axis=1)
    if right:
        rim[:, -1] |= paper[down, -right - BESIDE :].all(axis=1)
    return Rim(rim, paper[down, across])


def paper_around(regions: Labels, rim: Rim) -> npt.NDArray[np.int64]:
    """The regions (H, W) of a panel that are the paper of the page around a figure: open, and paper, not paint that
    fades into it.
    """
    if not rim.open.any():
        return np.zeros(0, np.int64)
    outermost = np.zeros(regions.shape, np.bool_)
    outermost[[0, -1]] = outermost[:, [0, -1]] = True
    count = int(regions.max()) + 1
    held, free = (np.bincount(regions[mask], minlength=count) for mask in (outermost, rim.open))
    corners = np.zeros(count, np.bool_)
    for y, x in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        corners[regions[y, x]] |= rim.open[y, x]
    around = (free >= OPEN * held) & (free > 0) & (corners | (free >= MUCH * outermost.sum()))
    blank = np.bincount(regions[rim.paper], minlength=count) >= BLANK * np.bincount(regions.ravel(), minlength=count)
    return np.flatnonzero(around & blank)


def beyond_frame(paper: Mask) -> Mask:
    """What of a panel (h, w) lies outside of its frame: rows and columns at its edges with nothing but paper, where
    they end at once.
    """
    beyond = np.zeros(paper.shape, np.bool_)
    sides = ((paper, beyond), (paper.T, beyond.T))
    for inner, outer in (*sides, *((one[::-1], other[::-1]) for one, other in sides)):
        bare = inner[:BESIDE].all(axis=1)
        outer[: 0 if bare.all() else int(bare.argmin())] = True
    return beyond
