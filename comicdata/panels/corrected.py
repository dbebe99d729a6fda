"""Boxes that a person corrected: which page an entry of a file means, and whether its boxes make sense there.

What does not is a UsageError of one line; nothing is guessed, and no box is dropped in silence.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Generic, TypeVar

from comicdata.errors import UsageError
from comicdata.panels.exchange import read_panels
from comicdata.panels.exchange.entries import Entry, Region, Slice, join_parts, path_of, slices_of
from comicdata.records import Box, Panel

TWICE = 0.8  # of the larger box: a box inside another one that fills so much of it is the same panel once more
Key = TypeVar("Key", bound=Hashable)


class Pages(Generic[Key]):
    """The pages, or pictures, that there are, by the names that they are known by."""

    def __init__(self, names: Mapping[Key, Sequence[str]]) -> None:
        self._by_end: dict[str, list[tuple[list[str], Key]]] = defaultdict(list)
        for key, some in names.items():
            for parts in {tuple(path_of(name)) for name in some}:
                if parts:
                    self._by_end[_stem(parts[-1])].append(([*parts], key))

    def find(self, *names: str) -> set[Key]:
        """The pages that one of the names means: those that share most of the end of their path with it."""
        scores: dict[Key, tuple[int, bool]] = {}
        for name in names:
            parts = path_of(name)
            for known, key in self._by_end.get(_stem(parts[-1]), []) if parts else []:
                shorter = min(len(parts), len(known))
                if _alike(parts[-1], known[-1]) and parts[-shorter:-1] == known[-shorter:-1]:
                    score = shorter, parts[-1] == known[-1]
                    scores[key] = max(score, scores.get(key, score))
        best = max(scores.values(), default=None)
        return {key for key, score in scores.items() if score == best}

    def key_of(self, entry: Entry) -> Key | None:
        """The page that an entry means, None where there is none; UsageError where several may be meant."""
        found = self.find(entry.name, *entry.also)
        if len(found) > 1:
            raise UsageError(f"{entry.place}: {entry.name!r} may be any of {len(found)} pages; give more of its path")
        return next(iter(found), None)


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


def _alike(one: str, other: str) -> bool:
    """Whether two names of files are the same, the suffix apart where only one has any."""
    return one == other or "" in (PurePosixPath(one).suffix, PurePosixPath(other).suffix)


def missing(entry: Entry, sample: str) -> UsageError:
    """That there is no such page; `sample` is the name of one that there is."""
    return UsageError(f"{entry.place}: there is no page {entry.name!r} here; a page here is {sample!r}")


def boxes_of(entry: Entry, width: int, height: int) -> list[tuple[Region, Box]]:
    """The regions of an entry with their boxes on a page of this size, in the order of the file.

    UsageError for another size than the entry says, for a box that reaches out of the page or has no area, and for one
    panel twice. A box inside another one is an inset, and fine, unless it fills TWICE of it.
    """
    if entry.size is not None and entry.size != (width, height):
        said = "{}x{}".format(*entry.size)
        raise UsageError(f"{entry.place}: {entry.name!r} was {said} pixels and is {width}x{height}; mark it anew")
    found = [(region, region.box(width, height)) for region in entry.regions]
    for number, (_, box) in enumerate(found, 1):
        fault = _fault(box, width, height)
        if fault:
            raise UsageError(f"{entry.place}: {entry.name!r}: panel {number}, {box.as_list()}, {fault}")
    for number, (_, box) in enumerate(found):
        for before, (_, other) in enumerate(found[:number]):
            if _is_twice(box, other):
                raise UsageError(
                    f"{entry.place}: {entry.name!r}: panels {before + 1} and {number + 1}, {other.as_list()} and "
                    f"{box.as_list()}, are one panel twice; take one away (an inset is smaller than its panel)"
                )
    return found


def _fault(box: Box, width: int, height: int) -> str:
    if box.x0 >= box.x1 or box.y0 >= box.y1:
        return "has no area"
    inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height
    return "" if inside else f"reaches out of the page, which is {width}x{height} pixels"


def _is_twice(one: Box, other: Box) -> bool:
    """Whether one of two boxes lies wholly in the other and fills most of it."""
    small, large = sorted((one, other), key=lambda box: box.width * box.height)
    within = small.x0 >= large.x0 and small.y0 >= large.y0 and small.x1 <= large.x1 and small.y1 <= large.y1
    return within and small.width * small.height >= TWICE * large.width * large.height


def as_panels(boxes: Sequence[tuple[Region, Box]], found: Sequence[Panel] = ()) -> list[Panel]:
    """Corrected boxes as panels: sure of themselves, but for those that were found just so, which stay as found."""
    known = {panel.box: panel for panel in found}
    panels = []
    for region, box in boxes:
        before = known.get(box)
        kind = region.kind or (before.kind if before else "panel")
        panels.append(before if before and before.kind == kind else Panel(box, 1.0, kind))
    return panels


def laid_over(
    found: Sequence[Panel], boxes: Sequence[tuple[Region, Box]], covers: Callable[[Box], bool]
) -> list[Panel]:
    """The corrected panels of a strip in place of those that were found where somebody corrected, as `covers` says."""
    waiting = as_panels(boxes, found)
    panels: list[Panel] = []
    for panel in found:
        if not covers(panel.box):
            above = [one for one in waiting if one.box.y0 < panel.box.y0]
            waiting = [one for one in waiting if one not in above]
            panels += [*above, panel]
    return [*panels, *waiting]


@dataclass(frozen=True)
class Corrected:
    """The corrected panels of the pictures of an input, by their number from 0."""

    entries: Mapping[int, Entry]

    def panels(self, number: int, width: int, height: int) -> list[Panel] | None:
        """The panels of one picture in reading order, text included; None where the files say nothing of it.

        UsageError as `boxes_of`.
        """
        entry = self.entries.get(number)
        return None if entry is None else as_panels(boxes_of(entry, width, height))

    def laid(self, found: Sequence[Panel], numbers: Sequence[int], slices: Sequence[Slice], width: int) -> list[Panel]:
        """The panels of a strip, or a page, as found, but where the files say otherwise.

        `slices` are its pictures, whose numbers are `numbers`; it is `width` wide.
        """
        own = [(self.entries[i], one) for i, one in zip(numbers, slices, strict=True) if i in self.entries]
        parts = [(region, one, box) for entry, one in own for region, box in boxes_of(entry, one.width, one.height)]
        covered = [one for _, one in own]
        return laid_over(found, join_parts(parts, width), lambda box: is_covered(box, covered)) if own else [*found]


def is_covered(box: Box, slices: Sequence[Slice]) -> bool:
    """Whether the middle row of a box lies in one of some slices."""
    middle = (box.y0 + box.y1) // 2
    return any(one.top <= middle < one.bottom for one in slices)


def read_corrected(files: Sequence[Path], pictures: Sequence[Sequence[str]]) -> Corrected:
    """What files of panels say of pictures, each given by all its names; a strip is taken slice by slice.

    Of a page in several files the last counts; what nobody changed counts as little as if it were not there.
    UsageError for a file that is none, and a changed page that is not there.
    """
    pages = Pages(dict(enumerate(pictures)))
    entries: dict[int, Entry] = {}
    for file in files:
        for whole in read_panels(file):
            if whole.as_found:
                continue
            alone = pages.key_of(whole)
            for entry in slices_of(whole) if whole.slices and alone is None else [whole]:
                key = alone if entry is whole else pages.key_of(entry)
                if key is None:
                    raise missing(entry, pictures[0][0])
                entries[key] = entry
    return Corrected(entries)
