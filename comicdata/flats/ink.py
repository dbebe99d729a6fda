"""What of a drawing is ink: darker than the paper around it, and no speck of dust."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class InkOptions:
    """Shares are of the brightness of the paper near by; sizes in pixels."""

    dark: float = 0.72  # ink is darker than this share of the paper
    faint: float = 0.9  # and a pale line is ink where it is also darker than what lies around it by `step`
    step: int = 24
    around: int = 31  # the width of "around"
    paper: int = 193  # the paper is the brightest within about half as much
    speck: int = 8  # an ink dot of fewer pixels is dust
    short: int = 5  # and so is one that is no wider or higher than this


def find_ink(line: Image, options: InkOptions | None = None) -> Mask:
    """(H, W) bool: the ink of line art (H, W) uint8, 0 = ink and 255 = paper, by a local threshold, without specks.

    The paper may be grey or unevenly lit: what counts is how much darker a pixel is than the paper near by.
    """
    options = options or InkOptions()
    paper = _paper(line, options)
    ink = line < cv2.multiply(paper, options.dark)
    pale = (line < cv2.multiply(paper, options.faint)) & ~ink
    if pale.any():
        around = cv2.blur(line, (options.around, options.around))
        ink |= pale & (line < cv2.subtract(around, options.step))
    return without_specks(ink, options)


def without_specks(ink: Mask, options: InkOptions) -> Mask:
    """The ink without dots that are too small to be drawn."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)
    size = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    speck = (stats[:, cv2.CC_STAT_AREA] < options.speck) | (size <= options.short)
    speck[0] = False
    if not speck.any():
        return ink
    kept = ink.copy()
    kept[ink] = ~speck[labels[ink]]
    return kept


def _paper(line: Image, options: InkOptions) -> Image:
    """How bright the paper is, everywhere: (H, W) uint8, never below 64, so that a black page is all ink."""
    height, width = line.shape
    step = 8
    small = cv2.resize(line, (max(1, width // step), max(1, height // step)), interpolation=cv2.INTER_AREA)
    reach = options.paper // step | 1
    small = cv2.blur(cv2.dilate(small, np.ones((reach, reach), np.uint8)), (reach, reach))
    paper: Image = cv2.resize(np.maximum(small, 64), (width, height), interpolation=cv2.INTER_LINEAR)
    return paper
