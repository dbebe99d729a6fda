"""The paper of a page: what is connected to its border, where that is paper at all."""

import cv2
import numpy as np

from comicdata.panels.bands import clean_bands
from comicdata.panels.paper import Mask
from comicdata.panels.rules import RULES


def paper_flood(paper: Mask, *, dark: bool) -> Mask:
    """Which pixels of the colour of paper, (H, W), are background; none where a painting or lines of frames have it.

    Light paper that is full of specks may be that of line art, whose frames have holes: its clean bands are background.
    """
    flood = _flooded_widely(paper) if dark else flooded(paper)
    if _is_speckled(flood):
        return np.zeros_like(flood) if dark else clean_bands(paper)
    return np.zeros_like(flood) if dark and _is_thin(flood) else flood


def flooded(paper: Mask) -> Mask:
    """Background pixels connected to the border of the page; the outside counts as background."""
    padded = cv2.copyMakeBorder(paper, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=255)
    cv2.floodFill(padded, None, (0, 0), 128, flags=4)
    return np.asarray(padded[1:-1, 1:-1] == 128).astype(np.uint8) * 255


def _is_speckled(flood: Mask) -> bool:
    """Whether what was flooded is full of specks: a painting with a colour like that at its border, no paper."""
    _, labels = cv2.connectedComponents(~flood, connectivity=8)
    areas = np.bincount(np.asarray(labels).ravel())[1:]  # many times as fast as with the boxes around them
    specks = np.count_nonzero(areas < RULES.speck_area)
    return bool(specks > RULES.speckled_share * cv2.countNonZero(flood))


def _is_thin(flood: Mask) -> bool:
    """Whether what was flooded is the lines of frames that the border of the page cuts through."""
    wide = cv2.morphologyEx(flood, cv2.MORPH_OPEN, np.ones((RULES.ink_thick,) * 2, np.uint8))
    return cv2.countNonZero(wide) < RULES.ink_thick_share * cv2.countNonZero(flood)


def _flooded_widely(paper: Mask) -> Mask:
    """The same through gaps of four pixels or more: black ink that reaches the border of a page is no gutter."""
    wide = flooded(np.asarray(cv2.morphologyEx(paper, cv2.MORPH_OPEN, np.ones((4, 4), np.uint8)), np.uint8))
    return np.asarray(cv2.dilate(wide, np.ones((5, 5), np.uint8)), np.uint8) & paper
