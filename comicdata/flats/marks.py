"""Which regions a person's hints mean, and in what colour: hints of all kinds to votes of regions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from comicdata.flats.hints import Area, Color, Hint, Mark, Stroke, hex_of
from comicdata.flats.ink import Mask
from comicdata.flats.regions import Regions
from comicdata.images import Image

WIDEST = 32_000  # of a line, in pixels: what OpenCV draws
SHOWN = 5  # hints, or colours, of which each note tells by name; the others are counted
CORE = 0.5  # of a painted layer, what lies deeper than this share of its half width is meant: brushes slip over lines


@dataclass
class Votes:
    """Pixels of each colour in each region that a hint means, where its first hint lies, (x, y), and what is to be said
    of the hints. `at`: where the picture lies in that whose pixels people know.
    """

    pixels: dict[int, dict[Color, int]] = field(default_factory=dict)
    places: dict[tuple[int, Color], tuple[float, float]] = field(default_factory=dict)
    said: dict[str, list[str]] = field(default_factory=dict)  # notes on single hints, by what they are about
    at: tuple[int, int] = (0, 0)

    @property
    def notes(self) -> list[str]:
        """A line each for the first hints of a kind, and one for all others of it."""
        more = {kind: len(lines) - SHOWN for kind, lines in self.said.items() if len(lines) > SHOWN}
        return [
            line
            for kind, lines in self.said.items()
            for line in [*lines[:SHOWN], *([f"{more[kind]:,} more hints: {kind}"] if kind in more else [])]
        ]

    def note(self, kind: str, line: str) -> None:
        self.said.setdefault(kind, []).append(line)

    def add(self, label: int, color: Color, pixels: int, place: tuple[float, float]) -> None:
        of = self.pixels.setdefault(label, {})
        of[color] = of.get(color, 0) + pixels
        self.places.setdefault((label, color), place)

    def winners(self) -> dict[int, Color]:
        """The colour of each region: that with most pixels, the first among equals; a tie or a loser is said."""
        for label, colours in sorted(self.pixels.items()):
            if len(colours) > 1:
                most = max(colours, key=lambda one: colours[one])
                others = [self._shown(label, one) for one in colours if one != most]
                shown = ", ".join(others[:SHOWN]) + (" and more" if len(others) > SHOWN else "")
                said = f"{self._shown(label, most)} covers most of it, so without effect: {shown}"
                self.note(SEVERAL, f"a region has hints of {len(colours)} colours: {said}")
        return {label: max(colours, key=lambda one: colours[one]) for label, colours in self.pixels.items()}

    def _shown(self, label: int, color: Color) -> str:
        x, y = (one + far for one, far in zip(self.places[label, color], self.at, strict=True))
        return f"{hex_of(color)} at ({x:g}, {y:g})"


SEVERAL = "several colours in one region"
ON_INK, OUTSIDE, BETWEEN = "on ink", "outside the picture", "outside the panels"
TAKEN, NOWHERE = "the nearest region has its colour", "there is no region"


def count_votes(regions: Regions, hints: Sequence[Mark | Image] | Image, at: tuple[int, int] = (0, 0)) -> Votes:
    """What all hints say: marks, and layers (H, W, 4) uint8 whose last channel is 0 where nothing is meant. `at`: where
    the picture lies in a larger one.
    """
    votes = Votes(at=at)
    number = 0
    for one in [hints] if isinstance(hints, np.ndarray) else hints:
        if isinstance(one, np.ndarray):
            _of_layer(votes, regions, one)
        else:
            number += 1
            _of_mark(votes, regions, one, number)
    return votes


def _of_mark(votes: Votes, regions: Regions, mark: Mark, number: int) -> None:
    """A mark means the regions where its middle lies on paper; when that is all ink, the one it covers most."""
    where, middle, whole = _drawn(mark, *regions.labels.shape)
    labels, paper = regions.labels[where], ~regions.ink[where] & (regions.labels[where] > 0)
    meant = np.unique(labels[middle & paper]).tolist()
    strayed = _strayed(regions, mark, meant)
    if not meant:
        covered = np.bincount(labels[whole & paper])
        meant = [int(covered.argmax()) if covered.any() else _nearest(regions, mark.x, mark.y)]
    if strayed:
        cure = TAKEN if meant[0] else NOWHERE
        size = "{1}x{0} pixels".format(*regions.labels.shape)
        more = f", {size}" if strayed == OUTSIDE else ""
        votes.note(strayed, f"hint {number} at ({mark.x:g}, {mark.y:g}) lies {strayed}{more}; {cure}")
    for label in meant if meant[0] else ():
        votes.add(label, mark.color, max(1, int((whole & (labels == label)).sum())), (mark.x, mark.y))


def _strayed(regions: Regions, mark: Mark, meant: list[int]) -> str:
    """What is odd about the place of a mark, if anything."""
    height, width = regions.labels.shape
    if not (0 <= mark.x < width and 0 <= mark.y < height):
        return OUTSIDE
    if meant:
        return ""
    return ON_INK if regions.labels[int(mark.y), int(mark.x)] else BETWEEN


def _drawn(mark: Mark, height: int, width: int) -> tuple[tuple[slice, slice], Mask, Mask]:
    """Where a mark lies in the picture, and there its middle and the whole of it, as masks."""
    points = np.array(mark.points if isinstance(mark, Stroke) else mark.polygon if isinstance(mark, Area)
                      else [(mark.x, mark.y)], np.float64)  # fmt: skip
    points = np.clip(points, 0, (width - 1, height - 1)).astype(np.int32)
    radius = 0 if isinstance(mark, Area) else min(round(mark.radius), height + width)
    left, top = np.maximum(points.min(0) - radius, 0)
    right, bottom = np.minimum(points.max(0) + radius + 1, (width, height))
    points = points - (left, top)
    middle = np.zeros((bottom - top, right - left), np.uint8)
    whole = middle.copy()
    if isinstance(mark, Area):
        cv2.fillPoly(whole, [points], 1)
        middle = _core(whole.view(bool)).view(np.uint8)
    elif isinstance(mark, Hint):
        middle[points[0, 1], points[0, 0]] = 1
        cv2.circle(whole, points[0].tolist(), radius, 1, -1)
    else:
        cv2.polylines(middle, [points], False, 1, 1)
        cv2.polylines(whole, [points], False, 1, max(1, min(2 * radius, WIDEST)))
        whole |= middle
    return (slice(top, bottom), slice(left, right)), middle.view(bool), whole.view(bool)


def _nearest(regions: Regions, at_x: float, at_y: float) -> int:
    """The region nearest to a place, 0 when there is none."""
    labels = regions.labels
    height, width = labels.shape
    x, y = min(max(int(at_x), 0), width - 1), min(max(int(at_y), 0), height - 1)
    reach = 1
    while True:
        top, left = max(0, y - reach), max(0, x - reach)
        part = labels[top : y + reach + 1, left : x + reach + 1]
        rows, columns = np.nonzero(part)
        far = (rows + top - y) ** 2 + (columns + left - x) ** 2
        if len(far) and (far.min() <= reach**2 or part.shape == labels.shape):
            at = int(far.argmin())
            return int(part[rows[at], columns[at]])
        if part.shape == labels.shape:
            return 0
        reach *= 2


def _of_layer(votes: Votes, regions: Regions, layer: Image) -> None:
    """A painted layer: what its middle lies on, stroke by stroke; a rim that slips over a line means nothing."""
    if layer.shape != (*regions.labels.shape, 4):
        raise ValueError(f"a layer of hints is {(*regions.labels.shape, 4)}, not {layer.shape}")
    for where, whole in _strokes(layer):
        top, left = where[0].start, where[1].start
        labels, ink, colours = regions.labels[where], regions.ink[where], layer[where][..., :3]
        meant = np.unique(labels[_core(whole) & ~ink & (labels > 0)])
        if not len(meant):
            label = _strayed_stroke(votes, regions, where, whole)
            labels, meant = np.full_like(labels, label), np.array([label] if label else [], np.int32)
        counted = whole & np.isin(labels, meant)
        pairs = np.column_stack([labels[counted], colours[counted].astype(np.int32)])
        for (label, *color), pixels in zip(*np.unique(pairs, axis=0, return_counts=True), strict=True):
            votes.add(int(label), (int(color[0]), int(color[1]), int(color[2])), int(pixels), (left, top))


def _strayed_stroke(votes: Votes, regions: Regions, where: tuple[slice, slice], whole: Mask) -> int:
    """The region that a stroke of a layer means which lies on no paper of any: that which it covers most, else the
    nearest; 0 where there is none.
    """
    rows, columns = where
    covered = np.bincount(regions.labels[where][whole])
    covered[0] = 0
    middle = (columns.start + columns.stop - 1) / 2, (rows.start + rows.stop - 1) / 2
    label = int(covered.argmax()) if covered.any() else _nearest(regions, *middle)
    place, cure = f"({columns.start}, {rows.start})", TAKEN if label else NOWHERE
    kind = ON_INK if covered.any() else BETWEEN
    votes.note(kind, f"a hint painted at {place} lies {kind}; {cure}")
    return label


def _core(whole: Mask) -> Mask:
    """The inner part of a shape."""
    depth = cv2.distanceTransform(np.pad(whole.view(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    core: Mask = depth > CORE * float(depth.max())
    return core


def _strokes(layer: Image) -> Iterator[tuple[tuple[slice, slice], Mask]]:
    """The connected strokes of a layer: where each lies, and there its mask."""
    painted = np.ascontiguousarray(layer[..., 3] > 0)
    if not painted.any():
        return
    count, parts, stats, _ = cv2.connectedComponentsWithStats(painted.view(np.uint8), connectivity=8)
    for part in range(1, count):
        left, top, width, height = stats[part, :4].tolist()
        where = slice(top, top + height), slice(left, left + width)
        yield where, parts[where] == part
