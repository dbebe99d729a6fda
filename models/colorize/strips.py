"""A strip in slices through a colorizer: every panel coloured whole, and the slices cut again with their own sizes.

The rule of this file: the strip is never held, only what lies between two gutters and the slices around it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.hints import paint_hints
from comicdata.flats.line_art import read_line_art
from comicdata.flats.rims import Rim
from comicdata.images import Image, resize
from comicdata.models.colorize.colorizer import Colorizer
from comicdata.models.colorize.figures import BESIDE, FREE, framed_sides, open_rim, within_frame
from comicdata.models.colorize.pages import GREY, Told, check_draws, is_grey, paint_panel, without_color
from comicdata.models.colorize.sheets import Colorized, LeftAlone, Sheet
from comicdata.models.colorize.wishes import Wishes, is_inside
from comicdata.panels.strips import stream_runs
from comicdata.records import Box

NOTHING = "no panel lies in it"


@dataclass(frozen=True)
class Slices:
    """A strip: `read` gives its slices (h, w, 3) from the top, and is called twice; `sizes` are their widths and
    heights, `names` what they are called; `width` is that of the strip.
    """

    read: Callable[[], Iterable[Image]]
    sizes: Sequence[tuple[int, int]]
    names: Sequence[str]
    width: int

    @property
    def heights(self) -> list[int]:
        """In the strip."""
        return [max(1, round(height * self.width / width)) for width, height in self.sizes]

    def even(self, one: Image, height: int) -> Image:
        """A slice at the width of the strip."""
        return one if one.shape[1] == self.width else resize(one, self.width, height)


@dataclass
class _Slice:
    """A slice under way: its number, its pixels at its own size, its sheet at the width of the strip, how it came at
    that width, whether it is without the colour that it had, and why panels in it were left alone.
    """

    index: int
    original: Image
    sheet: Sheet
    came: Image
    anew: bool
    whys: list[str] = field(default_factory=list)

    @property
    def scale(self) -> float:
        return float(self.original.shape[1] / self.sheet.rgb.shape[1])


def colorize_strip(
    colorizer: Colorizer,
    slices: Slices,
    wishes: Callable[[int, Image], Wishes],
    *,
    recolor: bool = False,
    line_art: bool = False,
    told: Told = lambda done, of: None,
) -> Iterator[Colorized | LeftAlone]:
    """For each slice, from the top, what became of it; LeftAlone where no panel in it was coloured, as one in colour is
    not without `recolor`.

    `wishes` of a slice, by its number from 0 and its pixels. A panel heeds the hints of all slices that it lies in, and
    beyond them the wishes of that with its middle. Greys without colour are line art where most of the strip is.
    Source of the streaming: comicdata.panels.strips.
    """
    looks, held, count = _Looks(), list[_Slice](), 0
    pixels, wished = _pixels(slices, held, looks, recolor), _Wished(slices, wishes)
    passes = iter((_looked_at(slices, looks), pixels))
    for run, part, panels in stream_runs(lambda: next(passes)):
        while held[0].sheet.bottom <= run.y0:
            yield _cut(held.pop(0), wished)
        for panel in panels:
            box = panel.box
            inside = np.ascontiguousarray(part[box.y0 - run.y0 : box.y1 - run.y0, box.x0 : box.x1])
            if panel.kind == "text" and (is_grey(inside) or not recolor):
                continue
            touched = [one for one in held if one.sheet.touches(box)]
            read = read_line_art(inside, insist=line_art or (looks.lines and is_grey(inside)))
            if not read.is_line_art and not recolor:
                for one in touched:
                    one.whys.append(read.why)
                continue
            if not read.is_line_art:
                check_draws(colorizer, slices.names[touched[0].index])
            line, shade, framed = None, None, FREE
            if read.is_line_art:
                inner = within_frame(read.line, Box(0, 0, box.width, box.height))
                place = (slice(inner.y0, inner.y1), slice(inner.x0, inner.x1))
                line, shade, framed = read.line[place], read.shade[place], framed_sides(read.line, inner)
                inside, box = (
                    np.ascontiguousarray(inside[place]),
                    Box(box.x0 + inner.x0, box.y0 + inner.y0, box.x0 + inner.x1, box.y0 + inner.y1),
                )
            wishes_here = wished.of(box, touched)
            rim = _rim(held, box, tinted=line is None)
            made = paint_panel(colorizer, inside, line, wishes_here, rim, shade, framed)
            for one in touched:
                one.sheet.lay(box, made, layers=wishes_here.layers)
            count += 1
            told(count, 0)
    for _ in pixels:
        while len(held) > 1:
            yield _cut(held.pop(0), wished)
    for one in held:
        yield _cut(one, wished)


@dataclass
class _Looks:
    """Of each slice whether it is line art, None where it holds nothing; and how much of the strip is, and is not."""

    drawn: list[bool | None] = field(default_factory=list)
    areas: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})

    @property
    def lines(self) -> bool:
        """Whether most of the strip is line art."""
        return self.areas[True] > self.areas[False]


def _looked_at(slices: Slices, looks: _Looks) -> Iterator[Image]:
    """The slices at the width of the strip, for its rows."""
    for one, height in zip(slices.read(), slices.heights, strict=True):
        drawn = read_line_art(one).is_line_art if np.ptp(one) > GREY else None
        looks.drawn.append(drawn)
        if drawn is not None:
            looks.areas[drawn] += one.shape[0] * one.shape[1]
        yield slices.even(one, height)


def _pixels(slices: Slices, held: list[_Slice], looks: _Looks, recolor: bool) -> Iterator[Image]:
    """The slices at the width of the strip, for its panels; each is held from then on, to be coloured anew in grey."""
    top = 0
    for index, (one, height) in enumerate(zip(slices.read(), slices.heights, strict=True)):
        even = slices.even(one, height)
        anew = recolor and not looks.drawn[index] and not is_grey(one)
        original = without_color(one) if anew else one
        held.append(_Slice(index, original, Sheet(slices.even(original, height), top), even, anew))
        top += height
        yield even


def _rim(held: Sequence[_Slice], box: Box, *, tinted: bool) -> Rim:
    """Where a panel is open to what lies around it."""
    top, came = held[0].sheet.top, [one.came for one in held]
    first, last = max(0, box.y0 - top - BESIDE), box.y1 - top + BESIDE
    whole = came[0] if len(came) == 1 else np.concatenate(came)
    return open_rim(whole[first:last], Box(box.x0, box.y0 - top - first, box.x1, box.y1 - top - first), tinted=tinted)


@dataclass
class _Wished:
    """The wishes of slices, in the places of the strip."""

    slices: Slices
    wishes: Callable[[int, Image], Wishes]
    known: dict[int, Wishes] = field(default_factory=dict)

    def at(self, one: _Slice) -> Wishes:
        """Those of a slice, hints in its pixels at the width of the strip."""
        if one.index not in self.known:
            own = self.wishes(one.index, one.original)
            if one.scale != 1 and own.hints:
                height, width = one.original.shape[:2]
                layer = paint_hints(own.hints, height, width)
                size = (one.sheet.rgb.shape[1], one.sheet.rgb.shape[0])
                even = np.asarray(cv2.resize(layer, size, interpolation=cv2.INTER_NEAREST), np.uint8)
                own = replace(own, hints=[even])
            self.known = {index: each for index, each in self.known.items() if index >= one.index - 64}
            self.known[one.index] = own
        return self.known[one.index]

    def of(self, box: Box, touched: Sequence[_Slice]) -> Wishes:
        """Those for a panel, hints in its own pixels."""
        middle = (box.y0 + box.y1) // 2
        main = next(one for one in touched if one.sheet.top <= middle < one.sheet.bottom)
        hints: list[Any] = []
        for one in touched:
            for hint in self.at(one).hints:
                if isinstance(hint, np.ndarray):
                    hints.append(_pasted(hint, box, one.sheet.top))
                elif is_inside(box, hint.moved(0, one.sheet.top)):
                    hints.append(hint.moved(-box.x0, one.sheet.top - box.y0))
        meant = [hint for hint in hints if not isinstance(hint, np.ndarray) or hint[..., 3].any()]
        return replace(self.at(main), hints=meant, at=(box.x0, box.y0 - main.sheet.top))


def _pasted(layer: Image, box: Box, top: int) -> Image:
    """What of a layer over a slice, which begins at row `top`, lies in a panel: (h, w, 4) of that."""
    inside = np.zeros((box.height, box.width, 4), np.uint8)
    first, last = max(box.y0, top), min(box.y1, top + layer.shape[0])
    inside[first - box.y0 : last - box.y0] = layer[first - top : last - top, box.x0 : box.x1]
    return inside


def _cut(one: _Slice, wished: _Wished) -> Colorized | LeftAlone:
    """A slice with all its panels, at its own size; what is no panel as it was."""
    if not one.sheet.boxes and not one.anew:
        return LeftAlone(one.whys[0] if one.whys else NOTHING)
    made = one.sheet.finish(wished.at(one))
    if one.scale == 1:
        return made
    height, width = one.original.shape[:2]
    boxes = tuple(_scaled(box, one.scale, width, height) for box in made.panels)
    inside: npt.NDArray[np.bool_] = np.zeros((height, width, 1), np.bool_)
    for box in boxes:
        inside[box.y0 : box.y1, box.x0 : box.x1] = True
    return replace(
        made,
        images=tuple(np.where(inside, resize(image, width, height), one.original) for image in made.images),
        panels=boxes,
        layers={name: _nearest(layer, width, height) for name, layer in made.layers.items()},
        suggested=tuple(replace(hint, x=hint.x * one.scale, y=hint.y * one.scale) for hint in made.suggested),
    )


def _nearest(layer: Image, width: int, height: int) -> Image:
    return np.asarray(cv2.resize(layer, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def _scaled(box: Box, scale: float, width: int, height: int) -> Box:
    x0, x1 = (min(width, round(x * scale)) for x in (box.x0, box.x1))
    y0, y1 = (min(height, round(y * scale)) for y in (box.y0, box.y1))
    return Box(x0, y0, max(x0, x1), max(y0, y1))
