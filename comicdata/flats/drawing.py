"""One picture to flats, the whole way: its lines, its panels, regions, what stays white, colours.

The rule of this file: it decides nothing; each step is a function of its own room, and this is the order of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from comicdata.errors import PictureError
from comicdata.flats.cut import cut_drawing, held
from comicdata.flats.hints import Color, Mark
from comicdata.flats.ink import find_ink
from comicdata.flats.line_art import LineArt, is_white_on_black, read_line_art
from comicdata.flats.margins import margins
from comicdata.flats.painting import Painted, paint
from comicdata.flats.regions import Regions, find_regions
from comicdata.flats.white import white_regions
from comicdata.images import Image
from comicdata.records import Box, Layout

BESIDE = 0.1  # of what is drawn: so much outside of all panels is said
LINES, TONES = "lines", "tones"
INVERTED = "mostly black, with white as thin as lines; if it is drawn in white on black, invert it first"
EMPTY, BLACK = "nothing is drawn on it", "all of it is ink, so there is nothing to colour apart"

Round = Sequence[Mark | Image]


@dataclass(frozen=True)
class Wanted:
    """What a person wishes of flats. `rounds`: hints, as `paint` takes them, in the order they were given; what an
    earlier round coloured, a later one leaves as it is where it says nothing. `line_art`: take the picture for it.
    `panels`: those that a person gave; others are not looked for.
    """

    rounds: Sequence[Round] = ()
    palette: Sequence[Color] | None = None
    gap: int | None = None
    layout: Layout = "auto"
    line_art: bool = False
    panels: Sequence[Box] | None = None


@dataclass(frozen=True)
class FlatDrawing:
    """Flats of a picture: what was painted, the regions that are white where nothing else is meant, the inks that lie
    over them by name from the bottom, (H, W) uint8 each, and what is to be said.
    """

    painted: Painted
    white: frozenset[int]
    inks: Mapping[str, Image]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A drawing that is ready to be coloured, once or again with other hints: its line art, the regions, which of them
    are white where nothing else is meant, its panels, none where it is one drawing, and what is to be said.
    """

    art: LineArt
    regions: Regions
    white: frozenset[int]
    panels: Sequence[Box]
    doubt: tuple[str, ...]

    def painted(self, rounds: Sequence[Round] = (), palette: Sequence[Color] | None = None) -> Painted:
        """Coloured by rounds of hints, in the order they were given."""
        painted = paint(self.regions, palette=palette, white=self.white)
        for one in rounds:
            painted = paint(self.regions, one, palette, painted, self.white)
        return painted


def flat_drawing(rgb: Image, name: str, wanted: Wanted) -> FlatDrawing:
    """Flats of (H, W, 3) uint8; PictureError, with `name`, for what is no line art unless that is insisted on."""
    sheet = find_sheet(rgb, name, wanted)
    painted = sheet.painted(wanted.rounds, wanted.palette)
    tones = {TONES: sheet.art.shade} if (sheet.art.shade < 255).any() else {}
    return FlatDrawing(painted, sheet.white, {**tones, LINES: sheet.art.line}, (*sheet.doubt, *painted.notes))


def find_sheet(rgb: Image, name: str, wanted: Wanted) -> Sheet:
    """What of `flat_drawing` does not depend on colours."""
    art = read_line_art(rgb, wanted.line_art)
    if not art.is_line_art:
        raise PictureError(f"{name}: {art.why}, no line art; --line-art takes it for that")
    ink, given = find_ink(art.line), wanted.panels
    found, panels = cut_drawing(art.drawing, ink, wanted.layout) if given is None else (given, given)
    regions = find_regions(art.line, panels or None, wanted.gap, ink)
    white = frozenset(white_regions(regions, art.shade) | margins(regions, found, panels))
    doubt: tuple[str, ...] = () if art.why.startswith("line art") else (art.why,)
    doubt += (INVERTED,) if is_white_on_black(art.line) else ()
    if panels and given is None and (beside := 1 - held(panels, ink)) > BESIDE:
        doubt += (f"{beside:.0%} of what is drawn lies outside the panels and stays white; --panels or --layout single "
                  "takes it in",)  # fmt: skip
    doubt += (BLACK,) if ink.all() else () if ink.any() else (EMPTY,)
    return Sheet(art, regions, white, panels, (*doubt, *art.notes))
