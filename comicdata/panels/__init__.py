"""Stage 2: where the panels are. Pure functions from pictures to boxes; slices are stitched first."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from comicdata.images import Image, resize
from comicdata.panels.layout import Evidence, Found, asked, find_evidence, find_layout, picture_evidence, picture_layout
from comicdata.panels.order import read_pages
from comicdata.panels.pages import page_panels, picture_panel
from comicdata.panels.strips import stream_strip, strip_panels
from comicdata.records import Box, Direction, Layout, Panel

__all__ = [
    "Cut",
    "Evidence",
    "Strip",
    "cut_panel",
    "find_evidence",
    "find_layout",
    "find_panels",
    "make_strips",
    "picture_evidence",
    "picture_layout",
    "pictures_of",
    "stream_panels",
]


@dataclass(frozen=True)
class Strip:
    """One stitched strip, or one page: image (H, W, 3) uint8; source picture `pictures[i]` begins at row `tops[i]`.

    `evidence`: what the layout rests on, a line of doubt included.
    """

    image: Image
    tops: tuple[int, ...]
    pictures: tuple[int, ...]
    evidence: Evidence

    @property
    def layout(self) -> Found:
        return self.evidence.layout


def make_strips(pictures: Sequence[Image], layout: Layout = "auto") -> list[Strip]:
    """One Strip of all pictures, brought to their commonest width, or one per page.

    Under "auto" every picture that is no slice of a strip is judged by itself: tall ones are strips, square-ish ones
    without inner gutters single panels.
    """
    if not pictures:
        return []
    evidence = find_evidence(pictures) if layout == "auto" else asked(layout)
    if evidence.layout != "strip":
        alone = len(pictures) == 1 or layout != "auto"
        return [
            Strip(picture, (0,), (index,), evidence if alone else picture_evidence(picture, evidence))
            for index, picture in enumerate(pictures)
        ]
    width = Counter(picture.shape[1] for picture in pictures).most_common(1)[0][0]
    slices = [_to_width(picture, width) for picture in pictures]
    tops = np.cumsum([0, *(one.shape[0] for one in slices[:-1])]).tolist()
    return [Strip(np.concatenate(slices), tuple(tops), tuple(range(len(slices))), evidence)]


def _to_width(picture: Image, width: int) -> Image:
    if picture.shape[1] == width:
        return picture
    return resize(picture, width, max(1, round(picture.shape[0] * width / picture.shape[1])))


def find_panels(strip: Strip | Image, reading_order: Direction = "ltr") -> list[Panel]:
    """The panels of a strip or page in reading order, text blocks included, in pixels of `strip.image`.

    A picture, (H, W, 3) uint8, is taken for what it looks like: a strip, a page, a single panel.
    """
    if not isinstance(strip, Strip):
        (strip,) = make_strips([strip])
    right_to_left = reading_order == "rtl"
    if strip.layout == "single":
        return [picture_panel(strip.image)]
    if strip.layout == "strip":
        return strip_panels(strip.image, right_to_left=right_to_left)
    height, width = strip.image.shape[:2]
    found = page_panels(strip.image, right_to_left=right_to_left)
    return read_pages(found, width, height, right_to_left=right_to_left)


@dataclass(frozen=True)
class Cut:
    """One panel of a streamed strip: its place in the strip, its pixels (h, w, 3), the indices of its slices.

    `whole`: False where it may go on in a slice that is not there.
    """

    panel: Panel
    image: Image
    pictures: tuple[int, ...]
    whole: bool = True


def stream_panels(
    slices: Callable[[], Iterable[Image]], *, width: int | None = None, reading_order: Direction = "ltr"
) -> Iterator[Cut]:
    """The panels that find_panels finds in the stitched strip, without ever holding the strip.

    `slices` gives the slices (h, w, 3) uint8 from the top; it is called twice (features of the rows, then pixels), so
    let it decode anew. They are brought to `width`, by default that of the first. Held at a time: one slice, what lies
    between two gutters (cut at 16 widths if it is taller), and some 30 bytes a row.
    """
    tops: list[int] = []
    heights: list[int] = []

    def even() -> Iterator[Image]:
        tops.clear()
        heights.clear()
        wide = width
        for one in slices():
            wide = wide or one.shape[1]
            tops.append(sum(heights[-1:]) + sum(tops[-1:]))
            heights.append(max(1, round(one.shape[0] * wide / one.shape[1])))
            yield _to_width(one, wide)

    for panel, image in stream_strip(even, right_to_left=reading_order == "rtl"):
        box = panel.box
        touched = (i for i, (y, h) in enumerate(zip(tops, heights, strict=True)) if y < box.y1 and y + h > box.y0)
        yield Cut(panel, image, tuple(touched))


def cut_panel(strip: Strip, box: Box) -> Image:
    """The pixels of a box, (h, w, 3), as a contiguous copy."""
    return np.ascontiguousarray(strip.image[box.y0 : box.y1, box.x0 : box.x1])


def pictures_of(strip: Strip, box: Box) -> tuple[int, ...]:
    """Indices of the source pictures that a box touches."""
    ends = [*strip.tops[1:], strip.image.shape[0]]
    return tuple(
        index for index, top, end in zip(strip.pictures, strip.tops, ends, strict=True) if top < box.y1 and end > box.y0
    )
