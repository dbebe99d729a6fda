"""A whole picture or page through a colorizer: each panel alone, gutters and captions left as drawn."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from comicdata.errors import PictureError
from comicdata.flats.cut import confident, cut_drawing
from comicdata.flats.hints import paint_hints
from comicdata.flats.ink import find_ink
from comicdata.flats.line_art import LineArt, read_line_art
from comicdata.flats.rims import Rim, paper_reached
from comicdata.images import Image, channel_spread
from comicdata.models.colorize.chosen import PaletteColorizer, closed_regions
from comicdata.models.colorize.colorizer import PLAIN, Colorizer, Painted
from comicdata.models.colorize.figures import (
    DRAWN,
    FREE,
    beyond_frame,
    framed_sides,
    open_rim,
    paper_around,
    within_frame,
)
from comicdata.models.colorize.references import Reference
from comicdata.models.colorize.sheets import Colorized, LeftAlone, Sheet, check_places
from comicdata.models.colorize.wishes import Wishes
from comicdata.panels import find_panels, make_strips
from comicdata.records import Box, Layout, Panel

SPLIT_FROM = 1.5  # pictures below this many training sizes on the short side are one panel
LARGE = 0.5  # of a page: a panel that alone is one,
UNFRAMED = 0.05  # where less of its border than this is open to the page
EMPTY = "nothing is drawn on it"
SMALLEST = 16  # pixels a side of a reference
EVEN_REACH, EVEN_STEP = 5, 8  # pixels around an even one, in which no channel changes by more than so many levels
BARE, UNEVEN = 245, 0.2  # level from which on a pixel is bare paper, and the least share of even ones on the rest
GREY, COLOURED = 24, 0.004  # spread of the channels, and the share of a picture from which on it is in colour
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
    """Colour one picture; LeftAlone when it is no line art and `recolor` is off, or empty.

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
    if is_empty(read) and not wishes.hints:
        return LeftAlone(EMPTY)
    if not read.is_line_art:
        check_draws(colorizer, name)
    check_places(wishes.hints, rgb, name)
    if panels is None:
        given = panel_boxes(colorizer, rgb, layout, read)
    else:
        given = _within_frames([panel.box for panel in panels if panel.kind == "panel"], read)
    base = rgb if read.is_line_art else without_color(rgb)
    sheet = Sheet(base, images=[base.copy()])
    for number, box in enumerate(given, 1):
        sheet.lay(box, paint_on_page(colorizer, rgb, read, box, wishes), layers=wishes.layers)
        told(number, len(given))
    return sheet.finish(wishes)


def paint_on_page(colorizer: Colorizer, rgb: Image, read: LineArt, box: Box, wishes: Wishes) -> list[Painted]:
    """One panel of a page (H, W, 3) of which is known what its lines are; `wishes` are those of the page."""
    place = (slice(box.y0, box.y1), slice(box.x0, box.x1))
    line, shade = (read.line[place], read.shade[place]) if read.is_line_art else (None, None)
    rim = open_rim(rgb, box, tinted=not read.is_line_art)
    framed = framed_sides(read.line, box) if read.is_line_art else FREE
    return paint_panel(colorizer, rgb[place], line, wishes.inside(box), rim, shade, framed)


def paint_panel(
    colorizer: Colorizer,
    rgb: Image,
    drawing: Image | None,
    wishes: Wishes,
    rim: Rim | None = None,
    shade: Image | None = None,
    framed: Sequence[bool] = FREE,
) -> list[Painted]:
    """One panel (H, W, 3), by its line art (H, W), or where it has none by the outline that is drawn of it.

    `rim`: where it is open to the page, see `open_rim`; `shade` (H, W): tones that are no lines, which no model
    is shown, laid over the colours; `framed`: the sides that end at a frame, see `framed_sides`. Paper of line art need
    not be paper of a picture in colour, where it is told by its colour.
    """
    if drawing is None:
        made = [replace(one, paper=None) for one in colorizer.recolor(rgb, replace(wishes, rim=rim), lines=True)]
    else:
        toned = shade.copy() if shade is not None and (shade < 255).any() else None
        made = [replace(one, shade=toned) for one in colorizer.paint(drawing.copy(), wishes, lines=True)]
    if made[0].line is None or rim is None:
        return made
    around = beyond_frame(rim.paper, framed)
    if rim.open.any():
        regions = closed_regions(made[0].line, rim if drawing is None else None).labels
        hinted = regions[paint_hints(wishes.hints, *rgb.shape[:2])[..., 3] > 0]
        if drawing is None:
            around |= paper_reached(rim.paper, rim.open) & ~np.isin(regions, hinted)
        else:
            around |= np.isin(regions, np.setdiff1d(paper_around(regions, rim), hinted))
    return [one.around(around) for one in made] if around.any() else made


