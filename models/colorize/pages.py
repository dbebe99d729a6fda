"""A whole picture or page through a colorizer: each panel alone, gutters and captions left as drawn."""

from collections.abc import Callable, Sequence

from comicdata.errors import PictureError
from comicdata.flats.line_art import read_line_art
from comicdata.images import Image
from comicdata.models.colorize.colorizer import PLAIN, Colorizer, Painted
from comicdata.models.colorize.sheets import Colorized, LeftAlone, Sheet, check_places
from comicdata.models.colorize.wishes import Wishes
from comicdata.panels import find_panels, make_strips
from comicdata.records import Box, Layout, Panel

SPLIT_FROM = 1.5  # pictures below this many training sizes on the short side are one panel
CONFIDENT = 0.5
Told = Callable[[int, int], None]  # how many panels are done, of how many, 0 where nobody knows


def colorize_picture(
    colorizer: Colorizer,
    rgb: Image,
    wishes: Wishes = PLAIN,
    *,
    recolor: bool = False,
    line_art: bool = False,
    name: str = "picture",
    layout: Layout = "auto",
    panels: Sequence[Panel] | None = None,
    told: Told = lambda done, of: None,
) -> Colorized | LeftAlone:
    """Colour one picture; LeftAlone when it is no line art and `recolor` is off.

    Line art is used as it is, on paper of any colour; `line_art` insists that it is. With `recolor` the outline the run
    was trained on is drawn first, panel by panel; PictureError (with `name`) when that outline was made elsewhere.
    The layers are those of the first sample. Hints are in pixels of the picture; each reaches the panel that its centre
    lies in. PictureError names one outside the picture. `panels` are those that a person gave; no others are looked
    for. Where a panel has fewer different colourings than were wished for, the others of it have its last. `told` is
    told of every panel.
    """
    read = read_line_art(rgb, insist=line_art)
    if not read.is_line_art and not recolor:
        return LeftAlone(read.why)
    if not read.is_line_art:
        check_draws(colorizer, name)
    check_places(wishes.hints, rgb, name)
    given = None if panels is None else [panel.box for panel in panels if panel.kind == "panel"]
    boxes = panel_boxes(colorizer, rgb, layout) if given is None else given
    sheet = Sheet(rgb, images=[rgb.copy()])
    for number, box in enumerate(boxes, 1):
        place = (slice(box.y0, box.y1), slice(box.x0, box.x1))
        drawing = read.drawing[place] if read.is_line_art else None
        made = paint_panel(colorizer, rgb[place], drawing, wishes.inside(box))
        sheet.lay(box, made, layers=wishes.layers)
        told(number, len(boxes))
    return sheet.finish(wishes)


def paint_panel(colorizer: Colorizer, rgb: Image, drawing: Image | None, wishes: Wishes) -> list[Painted]:
    """One panel (H, W, 3), by its line art (H, W), or where it has none by the outline that is drawn of it."""
    if drawing is None:
        return colorizer.recolor(rgb, wishes, lines=True)
    return colorizer.paint(drawing.copy(), wishes, lines=True)


def check_draws(colorizer: Colorizer, name: str) -> None:
    """PictureError where a picture in colour is to be coloured, and the outline of this run cannot be drawn here."""
    if not colorizer.draws:
        raise PictureError(
            f"{name}: has colour, and the outline {colorizer.outline} that this run was trained on was made elsewhere "
            "and cannot be drawn here; give line art from the program that made it"
        )


def panel_boxes(colorizer: Colorizer, rgb: Image, layout: Layout) -> list[Box]:
    """The panels to colour one by one; the whole picture where it is small, or not clearly several panels."""
    whole = [Box(0, 0, rgb.shape[1], rgb.shape[0])]
    if layout == "single" or (layout == "auto" and min(rgb.shape[:2]) < SPLIT_FROM * colorizer.size):
        return whole
    (strip, *_) = make_strips([rgb], layout)
    panels = [panel for panel in find_panels(strip) if panel.kind == "panel" and panel.confidence >= CONFIDENT]
    return [panel.box for panel in panels] if len(panels) > 1 else whole
