"""A page on the table: its panels, their regions, and their colours by what a person wishes.

The rule of this file: what does not depend on the wishes is found once, and what is painted is what `colorize` and
`flats` paint, by the same functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.errors import PictureError
from comicdata.flats.drawing import Sheet, Wanted, find_sheet
from comicdata.flats.hints import Color, Hint, Mark
from comicdata.flats.line_art import LineArt, read_line_art
from comicdata.flats.painting import Painted
from comicdata.images import Image
from comicdata.records import Box, Layout

if TYPE_CHECKING:
    from comicdata.models.colorize import Colorizer, Wishes
    from comicdata.models.colorize.references import Reference


class Piece(NamedTuple):
    """One panel to be coloured: the number of each pixel's region (h, w), 0 outside all, which pixels are ink, and the
    lines (h, w) uint8 that are laid over the colours.
    """

    labels: npt.NDArray[np.int32]
    ink: npt.NDArray[np.bool_]
    line: Image


@dataclass(frozen=True)
class Wished:
    """What of a page's state decides its colours; Wishes say it to a network, and flats take the hints."""

    hints: Sequence[Mark] = ()
    mood: Image | None = None
    background: Color | None = None
    style: Any = None
    follow: bool = True
    references: Sequence["Reference"] = ()

    def wishes(self, samples: int = 1, suggest: int = 0) -> "Wishes":
        from comicdata.models.colorize import Wishes

        moods = () if self.mood is None else (self.mood,)
        plain = Wishes(samples=samples, background=self.background, style=self.style, suggest=suggest)
        return replace(plain, hints=self.hints, follow=self.follow, moods=moods, references=self.references)


class Made(NamedTuple):
    """Colourings of one panel (h, w, 3), the likeliest first, where a dot would help, in pixels of the page, and what
    is worth a word.
    """

    images: Sequence[Image]
    suggested: Sequence[Hint]
    notes: Sequence[str]


class Table(Protocol):
    """A page and its panels; `left_alone` says why it is not coloured, "" where it is."""

    rgb: Image

    @property
    def left_alone(self) -> str: ...

    @property
    def boxes(self) -> Sequence[Box]: ...

    def piece(self, number: int) -> Piece: ...

    def paint(self, number: int, wished: Wished, samples: int = 1, suggest: int = 0) -> Made: ...


@dataclass
class RunTable:
    """A page before a trained colorizer."""

    colorizer: "Colorizer"
    rgb: Image
    recolor: bool
    line_art: bool
    layout: Layout = "auto"
    pieces: dict[int, Piece] = field(default_factory=dict)

    @cached_property
    def read(self) -> LineArt:
        return read_line_art(self.rgb, insist=self.line_art)

    @cached_property
    def left_alone(self) -> str:
        from comicdata.models.colorize.pages import EMPTY, check_draws, is_empty

        if is_empty(self.read):
            return EMPTY
        if self.read.is_line_art or not self.recolor:
            return "" if self.read.is_line_art else self.read.why
        try:
            check_draws(self.colorizer, "this picture")
        except PictureError as error:
            return str(error)
        return ""

    @cached_property
    def base(self) -> Image:
        """What is seen where nothing is coloured."""
        from comicdata.models.colorize.pages import without_color

        return self.rgb if self.read.is_line_art else without_color(self.rgb)

    @cached_property
    def boxes(self) -> Sequence[Box]:
        from comicdata.models.colorize.pages import panel_boxes

        return panel_boxes(self.colorizer, self.rgb, self.layout, self.read)

    def piece(self, number: int) -> Piece:
        from comicdata.models.colorize.chosen import closed_regions
        from comicdata.models.colorize.figures import open_rim

        if number not in self.pieces:
            box, art = self.boxes[number], self.read.is_line_art
            place = _place(box)
            line = self.read.line[place] if art else self.colorizer.draw(self.rgb[place])
            regions = closed_regions(line, None if art else open_rim(self.rgb, box, tinted=True))
            self.pieces[number] = Piece(regions.labels, regions.ink, self.read.drawing[place] if art else line)
        return self.pieces[number]

    def paint(self, number: int, wished: Wished, samples: int = 1, suggest: int = 0) -> Made:
        from comicdata.models.colorize.pages import paint_on_page
        from comicdata.models.colorize.sheets import Sheet

        box = self.boxes[number]
        made = paint_on_page(self.colorizer, self.rgb, self.read, box, wished.wishes(samples, suggest))
        sheet = Sheet(self.base[_place(box)])
        sheet.lay(Box(0, 0, box.width, box.height), made)
        suggested = [hint.moved(box.x0, box.y0) for _, hint in made[0].suggested]
        return Made(sheet.images, suggested, made[0].notes)


@dataclass
class FlatsTable:
    """A page without a model: regions in colours that are apart, and in those of hints."""

    rgb: Image
    line_art: bool
    name: str
    layout: Layout = "auto"
    last: tuple[Sequence[Mark], Painted] | None = None

    @cached_property
    def left_alone(self) -> str:
        art = read_line_art(self.rgb, self.line_art)
        return "" if art.is_line_art else art.why

    @cached_property
    def sheet(self) -> Sheet:
        return find_sheet(self.rgb, self.name, Wanted(line_art=self.line_art, layout=self.layout))

    @cached_property
    def boxes(self) -> Sequence[Box]:
        whole = [Box(0, 0, self.rgb.shape[1], self.rgb.shape[0])]
        return whole if self.left_alone else self.sheet.panels or whole

    def piece(self, number: int) -> Piece:
        place, regions = _place(self.boxes[number]), self.sheet.regions
        return Piece(regions.labels[place], regions.ink[place], self.sheet.art.drawing[place])

    def painted(self, hints: Sequence[Mark]) -> Painted:
        """The whole page."""
        if self.last is None or self.last[0] != hints:
            self.last = hints, self.sheet.painted([hints] if hints else [])
        return self.last[1]

    def paint(self, number: int, wished: Wished, samples: int = 1, suggest: int = 0) -> Made:
        painted, piece = self.painted(wished.hints), self.piece(number)
        colors = np.ascontiguousarray(painted.colours[piece.labels])
        laid = cv2.multiply(colors, np.repeat(piece.line[..., None], 3, axis=2), scale=1 / 255)
        suggested = self._unsure(painted, number, suggest)
        return Made([np.asarray(laid, np.uint8)], suggested, painted.notes)

    def _unsure(self, painted: Painted, number: int, most: int) -> list[Hint]:
        """A dot in each of so many regions that no hint reached, the largest first."""
        box, piece = self.boxes[number], self.piece(number)
        areas = np.bincount(piece.labels[~piece.ink], minlength=len(painted.colours))
        largest = sorted((label for label in painted.unsure.tolist() if areas[label]), key=lambda one: -areas[one])
        found = []
        for label in largest[:most]:
            x, y = _inside(piece, label)
            red, green, blue = painted.colours[label].tolist()
            found.append(Hint(box.x0 + x, box.y0 + y, 3, (red, green, blue)))
        return found


def _inside(piece: Piece, label: int) -> tuple[int, int]:
    """Where the paper of a region is widest: x, y."""
    paper = ((piece.labels == label) & ~piece.ink).astype(np.uint8)
    depth = cv2.distanceTransform(np.pad(paper, 1), cv2.DIST_L2, 5)
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(x) - 1, int(y) - 1


def _place(box: Box) -> tuple[slice, slice]:
    return slice(box.y0, box.y1), slice(box.x0, box.x1)
