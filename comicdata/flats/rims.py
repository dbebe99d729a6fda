"""What of a picture in colour is paper: as light as paper, and going on from where paper surely is."""

from typing import NamedTuple

import cv2
import numpy as np

from comicdata.flats.ink import Mask

WAY = 5  # pixels: paper goes on through gaps as wide as this


class Rim(NamedTuple):
    """Of a panel (h, w): where it is `open` to the page, and what of it is as light as `paper`."""

    open: Mask
    paper: Mask


def paper_reached(paper: Mask, start: Mask) -> Mask:
    """(h, w): what is as light as paper and goes on from a start. Paint beside it is none, a line between or not."""
    disc = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (WAY, WAY)), np.uint8)
    way = cv2.erode(paper.view(np.uint8), disc)
    _, parts = cv2.connectedComponents(way, connectivity=4)
    seen = np.zeros(int(parts.max()) + 1, np.bool_)
    seen[parts[start]] = True
    seen[0] = False
    return np.asarray(cv2.dilate(seen[parts].view(np.uint8), disc) > 0) & paper
