"""A whole picture, page or strip through a colorizer: each panel alone, gutters and captions left as drawn."""

from dataclasses import dataclass

import numpy as np

from comicdata.images import Image
from comicdata.models.colorize import Colorizer, is_line_art, outline_of
from comicdata.panels import find_panels, make_strips
from comicdata.records import Box, Layout

SPLIT_FROM = 1.5  # pictures below this many training sizes on the short side are one panel
CONFIDENT = 0.5


@dataclass(frozen=True)
class Colorized:
    """The picture in colour, (H, W, 3) uint8 as large as the input, and the panels that were coloured."""

    image: Image
    panels: tuple[Box, ...]


def colorize_picture(
    colorizer: Colorizer, rgb: Image, *, recolor: bool, layout: Layout = "auto", seed: int = 0
) -> Colorized | None:
    """Colour one picture; None when it is in colour already and `recolor` is off.

    Line art is used as it is. With `recolor` the outline the run was trained on is drawn first, panel by panel.
    """
    line_art = is_line_art(rgb)
    if not line_art and not recolor:
        return None
    boxes = panel_boxes(colorizer, rgb, layout)
    result = rgb.copy()
    for box in boxes:
        part = rgb[box.y0 : box.y1, box.x0 : box.x1]
        outline = np.ascontiguousarray(part[..., 0]) if line_art else outline_of(part, colorizer.outline)
        result[box.y0 : box.y1, box.x0 : box.x1] = colorizer.colorize(outline, seed=seed)
    return Colorized(result, tuple(boxes))


def panel_boxes(colorizer: Colorizer, rgb: Image, layout: Layout) -> list[Box]:
    """The panels to colour one by one; the whole picture where it is small, or not clearly several panels."""
    whole = [Box(0, 0, rgb.shape[1], rgb.shape[0])]
    if layout == "single" or (layout == "auto" and min(rgb.shape[:2]) < SPLIT_FROM * colorizer.size):
        return whole
    (strip, *_) = make_strips([rgb], layout)
    panels = [panel for panel in find_panels(strip) if panel.kind == "panel" and panel.confidence >= CONFIDENT]
    return [panel.box for panel in panels] if len(panels) > 1 else whole
