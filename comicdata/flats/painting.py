"""Colours for regions: a person's hints exactly, what they reach by spreading, defaults elsewhere."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from comicdata.flats.colours import alike, default_colours
from comicdata.flats.hints import Color, Mark
from comicdata.flats.marks import count_votes
from comicdata.flats.regions import Regions
from comicdata.flats.spread import spread
from comicdata.images import Image

Numbers = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Painted:
    """Colours of regions: `colours` (count + 1, 3) uint8, row 0 for what lies outside panels.

    `hinted`: the regions that a hint means, which have exactly its colour; `unsure`: those that no hint reaches and
    that keep their default, white ones left out; `notes`: what is to be said. `given` maps hinted regions to colours.
    """

    regions: Regions
    colours: Image
    hinted: Numbers
    unsure: Numbers
    given: dict[int, Color]
    notes: tuple[str, ...] = ()

    def image(self) -> Image:
        """(H, W, 3) uint8: the flats, hard-edged."""
        return np.ascontiguousarray(self.colours[self.regions.labels])


def paint(
    regions: Regions,
    hints: Sequence[Mark | Image] | Image = (),
    palette: Sequence[Color] | None = None,
    previous: Painted | None = None,
    white: Collection[int] = (),
) -> Painted:
    """Colour all regions: a hinted one exactly as its hint says, others as the hints spread, the rest by default.

    `hints`: dots, strokes and areas, or layers (H, W, 4) uint8 with 0 in the last channel where nothing is meant.
    `palette`: the colours defaults are taken from. `white`: regions that are white unless hinted. `previous`: an
    earlier round on the same regions, over which these hints count; what they do not reach keeps its colour of then,
    unless that looks like one of a hint beside it.
    """
    votes = count_votes(regions, hints)
    before = previous.given if previous else {}
    given = {**before, **votes.winners()}
    reached = _reached(regions, given, white)
    if previous is None:
        colours = default_colours(regions.neighbours, regions.count, white, palette)
    else:  # what only old hints reach stays as it was
        colours = previous.colours.copy()
        fresh = {color for label, color in given.items() if before.get(label) != color}
        reached = {label: color for label, color in reached.items() if color in fresh}
    for label, color in [*reached.items(), *given.items()]:
        colours[label] = color
    unsure = np.arange(1, regions.count + 1) if previous is None else previous.unsure
    unsure = np.setdiff1d(unsure, [*given, *reached, *white]).astype(np.int32)
    colours = _told_apart(regions, colours, unsure, [*given, *reached], palette)
    notes = [*(regions.notes if previous is None else previous.notes), *votes.notes]
    if previous is None and palette is not None and len(set(palette)) == 1 and regions.count > 1:
        notes.append("the palette has one colour, so neighbours cannot be told apart")
    return Painted(regions, colours, np.array(sorted(given), np.int32), unsure, given, tuple(notes))


def _told_apart(
    regions: Regions, colours: Image, unsure: Numbers, meant: Collection[int], palette: Sequence[Color] | None
) -> Image:
    """The colours, with others for those unsure regions that look like a region beside them that has what is meant."""
    pairs = alike(regions.neighbours, colours)
    other = np.concatenate([one[np.isin(two, [*meant])] for one, two in (pairs.T, pairs.T[::-1])])
    changed = np.intersect1d(other, unsure)
    if not len(changed):
        return colours
    kept = np.setdiff1d(np.arange(1, regions.count + 1), changed).tolist()
    shown = colours[kept].tolist()
    fixed: dict[int, Color] = {label: (red, green, blue) for label, (red, green, blue) in zip(kept, shown, strict=True)}
    return default_colours(regions.neighbours, regions.count, (), palette, fixed)


def _reached(regions: Regions, given: Mapping[int, Color], white: Collection[int]) -> dict[int, Color]:
    """What the hinted colours reach beyond their regions; white regions hold them up."""
    colours = sorted(set(given.values()))
    seeds = dict.fromkeys(white, -1) | {label: colours.index(color) for label, color in given.items()}
    found = spread(regions.neighbours, regions.areas, seeds) if given else {}
    return {label: colours[number] for label, number in found.items() if number >= 0}
