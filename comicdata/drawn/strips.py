"""Vertical strips with known panels, one function per difficulty of real webtoons; deterministic by name and seed."""

from collections.abc import Callable
from itertools import pairwise
from zlib import crc32

import numpy as np

from comicdata.drawn.art import WHITE, Colour, light_colour, mixed
from comicdata.drawn.scenes import (
    Drawn,
    Rng,
    any_art,
    balloon,
    caption,
    dark,
    grain,
    line_art,
    paint,
    put,
    under_sky,
    write,
)
from comicdata.drawn.webtoons import WEBTOONS
from comicdata.errors import UsageError
from comicdata.images import Image
from comicdata.records import Box

Art = Callable[[Rng, int, int], Image]
WIDTHS = (690, 720, 800)
PANELS = 7
LETTERS: Colour = (40, 36, 48)


def draw_strip(name: str, seed: int) -> Drawn:
    """The strip of a scenario, a key of STRIPS or of WEBTOONS."""
    kinds = STRIPS | WEBTOONS
    if name not in kinds:
        raise UsageError(f"no strip scenario {name!r}; there are: {', '.join(kinds)}")
    return kinds[name](np.random.default_rng([crc32(name.encode()), seed]))


def _column(
    rng: Rng, gaps: tuple[int, int] = (50, 220), heights: tuple[float, float] = (0.5, 1.2), margin: int | None = None
) -> tuple[int, int, list[Box]]:
    """Width, height and boxes of a plain column of panels."""
    width = int(rng.choice(WIDTHS))
    side = int(rng.choice([0, 14, 30])) if margin is None else margin
    boxes, y = [], int(rng.integers(*gaps))
    for _ in range(PANELS):
        height = round(width * rng.uniform(*heights))
        boxes.append(Box(side, y, width - side, y + height))
        y += height + int(rng.integers(*gaps))
    return width, y, boxes


def _flat(width: int, height: int, colour: Colour) -> Image:
    return np.full((height, width, 3), colour, np.uint8)


def _fill(rng: Rng, image: Image, boxes: list[Box], art: Art = any_art) -> Drawn:
    """Art in every box; framed in two episodes of three."""
    frame = int(rng.choice([0, 2, 4]))
    for box in boxes:
        put(image, box, art(rng, box.width, box.height), frame)
    return Drawn(image, tuple(boxes))


def _plain(colour: Colour, art: Art = any_art) -> Callable[[Rng], Drawn]:
    def strip(rng: Rng) -> Drawn:
        width, height, boxes = _column(rng)
        return _fill(rng, _flat(width, height, colour), boxes, art)

    return strip


def _tint(rng: Rng) -> Colour:
    return mixed(light_colour(rng, rng.uniform(0.4, 1)), WHITE, rng.uniform(0.1, 0.7))


def _tinted(rng: Rng) -> Drawn:
    width, height, boxes = _column(rng)
    return _fill(rng, _flat(width, height, _tint(rng)), boxes)


def _gradient_rows(rng: Rng, width: int, height: int) -> Image:
    ends = np.array([_tint(rng), _tint(rng), _tint(rng)], float)
    at = np.linspace(0, 2, height)
    rows = np.stack([np.interp(at, (0, 1, 2), ends[:, channel]) for channel in range(3)], axis=1)
    return np.repeat(np.rint(rows).astype(np.uint8)[:, None], width, axis=1)


def _gradient(rng: Rng) -> Drawn:
    width, height, boxes = _column(rng)
    return _fill(rng, _gradient_rows(rng, width, height), boxes)


def _steep_gradients(rng: Rng) -> Drawn:
    """Every gutter is a gradient of its own, from the mood of one panel to the next."""
    width, height, boxes = _column(rng, gaps=(90, 260), margin=0)
    image = _flat(width, height, WHITE)
    edges = [0, *(y for box in boxes for y in (box.y0, box.y1)), height]
    colours = [_tint(rng) for _ in range(len(boxes) + 2)]
    for index, (y0, y1) in enumerate(zip(edges[::2], edges[1::2], strict=True)):
        rows = np.linspace(colours[index], colours[index + 1], y1 - y0)
        image[y0:y1] = np.rint(rows).astype(np.uint8)[:, None]
    return _fill(rng, image, boxes)


