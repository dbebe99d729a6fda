"""Pages with known panels, one function per difficulty of real pages; deterministic by name and seed."""

from collections.abc import Callable
from zlib import crc32

import cv2
import numpy as np

from comicdata.drawn.art import INK, WHITE, Colour, light_colour, mixed
from comicdata.drawn.manga import MANGA
from comicdata.drawn.scenes import Drawn, Rng, any_art, balloon, dark, grain, line_art, paint, put, write
from comicdata.errors import UsageError
from comicdata.images import Image
from comicdata.records import Box

WIDTH, HEIGHT = 1000, 1420
Art = Callable[[Rng, int, int], Image]


def draw_page(name: str, seed: int) -> Drawn:
    """The page of a scenario, a key of PAGES or of MANGA."""
    kinds = PAGES | MANGA
    if name not in kinds:
        raise UsageError(f"no page scenario {name!r}; there are: {', '.join(kinds)}")
    return kinds[name](np.random.default_rng([crc32(name.encode()), seed]))


def _paper(colour: Colour = WHITE) -> Image:
    return np.full((HEIGHT, WIDTH, 3), colour, np.uint8)


def _rows(rng: Rng, margin: int, gap: int, counts: tuple[int, ...] = (1, 2, 2, 3)) -> list[list[Box]]:
    """Three or four tiers of panels between margins, widths and heights uneven."""
    tiers = int(rng.integers(3, 5))
    rows, ys = [], _cuts(rng, margin, HEIGHT - margin, tiers, gap)
    for y0, y1 in ys:
        xs = _cuts(rng, margin, WIDTH - margin, int(rng.choice(counts)), gap)
        rows.append([Box(x0, y0, x1, y1) for x0, x1 in xs])
    return rows


def _cuts(rng: Rng, start: int, end: int, count: int, gap: int) -> list[tuple[int, int]]:
    shares = rng.uniform(0.7, 1.4, count)
    lengths = shares / shares.sum() * (end - start - gap * (count - 1))
    ends = np.rint(np.cumsum(lengths + gap) - gap).astype(int) + start
    starts = [start, *(ends[:-1] + gap).tolist()]
    return list(zip(starts, ends.tolist(), strict=True))


def _grid_boxes(rng: Rng, margin: int | None = None, gap: int | None = None) -> list[Box]:
    margin = int(rng.integers(24, 60)) if margin is None else margin
    gap = int(rng.integers(14, 34)) if gap is None else gap
    return [box for row in _rows(rng, margin, gap) for box in row]


def _fill(rng: Rng, image: Image, boxes: list[Box], art: Art = any_art, frame: int | None = None) -> Drawn:
    frame = int(rng.choice([0, 3, 5])) if frame is None else frame
    for box in boxes:
        put(image, box, art(rng, box.width, box.height), frame)
    return Drawn(image, tuple(boxes))


def _grid(rng: Rng) -> Drawn:
    return _fill(rng, _paper(), _grid_boxes(rng))


def _black(rng: Rng) -> Drawn:
    return _fill(rng, _paper((8, 8, 10)), _grid_boxes(rng), dark if rng.uniform() < 0.4 else any_art)


def _tinted(rng: Rng) -> Drawn:
    """Yellowed or coloured paper with grain, and a margin that is darker towards the edge of the sheet."""
    colour = mixed((244, 232, 205), light_colour(rng, 0.9), rng.uniform(0, 0.4))
    image = grain(rng, _paper(colour), 3)
    return _fill(rng, image, _grid_boxes(rng))


def _tilted_scan(rng: Rng) -> Drawn:
    """A scan: turned by up to 1.5 degrees, soft, noisy, framed panels; the box is around the turned panel."""
    boxes = _grid_boxes(rng, margin=70, gap=int(rng.integers(26, 40)))
    colour = (250, 247, 240)
    drawn = _fill(rng, _paper(colour), boxes, frame=4)
    angle = float(rng.choice([-1, 1]) * rng.uniform(0.4, 1.5))
    matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), angle, 1)
    turned = cv2.warpAffine(drawn.image, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA, borderValue=colour)
    soft = cv2.GaussianBlur(turned, (0, 0), 0.8)
    return Drawn(grain(rng, np.asarray(soft), 4), tuple(_turned(box, matrix) for box in boxes))


def _turned(box: Box, matrix: np.ndarray) -> Box:
    corners = np.array([[box.x0, box.y0, 1], [box.x1, box.y0, 1], [box.x0, box.y1, 1], [box.x1, box.y1, 1]])
    points = corners @ matrix.T
    x0, y0 = np.rint(points.min(axis=0)).astype(int).tolist()
    x1, y1 = np.rint(points.max(axis=0)).astype(int).tolist()
    return Box(x0, y0, x1, y1)


