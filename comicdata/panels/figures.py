"""Figures that stand on plain black without a frame: each is a panel; balloons and bits beside them are none."""

from itertools import combinations

import cv2
import numpy as np

from comicdata.images import Image
from comicdata.panels.overlaps import share_inside
from comicdata.panels.paper import Colour, Mask, is_like, share
from comicdata.panels.rules import RULES
from comicdata.records import Box


def find_figures(part: Image, ground: Mask, colour: Colour, width: int) -> list[Box]:
    """The boxes of what stands apart on the ground of a part (h, w, 3) of a strip, lettering included, from the top;
    [] where that is one thing, or the ground is no plain dark one: faint art belongs to a picture.
    """
    if colour.max() > RULES.figures_darkest or share(ground) < RULES.figures_ground_share:
        return []
    reach = round(RULES.figures_join_share * width)
    joined = cv2.dilate(~ground, np.ones((reach, reach), np.uint8))
    if share(is_like(part, colour, RULES.grow_step) | np.asarray(joined, np.uint8)) < RULES.figures_clean_share:
        return []
    count, _, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    least = RULES.smallest_panel_share * width + reach
    shrink = reach // 2
    boxes = [
        Box(max(0, x + shrink), max(0, y + shrink), x + w - shrink, y + h - shrink)
        for x, y, w, h, _ in stats[1:count].tolist()
        if min(w, h) >= least
    ]
    apart = all(_overlap(one, other) < RULES.figures_overlap_share for one, other in combinations(boxes, 2))
    return sorted(boxes, key=lambda box: (box.y0, box.x0)) if len(boxes) > 1 and apart else []


def _overlap(one: Box, other: Box) -> float:
    """The share of the smaller box that lies in the other."""
    return max(share_inside(one, other), share_inside(other, one))
