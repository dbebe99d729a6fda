"""In which order panels are read: which way a comic goes, and double pages page by page. Boxes and words, no pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

from comicdata.panels.pages import reading_order
from comicdata.records import Box, Direction, Panel, ReadingOrder

RIGHT_TO_LEFT = frozenset({"ja", "jpn", "ar", "ara", "he", "heb", "iw", "fa", "fas", "per", "ur", "urd", "yi", "yid"})
WORDS: dict[Direction, str] = {"ltr": "left to right", "rtl": "right to left"}
DOUBLE = (1.15, 1.9)  # width to height of two pages side by side
CROSSES = 0.04  # of the width: a panel that reaches further over the middle, on both sides, lies on both pages
FOLD = 1.4  # the gap at the fold, two inner margins, to the widest gutter beside it
INSIDE = 0.85  # of a box in another one: an inset


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
    pages is read after what is above it on either.
    """
    boxes = [panel.box for panel in panels]
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
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    area = one.width * one.height
    return max(0, width) * max(0, height) > INSIDE * area and area < other.width * other.height
