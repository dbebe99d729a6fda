"""The panels that a drawing is cut into before it is coloured. The rule: one drawing is one drawing; frames tell a page
of panels from it, or hardly anything drawn beside what stands alone.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from comicdata.flats.ink import Mask
from comicdata.flats.parted import parted
from comicdata.flats.regions import inside_panels
from comicdata.images import Image
from comicdata.panels import find_panels, make_strips
from comicdata.panels.rules import RULES
from comicdata.records import Box, Layout, Panel

CONFIDENT = 0.5  # a panel of which the finder is surer than this is one, and where several are, so are all
HELD = 0.5  # of what is drawn at least, for a page to be cut into the panels that hold it
ALL = 0.88  # likewise where few of them have a frame: real pages have 0.93 and more, scenes with a ground below 0.8


def cut_drawing(drawing: Image, ink: Mask, layout: Layout) -> tuple[list[Box], list[Box]]:
    """The panels that are found on line art (H, W) uint8 with its ink (H, W) bool, and those that it is cut into: none
    of either where it is one drawing.
    """
    if layout == "single":
        return [], []
    (strip, *_) = make_strips([np.asarray(cv2.cvtColor(drawing, cv2.COLOR_GRAY2RGB), np.uint8)], layout)
    found = [panel for panel in confident(find_panels(strip)) if panel.kind == "panel"]
    boxes = [panel.box for panel in found]
    cut = parted(boxes, ink)
    if len(cut) < 2 or held(cut, ink) < HELD:
        return [], []
    framed = [panel.box for panel in found if panel.confidence > RULES.loose_confidence]
    if strip.layout == "page" and held(framed, ink) < HELD and held(cut, ink) < ALL:
        return [], []
    return boxes, cut


def confident(found: Sequence[Panel]) -> Sequence[Panel]:
    """What of all that is found on a picture counts: everything beside several panels that are sure, where a low
    confidence says that a side may lie elsewhere; else what is sure.
    """
    sure = [panel for panel in found if panel.confidence >= CONFIDENT]
    return found if sum(panel.kind == "panel" for panel in sure) > 1 else sure


def held(panels: Sequence[Box], ink: Mask) -> float:
    """The share of ink (H, W) bool, which there is, that lies in panels."""
    return float(inside_panels(ink.shape, panels)[ink].mean()) if panels else 0.0
