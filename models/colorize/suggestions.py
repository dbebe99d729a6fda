"""Where a hint would help most: the regions whose colour the network knows least, the large ones first."""

from collections.abc import Collection
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.colours import lab_of_colours
from comicdata.flats.hints import Hint
from comicdata.flats.regions import Regions
from comicdata.images import Image
from comicdata.models.colorize.decoding import likeness

Floats = npt.NDArray[np.float32]
LARGEST = 0.01  # radius of a dot, as a share of the picture's short side
UNSURE = 0.5  # chance below which the colour of a region is in doubt
SPECK = 0.002  # share of the picture below which no region is


class Suggestion(NamedTuple):
    """A dot in the colour that is guessed, and what a right one there is expected to save: CIELAB distance x pixels."""

    gain: float
    hint: Hint

    def in_color_of(self, painted: Image) -> "Suggestion":
        """In the colour that is painted (H, W, 3) at its place: in soft colours that is not its region's likeliest."""
        red, green, blue = painted[int(self.hint.y), int(self.hint.x)].tolist()
        return self._replace(hint=replace(self.hint, color=(red, green, blue)))


def suggest(
    regions: Regions, chances: Floats, guesses: Image, colors: Image, given: Collection[int], count: int
) -> list[Suggestion]:
    """At most `count` dots, the best first, one in a region, none on ink nor in a region that is `given`.

    `chances` (regions + 1, N) of the N `colors` in each region, `guesses` (regions + 1, 3) what each is painted in. The
    network's own doubt is how far from the guess it expects the true colour. What is probably the same thing as a
    chosen region is settled with it, by as much as their chances have in common, so that the next dot lies elsewhere.
    """
    if not count:
        return []
    area = np.bincount(regions.labels[~regions.ink], minlength=len(chances))
    apart = np.linalg.norm(lab_of_colours(guesses)[:, None] - lab_of_colours(colors)[None], axis=2)
    gains = (chances * apart).sum(axis=1) * area
    gains[0] = 0
    for label in given:
        _settle(gains, chances, label)
    found: list[Suggestion] = []
    while len(found) < count and gains.max() > 0:
        label = int(gains.argmax())
        red, green, blue = guesses[label].tolist()
        x, y, radius = _middle(regions, label)
        found.append(Suggestion(float(gains[label]), Hint(x, y, radius, (red, green, blue))))
        _settle(gains, chances, label)
    return found


def doubts(regions: Regions, chances: Floats, colors: Image, given: Collection[int]) -> tuple[int, float]:
    """How many regions are as likely of another colour than the likeliest and those like it, and the share of the
    picture that they cover. Neither specks nor regions that are `given` count.
    """
    alike = chances @ likeness(colors)
    areas = regions.areas / regions.labels.size
    unsure = (alike.max(axis=1) < UNSURE) & (areas >= SPECK)
    unsure[[0, *given]] = False
    return int(unsure.sum()), float(areas[unsure].sum())


def _settle(gains: Floats, chances: Floats, label: int) -> None:
    gains *= 1 - np.minimum(np.minimum(chances, chances[label]).sum(axis=1), 1)
    gains[label] = 0


def _middle(regions: Regions, label: int) -> tuple[int, int, int]:
    """Where a region is widest, and how large a dot there may be: x, y, radius."""
    paper = (regions.labels == label) & ~regions.ink
    left, top, width, height = cv2.boundingRect(paper.view(np.uint8))
    part = np.pad(paper[top : top + height, left : left + width].view(np.uint8), 1)
    depth = cv2.distanceTransform(part, cv2.DIST_L2, 5)
    y, x = np.unravel_index(int(depth.argmax()), depth.shape)
    most = LARGEST * min(regions.labels.shape)
    return left + int(x) - 1, top + int(y) - 1, int(max(1, min(depth[y, x] / 2, most)))
