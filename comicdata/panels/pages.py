"""A page to its panels: the background is flooded from the border, what it does not reach are panels."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image
from comicdata.panels.rules import RULES
from comicdata.panels.strips import Colour, Mask, Run, _is_like, _soft_gutters, is_text, paper_mask
from comicdata.records import Box, Panel

HALF_FROM = 700  # pages with a longer side are analysed at half size


def page_panels(image: Image) -> list[Panel]:
    """Panels of one page, (H, W, 3) uint8, in reading order: rows from the top, left to right.

    The whole page at low confidence where no gutter is found, or where what is found makes no sense.
    """
    boxes = content_boxes(image)
    whole = Box(0, 0, image.shape[1], image.shape[0])
    fills = any(box.width * box.height >= 0.97 * whole.width * whole.height for box in boxes)
    if not boxes or fills or _overlap_much(boxes):
        return [Panel(whole, 0.3)]
    paper = border_colour(image)
    panels = [_panel(image, box, paper) for box in reading_order(boxes)]
    return panels if any(panel.kind == "panel" for panel in panels) else [Panel(whole, 0.3)]


def border_colour(image: Image) -> Colour:
    """The commonest colour along the border: each side's median votes, near-white wins a tie."""
    sides = [image[0], image[-1], image[:, 0], image[:, -1]]
    votes = [np.median(side, axis=0).astype(np.float32) for side in sides]
    weights = [sum(np.abs(vote - other).max() <= RULES.tolerance for other in votes) for vote in votes]
    best = max(range(4), key=lambda i: (weights[i], votes[i].sum()))
    return np.asarray(votes[best])


def content_boxes(image: Image) -> list[Box]:
    """Boxes of the parts that the background, flooded from the border, does not reach; balloon bridges cut."""
    half = max(image.shape[:2]) >= HALF_FROM
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) if half else image
    factor = 2 if half else 1
    flooded = _flooded(_is_like(np.asarray(small, np.uint8), border_colour(image)))
    boxes = _component_boxes(~flooded, factor, image.shape)
    boxes = [piece for box in boxes for piece in _split_bridges(image, box)]
    return _merge_contained([box for box in boxes if _is_panel_size(box, image.shape)])


def _flooded(paper: Mask) -> Mask:
    """Background pixels connected to the border of the page; the outside counts as background."""
    padded = np.pad(paper, 1, constant_values=True).astype(np.uint8)
    _, labels = cv2.connectedComponents(padded, connectivity=4)
    reached: Mask = labels[1:-1, 1:-1] == labels[0, 0]
    return reached


def _component_boxes(content: Mask, factor: int, shape: Sequence[int]) -> list[Box]:
    """Bounding boxes of the connected parts of the content, in full-size pixels."""
    opened = cv2.morphologyEx(content.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    boxes = []
    for x, y, width, height, _ in stats[1:count].tolist():
        x1, y1 = min((x + width) * factor, shape[1]), min((y + height) * factor, shape[0])
        boxes.append(Box(x * factor, y * factor, x1, y1))
    return boxes


def _is_panel_size(box: Box, shape: Sequence[int]) -> bool:
    large = box.width * box.height >= RULES.page_smallest_share * shape[0] * shape[1]
    return large and min(box.width, box.height) >= RULES.page_speck_share * min(shape[:2])


def _split_bridges(image: Image, box: Box) -> list[Box]:
    """Split a component at gutters that a balloon or a figure bridges, along both axes."""
    paper = border_colour(image)
    part = image[box.y0 : box.y1, box.x0 : box.x1]
    mask = paper_mask(part, paper, paper)
    rows = _soft_gutters(mask, Run(Box(0, 0, box.width, box.height), paper, paper))
    if rows:
        found = [Box(box.x0, box.y0 + run.box.y0, box.x1, box.y0 + run.box.y1) for run in rows]
        return [piece for one in found for piece in _split_bridges(image, one)]
    columns = _soft_gutters(mask.T, Run(Box(0, 0, box.height, box.width), paper, paper))
    if columns:
        found = [Box(box.x0 + run.box.y0, box.y0, box.x0 + run.box.y1, box.y1) for run in columns]
        return [piece for one in found for piece in _split_bridges(image, one)]
    return [box]


def _merge_contained(boxes: Sequence[Box]) -> list[Box]:
    """Drop boxes that lie almost wholly inside another: figures and balloons that came loose."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda one: -one.width * one.height):
        if not any(_shared(box, other) > 0.85 * box.width * box.height for other in kept):
            kept.append(box)
    return kept


def _shared(one: Box, other: Box) -> int:
    """Area that two boxes share."""
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return max(0, width) * max(0, height)


def _overlap_much(boxes: Sequence[Box]) -> bool:
    area = sum(box.width * box.height for box in boxes)
    shared = sum(_shared(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    return shared > 0.25 * area


def reading_order(boxes: Sequence[Box]) -> list[Box]:
    """Rows from the top, left to right: cut the set at horizontal gaps, each part at vertical gaps, and so on."""
    if len(boxes) < 2:
        return list(boxes)
    for axis in ("y", "x"):
        groups = _groups(boxes, axis)
        if len(groups) > 1:
            return [box for group in groups for box in reading_order(group)]
    return sorted(boxes, key=lambda box: (box.y0, box.x0))


def _groups(boxes: Sequence[Box], axis: str) -> list[list[Box]]:
    """Groups of boxes separated by a line across the axis; slight overlap (slanted gutters) is forgiven."""
    ordered = sorted(boxes, key=lambda box: getattr(box, f"{axis}0"))
    groups: list[list[Box]] = []
    end = -1.0
    for box in ordered:
        start, stop = getattr(box, f"{axis}0"), getattr(box, f"{axis}1")
        slack = 0.1 * (stop - start)
        if groups and start + slack < end:
            groups[-1].append(box)
        else:
            groups.append([box])
        end = max(end, float(stop))
    return groups


def _panel(image: Image, box: Box, paper: Colour) -> Panel:
    """Confidence: how much of the ring just outside the box is background."""
    part = image[box.y0 : box.y1, box.x0 : box.x1]
    text = is_text(part, paper, paper, image.shape[1])
    return Panel(box, round(_ring_share(image, box, paper), 4), "text" if text else "panel")


def _ring_share(image: Image, box: Box, paper: Colour) -> float:
    """Share of background in the lines 3 pixels outside the box; sides at the edge of the page count as background."""
    shares: list[float] = []
    lines: list[npt.NDArray[np.uint8]] = []
    if box.y0 >= 3:
        lines.append(image[box.y0 - 3 : box.y0 - 2, box.x0 : box.x1])
    if box.y1 + 3 <= image.shape[0]:
        lines.append(image[box.y1 + 2 : box.y1 + 3, box.x0 : box.x1])
    if box.x0 >= 3:
        lines.append(image[box.y0 : box.y1, box.x0 - 3 : box.x0 - 2])
    if box.x1 + 3 <= image.shape[1]:
        lines.append(image[box.y0 : box.y1, box.x1 + 2 : box.x1 + 3])
    shares = [float(_is_like(line, paper).mean()) for line in lines]
    return (sum(shares) + 4 - len(shares)) / 4