def without_color(rgb: Image) -> Image:
    """A picture in its greys, (H, W, 3): what is not coloured anew keeps its tone and has no old colour."""
    return np.repeat(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)[..., None], 3, axis=2)


def references_of(colorizer: PaletteColorizer, rgb: Image) -> list[Reference]:
    """What is kept of the panels of a coloured picture (H, W, 3); PictureError says why it is no reference."""
    if min(rgb.shape[:2]) < SMALLEST:
        raise PictureError(f"{rgb.shape[1]}x{rgb.shape[0]} pixels are too small to show anything")
    if (rgb == rgb[0, 0]).all():
        raise PictureError(f"one colour, #{bytes(rgb[0, 0]).hex()}, all over; --mood takes such")
    if is_grey(rgb):
        raise PictureError("black and white, so there are no colours to take over")
    boxes = panel_boxes(colorizer, rgb, "auto", captions=False)
    panels = ((box, np.ascontiguousarray(rgb[box.y0 : box.y1, box.x0 : box.x1])) for box in boxes)
    found = [colorizer.reference(one).moved(box.x0, box.y0) for box, one in panels if not is_grey(one)]
    if not any(len(one.colors) for one in found):
        raise PictureError("nothing but ink")
    return found


def is_uneven(rgb: Image) -> bool:
    """Whether hardly any of a coloured picture is even, as in photographs and paintings."""
    around = np.ones((EVEN_REACH, EVEN_REACH), np.uint8)
    step = cv2.subtract(cv2.dilate(rgb, around), cv2.erode(rgb, around)).max(axis=2)
    even = (step <= EVEN_STEP)[rgb.min(axis=2) < BARE]
    return bool(even.size) and float(even.mean()) < UNEVEN


def is_empty(read: LineArt) -> bool:
    """Whether nothing is drawn on a page of paper."""
    return read.is_line_art and bool((read.drawing >= DRAWN).all())


def is_grey(pixels: Image) -> bool:
    """Whether a picture has next to no colour."""
    return float((channel_spread(pixels) > GREY).mean()) <= COLOURED


def check_draws(colorizer: Colorizer, name: str) -> None:
    """PictureError where a picture in colour is to be coloured, and the outline of this run cannot be drawn here."""
    if not colorizer.draws:
        raise PictureError(
            f"{name}: has colour, and the outline {colorizer.outline} that this run was trained on was made elsewhere "
            "and cannot be drawn here; give line art from the program that made it"
        )


def panel_boxes(
    colorizer: Colorizer, rgb: Image, layout: Layout, read: LineArt | None = None, *, captions: bool = True
) -> list[Box]:
    """The panels to colour one by one; the whole picture where it is small, or neither several panels nor a large one
    in a frame.

    `read`: what is known of its lines; line art is cut as `cut_drawing` says where it is a page, and its panels end at
    their frames. Of a picture in colour, `captions` in colour are among them.
    """
    return _within_frames(_found_boxes(colorizer, rgb, layout, read, captions=captions), read)


def _within_frames(boxes: Sequence[Box], read: LineArt | None) -> list[Box]:
    return [within_frame(read.line, box) if read is not None and read.is_line_art else box for box in boxes]


def _found_boxes(
    colorizer: Colorizer, rgb: Image, layout: Layout, read: LineArt | None, *, captions: bool
) -> list[Box]:
    whole = [Box(0, 0, rgb.shape[1], rgb.shape[0])]
    if layout == "single" or (layout == "auto" and min(rgb.shape[:2]) < SPLIT_FROM * colorizer.size):
        return whole
    art = read if read is not None and read.is_line_art else None
    (strip, *_) = make_strips([rgb], layout)
    cut = art is not None and strip.layout == "page"
    if art is not None and cut and (boxes := cut_drawing(art.drawing, find_ink(art.line), "page")[1]):
        return boxes
    found = confident(find_panels(strip))
    panels = [panel.box for panel in found if panel.kind == "panel"]
    texts = [panel.box for panel in found if panel.kind == "text" and captions and art is None]
    tinted = [box for box in texts if not is_grey(rgb[box.y0 : box.y1, box.x0 : box.x1])]
    kept = panels if len(panels) > 1 and not cut else [box for box in panels if _is_framed(rgb, box)]
    return kept + tinted if kept else whole


def _is_framed(rgb: Image, box: Box) -> bool:
    """Whether a panel is most of its page, and has a frame."""
    most = box.width * box.height >= LARGE * rgb.shape[0] * rgb.shape[1]
    return most and int(open_rim(rgb, box).open.sum()) < UNFRAMED * 2 * (box.width + box.height)
