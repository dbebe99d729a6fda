"""The boxes of one page in the order of reading, by the gaps between them."""

from collections.abc import Sequence

from comicdata.panels.overlaps import is_inside
from comicdata.records import Box


def reading_order(boxes: Sequence[Box], *, right_to_left: bool = False) -> list[Box]:
    """Rows from the top, each in reading direction: cut the set at level gaps, each part at upright gaps, and so on.

    Clean gaps first; then boxes may overlap a little (slanted gutters), then more. An inset follows its panel.
    """
    if len(boxes) < 2:
        return list(boxes)
    insets = [box for box in boxes if any(other is not box and is_inside(box, other) for other in boxes)]
    if insets:
        outer = reading_order([box for box in boxes if box not in insets], right_to_left=right_to_left)
        return [one for box in outer for one in (box, *(inset for inset in insets if is_inside(inset, box)))]
    for slack in (0.1, 0.25, 0.45):
        for axis in ("y", "x"):
            groups = _groups(boxes, axis, slack)
            if len(groups) > 1:
                ordered = groups[::-1] if axis == "x" and right_to_left else groups
                return [box for group in ordered for box in reading_order(group, right_to_left=right_to_left)]
    return sorted(boxes, key=lambda box: (box.y0, -box.x1 if right_to_left else box.x0))


def _groups(boxes: Sequence[Box], axis: str, slack: float) -> list[list[Box]]:
    """Groups of boxes separated by a line across the axis; a box may lie with `slack` of itself beyond the line."""
    ordered = sorted(boxes, key=lambda box: getattr(box, f"{axis}0"))
    groups: list[list[Box]] = []
    end = -1.0
    for box in ordered:
        start, stop = getattr(box, f"{axis}0"), getattr(box, f"{axis}1")
        if groups and start + slack * (stop - start) < end:
            groups[-1].append(box)
        else:
            groups.append([box])
        end = max(end, float(stop))
    return groups
