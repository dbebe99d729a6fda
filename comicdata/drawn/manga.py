"""Pages as manga lays them out, with known panels: shared lines, bleeds, slants, insets, figures out of their frames,
and of every difficulty the opposite that must stay whole. Deterministic by name and seed.
"""

from collections.abc import Callable

import cv2
import numpy as np

from comicdata.drawn.art import INK, WHITE, Colour, light_colour, mixed
from comicdata.drawn.lookalikes import lookalike
from comicdata.drawn.scenes import Drawn, Rng, any_art, balloon, dark, grain, line_art, paint, put, write
from comicdata.drawn.shapes import Polygon, bounds, clipped, of_box
from comicdata.images import Image
from comicdata.records import Box

WIDTH, HEIGHT = 1000, 1420
SHEET = Box(0, 0, WIDTH, HEIGHT)
Art = Callable[[Rng, int, int], Image]


def _paper(colour: Colour = WHITE) -> Image:
    return np.full((HEIGHT, WIDTH, 3), colour, np.uint8)


def _margin(rng: Rng) -> Box:
    margin = int(rng.integers(30, 70))
    return Box(margin, margin, WIDTH - margin, HEIGHT - margin)


def tiers(rng: Rng, box: Box, gap: float, slant: float = 0.0) -> list[Polygon]:
    """Tiers of one to three panels; `gap` apart; cuts lean by up to `slant` in radians."""
    found = []
    for tier in _cut(rng, of_box(box), int(rng.integers(2, 5)), 1, gap, slant / 3 if rng.uniform() < 0.5 else 0):
        found += _cut(rng, tier, int(rng.choice([1, 2, 2, 3])), 0, gap * rng.uniform(0.5, 1), slant)
    return found


def _cut(rng: Rng, polygon: Polygon, count: int, axis: int, gap: float, slant: float) -> list[Polygon]:
    """A polygon in `count` parts along x (axis 0) or y (1), the first at the left or the top."""
    shares = np.cumsum(rng.uniform(0.8, 1.5, count))
    low, high = polygon.min(axis=0)[axis], polygon.max(axis=0)[axis]
    parts, rest = [], polygon
    for share in shares[:-1] / shares[-1]:
        point = polygon.mean(axis=0)
        point[axis] = low + share * (high - low)
        angle = rng.uniform(-slant, slant)
        normal = np.roll([np.cos(angle), np.sin(angle)], axis)
        parts.append(clipped(rest, point - normal * gap / 2, -normal))
        rest = clipped(rest, point + normal * gap / 2, normal)
    return [*parts, rest]


def filled(rng: Rng, image: Image, polygons: list[Polygon], frame: int, art: Art = any_art) -> Drawn:
    """Art in all polygons, then their frames: what two share is one line."""
    for polygon in polygons:
        _put(rng, image, polygon, art)
    for polygon in polygons:
        if frame:
            cv2.polylines(image, [np.rint(polygon).astype(np.int32)], True, INK, frame, cv2.LINE_AA)
    return Drawn(image, tuple(_on_sheet(bounds(polygon)) for polygon in polygons), tuple(polygons))


def _put(rng: Rng, image: Image, polygon: Polygon, art: Art) -> None:
    box = _on_sheet(bounds(polygon))
    mask = np.zeros((box.height, box.width), np.uint8)
    cv2.fillPoly(mask, [np.rint(polygon - (box.x0, box.y0)).astype(np.int32)], 1)
    np.copyto(image[box.y0 : box.y1, box.x0 : box.x1], art(rng, box.width, box.height), where=mask[..., None] > 0)


def _on_sheet(box: Box) -> Box:
    return Box(max(0, box.x0), max(0, box.y0), min(WIDTH, box.x1), min(HEIGHT, box.y1))


def balloons(rng: Rng, drawn: Drawn, share: float) -> Drawn:
    """Balloons over the border of some panels."""
    for box in drawn.boxes:
        if rng.uniform() < share:
            x = box.x0 + box.width * rng.uniform(0.25, 0.75)
            y = box.y0 + box.height * rng.choice([0.25, 0.5, 0.97])
            balloon(drawn.image, float(np.clip(x, 120, WIDTH - 120)), float(np.clip(y, 60, HEIGHT - 60)), rng, 0.6)
    return drawn


def toned(rng: Rng, width: int, height: int) -> Image:
    """A scene of manga: flat or toned grounds, inked figures, solid black at times."""
    kind = rng.uniform()
    if kind < 0.25:
        return line_art(rng, width, height) if width * height < 500_000 else paint(rng, width, height)
    if kind < 0.4:
        return dark(rng, width, height)
    return any_art(rng, width, height)


