"""What a file says of panels, whatever its format: pages by name, and the regions on them in reading order."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from comicdata.records import Box, Panel

Corners = tuple[float, float, float, float]
SLACK = 1  # pixels by which a box may reach over the edge of its page, and is cut there: percents are rounded


@dataclass(frozen=True)
class Region:
    """x0, y0, x1, y1 in pixels of a page, or in percent of it. `kind` is "" where the format knows no kinds.

    `panel` numbers the panel that a part in one slice of a strip belongs to; None where nothing says it.
    """

    corners: Corners
    percent: bool = False
    kind: Literal["panel", "text", ""] = ""
    panel: int | None = None

    def box(self, width: int, height: int, slack: int = SLACK) -> Box:
        """In whole pixels of a page of this size; what reaches over its edge by `slack` is cut."""
        across, down = (width / 100, height / 100) if self.percent else (1.0, 1.0)
        x0, y0, x1, y1 = (round(value * scale) for value, scale in zip(self.corners, (across, down) * 2, strict=True))
        ends = ((x0, width), (y0, height), (x1, width), (y1, height))
        return Box(*(_near(value, most, slack) for value, most in ends))


def _near(value: int, most: int, slack: int) -> int:
    if -slack <= value < 0:
        return 0
    return most if most < value <= most + slack else value


@dataclass(frozen=True)
class Slice:
    """One picture of a strip: its name, and the rows that it has in the strip, whose width it has been brought to."""

    name: str
    top: int
    bottom: int
    width: int
    height: int


@dataclass(frozen=True)
class Entry:
    """What a file says of one page, or of one strip as a whole: `size` is (width, height) where it says that.

    `also` are other names of the same page. `as_found`: nobody changed what the program had found. `place` is where it
    stands in the file.
    """

    name: str
    regions: tuple[Region, ...]
    size: tuple[int, int] | None = None
    slices: tuple[Slice, ...] = ()
    also: tuple[str, ...] = ()
    as_found: bool = False
    place: str = ""


@dataclass(frozen=True)
class Leaf:
    """One picture with its panels in reading order, to be written for readers: `name` as the book calls it."""

    name: str
    width: int
    height: int
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Written:
    """A book to be written for readers."""

    title: str
    leaves: tuple[Leaf, ...]
    authors: tuple[str, ...] = ()
    language: str = ""
    right_to_left: bool = False


def slices_of(entry: Entry) -> list[Entry]:
    """A strip as its slices: each panel is cut where slices meet, and its parts carry its number."""
    found = []
    for one in entry.slices:
        scale = one.width / entry.size[0] if entry.size else 1.0
        regions = tuple(
            Region(_cut(region.corners, one, scale), False, region.kind, number)
            for number, region in enumerate(entry.regions)
            if region.corners[1] < one.bottom and region.corners[3] > one.top
        )
        size = (one.width, one.height)
        found.append(Entry(one.name, regions, size, as_found=entry.as_found, place=entry.place))
    return found


def _cut(corners: Corners, one: Slice, scale: float) -> Corners:
    x0, y0, x1, y1 = corners
    top, bottom = max(y0, one.top) - one.top, min(y1, one.bottom) - one.top
    return x0 * scale, top * scale, x1 * scale, bottom * scale


def join_parts(parts: Sequence[tuple[Region, Slice, Box]], width: int) -> list[tuple[Region, Box]]:
    """The parts of panels in the slices of a strip, slice by slice, as whole panels in the strip, `width` wide.

    What belongs together is told by number, or, where nothing says it, by meeting at the border of two slices with the
    same sides.
    """
    whole: list[tuple[Region, Box, Slice]] = []
    for region, one, part in parts:
        scale = width / one.width
        box = Box(*(round(value * scale) for value in (part.x0, 0, part.x1, 0)))
        y0, y1 = one.top + round(part.y0 * scale), min(one.bottom, one.top + round(part.y1 * scale))
        box = Box(box.x0, y0, box.x1, y1)
        at = next((i for i, known in enumerate(whole) if _goes_on(known, region, box, one)), None)
        if at is None:
            whole.append((region, box, one))
        else:
            first, known, _ = whole[at]
            whole[at] = first, Box(min(known.x0, box.x0), known.y0, max(known.x1, box.x1), box.y1), one
    return [(region, box) for region, box, _ in whole]


def _goes_on(known: tuple[Region, Box, Slice], region: Region, box: Box, one: Slice) -> bool:
    first, above, last = known
    if last.bottom != one.top or above.y1 != last.bottom or box.y0 != one.top:
        return False
    if first.panel is not None or region.panel is not None:
        return first.panel == region.panel
    return (above.x0, above.x1) == (box.x0, box.x1)


def leaves_of(panels: Sequence[Panel], slices: Sequence[Slice], width: int) -> list[Leaf]:
    """A strip for readers, who know pictures: the panels of each of its slices, cut where slices meet."""
    leaves = []
    for one in slices:
        scale = one.width / width
        own = [panel for panel in panels if panel.box.y0 < one.bottom and panel.box.y1 > one.top]
        cut = (_cut((*panel.box.as_list(),), one, scale) for panel in own)  # type: ignore[arg-type]
        boxes = [Region(corners).box(one.width, one.height) for corners in cut]
        found = tuple(Panel(box, panel.confidence, panel.kind) for box, panel in zip(boxes, own, strict=True))
        leaves.append(Leaf(one.name, one.width, one.height, found))
    return leaves


def path_of(name: str) -> list[str]:
    """The parts of the name of a page: folders, archives without their suffix, the picture."""
    bare = re.sub(r"\.[A-Za-z0-9]{1,5}#", "#", name)
    return [part for part in re.split(r"[/\\#]", bare) if part not in ("", ".", "..")]
