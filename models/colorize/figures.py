"""Figures that stand on the page without a frame: the paper around them is the page's, and stays without colour."""

from collections.abc import Sequence

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
DRAWN = 225  # level below which something is drawn on white paper
RIM = 1 / 16  # of a panel: where its frame ends at the latest
FRAME, SIDES = 0.9, 3  # what of a side a frame covers at least, and of how many sides
FREE: Sequence[bool] = (False,) * 4  # the sides of what ends at no frame: above, below, left, right
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


def within_frame(line: Image, box: Box) -> Box:
    """What of a box of line art (H, W), 0 to 255, lies within its frame, without that and the rim of paper around it:
    no window that a network learned from has such, and they make it see things that are not there.
    """
    ink = line[box.y0 : box.y1, box.x0 : box.x1] < DRAWN
    cuts = []
    for rows in (ink, ink[::-1], ink.T, ink.T[::-1]):
        outer = rows[: int(RIM * len(rows)) + 1].mean(axis=1)
        framed = np.flatnonzero(outer >= FRAME)
        cuts.append(int(framed[-1]) + 1 if framed.size and not outer[: framed[0]].any() else 0)
    if np.count_nonzero(cuts) < SIDES:  # one line across is no frame
        return box
    top, bottom, left, right = cuts
    return Box(box.x0 + left, box.y0 + top, box.x1 - right, box.y1 - bottom)


def framed_sides(line: Image, box: Box) -> Sequence[bool]:
    """Whether a box of line art (H, W) ends at its frame: above, below, left, right."""
    above, below = (line[row, box.x0 : box.x1] for row in (max(0, box.y0 - 1), min(len(line) - 1, box.y1)))
    left, right = (line[box.y0 : box.y1, at] for at in (max(0, box.x0 - 1), min(line.shape[1] - 1, box.x1)))
    return tuple(bool((side < DRAWN).mean() >= FRAME) for side in (above, below, left, right))


def beyond_frame(paper: Mask, framed: Sequence[bool] = FREE) -> Mask:
    """What of a panel (h, w) lies outside of its frame: rows and columns at its edges with nothing but paper, where
    they end at once; none at a side that ends at its frame, see `framed_sides`.
    """
    beyond = np.zeros(paper.shape, np.bool_)
    sides = ((paper, beyond), (paper[::-1], beyond[::-1]), (paper.T, beyond.T), (paper.T[::-1], beyond.T[::-1]))
    for (inner, outer), inside in zip(sides, framed, strict=True):
        bare = inner[:BESIDE].all(axis=1)
        outer[: 0 if inside or bare.all() else int(bare.argmin())] = True
    return beyond
