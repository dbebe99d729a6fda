"""Line art as people draw it: other thickness, other ink, other paper, other line filters; chosen for each sample.

Networks trained on the output of one filter know only its lines. The rule of the file: what is drawn depends on the
random numbers handed in, and on nothing else.
"""

from dataclasses import asdict

import cv2
import numpy as np

from comicdata.images import Image
from comicdata.outlines import XDOG_PRESETS, XDoG, xdog

PALEST_INK, DARKEST_PAPER = 90, 235
OTHER_FILTERS = [XDOG_PRESETS[name] for name in ("thin", "thick", "pencil", "colorizer")]


def other_filter(color: Image, size: int, random: np.random.Generator, own: XDoG | None = None) -> Image:
    """XDoG of a crop (H, W, 3) of a picture of side `size`, with other parameters than the pairs have: (H, W) uint8.

    `own` are those that the pairs have, the default set unless given.
    """
    others = [one for one in OTHER_FILTERS if one != (own or XDoG())][:3]
    return xdog(np.ascontiguousarray(color), size=size, **asdict(others[int(random.integers(len(others)))]))


def vary_lines(outline: Image, random: np.random.Generator) -> Image:
    """(H, W) uint8 -> the same lines as drawn, thicker or soft, in grey ink on paper that is not quite white."""
    thickness = int(random.integers(3))
    if thickness == 1:
        outline = np.asarray(cv2.erode(outline, np.ones((2, 2), np.uint8)), np.uint8)
    elif thickness == 2:
        outline = np.asarray(cv2.GaussianBlur(outline, (0, 0), 0.4 + 0.6 * float(random.random())), np.uint8)
    ink, paper = float(random.uniform(0, PALEST_INK)), float(random.uniform(DARKEST_PAPER, 255))
    tones = np.rint(ink + np.arange(256) * (paper - ink) / 255).astype(np.uint8)
    return np.asarray(cv2.LUT(outline, tones), np.uint8)
