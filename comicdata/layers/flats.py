"""Flats as layers, as an indexed picture and as numbers of regions: hard edges throughout, no colour in between.

The rule of this file: a region is in exactly one layer, so that all layers together are the picture, pixel by pixel.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from comicdata.errors import PictureError
from comicdata.images import Image, encode_png
from comicdata.layers.document import Document, Layer
from comicdata.outputs.marks import Mark
from comicdata.records import Box

Labels = npt.NDArray[np.int32]
Color = tuple[int, int, int]

REST = "rest"
MOST_REGIONS = 65535  # numbers of 16 bits, without 0
MOST_INDEXED = 256  # colours of an indexed PNG


@dataclass(frozen=True)
class Flats:
    """Flats of one drawing: `labels` (H, W) int32, the colours (count + 1, 3) uint8 of the regions, row 0 for what lies
    outside, and what lies over them, by name from the bottom: (H, W) grey, 0 = ink. `names`: the colours that get a
    layer of their own, from the top. `dpi`: pixels per inch, if known.
    """

    labels: Labels
    colours: Image
    inks: Mapping[str, Image]
    names: Mapping[Color, str] = field(default_factory=dict)
    dpi: float | None = None


def flats_png(flats: Flats, mark: Mark | None = None) -> bytes:
    """Flats alone: indexed, in true colour above 256 colours."""
    palette, index = np.unique(flats.colours, axis=0, return_inverse=True)
    index = index.reshape(-1)
    used = np.zeros(len(palette), np.bool_)
    used[index[_there(flats)]] = True
    if used.sum() > MOST_INDEXED:
        return encode_png(flats.colours[flats.labels], mark, dpi=flats.dpi)
    place = (np.cumsum(used) - 1).astype(np.uint8)[index]
    return encode_png(place[flats.labels], mark, palette=palette[used], dpi=flats.dpi)


def regions_png(flats: Flats, name: str, mark: Mark | None = None) -> bytes:
    """The number of every pixel's region in 16-bit grey, 0 outside; PictureError, with `name`, above 65,535 regions."""
    most = int(flats.labels.max(initial=0))
    if most > MOST_REGIONS:
        what = f"{most} regions, more than 16 bits number ({MOST_REGIONS})"
        raise PictureError(f"{name}: {what}; leave out --to regions, or cut it into smaller pictures")
    return encode_png(flats.labels.astype(np.uint16), mark, dpi=flats.dpi)


def used_colors(flats: Flats, without: Collection[int] = ()) -> list[Color]:
    """The colours that regions have, those with names first, in their order; regions of `without` do not count."""
    there = _there(flats)
    there[[0, *without]] = False
    found = {(red, green, blue) for red, green, blue in flats.colours[there].tolist()}
    return [*(color for color in flats.names if color in found), *sorted(found - flats.names.keys())]


def _there(flats: Flats) -> npt.NDArray[np.bool_]:
    """Which numbers have a pixel: (count + 1,)."""
    return np.bincount(flats.labels.reshape(-1), minlength=len(flats.colours)) > 0


def flats_document(flats: Flats) -> Document:
    """The inks (multiply) over one layer per named colour that is used, over the rest."""
    boxes = _boxes(flats.labels, len(flats.colours))
    below = [_flat_layer(flats, group, boxes) for group in _groups(flats, boxes)]
    inks = [_ink_layer(name, ink) for name, ink in flats.inks.items()]
    return Document((*below, *inks), _merged(flats), flats.dpi)


class Group(NamedTuple):
    """Regions that are one layer: (count + 1,) bool."""

    name: str
    regions: npt.NDArray[np.bool_]


def _groups(flats: Flats, boxes: Mapping[int, Box]) -> list[Group]:
    """The rest, then the named colours, the first of them last; none is empty."""
    left = np.zeros(len(flats.colours), np.bool_)
    left[list(boxes)] = True
    found = []
    for color, name in flats.names.items():
        of_color = (flats.colours == np.array(color, np.uint8)).all(axis=1) & left
        left &= ~of_color
        found.append(Group(name, of_color))
    return [group for group in reversed([*found, Group(REST, left)]) if group.regions.any()]


def _boxes(labels: Labels, count: int) -> dict[int, Box]:
    """Where every region lies that has a pixel, number 0 too."""
    height, width = labels.shape
    begins = np.ones(labels.shape, np.bool_)  # where another region than that to the left is
    np.not_equal(labels[:, 1:], labels[:, :-1], out=begins[:, 1:])
    at = np.flatnonzero(begins)
    number, row = labels.reshape(-1)[at], at // width
    least = np.tile(np.array([[width], [height]]), count)
    most = np.zeros_like(least)
    for axis, first, last in ((0, at % width, np.append(at[1:], labels.size) - row * width), (1, row, row + 1)):
        np.minimum.at(least[axis], number, first)
        np.maximum.at(most[axis], number, last)
    sides = np.concatenate([least, most]).T.tolist()
    return {number: Box(*one) for number, one in enumerate(sides) if one[2]}


def _around(boxes: Sequence[Box]) -> Box:
    return Box(
        min(box.x0 for box in boxes),
        min(box.y0 for box in boxes),
        max(box.x1 for box in boxes),
        max(box.y1 for box in boxes),
    )


def _flat_layer(flats: Flats, group: Group, boxes: Mapping[int, Box]) -> Layer:
    box = _around([boxes[int(number)] for number in np.flatnonzero(group.regions)])
    # What is not of the group has the colour of its first region, transparent: a layer of one colour packs to nothing.
    first = flats.colours[np.argmax(group.regions)]
    shown = np.column_stack([np.where(group.regions[:, None], flats.colours, first), np.where(group.regions, 255, 0)])
    part = flats.labels[box.y0 : box.y1, box.x0 : box.x1]
    return Layer(group.name, box.x0, box.y0, box.width, box.height, partial(_looked_up, shown.astype(np.uint8), part))


def _looked_up(shown: Image, labels: Labels) -> Image:
    return np.asarray(shown[labels], np.uint8)


def _ink_layer(name: str, ink: Image) -> Layer:
    """Black, as opaque as the ink is dark: so it looks the same where a program does not multiply."""
    height, width = ink.shape
    return Layer(name, 0, 0, width, height, partial(as_black, ink), "multiply")


def as_black(ink: Image) -> Image:
    """(H, W) grey, 0 = ink, as RGBA."""
    rgba = np.zeros((*ink.shape, 4), np.uint8)
    np.subtract(255, ink, out=rgba[..., 3])
    return rgba


def _merged(flats: Flats) -> Image:
    """What all layers come to: the flats times each ink, to the nearest of 256."""
    merged = np.empty((*flats.labels.shape, 3), np.uint8)
    for rows in _bands(flats.labels.shape[0]):
        shown = flats.colours[flats.labels[rows]]
        for ink in flats.inks.values():
            shown = ((shown.astype(np.uint16) * ink[rows, :, None] + 127) // 255).astype(np.uint8)
        merged[rows] = shown
    return merged


def _bands(height: int, step: int = 256) -> Iterator[slice]:
    return (slice(at, at + step) for at in range(0, height, step))