def _shared(rng: Rng) -> Drawn:
    """One black line between panels, no gutter, inside a margin or over the whole sheet."""
    box = SHEET if rng.uniform() < 0.4 else _margin(rng)
    return filled(rng, _paper(), tiers(rng, box, 0), int(rng.integers(3, 8)))


def _shared_slanted(rng: Rng) -> Drawn:
    box = SHEET if rng.uniform() < 0.3 else _margin(rng)
    return balloons(rng, filled(rng, _paper(), tiers(rng, box, 0, 0.35), int(rng.integers(3, 8))), 0.3)


def _white_lines(rng: Rng) -> Drawn:
    """White lines of 3 to 8 pixels, straight and slanted, from edge to edge of the sheet."""
    box = SHEET if rng.uniform() < 0.7 else _margin(rng)
    return filled(rng, _paper(), tiers(rng, box, int(rng.integers(3, 9)), 0.25), 0)


def _bleeds(rng: Rng) -> Drawn:
    """Panels run off at one, two or three sides: the margin is kept at the others; slanted gutters between."""
    margins = [0 if rng.uniform() < 0.5 else 50 for _ in range(4)]
    box = Box(margins[0], margins[1], WIDTH - margins[2], HEIGHT - margins[3])
    drawn = filled(rng, _paper(), tiers(rng, box, int(rng.integers(8, 30)), 0.2), int(rng.choice([0, 3, 5])), toned)
    return balloons(rng, drawn, 0.3)


def _middle_bleeds(rng: Rng) -> Drawn:
    """Any panel of any tier may run off at the side it is next to."""
    box, gap = _margin(rng), int(rng.integers(10, 26))
    polygons = [bounds(one) for one in tiers(rng, box, gap)]
    moved = []
    for one in polygons:
        x0 = 0 if one.x0 == box.x0 and rng.uniform() < 0.4 else one.x0
        x1 = WIDTH if one.x1 == box.x1 and rng.uniform() < 0.4 else one.x1
        y0 = 0 if one.y0 == box.y0 and rng.uniform() < 0.3 else one.y0
        y1 = HEIGHT if one.y1 == box.y1 and rng.uniform() < 0.3 else one.y1
        moved.append(of_box(Box(x0, y0, x1, y1)))
    return balloons(rng, filled(rng, _paper(), moved, int(rng.integers(3, 6)), toned), 0.3)


def _overlapping(rng: Rng) -> Drawn:
    """Framed panels, some of which reach over the gutter into the one before them; the box is all of the panel."""
    boxes = [bounds(one) for one in tiers(rng, _margin(rng), int(rng.integers(14, 26)))]
    boxes = [
        Box(box.x0, box.y0 - int(rng.integers(34, 60)) * (rng.uniform() < 0.4 and box.y0 > 100), box.x1, box.y1)
        for box in boxes
    ]
    return _fill_over(rng, boxes)


def _fill_over(rng: Rng, boxes: list[Box]) -> Drawn:
    image, frame = _paper(), int(rng.integers(3, 6))
    for box in boxes:
        put(image, box, toned(rng, box.width, box.height), frame)
    return Drawn(image, tuple(boxes))


def _framed_insets(rng: Rng) -> Drawn:
    """An inset with a black frame and no rim lies in a large panel, or over its border."""
    boxes = [bounds(one) for one in tiers(rng, _margin(rng), 18)]
    found = []
    for box in boxes:
        found.append(box)
        if box.width > 420 and box.height > 300:
            span, height = round(box.width * rng.uniform(0.28, 0.4)), round(box.height * rng.uniform(0.35, 0.55))
            x = box.x0 + round((box.width - span) * rng.uniform(0.06, 0.94))
            y = box.y0 + round((box.height - height) * rng.choice([0.08, 0.5, 0.92]))
            found.append(Box(x, y, x + span, y + height))
    image, frame = _paper(), int(rng.integers(3, 6))
    for box in found:
        put(image, box, paint(rng, box.width, box.height), frame)
    return Drawn(image, tuple(found))


def _stepping_out(rng: Rng) -> Drawn:
    """Figures as tall as half a panel stand over gutters; the frames are bounded as if nobody did."""
    drawn = filled(rng, _paper(), tiers(rng, _margin(rng), int(rng.integers(12, 24))), 4, toned)
    for box in drawn.boxes:
        if rng.uniform() < 0.5:
            _figure(
                rng,
                drawn.image,
                round(rng.uniform(box.x0 + 20, box.x1 - 20)),
                box.y1 + int(rng.integers(-20, 30)),
                min(box.height, 320),
            )
    return drawn