def _paper(rng: Rng) -> Drawn:
    width, height, boxes = _column(rng)
    image = grain(rng, _flat(width, height, mixed((250, 243, 226), WHITE, rng.uniform())), 4)
    return _fill(rng, image, boxes)


def _captions(rng: Rng) -> Drawn:
    """Lettering, boxes and balloons stand alone in the gutters, on white or black."""
    width, height, boxes = _column(rng, gaps=(190, 340))
    colour: Colour = WHITE if rng.uniform() < 0.5 else (0, 0, 0)
    drawn = _fill(rng, _flat(width, height, colour), boxes)
    for upper, lower in pairwise(boxes):
        x, y = round(width * rng.uniform(0.3, 0.7)), (upper.y1 + lower.y0) // 2
        kind = rng.uniform()
        if kind < 0.35:
            balloon(drawn.image, x, y, rng)
        elif kind < 0.6:
            caption(drawn.image, x, y, rng, round(width * 0.4))
        elif kind < 0.9:
            ink = LETTERS if colour == WHITE else WHITE
            write(drawn.image, ("Nobody noticed", "for a while ..."), (x, y), 0.9, ink)
    return drawn


def _wide_captions(rng: Rng) -> Drawn:
    """Caption boxes nearly as wide as the strip, and long lines of lettering."""
    width, height, boxes = _column(rng, gaps=(170, 300))
    drawn = _fill(rng, _flat(width, height, WHITE), boxes)
    for upper, lower in pairwise(boxes):
        y = (upper.y1 + lower.y0) // 2
        if rng.uniform() < 0.6:
            caption(drawn.image, width // 2, y, rng, round(width * rng.uniform(0.8, 0.96)))
        else:
            lines = ("Later that day, when the rain was over", "and nobody thought of the sandwich,", "a letter came.")
            write(drawn.image, lines, (width // 2, y), width / 760, LETTERS)
    return drawn


def _hanging_balloons(rng: Rng) -> Drawn:
    """Balloons hang over the lower or upper edge of their panel into the gutter."""
    width, height, boxes = _column(rng, gaps=(150, 260))
    drawn = _fill(rng, _flat(width, height, WHITE if rng.uniform() < 0.6 else (0, 0, 0)), boxes)
    for box in boxes:
        if rng.uniform() < 0.7:
            y = box.y1 + rng.uniform(-20, 22) if rng.uniform() < 0.6 else box.y0 + rng.uniform(-22, 20)
            balloon(drawn.image, width * rng.uniform(0.3, 0.7), y, rng)
    return drawn


def _bridging_balloons(rng: Rng) -> Drawn:
    """Balloons reach from one panel over the gutter into the next."""
    width, height, boxes = _column(rng, gaps=(24, 70))
    drawn = _fill(rng, _flat(width, height, WHITE if rng.uniform() < 0.6 else _tint(rng)), boxes)
    for upper, lower in pairwise(boxes):
        if rng.uniform() < 0.6:
            balloon(drawn.image, width * rng.uniform(0.25, 0.75), (upper.y1 + lower.y0) / 2, rng, rng.uniform(0.9, 1.3))
    return drawn


def _narrow(rng: Rng) -> Drawn:
    """Panels narrower than the strip, to the left, the right and the middle."""
    width, height, boxes = _column(rng, margin=0)
    moved = []
    for box in boxes:
        span = round(width * rng.uniform(0.45, 0.9))
        x = round((width - span) * rng.choice([0.0, 0.1, 0.5, 0.9, 1.0]))
        moved.append(Box(x, box.y0, x + span, box.y1))
    return _fill(rng, _flat(width, height, _tint(rng) if rng.uniform() < 0.3 else WHITE), moved)


def _columns(rng: Rng) -> Drawn:
    """Some rows hold two or three panels side by side."""
    width, height, boxes = _column(rng, gaps=(20, 90))
    cells = []
    for box in boxes:
        count, gap = int(rng.choice([1, 2, 2, 3])), int(rng.integers(12, 26))
        span = (box.width - gap * (count - 1)) // count
        for index in range(count):
            x = box.x0 + index * (span + gap)
            cells.append(Box(x, box.y0, x + span, box.y1))
    return _fill(rng, _flat(width, height, WHITE if rng.uniform() < 0.7 else (0, 0, 0)), cells)


def _staggered(rng: Rng) -> Drawn:
    """One tall panel beside two low ones, on either side."""
    width, height, boxes = _column(rng, gaps=(20, 60), heights=(0.8, 1.1), margin=20)
    cells = []
    for box in boxes:
        gap, half = int(rng.integers(12, 26)), round(box.width * rng.uniform(0.4, 0.6))
        left, right = Box(box.x0, box.y0, box.x0 + half, box.y1), Box(box.x0 + half + gap, box.y0, box.x1, box.y1)
        y = box.y0 + round(box.height * rng.uniform(0.4, 0.6))
        tall_first = rng.uniform() < 0.5
        low = right if tall_first else left
        lows = [Box(low.x0, low.y0, low.x1, y), Box(low.x0, y + gap, low.x1, low.y1)]
        cells += [left, *lows] if tall_first else [*lows, right]
    return _fill(rng, _flat(width, height, WHITE if rng.uniform() < 0.7 else (0, 0, 0)), cells)


def _fade(rng: Rng) -> Drawn:
    """Panels without a frame fade out towards the gutter above and below; the box is all that is painted."""
    width, height, boxes = _column(rng, gaps=(120, 260), margin=0)
    colour = np.array(WHITE if rng.uniform() < 0.6 else (0, 0, 0), np.float32)
    image = np.empty((height, width, 3), np.uint8)
    image[:] = colour
    for box in boxes:
        ramp = np.clip(np.minimum(np.arange(box.height), np.arange(box.height)[::-1]) / 36, 0, 1)[:, None, None]
        art = paint(rng, box.width, box.height)
        put(image, box, np.rint(art * ramp + colour * (1 - ramp)).astype(np.uint8))
    return Drawn(image, tuple(boxes))


def _full_bleed(rng: Rng) -> Drawn:
    """Half of the panels touch the next one: there is no gutter."""
    width, _, boxes = _column(rng, margin=0)
    moved, y = [], 0
    for box in boxes:
        moved.append(Box(0, y, width, y + box.height))
        y += box.height + (int(rng.integers(40, 160)) if rng.uniform() < 0.5 else 0)
    return _fill(rng, _flat(width, y, WHITE), moved)


def _mixed(rng: Rng) -> Drawn:
    """The day is on white, a dream on black, and the colour changes behind a gutter's height."""
    width, height, boxes = _column(rng, margin=int(rng.choice([0, 24])))
    image, at = _flat(width, height, WHITE), 0
    for index in range(len(boxes)):
        end = (boxes[index].y1 + boxes[index + 1].y0) // 2 if index + 1 < len(boxes) else height
        image[at:end] = ((255, 255, 255), (0, 0, 0), (28, 30, 60))[index // 2 % 3]
        at = end
    return _fill(rng, image, boxes)


def _tall(rng: Rng) -> Drawn:
    """Panels of 2,500 to 4,200 rows among ordinary ones."""
    width = int(rng.choice(WIDTHS))
    boxes, y = [], 90
    for tall in (False, True, False, True, False):
        height = int(rng.integers(2500, 4200)) if tall else int(rng.integers(400, 800))
        boxes.append(Box(0, y, width, y + height))
        y += height + int(rng.integers(60, 240))
    return _fill(rng, _flat(width, y, WHITE if rng.uniform() < 0.6 else (0, 0, 0)), boxes)


def _narrow_gutters(rng: Rng) -> Drawn:
    width, height, boxes = _column(rng, gaps=(10, 22))
    return _fill(rng, _flat(width, height, WHITE if rng.uniform() < 0.5 else (0, 0, 0)), boxes)


STRIPS: dict[str, Callable[[Rng], Drawn]] = {
    "white": _plain(WHITE),
    "black": _plain((0, 0, 0)),
    "tinted": _tinted,
    "gradient": _gradient,
    "steep gradients": _steep_gradients,
    "paper": _paper,
    "captions": _captions,
    "wide captions": _wide_captions,
    "hanging balloons": _hanging_balloons,
    "bridging balloons": _bridging_balloons,
    "narrow": _narrow,
    "columns": _columns,
    "staggered": _staggered,
    "fade": _fade,
    "full bleed": _full_bleed,
    "flat sky": _plain(WHITE, under_sky),
    "dark on black": _plain((0, 0, 0), dark),
    "mixed gutters": _mixed,
    "tall": _tall,
    "narrow gutters": _narrow_gutters,
    "line art": _plain(WHITE, line_art),
}
