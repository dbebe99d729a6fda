"""A page to its panels: the background is flooded from the border, what it does not reach are panels."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image
from comicdata.panels.bounded import among_others, bounded_panel, clearness
from comicdata.panels.cells import find_cells, find_insets
from comicdata.panels.faint import grown
from comicdata.panels.flood import paper_flood
from comicdata.panels.frames import find_frames
from comicdata.panels.lines import Separators, separators
from comicdata.panels.overlaps import is_inside, shared
from comicdata.panels.paper import (
    BLACK,
    WHITE,
    Colour,
    Mask,
    column_shares,
    is_close,
    is_like,
    row_shares,
    share,
    spans,
)
from comicdata.panels.parting import at_frame, drawn_in, enlarged, hull, panels_in, shrunk, trimmed
from comicdata.panels.reading import reading_order
from comicdata.panels.rules import RULES
from comicdata.panels.text import is_lettering
from comicdata.panels.tinted import plain_paper
from comicdata.panels.torn import mended
from comicdata.records import Box, Panel

WHOLE_CONFIDENCE = 0.3  # no gutter found: the page is one panel, or it beats us


def page_panels(image: Image, *, right_to_left: bool = False) -> list[Panel]:
    """Panels of one page, (H, W, 3) uint8, in reading order: rows from the top, left to right or right to left.

    The whole page at low confidence where no gutter is found, or where what is found makes no sense; nothing on a
    blank page.
    """
    image = plain_paper(image)
    best: list[Panel] = []
    clearest = 0.0
    for paper, covered in _papers(image):
        boxes = content_boxes(image, paper, alone=not best)
        if _makes_sense(boxes, image.shape, covered):
            ordered = reading_order(grown(image, boxes, paper), right_to_left=right_to_left)
            like = is_like(image, paper)
            panels = [bounded_panel(image, like, box, paper) for box in ordered]
            clear = clearness(panels)
            if clear > clearest + (RULES.much_clearer if best else 0):
                best, clearest = among_others(panels, like), clear
        if clearest >= RULES.clear_enough:
            break
    if best:
        return best
    background = is_like(image, border_colour(image))
    if share(background) >= RULES.blank_share:
        return []
    text = share(background) >= RULES.page_text_share and is_lettering(image, background, image.shape[1])
    whole = Box(0, 0, image.shape[1], image.shape[0])
    return [Panel(whole, WHOLE_CONFIDENCE, "text" if text else "panel")]


def picture_panel(image: Image) -> Panel:
    """A single picture as one panel, without a border that is one colour on all four sides."""
    whole = Box(0, 0, image.shape[1], image.shape[0])
    sides = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])[None]
    paper = border_colour(image)
    bordered = share(is_like(sides, paper)) >= RULES.uniform_share
    return Panel(trimmed(is_like(image, paper), whole) if bordered else whole)


def _papers(image: Image) -> list[tuple[Colour, float]]:
    """Colours that the background may have, likeliest first: that of the border where most of the border shows it;
    else, where panels bleed off the sheet, white and black if there is enough of them for gutters. With each comes the
    share of the page that its panels must cover.
    """
    colour = border_colour(image)
    sparse = np.ascontiguousarray(image[::4, ::4])
    others = [other for other in (WHITE, BLACK) if not is_close(other, colour)]
    others = [other for other in others if share(is_like(sparse, other)) >= RULES.paper_least_share]
    sides = [image[:1], image[-1:], image[:, :1], image[:, -1:]]
    pixels = np.concatenate([side.reshape(1, -1, 3) for side in sides], axis=1)
    shown = share(is_like(pixels, colour)) >= RULES.border_paper_share
    first, then = ([colour], others) if shown else ([], [*others, colour])
    return [*((one, 0.0) for one in first), *((one, RULES.bleeding_covers) for one in then)]


def _makes_sense(boxes: Sequence[Box], shape: Sequence[int], covered: float = 0.0) -> bool:
    """Some boxes, none of them nearly the whole page, enough in all, and hardly any overlap."""
    if sum(box.width * box.height for box in boxes) < covered * shape[0] * shape[1]:
        return False
    fills = any(box.width * box.height >= 0.97 * shape[0] * shape[1] for box in boxes)
    return bool(boxes) and not fills and not _overlap_much(boxes)


def border_colour(image: Image) -> Colour:
    """The commonest colour along the border: each side's median votes, near-white wins a tie."""
    sides = [image[0], image[-1], image[:, 0], image[:, -1]]
    votes = [np.median(side, axis=0).astype(np.float32) for side in sides]
    weights = [sum(np.abs(vote - other).max() <= RULES.tolerance for other in votes) for vote in votes]
    best = max(range(4), key=lambda i: (weights[i], votes[i].sum()))
    return np.asarray(votes[best])


