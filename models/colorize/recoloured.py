"""A palette that a person gives, in place of the colours that a run chooses from."""

import re

import numpy as np

from comicdata.errors import UsageError
from comicdata.images import Image
from comicdata.layers.palettes import Palette
from comicdata.models.data.colours import nearest_colours
from comicdata.models.runs.palette import names_of

OF_RUN = re.compile(r"c\d{2,4}")  # what the colours of a run are called


def recoloured(colors: Image, given: Palette, name: str) -> Image:
    """What each of the colours of a run (K, 3) is painted as: (K, 3) uint8.

    A colour that is called as one of the run (c00, c01, ...) replaces that one. Colours of other names are all there
    may be: every colour that was not replaced becomes the nearest of them, in CIELAB. UsageError, with `name` in it,
    for c99 where the run has none, and for two colours of one such name.
    """
    names = names_of(colors)
    replaced: dict[str, tuple[int, int, int]] = {}
    for one in given.swatches:
        if not OF_RUN.fullmatch(one.name):
            continue
        if one.name not in names:
            cure = "give a palette that was made from the run's own palette.gpl"
            raise UsageError(f"{name}: {one.name}: this run has {names[0]} to {max(names)}; {cure}")
        if one.name in replaced:
            raise UsageError(f"{name}: {one.name} stands twice, in different colours")
        replaced[one.name] = one.color
    others = [one.color for one in given.swatches if not OF_RUN.fullmatch(one.name)]
    painted = colors.copy()
    if others:
        painted = np.array(others, np.uint8)[nearest_colours(colors, np.array(others, np.uint8))]
    for number, called in enumerate(names):
        if called in replaced:
            painted[number] = replaced[called]
    return painted
