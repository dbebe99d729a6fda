"""In which order panels are read: which way a comic goes, and double pages page by page. Boxes and words, no pixels."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from comicdata.panels.overlaps import is_inside
from comicdata.panels.reading import reading_order
from comicdata.records import Box, Direction, Panel, ReadingOrder

RIGHT_TO_LEFT = frozenset({"ja", "jpn", "ar", "ara", "he", "heb", "iw", "fa", "fas", "per", "ur", "urd", "yi", "yid"})
WORDS: dict[Direction, str] = {"ltr": "left to right", "rtl": "right to left"}
DOUBLE = (1.15, 1.9)  # width to height of two pages side by side
CROSSES = 0.04  # of the width: a panel that reaches further over the middle, on both sides, lies on both pages
FOLD = 1.4  # the gap at the fold, two inner margins, to the widest gutter beside it
KOMA, ALIKE = 4, 0.1  # panels of a column of four-koma, and the share by which their sides may differ


@dataclass(frozen=True)
class Order:
    """Which way a comic is read, and why."""

    direction: Direction
    reason: str

    @property
    def words(self) -> str:
        return f"{WORDS[self.direction]} ({self.reason})"


def find_order(asked: ReadingOrder, *, said: str = "", language: str = "", layout: str = "page") -> Order:
    """Which way panels side by side are read.

    `said`: what ComicInfo.xml says, "ltr" or "rtl", or nothing; it rules the language of the comic, which counts for
    pages alone: strips are read down, and where panels stand side by side in them, from the left.
    """
    if asked != "auto":
        return Order(asked, "as asked for")
    if said in ("ltr", "rtl"):
        return Order("rtl" if said == "rtl" else "ltr", f"ComicInfo.xml says so, Manga {_MANGA[said]}")
    name = language.casefold().replace("_", "-").split("-")[0]
    if name not in RIGHT_TO_LEFT:
        return Order("ltr", f"its language is {language}" if language else "nothing says otherwise")
    if layout == "strip":
        return Order("ltr", f"a strip, though its language is {language}")
    return Order("rtl", f"pages whose language is {language}")


_MANGA = {"rtl": "YesAndRightToLeft", "ltr": "No"}


def read_pages(panels: Sequence[Panel], width: int, height: int, *, right_to_left: bool) -> list[Panel]:
    """The panels of one page as they are; those of a double page in one picture, width x height, page by page.

    The page that is read first comes first, whatever the heights of the frames on both are. A panel that lies on both
    pages is read after what is above it on either. Columns of four-koma are read one after the other.
    """
    boxes = [panel.box for panel in panels]
    columns = four_koma([panel.box for panel in panels if panel.kind == "panel"]) if right_to_left else []
    if columns:
        return sorted(panels, key=lambda panel: (_column_of(panel.box, columns), panel.box.y0))
    if not is_double_page(boxes, width, height, right_to_left=right_to_left):
        return list(panels)
    by_box = {panel.box: panel for panel in panels}
    return [by_box[box] for box in _page_by_page(boxes, width, right_to_left)]


def is_double_page(boxes: Sequence[Box], width: int, height: int, *, right_to_left: bool) -> bool:
    """Whether a picture is two pages side by side: as wide as two, parted in the middle by a gap wider than gutters.

    Where reading goes right to left the shape is enough: printed pages there are never broad.
    """
    if not DOUBLE[0] * height <= width <= DOUBLE[1] * height:
        return False
    alone = [box for box in boxes if not _crosses(box, width)]
    left = [box for box in alone if box.x0 + box.x1 < width]
    right = [box for box in alone if box.x0 + box.x1 >= width]
    if not left or not right:
        return False
    fold = min(box.x0 for box in right) - max(box.x1 for box in left)
    gutters = [gap for side in (left, right) for gap in _gutters(side)]
    return right_to_left or (bool(gutters) and fold >= FOLD * max(gutters))


def four_koma(boxes: Sequence[Box]) -> list[Box]:
    """The columns of a page of four-koma, the right one first; none of any other page.

    They have four panels each, all alike, one below the other, and wider gaps between them than within.
    """
    columns: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: -box.x1):
        if columns and box.x1 > min(one.x0 for one in columns[-1]):
            columns[-1].append(box)
        else:
            columns.append([box])
    if len(columns) < 2 or not all(_is_koma(column, boxes[0]) for column in columns):
        return []
    whole = [_around(column) for column in columns]
    beside = min(right.x0 - left.x1 for right, left in itertools.pairwise(whole))
    return whole if beside >= FOLD * max(gap for column in columns for gap in _gutters(column)) else []


def _around(boxes: Sequence[Box]) -> Box:
    x0, y0, x1, y1 = zip(*(box.as_list() for box in boxes), strict=True)
    return Box(min(x0), min(y0), max(x1), max(y1))


def _is_koma(column: Sequence[Box], like: Box) -> bool:
    """Whether boxes are as many as a column has, all about as large as one of the page, and none beside another."""
    sides = [(box.width / like.width, box.height / like.height) for box in column]
    alike = all(abs(share - 1) <= ALIKE for pair in sides for share in pair)
    down = sorted(column, key=lambda box: box.y0)
    return len(column) == KOMA and alike and all(one.y1 <= two.y0 for one, two in itertools.pairwise(down))


def _column_of(box: Box, columns: Sequence[Box]) -> int:
    """The column whose middle is nearest: lettering above a column belongs to it."""
    return min(range(len(columns)), key=lambda i: abs(box.x0 + box.x1 - columns[i].x0 - columns[i].x1))


def _crosses(box: Box, width: int) -> bool:
    return box.x0 < width / 2 - CROSSES * width and box.x1 > width / 2 + CROSSES * width


def _gutters(boxes: Sequence[Box]) -> list[int]:
    """The gaps between neighbours on one page, beside each other and above each other."""
    gaps: list[int] = []
    for one in boxes:
        below = [other.y0 - one.y1 for other in boxes if other.y0 >= one.y1 and _share(one, other, "x")]
        beside = [other.x0 - one.x1 for other in boxes if other.x0 >= one.x1 and _share(one, other, "y")]
        gaps += [min(some) for some in (below, beside) if some]
    return gaps


def _share(one: Box, other: Box, axis: str) -> bool:
    """Whether two boxes have some of their extent along an axis in common."""
    start, end = f"{axis}0", f"{axis}1"
    return bool(min(getattr(one, end), getattr(other, end)) > max(getattr(one, start), getattr(other, start)))


def _page_by_page(boxes: Sequence[Box], width: int, right_to_left: bool) -> list[Box]:
    insets = [box for box in boxes if any(other is not box and is_inset(box, other) for other in boxes)]
    outer = [box for box in boxes if box not in insets]
    across = sorted((box for box in outer if _crosses(box, width)), key=lambda box: box.y0 + box.y1)
    ordered: list[Box] = []
    for band in [*across, None]:
        end = band.y0 + band.y1 if band else float("inf")
        above = [box for box in outer if box not in across and box not in ordered and box.y0 + box.y1 < end]
        for right in (True, False) if right_to_left else (False, True):
            page = [box for box in above if (box.x0 + box.x1 >= width) == right]
            ordered += reading_order(page, right_to_left=right_to_left)
        ordered += [band] if band else []
    found: list[Box] = []
    for box in ordered:
        own = [one for one in insets if is_inset(one, box) and one not in found]
        found += [box, *reading_order(own, right_to_left=right_to_left)]
    return found


def is_inset(one: Box, other: Box) -> bool:
    """Whether a box lies in another, larger one."""
    return is_inside(one, other) and one.width * one.height < other.width * other.height