def content_boxes(image: Image, paper: Colour, *, alone: bool = True) -> list[Box]:
    """Boxes of the parts that background of colour `paper`, flooded from the border, does not reach.

    Parts that balloons or figures hold together are cut at the gutters between them; insets in a rim of their own are
    boxes inside boxes. A page of figures without frames is cut into cells.
    """
    small, factor = shrunk(image)
    like = is_like(small, paper)
    flood = paper_flood(like, dark=bool(paper.max() <= 128))
    if not alone and not flood.any():
        return []  # lines alone tell less than another paper did
    least = max(RULES.part_least, round(RULES.page_speck_share * min(small.shape[:2])))
    frames = [box for box in find_frames(small, least) if _is_panel_size(box, small.shape)]
    found, insets = _parted(small, flood, frames)
    pieces = [piece for box in found for piece in _split_bridges(flood, box)]
    pieces = [box for box in pieces if _is_panel_size(box, small.shape)]
    pieces = _merge_contained([at_frame(flood, box) for box in pieces])
    if _lacks_frames(flood, [*pieces, *insets]):
        cells = find_cells(small, ~flood)
        if len(cells) > RULES.cells_least and _makes_sense(cells, small.shape):
            return [enlarged(box, factor, image.shape) for box in cells]
    insets = [box for box in insets if not any(_is_corner(box, piece) for piece in pieces)]
    if paper.min() > 128:  # black rims are windows more often
        rimmed = [box for box in find_insets(like, flood, least) if not any(_is_same(box, one) for one in insets)]
        insets += rimmed
    return [enlarged(box, factor, image.shape) for box in [*pieces, *insets]]


