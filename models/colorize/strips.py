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
from comicdata.images import Image, channel_spread, resize
from comicdata.models.colorize.colorizer import Colorizer, Painted
from comicdata.models.colorize.pages import Colorized, LeftAlone, check_draws, paint_panel
from comicdata.models.colorize.suggestions import Suggestion
from comicdata.models.colorize.wishes import Wishes, is_inside
from comicdata.panels.strips import stream_runs
from comicdata.records import Box

NOTHING = "no panel lies in it"
GREY, COLOURED = 24, 0.004  # spread of the channels, and the share of a panel from which on it is in colour


@dataclass(frozen=True)
class Slices:
    """A strip: `read` gives its slices (h, w, 3) from the top, and is called three times; `sizes` are their widths and
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

    def even(self) -> Iterator[Image]:
        """The slices, brought to the width of the strip."""
        for one, height in zip(self.read(), self.heights, strict=True):
            yield one if one.shape[1] == self.width else resize(one, self.width, height)


@dataclass
class _Slice:
    """A slice under way: its place in the strip, its pixels, and what was made of them so far."""

    index: int
    top: int
    bottom: int
    original: Image
    results: list[Image]
    layers: dict[str, Image] = field(default_factory=dict)
    boxes: list[Box] = field(default_factory=list)
    whys: list[str] = field(default_factory=list)
    suggested: list[Suggestion] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def scale(self) -> float:
        return float(self.original.shape[1] / self.results[0].shape[1])


def colorize_strip(
    colorizer: Colorizer,
    slices: Slices,
    wishes: Callable[[int, Image], Wishes],
    *,
    recolor: bool = False,
    line_art: bool = False,
) -> Iterator[Colorized | LeftAlone]:
    """For each slice, from the top, what became of it; LeftAlone where no panel in it was coloured, as one in colour is
    not without `recolor`.

    `wishes` of a slice, by its number from 0 and its pixels. A panel heeds the hints of all slices that it lies in, and
    beyond them the wishes of that with its middle. Greys without colour are line art where most of the strip is.
    Source of the streaming: comicdata.panels.strips.
    """
    lines = line_art or _is_drawn(slices)
    wished = _Wished(slices, wishes)
    coming, held = _coming(slices), list[_Slice]()
    for run, part, panels in stream_runs(slices.even):
        while not held or held[-1].bottom < run.y1:
            held.append(next(coming))
        while held[0].bottom <= run.y0:
            yield _cut(held.pop(0), wished)
        for panel in panels:
            if panel.kind == "panel":
                box = panel.box
                pixels = np.ascontiguousarray(part[box.y0 - run.y0 : box.y1 - run.y0, box.x0 : box.x1])
                touched = [one for one in held if one.top < box.y1 and one.bottom > box.y0]
                name = slices.names[touched[0].index]
                made = _painted(colorizer, pixels, wished.of(box, touched), name, recolor, line_art, lines)
                _lay(touched, box, made)
    for one in (*held, *coming):
        yield _cut(one, wished)


def _is_drawn(slices: Slices) -> bool:
    """Whether most of what is in a strip is line art, slices without anything not counted."""
    areas = {True: 0, False: 0}
    for one in slices.read():
        if np.ptp(one) > GREY:
            areas[read_line_art(one).is_line_art] += one.shape[0] * one.shape[1]
    return areas[True] > areas[False]


def _coming(slices: Slices) -> Iterator[_Slice]:
    top = 0
    for index, (one, height) in enumerate(zip(slices.read(), slices.heights, strict=True)):
        even = one.copy() if one.shape[1] == slices.width else resize(one, slices.width, height)
        yield _Slice(index, top, top + height, one, [even])
        top += height


def _painted(
    colorizer: Colorizer, pixels: Image, wishes: Wishes, name: str, recolor: bool, line_art: bool, lines: bool
) -> list[Painted] | str:
    """A panel coloured, or why it is not."""
    grey = float((channel_spread(pixels) > GREY).mean()) <= COLOURED
    read = read_line_art(pixels, insist=line_art or (lines and grey))
    if not read.is_line_art and not recolor:
        return read.why
    if not read.is_line_art:
        check_draws(colorizer, name)
    return paint_panel(colorizer, pixels, read.drawing if read.is_line_art else None, wishes)


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
                size = (one.results[0].shape[1], one.results[0].shape[0])
                even = np.asarray(cv2.resize(layer, size, interpolation=cv2.INTER_NEAREST), np.uint8)
                own = replace(own, hints=[even])
            self.known = {index: each for index, each in self.known.items() if index >= one.index - 64}
            self.known[one.index] = own
        return self.known[one.index]

    def of(self, box: Box, touched: Sequence[_Slice]) -> Wishes:
        """Those for a panel, hints in its own pixels."""
        middle = (box.y0 + box.y1) / 2
        main = next((one for one in touched if one.top <= middle < one.bottom), touched[0])
        hints: list[Any] = []
        for one in touched:
            for hint in self.at(one).hints:
                if isinstance(hint, np.ndarray):
                    hints.append(_pasted(hint, box, one.top))
                elif is_inside(box, hint.moved(0, one.top)):
                    hints.append(hint.moved(-box.x0, one.top - box.y0))
        meant = [hint for hint in hints if not isinstance(hint, np.ndarray) or hint[..., 3].any()]
        return replace(self.at(main), hints=meant, at=(box.x0, box.y0 - main.top))


def _pasted(layer: Image, box: Box, top: int) -> Image:
    """What of a layer over a slice, which begins at row `top`, lies in a panel: (h, w, 4) of that."""
    inside = np.zeros((box.height, box.width, 4), np.uint8)
    first, last = max(box.y0, top), min(box.y1, top + layer.shape[0])
    inside[first - box.y0 : last - box.y0] = layer[first - top : last - top, box.x0 : box.x1]
    return inside


def _lay(touched: Sequence[_Slice], box: Box, made: list[Painted] | str) -> None:
    """Lay what became of a panel into the slices that it lies in."""
    for one in touched:
        if isinstance(made, str):
            one.whys.append(made)
            continue
        first, last = max(box.y0, one.top), min(box.y1, one.bottom)
        place = (slice(first - one.top, last - one.top), slice(box.x0, box.x1))
        part = slice(first - box.y0, last - box.y0)
        one.results += [one.results[-1].copy() for _ in made[len(one.results) :]]
        for number, result in enumerate(one.results):
            result[place] = made[min(number, len(made) - 1)].image[part]
        for kind, layer in (("background", made[0].background), ("low-resolution", made[0].low_resolution)):
            if layer is not None:
                shape = (*one.results[0].shape[:2], *layer.shape[2:])
                one.layers.setdefault(kind, np.zeros(shape, np.uint8))[place] = layer[part]
        one.boxes.append(Box(box.x0, first - one.top, box.x1, last - one.top))
        here = (Suggestion(gain, hint.moved(box.x0, box.y0 - one.top)) for gain, hint in made[0].suggested)
        one.suggested += [each for each in here if 0 <= each.hint.y < one.bottom - one.top]
        one.notes += made[0].notes if one is touched[0] else []


def _cut(one: _Slice, wished: _Wished) -> Colorized | LeftAlone:
    """A slice with all its panels, at its own size."""
    if not one.boxes:
        return LeftAlone(one.whys[0] if one.whys else NOTHING)
    wishes = wished.at(one)
    hints = enumerate(wishes.hints, 1)
    unheard = tuple(number for number, hint in hints if not any(is_inside(box, hint) for box in one.boxes))
    best = sorted(one.suggested, key=lambda each: -each.gain)[: wishes.suggest]
    images = tuple(_own_size(one, result) for result in one.results)
    height, width = one.original.shape[:2]
    layers = {
        kind: np.asarray(cv2.resize(layer, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
        for kind, layer in one.layers.items()
    }
    boxes = tuple(_scaled(box, one.scale, width, height) for box in one.boxes)
    suggested = tuple(replace(each.hint, x=each.hint.x * one.scale, y=each.hint.y * one.scale) for each in best)
    return Colorized(images, boxes, layers, unheard, suggested, tuple(one.notes))


def _own_size(one: _Slice, result: Image) -> Image:
    """A result at the size of the slice, what is no panel as it was."""
    height, width = one.original.shape[:2]
    if result.shape == one.original.shape:
        return result
    inside: npt.NDArray[np.bool_] = np.zeros((height, width), np.bool_)
    for box in one.boxes:
        own = _scaled(box, one.scale, width, height)
        inside[own.y0 : own.y1, own.x0 : own.x1] = True
    return np.where(inside[..., None], resize(result, width, height), one.original)


def _scaled(box: Box, scale: float, width: int, height: int) -> Box:
    x0, x1 = (min(width, round(x * scale)) for x in (box.x0, box.x1))
    y0, y1 = (min(height, round(y * scale)) for y in (box.y0, box.y1))
    return Box(x0, y0, max(x0, x1), max(y0, y1))