def _slanted(rng: Rng) -> Drawn:
    """Gutters between the panels of a tier lean by up to 90 pixels; the box is around the slanted panel."""
    image, boxes = _paper(), []
    gap = int(rng.integers(18, 30))
    for row in _rows(rng, 40, gap, (2, 2, 3)):
        leans = [0, *(int(rng.integers(-90, 90)) for _ in row[1:]), 0]
        for index, box in enumerate(row):
            left, right = leans[index], leans[index + 1]
            top = [(box.x0 + left // 2, box.y0), (box.x1 + right // 2, box.y0)]
            foot = [(box.x1 - right // 2, box.y1), (box.x0 - left // 2, box.y1)]
            boxes.append(_put_polygon(rng, image, np.array([*top, *foot], np.int32)))
    return Drawn(image, tuple(boxes))


def _put_polygon(rng: Rng, image: Image, points: np.ndarray) -> Box:
    x0, y0 = points.min(axis=0).tolist()
    x1, y1 = points.max(axis=0).tolist()
    art = any_art(rng, x1 - x0, y1 - y0)
    mask = np.zeros(art.shape[:2], np.uint8)
    cv2.fillPoly(mask, [points - (x0, y0)], 1)
    np.copyto(image[y0:y1, x0:x1], art, where=mask[..., None] > 0)
    cv2.polylines(image, [points], True, INK, 4, cv2.LINE_AA)
    return Box(x0, y0, x1, y1)


def _insets(rng: Rng) -> Drawn:
    """A framed panel with a white rim lies over a corner of a large one; both are panels."""
    boxes = [box for row in _rows(rng, 36, 20, (1, 1, 2)) for box in row]
    drawn = _fill(rng, _paper(), boxes, frame=4)
    result = []
    for box in boxes:
        result.append(box)
        if box.width < 500 or box.height < 280:
            continue
        span, height = round(box.width * rng.uniform(0.26, 0.36)), round(box.height * rng.uniform(0.42, 0.55))
        x = box.x0 + 30 if rng.uniform() < 0.5 else box.x1 - 30 - span
        y = box.y0 + 30 if rng.uniform() < 0.5 else box.y1 - 30 - height
        rim = int(rng.integers(8, 14))
        put(drawn.image, Box(x - rim, y - rim, x + span + rim, y + height + rim), np.uint8(255))  # type: ignore[arg-type]
        inset = Box(x, y, x + span, y + height)
        put(drawn.image, inset, any_art(rng, span, height), 3)
        result.append(inset)
    return Drawn(drawn.image, tuple(result))


def _borderless(rng: Rng) -> Drawn:
    """Paint without frames whose edges are torn by up to 6 pixels."""
    boxes = _grid_boxes(rng, gap=int(rng.integers(22, 40)))
    image = _paper()
    for box in boxes:
        art = paint(rng, box.width, box.height)
        ragged = [np.rint(cv2.GaussianBlur(rng.uniform(0, 12, (n, 1)), (1, 9), 3)[:, 0]) for n in art.shape[:2]]
        y, x = np.mgrid[: box.height, : box.width]
        inside = (x >= ragged[0][:, None] - 3) & (x < box.width - ragged[0][::-1, None] + 3)
        inside &= (y >= ragged[1][None] - 3) & (y < box.height - ragged[1][None, ::-1] + 3)
        put(image, box, np.where(inside[..., None], art, 255).astype(np.uint8))
    return Drawn(image, tuple(boxes))


def _bleed(rng: Rng) -> Drawn:
    """All outer panels run off the sheet: no margin, only gutters inside."""
    rows = _rows(rng, 0, int(rng.integers(12, 26)), (1, 2, 2))
    return _fill(rng, _paper(), [box for row in rows for box in row])


def _part_bleed(rng: Rng) -> Drawn:
    """One or two tiers run off the sheet on the left, the right and the top; the others keep the margin."""
    margin, boxes = 44, []
    for index, row in enumerate(_rows(rng, margin, 22)):
        off = index == 0 or rng.uniform() < 0.4
        for box in row:
            x0 = 0 if off and box.x0 == margin else box.x0
            x1 = WIDTH if off and box.x1 == WIDTH - margin else box.x1
            boxes.append(Box(x0, 0 if off and index == 0 else box.y0, x1, box.y1))
    return _fill(rng, _paper(), boxes)


def _bridges(rng: Rng) -> Drawn:
    """Balloons lie across gutters, upright and level ones."""
    boxes = _grid_boxes(rng, gap=int(rng.integers(16, 30)))
    drawn = _fill(rng, _paper(), boxes, frame=3)
    for box in boxes:
        if box.y1 < HEIGHT - 80 and rng.uniform() < 0.35:
            balloon(drawn.image, rng.uniform(box.x0 + 90, max(box.x0 + 91, box.x1 - 90)), box.y1 + 8, rng, 0.7)
        elif box.x1 < WIDTH - 80 and rng.uniform() < 0.5:
            balloon(drawn.image, box.x1 + 8, box.y0 + box.height * rng.uniform(0.3, 0.6), rng, 0.7)
    return drawn


def _figures_out(rng: Rng) -> Drawn:
    """Heads and arms stick out of their frames over the gutter into the next panel."""
    boxes = _grid_boxes(rng, gap=24)
    drawn = _fill(rng, _paper(), boxes, frame=4)
    for box in boxes:
        if rng.uniform() < 0.4 and box.y0 > 100:
            x, y = round(rng.uniform(box.x0 + 80, max(box.x0 + 81, box.x1 - 80))), box.y0 + 10
            cv2.ellipse(drawn.image, (x, y), (48, 56), 0, 0, 360, light_colour(rng), -1, cv2.LINE_AA)
            cv2.ellipse(drawn.image, (x, y), (48, 56), 0, 0, 360, INK, 4, cv2.LINE_AA)
    return drawn


def _shared_lines(rng: Rng) -> Drawn:
    """Panels are parted by a white line of 5 to 9 pixels only, inside an ordinary margin."""
    return _fill(rng, _paper(), _grid_boxes(rng, gap=int(rng.integers(5, 10))), frame=2)


def _line_art(rng: Rng) -> Drawn:
    """Black and white, screentone, much white inside the frames."""
    return _fill(rng, _paper(), _grid_boxes(rng), line_art, frame=4)


def _unframed(rng: Rng) -> Drawn:
    """Cells without frames on white: a figure and lettering above it; the box holds all that is drawn in the cell."""
    image, boxes = _paper(), []
    columns, tiers = int(rng.integers(2, 4)), int(rng.integers(3, 5))
    for y0, y1 in _cuts(rng, 30, HEIGHT - 30, tiers, 60):
        for x0, x1 in _even(30, WIDTH - 30, columns, 60):
            boxes.append(_vignette(rng, image, Box(x0, y0, x1, y1)))
    return Drawn(image, tuple(boxes))


def _even(start: int, end: int, count: int, gap: int) -> list[tuple[int, int]]:
    span = (end - start - gap * (count - 1)) // count
    return [(start + i * (span + gap), start + i * (span + gap) + span) for i in range(count)]


def _vignette(rng: Rng, image: Image, cell: Box) -> Box:
    """Some shapes with ink lines below a line of lettering; returns the box around them."""
    part = image[cell.y0 : cell.y1, cell.x0 : cell.x1]
    top, middle = 70, cell.width // 2
    write(part, (("So here we are", "I have a plan")[int(rng.integers(2))],), (middle, 28), 0.7, INK)
    for index in range(3):
        x, radius = round(cell.width * (0.2 + 0.3 * index)), round(cell.width * rng.uniform(0.09, 0.13))
        y = round(rng.uniform(top + radius + 4, max(top + radius + 5, cell.height - 2 * radius)))
        body = np.array([[x - radius, cell.height - 6], [x, y], [x + radius, cell.height - 6]], np.int32)
        colour = light_colour(rng)
        cv2.fillPoly(part, [body], colour, cv2.LINE_AA)
        cv2.polylines(part, [body], True, INK, 4, cv2.LINE_AA)
        cv2.circle(part, (x, y), radius, colour, -1, cv2.LINE_AA)
        cv2.circle(part, (x, y), radius, INK, 4, cv2.LINE_AA)
    drawn = part.min(axis=2) < 200
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    return Box(
        cell.x0 + int(columns[0]), cell.y0 + int(rows[0]), cell.x0 + int(columns[-1]) + 1, cell.y0 + int(rows[-1]) + 1
    )


PAGES: dict[str, Callable[[Rng], Drawn]] = {
    "grid": _grid,
    "black": _black,
    "tinted paper": _tinted,
    "tilted scan": _tilted_scan,
    "slanted gutters": _slanted,
    "insets": _insets,
    "borderless": _borderless,
    "bleed": _bleed,
    "partly bleeding": _part_bleed,
    "bridging balloons": _bridges,
    "figures out of frames": _figures_out,
    "narrow gutters": _shared_lines,
    "line art": _line_art,
    "unframed cells": _unframed,
}
