"""What the pictures of an episode are: slices of one strip, pages, or single pictures.

Several independent things are measured, each speaks for a strip or for pages with some points (rules.py), and the sum
decides. No single one rules: pages may go on over a border, slices may be of one size. The decision says what it
rests on.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal

import numpy as np

from comicdata.images import Image
from comicdata.panels.borders import Border, border_between
from comicdata.panels.looks import End, Look, look_at
from comicdata.panels.pages import page_panels
from comicdata.panels.rules import RULES

Found = Literal["strip", "page", "single"]
Sizes = Literal["rest", "irregular", "tall", "printed", "one"]
NAMES: dict[Found, str] = {"strip": "one strip", "page": "pages", "single": "a single picture"}
_Spoken = Iterator[tuple[float, str]]  # points, for a strip where positive, and what they are for


@dataclass(frozen=True)
class Evidence:
    """A layout, how sure it is (0.5: it could as well be the other, 1: certain), and what speaks for and against it.

    `doubt` is a line for people where the evidence is thin: what was decided, on what, and how to overrule it.
    `printed`: the pictures are of one size that printed pages have; so a square-ish one among them is a page, too.
    `sliced`: why they can only be slices, "" where nothing says so.
    """

    layout: Found
    confidence: float
    reasons: tuple[str, ...]
    doubt: str = ""
    printed: bool = False
    sliced: str = ""

    @property
    def words(self) -> str:
        return f"{self.layout}: {'; '.join(self.reasons)}"


def asked(layout: Found) -> Evidence:
    """The evidence of a layout that somebody named."""
    return Evidence(layout, 1.0, ("as asked for",))


def find_layout(pictures: Sequence[Image | None]) -> Found:
    """The layout of an episode, pictures (H, W, 3) uint8 in reading order; None stands for what is missing."""
    return find_evidence(pictures).layout


def find_evidence(pictures: Sequence[Image | None]) -> Evidence:
    """The layout of an episode and what speaks for it; a lone picture is judged by itself."""
    there = [picture for picture in pictures if picture is not None]
    if len(there) == 1:
        return picture_evidence(there[0])
    return weigh_looks([None if picture is None else look_at(picture) for picture in pictures])


def picture_layout(picture: Image) -> Found:
    """A very tall picture is a whole strip; a square-ish one without inner gutters is one panel; others are pages."""
    return picture_evidence(picture).layout


def picture_evidence(picture: Image, episode: Evidence | None = None) -> Evidence:
    """What one picture is by itself, (H, W, 3); `episode`: what was decided of all pictures beside it."""
    found, reason = _of_picture(picture, printed=episode is not None and episode.printed)
    if episode:
        return replace(episode, layout=found, reasons=(reason, *episode.reasons))
    height, width = picture.shape[:2]
    tallish = found == "page" and height > RULES.longest_page * width
    return _decided(found, 1.0 if tallish else 4.0, [reason])


def _of_picture(picture: Image, *, printed: bool) -> tuple[Found, str]:
    height, width = picture.shape[:2]
    size = f"{width}x{height}"
    if height > RULES.tall * width:
        return "strip", f"a picture of {size} is more than {RULES.tall:g} times as tall as wide"
    square = not printed and max(height, width) <= RULES.square * min(height, width)
    if square and len(page_panels(picture)) <= 1:
        return "single", f"a square-ish picture of {size} without inner gutters"
    return "page", f"a picture of {size}" + (" with inner gutters" if square else "")


def weigh_looks(looks: Sequence[Look | None]) -> Evidence:
    """Strip or pages: the layout of two pictures or more; None stands for what is missing between them."""
    there = tuple(look for look in looks if look is not None)
    if not there:
        return _decided("page", 0.0, ["no picture"])
    episode = _Episode(there, _borders(looks), Counter(look.width for look in there).most_common(1)[0][0])
    measures = (_of_borders, _of_margins, _of_blanks, _of_widths, _of_sizes)
    spoken = [one for measure in measures for one in measure(episode)]
    total = sum(points for points, _ in spoken)
    if "goes on" not in episode.borders:
        total = min(total, RULES.most_indirect * len(there))
    decided = _decided("strip" if total > 0 else "page", abs(total), [words for _, words in spoken])
    return replace(decided, printed=episode.sizes == "printed", sliced=episode.sliced)


def _decided(layout: Found, points: float, reasons: Sequence[str]) -> Evidence:
    confidence = round(1 / (1 + math.exp(-points)), 2)
    doubt = ""
    if confidence < RULES.sure:
        other = "page" if layout == "strip" else "strip"
        doubt = f"taken for {NAMES[layout]} on thin evidence ({'; '.join(reasons)}); --layout {other} overrules it"
    return Evidence(layout, confidence, tuple(reasons), doubt)


def _borders(looks: Sequence[Look | None]) -> tuple[Border | None, ...]:
    """What lies after each picture that is there; None after the last, before what is missing, and where art breaks
    off between two widths: a slice and the credits, a cover and a page say nothing.
    """
    found: list[Border | None] = []
    for upper, lower in pairwise([*looks, None]):
        if upper is not None:
            border = border_between(upper, lower) if lower else None
            tells = border == "goes on" or (lower and _same(upper.width, lower.width))
            found.append(border if tells else None)
    return tuple(found)


@dataclass(frozen=True)
class _Episode:
    """What all measures rest on: the pictures, what lies after each, and their commonest width."""

    looks: tuple[Look, ...]
    borders: tuple[Border | None, ...]
    width: int

    @cached_property
    def usual(self) -> int:
        """The median height at the common width, of the pictures that have it."""
        return round(float(np.median(self._heights)))

    @cached_property
    def _heights(self) -> list[float]:
        return [self.evened(look, look.height) for look in self.looks if _same(look.width, self.width)]

    def evened(self, look: Look, length: float) -> float:
        """A length in a picture as it is at the common width."""
        return length * self.width / look.width

    @cached_property
    def sizes(self) -> Sizes:
        """Pages are of one size like a printed page; slices are of any height, or of one height but the last."""
        heights, least = self._heights, (1 - RULES.height_same) * self.usual
        same = [least <= height <= self.usual * (1 + RULES.height_same) for height in heights]
        if len(heights) > 2 and all(same[:-1]) and heights[-1] < least:
            return "rest"
        if sum(same) < RULES.heights_share * len(same):
            return "irregular"
        if self.usual > RULES.longest_page * self.width:
            return "tall"
        low, high = RULES.page_aspects
        return "printed" if low <= self.usual / self.width < high else "one"

    @property
    def sliced(self) -> str:
        """Why pictures of a strip are slices that belong together; "" where each may be a page."""
        if "goes on" in self.borders:
            return "art goes on from picture to picture"
        return "they are taller than pages" if self.sizes == "tall" else ""

    @property
    def even(self) -> bool:
        """Whether nearly all pictures have one size that a page may have."""
        return self.sizes in ("printed", "one")


_SIZES: dict[Sizes, str] = {
    "rest": "all {1} high but the last, which is lower",
    "irregular": "heights of all kinds",
    "tall": "sizes {0}x{1}, taller than pages",
    "printed": "sizes {0}x{1} like pages",
    "one": "sizes {0}x{1}",
}


def _of_sizes(episode: _Episode) -> _Spoken:
    """Slices of a strip are cut at any height, or at one height until the rest; pages are of one size."""
    by_count = RULES.points_irregular
    points: dict[Sizes, float] = {
        "rest": RULES.points_rest,
        "irregular": by_count[min(len(episode.looks), len(by_count) - 1)],
        "tall": RULES.points_tall,
        "printed": -RULES.points_page_size,
        "one": -RULES.points_one_size,
    }
    yield points[episode.sizes], _SIZES[episode.sizes].format(episode.width, episode.usual)


def _of_borders(episode: _Episode) -> _Spoken:
    """Art that goes on across file borders speaks for a strip, art that does not for pages."""
    count = Counter(border for border in episode.borders if border)
    total = len(episode.looks) - 1
    if count["goes on"]:
        yield RULES.points_goes_on * count["goes on"], f"art goes on across {count['goes on']} of {total} borders"
    if count["breaks"]:
        yield -RULES.points_breaks * count["breaks"], f"art breaks off at {count['breaks']} of {total} borders"
    if count["ends"]:
        yield -RULES.points_ends * count["ends"], f"art ends at {count['ends']} of {total} borders"
    if count["gutter"]:
        telling = max(0, count["gutter"] - 2) if episode.even and not count["goes on"] else 0
        yield -RULES.points_gutter * telling, f"{count['gutter']} of {total} borders lie in gutters or margins"


def _of_margins(episode: _Episode) -> _Spoken:
    """Pages repeat their margins; in a strip a cut falls anywhere in a gutter, and art beside it touches the sides."""
    beside = zip(episode.looks, (None, *episode.borders), episode.borders, strict=False)
    drawn = [(look, above, below) for look, above, below in beside if not look.blank]
    tops = [episode.evened(look, _margin(look.top, above)) for look, above, _ in drawn]
    bottoms = [episode.evened(look, _margin(look.bottom, below)) for look, _, below in drawn]
    same = [_repeated(tops), _repeated(bottoms)]
    large = sum(one > RULES.margin_large * episode.usual for one in [*tops, *bottoms])
    may_repeat = episode.even or episode.sizes == "rest"  # a comic's last page may be half a page
    if may_repeat and min(same) >= max(2, RULES.margin_share * len(drawn)):
        yield -RULES.points_margin * (sum(same) - 2), "margins repeat"
    elif large:
        yield min(RULES.most_large, RULES.points_large * large), "gaps at the borders are large and differ"
    sides = sum(look.reaches_sides and "gutter" in around for look, *around in drawn)
    if sides:
        yield min(RULES.most_sides, RULES.points_sides * sides), f"art beside a gutter touches both sides in {sides}"


def _margin(end: End, border: Border | None) -> int:
    """The margin at one end; 0 where there is none, or what looks like one is a flat sky."""
    return end.margin if border == "gutter" or end.is_paper else 0


def _repeated(margins: Sequence[float]) -> int:
    """How many of the margins are one: of the commonest."""
    some = [one for one in margins if one]
    return max((sum(abs(one - other) <= max(3, RULES.margin_same * one) for other in some) for one in some), default=0)


def _of_blanks(episode: _Episode) -> _Spoken:
    blank = sum(look.blank for look in episode.looks)
    if blank:
        yield min(RULES.most_blank, RULES.points_blank * blank), f"{blank} without art"


def _of_widths(episode: _Episode) -> _Spoken:
    """A strip has one width, within a pixel or two; a narrower slice or the credits are one exception."""
    count, width = len(episode.looks), episode.width
    odd = sum(not _same(look.width, width) for look in episode.looks)
    many = odd > RULES.widths_odd * count
    yield -RULES.points_widths * many, f"widths {width}" + (f" but for {odd} of {count}" if odd else "")
    if any(look.width >= RULES.spread_wide * width for look in episode.looks):
        yield -RULES.points_spread, "one is a double page"


def _same(one: int, other: int) -> bool:
    return abs(one - other) <= RULES.width_same * max(one, other)
