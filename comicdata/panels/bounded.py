"""How sure the boxes of a page are: as sure as what lies just outside bounds them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from comicdata.images import Image
from comicdata.panels.paper import Colour, Mask, solid_confidence
from comicdata.panels.rules import RULES
from comicdata.panels.text import is_text
from comicdata.records import Box, Panel


def bounded_panel(image: Image, like: Mask, box: Box, paper: Colour) -> Panel:
    """A box as a panel or lettering, as sure as background bounds it; `like` (H, W): what of the page is background."""
    inside = np.s_[box.y0 : box.y1, box.x0 : box.x1]
    text = is_text(image[inside], like[inside], paper, paper, image.shape[1])
    return Panel(box, _sure(like, like, box), "text" if text else "panel")


def among_others(panels: Sequence[Panel], like: Mask) -> list[Panel]:
    """The panels, as sure as background bounds them or, nearly as well, other panels, which begin at a line or reach
    over a slanted gutter.
    """
    others = np.zeros_like(like)
    for box in (panel.box for panel in panels):
        others[box.y0 : box.y1, box.x0 : box.x1] = round(255 * RULES.adjoining_confidence)
    around = np.maximum(like, others)
    return [replace(panel, confidence=_sure(around, like, panel.box)) for panel in panels]


def _sure(around: Mask, like: Mask, box: Box) -> float:
    """How well what is just outside a box bounds it, 255 of `around` best, less where the box is not filled."""
    ground = like[box.y0 : box.y1, box.x0 : box.x1]
    return round(_ring_share(around, box) * solid_confidence(ground), 4)


def _ring_share(around: Mask, box: Box) -> float:
    """How well the lines just outside the box bound it; the edge of the page does.

    Of the lines 3 and 6 pixels outside a side the better one counts: boxes are found at a smaller size.
    """
    height, width = around.shape
    rows, columns = slice(box.y0, box.y1), slice(box.x0, box.x1)
    lines = [[around[y, columns] for y in ys if 0 <= y < height] for ys in _outside(box.y0, box.y1)]
    lines += [[around[rows, x] for x in xs if 0 <= x < width] for xs in _outside(box.x0, box.x1)]
    return sum(max((float(line.mean()) / 255 for line in side), default=1.0) for side in lines) / 4


def _outside(start: int, end: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return (start - 3, start - 6), (end + 2, end + 5)


def clearness(panels: Sequence[Panel]) -> float:
    """How clearly panels stand out from the paper, by area; 0 where there is none."""
    areas = [panel.box.width * panel.box.height for panel in panels]
    sure = sum(area * panel.confidence for area, panel in zip(areas, panels, strict=True))
    return sure / sum(areas) if any(panel.kind == "panel" for panel in panels) else 0.0
