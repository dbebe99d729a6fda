"""How well boxes were found: greedy one-to-one matching by intersection over union, cuts, merges, truth files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import read_jsonl
from comicdata.records import Box

THRESHOLDS = (0.5, 0.75, 0.9)
INSIDE = 0.85  # a panel with this share of its area in another one is an inset of it


@dataclass(frozen=True)
class Score:
    """Precision, recall and F1, each in [0, 1]; 1 where there was nothing to find and nothing was found."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Counts:
    """Sums over pictures, to be added and divided once: matches at each of THRESHOLDS, cuts and merges."""

    found: int = 0
    truth: int = 0
    hits: tuple[int, ...] = (0,) * len(THRESHOLDS)
    cut: int = 0
    merged: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        hits = tuple(a + b for a, b in zip(self.hits, other.hits, strict=True))
        return Counts(
            self.found + other.found, self.truth + other.truth, hits, self.cut + other.cut, self.merged + other.merged
        )

    def at(self, threshold: float) -> Score:
        """Precision, recall and F1 at one of THRESHOLDS."""
        return _score(self.hits[THRESHOLDS.index(threshold)], self.found, self.truth)

    @property
    def cut_rate(self) -> float:
        """Share of the true panels that were cut into two or more."""
        return self.cut / self.truth if self.truth else 0.0

    @property
    def merge_rate(self) -> float:
        """Share of the found boxes that cover two or more true panels."""
        return self.merged / self.found if self.found else 0.0


def iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes."""
    shared = _shared(one, other)
    return shared / (one.width * one.height + other.width * other.height - shared)


def _shared(one: Box, other: Box) -> int:
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(0, width) * max(0, height)


def _share_inside(one: Box, other: Box) -> float:
    return _shared(one, other) / (one.width * one.height)


def matched(found: Sequence[Box], truth: Sequence[Box], threshold: float) -> int:
    """How many pairs match at this IoU, best pairs first, each box once."""
    pairs = sorted(((iou(a, b), i, j) for i, a in enumerate(found) for j, b in enumerate(truth)), reverse=True)
    used_found: set[int] = set()
    used_truth: set[int] = set()
    for value, i, j in pairs:
        if value >= threshold and i not in used_found and j not in used_truth:
            used_found.add(i)
            used_truth.add(j)
    return len(used_found)


def score(found: Sequence[Box], truth: Sequence[Box], threshold: float = 0.5) -> Score:
    """Precision, recall and F1 of found boxes at one IoU threshold."""
    return _score(matched(found, truth, threshold), len(found), len(truth))


def _score(hits: int, found: int, truth: int) -> Score:
    precision = hits / found if found else float(not truth)
    recall = hits / truth if truth else float(not found)
    return Score(precision, recall, 2 * hits / (found + truth) if found or truth else 1.0)


def count(found: Sequence[Box], truth: Sequence[Box]) -> Counts:
    """What one picture adds to the sums."""
    hits = tuple(matched(found, truth, threshold) for threshold in THRESHOLDS)
    return Counts(len(found), len(truth), hits, _cut(found, truth), sum(_merges(box, truth) for box in found))


def _cut(found: Sequence[Box], truth: Sequence[Box]) -> int:
    """True panels that are the best match of several boxes which lie mostly inside them."""
    pieces = [0] * len(truth)
    for box in found:
        best = max(range(len(truth)), key=lambda j: iou(box, truth[j]), default=-1)
        if best >= 0 and _share_inside(box, truth[best]) > 0.5:
            pieces[best] += 1
    return sum(number >= 2 for number in pieces)


def _merges(box: Box, truth: Sequence[Box]) -> bool:
    """Whether the box covers most of two true panels, insets of a covered one apart."""
    covered = [panel for panel in truth if _share_inside(panel, box) > 0.5]
    apart = [
        panel
        for panel in covered
        if not any(panel is not other and _share_inside(panel, other) > INSIDE for other in covered)
    ]
    return len(apart) >= 2


def read_truth(path: Path) -> dict[str, list[Box]]:
    """A truth file: JSON lines {"input": name, "panels": [{"box": [x0, y0, x1, y1]}]}, names as `panels` prints them.

    Panels of kind "text" are left out, so what `panels --json` prints, corrected by hand, is a truth file.
    UsageError with the line where the file is not of this form, or names an input twice.
    """
    truth: dict[str, list[Box]] = {}
    for number, line in enumerate(_lines(path), 1):
        name, boxes = _truth_line(line, f"{path}:{number}")
        if name in truth:
            raise UsageError(f"{path}:{number}: {name!r} has a line already; put all its panels into one line")
        truth[name] = boxes
    if not truth:
        raise UsageError(f"{path}: empty; write one line per input, like {_EXAMPLE}")
    return truth


_EXAMPLE = '{"input": "page.png", "panels": [{"box": [0, 0, 100, 80]}]}'


def _lines(path: Path) -> Iterable[Any]:
    if not path.is_file():
        raise UsageError(f"{path}: no such file; name a JSON-lines file")
    try:
        return read_jsonl(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror}); name a JSON-lines file") from None
    except IntegrityError as error:
        raise UsageError(f"{error}; one JSON object per line, like {_EXAMPLE}") from None


def _truth_line(line: Any, place: str) -> tuple[str, list[Box]]:
    if not isinstance(line, Mapping) or not isinstance(line.get("input"), str):
        raise UsageError(f'{place}: no "input"; a line looks like {_EXAMPLE}')
    panels = line.get("panels")
    if not isinstance(panels, list) or not all(isinstance(panel, Mapping) for panel in panels):
        raise UsageError(f'{place}: "panels" is no list of objects; a line looks like {_EXAMPLE}')
    return line["input"], [_truth_box(panel.get("box"), place) for panel in panels if panel.get("kind") != "text"]


def _truth_box(value: Any, place: str) -> Box:
    numbers = isinstance(value, list) and len(value) == 4 and all(type(number) in (int, float) for number in value)
    if not numbers or not (value[0] < value[2] and value[1] < value[3]):
        raise UsageError(f"{place}: box {value!r} is not [x0, y0, x1, y1] in pixels with x0 < x1 and y0 < y1")
    return Box(*(round(number) for number in value))
