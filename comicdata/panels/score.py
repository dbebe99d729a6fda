"""How well boxes were found: greedy one-to-one matching by intersection over union, cuts, merges."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from comicdata.errors import UsageError
from comicdata.panels.exchange import read_panels
from comicdata.panels.exchange.entries import Entry
from comicdata.panels.overlaps import is_inside, share_inside, shared
from comicdata.records import Box

THRESHOLDS = (0.5, 0.75, 0.9)


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
    common = shared(one, other)
    return common / (one.width * one.height + other.width * other.height - common)


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
        if best >= 0 and share_inside(box, truth[best]) > 0.5:
            pieces[best] += 1
    return sum(number >= 2 for number in pieces)


def _merges(box: Box, truth: Sequence[Box]) -> bool:
    """Whether the box covers most of two true panels, insets of a covered one apart."""
    covered = [panel for panel in truth if share_inside(panel, box) > 0.5]
    apart = [panel for panel in covered if not any(panel is not other and is_inside(panel, other) for other in covered)]
    return len(apart) >= 2


def true_boxes(entry: Entry, width: int, height: int) -> list[Box]:
    """The panels that an entry of a truth file gives on a page of this size, lettering left out; UsageError for one
    that has no area there.
    """
    boxes = [region.box(width, height, slack=0) for region in entry.regions if region.kind != "text"]
    for number, box in enumerate(boxes, 1):
        if box.width <= 0 or box.height <= 0:
            raise UsageError(f"{entry.place}: {entry.name!r}: panel {number}, {box.as_list()}, has no area")
    return boxes


def read_truth(path: Path) -> dict[str, list[Box]]:
    """The panels of every page that a truth file names, in pixels; UsageError where it says percent, or as
    `read_panels`.
    """
    entries = read_panels(path)
    for entry in entries:
        if any(region.percent for region in entry.regions):
            raise UsageError(
                f"{entry.place}: percent of a page whose size is not known; comicdata panels --score knows"
            )
    return {entry.name: true_boxes(entry, 0, 0) for entry in entries}
