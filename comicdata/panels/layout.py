"""What the pictures of an episode are: slices of one strip, pages, or single pictures."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np

from comicdata.images import Image
from comicdata.panels.pages import page_panels
from comicdata.panels.rows import uniform_rows
from comicdata.panels.rules import RULES

Found = Literal["strip", "page", "single"]


def find_layout(pictures: Sequence[Image | None]) -> Found:
    """The layout of an episode, pictures (H, W, 3) uint8 in reading order; None stands for what is missing.

    A strip if art goes on across a good part of the file borders (equal width says nothing: pages are equally wide
    too); otherwise pages. A lone picture is judged by itself.
    """
    if len(pictures) == 1 and pictures[0] is not None:
        return picture_layout(pictures[0])
    beside = ((upper, lower) for upper, lower in pairwise(pictures) if upper is not None and lower is not None)
    counts = Counter(_border(upper, lower) for upper, lower in beside)
    goes_on = counts["continues"]
    # between pages art hardly ever goes on by chance, while a slice may well end at an edge of the art
    return "strip" if goes_on >= max(1, counts["breaks"]) and 3 * goes_on >= counts.total() else "page"


def picture_layout(picture: Image) -> Found:
    """A very tall picture is a whole strip; a square-ish one without inner gutters is one panel; others are pages."""
    height, width = picture.shape[:2]
    if height > RULES.tall * width:
        return "strip"
    square = max(height, width) <= RULES.square * min(height, width)
    return "single" if square and len(page_panels(picture)) <= 1 else "page"


def _border(upper: Image, lower: Image) -> Literal["gutter", "continues", "breaks"]:
    """What the border of two files is: background on both sides, art that goes on, or art that breaks off.

    Only the columns where a row leaves its own commonest colour count: equal paper beside unequal art is no bridge.
    """
    if upper.shape[1] != lower.shape[1]:
        return "breaks"
    rows = np.stack([upper[-1], lower[0]])
    if uniform_rows(rows).all():
        return "gutter"
    step = np.abs(rows[0].astype(np.int16) - rows[1]).max(axis=1)
    colours = np.median(rows, axis=1)
    art = (np.abs(rows - colours[:, None]).max(axis=2) > 2 * RULES.tolerance).any(axis=0)
    goes_on = (step[art] <= RULES.border_step).mean() if art.any() else 1.0
    return "continues" if step.mean() <= RULES.border_step and goes_on >= RULES.border_share else "breaks"