def _parted(small: Image, flood: Mask, frames: Sequence[Box]) -> tuple[list[Box], list[Box]]:
    """The parts that the flood does not reach, cut at the gutters that something bridges, then along lines; and the
    frames within them, without which they are parted: insets, and panels that overlap others.
    """
    opened = np.asarray(cv2.morphologyEx(~flood, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    inner = [frame for _, box in _outlines(opened) for frame in _frames_in(frames, box)]
    for box in inner:
        opened[max(0, box.y0 - 2) : box.y1 + 2, max(0, box.x0 - 2) : box.x1 + 2] = 0
    page = separators(small, flood)
    found = []
    for contours, box in mended([one for one in _outlines(opened) if _is_panel_size(one[1], small.shape)]):
        shape = np.zeros((box.height, box.width), np.uint8)
        cv2.drawContours(shape, contours, -1, 255, cv2.FILLED, offset=(-box.x0, -box.y0))
        seen = share(shape & opened[box.y0 : box.y1, box.x0 : box.x1])
        if seen < RULES.around_frames_share and any(is_inside(one, box) for one in inner):
            continue  # what is left around a frame is its gutter
        for piece in _split_bridges(flood, box):
            part = shape[piece.y0 - box.y0 : piece.y1 - box.y0, piece.x0 - box.x0 : piece.x1 - box.x0]
            found += _between_lines(page, opened, piece, part) if part.any() else []
    return found, inner


def _outlines(content: Mask) -> list[tuple[cv2.typing.MatLike, Box]]:
    """The outline of every part of the content, (H, W), and the box around it, from the top."""
    contours, _ = cv2.findContours(content, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = (cv2.boundingRect(one) for one in contours[::-1])
    return [(one, Box(x, y, x + w, y + h)) for one, (x, y, w, h) in zip(contours[::-1], boxes, strict=True)]


def _frames_in(frames: Sequence[Box], whole: Box) -> list[Box]:
    """The frames that lie within a part of the page and are clearly smaller, those around several others left out."""
    inside = [one for one in frames if is_inside(one, whole) and not is_inside(whole, one)]
    return [one for one in inside if sum(other is not one and is_inside(other, one) for other in inside) < 2]


def _between_lines(page: Separators, opened: Mask, piece: Box, shape: Mask) -> list[Box]:
    """A piece that gutters bound, of this shape, cut along the lines in it."""
    parts = panels_in(page, hull(shape) + np.array((piece.x0, piece.y0)))
    return [piece] if len(parts) == 1 else [drawn_in(opened, part.outline) for part in parts]


def _lacks_frames(flood: Mask, boxes: Sequence[Box]) -> bool:
    """Whether boxes that are filled to their sides are only a little of all that was found, or that only a little of
    what is drawn on the page, by area.
    """
    areas = [box.width * box.height for box in boxes]
    grounds = [share(flood[box.y0 : box.y1, box.x0 : box.x1]) for box in boxes]
    solid = sum(area for area, ground in zip(areas, grounds, strict=True) if ground <= 1 - RULES.solid_share)
    whole = trimmed(flood, Box(0, 0, flood.shape[1], flood.shape[0]))
    least = RULES.solid_page_share
    return solid < least * sum(areas) or sum(areas) < least * whole.width * whole.height


def _is_panel_size(box: Box, shape: Sequence[int]) -> bool:
    large = box.width * box.height >= RULES.page_smallest_share * shape[0] * shape[1]
    return large and min(box.width, box.height) >= RULES.page_speck_share * min(shape[:2])


def _split_bridges(flood: Mask, box: Box) -> list[Box]:
    """Cut a box at the clearest gutter that something bridges, along either axis, then its two parts likewise."""
    part = np.ascontiguousarray(flood[box.y0 : box.y1, box.x0 : box.x1])
    least = RULES.page_speck_share * min(flood.shape)
    row = _clearest_gutter(row_shares(part), box.height, least)
    column = _clearest_gutter(column_shares(part), box.width, least)
    if not row and not column:
        return [box]
    if row and (not column or row[0] >= column[0]):
        _, start, end = row
        halves = [Box(box.x0, box.y0, box.x1, box.y0 + start), Box(box.x0, box.y0 + end, box.x1, box.y1)]
    else:
        _, start, end = column or (0.0, 0, 0)
        halves = [Box(box.x0, box.y0, box.x0 + start, box.y1), Box(box.x0 + end, box.y0, box.x1, box.y1)]
    return [piece for half in halves for piece in _split_bridges(flood, trimmed(flood, half))]


def _clearest_gutter(shares: npt.NDArray[np.float64], length: int, least: float) -> tuple[float, int, int] | None:
    """The clearest gutter in a profile of background shares, as (clarity, start, end).

    It leaves `least` rows on both sides. Clarity is how far the share falls there within 3 pixels: where panels begin.
    """
    best: tuple[float, int, int] | None = None
    for start, end in spans(shares >= RULES.page_soft_share, 1):
        if end - start < RULES.page_soft_height or start < least or end > length - least:
            continue
        level = float(np.median(shares[start:end]))
        clarity = level - max(shares[max(0, start - 3)], shares[min(length - 1, end + 2)])
        if clarity >= RULES.page_soft_edge and (best is None or clarity > best[0]):
            best = (float(clarity), start, end)
    return best


def _merge_contained(boxes: Sequence[Box]) -> list[Box]:
    """Drop boxes that lie almost wholly inside another: figures and balloons that came loose."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda one: -one.width * one.height):
        if not any(is_inside(box, other) for other in kept):
            kept.append(box)
    return kept


def _is_corner(one: Box, other: Box) -> bool:
    """Whether a box fills a corner of another: the frame there is that of the other."""
    sides = zip(one.as_list(), other.as_list(), strict=True)
    return is_inside(one, other) and sum(abs(a - b) <= 2 * RULES.frame_slack for a, b in sides) >= 2


def _is_same(one: Box, other: Box) -> bool:
    return is_inside(one, other) or is_inside(other, one)


def _overlap_much(boxes: Sequence[Box]) -> bool:
    area = sum(box.width * box.height for box in boxes)
    pairs = [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :]]
    common = sum(shared(a, b) for a, b in pairs if not is_inside(a, b) and not is_inside(b, a))
    return common > 0.25 * area