def _figure(rng: Rng, image: Image, x: int, foot: int, height: int) -> None:
    radius, colour = height // 5, light_colour(rng)
    y = foot - height + radius
    body = np.array(
        [(x - 2 * radius, foot), (x - radius, y + radius), (x + radius, y + radius), (x + 2 * radius, foot)]
    )
    cv2.fillPoly(image, [body.astype(np.int32)], light_colour(rng, 0.7), cv2.LINE_AA)
    cv2.polylines(image, [body.astype(np.int32)], True, INK, 4, cv2.LINE_AA)
    cv2.circle(image, (x, y), radius, colour, -1, cv2.LINE_AA)
    cv2.circle(image, (x, y), radius, INK, 4, cv2.LINE_AA)


def _screentone(rng: Rng) -> Drawn:
    """The paper between framed panels is tinted, dotted or changes slowly from top to foot."""
    kind, colour = rng.uniform(), light_colour(rng, 0.95)
    image = _paper(mixed(colour, WHITE, 0.5))
    if kind < 0.4:
        y, x = np.mgrid[:HEIGHT, :WIDTH]
        image[((x + y) % 8 < 3) & ((x - y) % 8 < 3)] = mixed(colour, INK, 0.35)
    elif kind < 0.7:
        shade = np.linspace(1, rng.uniform(0.3, 0.7), HEIGHT)[:, None, None]
        image = np.rint(image * shade).astype(np.uint8)
    else:
        image = grain(rng, image, 6)
    return filled(rng, image, tiers(rng, _margin(rng), int(rng.integers(16, 30))), int(rng.integers(3, 6)), toned)


def _beside_frames(rng: Rng) -> Drawn:
    """Some cells have no frame: a figure on white. Lettering alone, a title and a page number are no panels."""
    image, found = _paper(), []
    for box in (bounds(one) for one in tiers(rng, Box(50, 120, WIDTH - 50, HEIGHT - 70), 24)):
        if rng.uniform() < 0.3 and box.width < 700:
            height = round(min(box.height * 0.9, box.width * 1.1))
            x, radius = (box.x0 + box.x1) // 2, height // 5
            _figure(rng, image, x, box.y1 - 6, height)
            found.append(Box(x - 2 * radius - 2, box.y1 - 6 - height - 2, x + 2 * radius + 3, box.y1 - 3))
        else:
            put(image, box, any_art(rng, box.width, box.height), 4)
            found.append(box)
    write(image, ("CHAPTER 7",), (WIDTH // 2, 60), 2.0, INK)
    write(image, ("112",), (WIDTH - 80, HEIGHT - 30), 0.8, INK)
    return Drawn(image, tuple(found))


def _everything(rng: Rng) -> Drawn:
    """Bleeds, slants, gutters of two widths, shared lines and balloons over them, on one page."""
    margins = [0 if rng.uniform() < 0.4 else 46 for _ in range(4)]
    box = Box(margins[0], margins[1], WIDTH - margins[2], HEIGHT - margins[3])
    polygons = []
    for tier in _cut(rng, of_box(box), int(rng.integers(2, 5)), 1, int(rng.integers(10, 34)), 0.06):
        gap = float(rng.choice([0, 8, 12]))
        polygons += _cut(rng, tier, int(rng.choice([1, 2, 2, 3])), 0, gap, float(rng.choice([0, 0.25])))
    return balloons(rng, filled(rng, _paper(), polygons, int(rng.integers(3, 6)), toned), 0.5)


def _splash(rng: Rng) -> Drawn:
    """One picture over the whole sheet, often one of the things that look like panels, with balloons."""
    art = lookalike if rng.uniform() < 0.6 else any_art
    drawn = Drawn(art(rng, WIDTH, HEIGHT), (SHEET,))
    for _ in range(int(rng.integers(0, 4))):
        balloon(drawn.image, rng.uniform(150, WIDTH - 150), rng.uniform(90, HEIGHT - 90), rng, 0.8)
    return drawn


def _lookalikes(rng: Rng) -> Drawn:
    """Framed panels, each a picture of something that looks like panels."""
    return filled(rng, _paper(), tiers(rng, _margin(rng), int(rng.integers(14, 30))), 4, lookalike)


def _lookalikes_bleeding(rng: Rng) -> Drawn:
    """The same where the panels share a line or run off the sheet."""
    return filled(rng, _paper(), tiers(rng, SHEET, float(rng.choice([0, 16]))), 5, lookalike)


MANGA: dict[str, Callable[[Rng], Drawn]] = {
    "shared lines": _shared,
    "shared slanted lines": _shared_slanted,
    "white lines": _white_lines,
    "bleeding sides": _bleeds,
    "bleeding tiers": _middle_bleeds,
    "overlapping frames": _overlapping,
    "insets without a rim": _framed_insets,
    "figures over gutters": _stepping_out,
    "textured paper": _screentone,
    "figures beside frames": _beside_frames,
    "all at once": _everything,
    "splash": _splash,
    "lookalikes": _lookalikes,
    "bleeding lookalikes": _lookalikes_bleeding,
}
