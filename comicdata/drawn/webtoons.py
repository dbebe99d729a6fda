"""More strips with known panels: skies, figures on black, fades, pages of manga in a strip; each with its opposite."""

from collections.abc import Callable

import cv2
import numpy as np

from comicdata.drawn.art import INK, WHITE, Canvas, Colour, light_colour
from comicdata.drawn.cast import CAST
from comicdata.drawn.figures import MOODS, draw_head
from comicdata.drawn.manga import filled, tiers
from comicdata.drawn.scenes import Drawn, Rng, any_art, balloon, dark, paint, put, write
from comicdata.images import Image
from comicdata.records import Box

WIDTHS = (690, 720, 800)
BLACK: Colour = (0, 0, 0)


class _Roll:
    """A strip that grows downwards: pieces of art and gutters, and the boxes of what is a panel."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.pieces: list[Image] = []
        self.boxes: list[Box] = []
        self.height = 0

    def add(self, piece: Image, *boxes: Box) -> None:
        self.boxes += [Box(box.x0, box.y0 + self.height, box.x1, box.y1 + self.height) for box in boxes]
        self.pieces.append(piece)
        self.height += len(piece)

    def gap(self, height: int, colour: Colour) -> None:
        self.add(np.full((height, self.width, 3), colour, np.uint8))

    def fade(self, height: int, start: Colour, end: Colour) -> None:
        rows = np.linspace(start, end, height)[:, None]
        self.add(np.rint(np.repeat(rows, self.width, axis=1)).astype(np.uint8))

    def panel(self, piece: Image) -> None:
        self.add(piece, Box(0, 0, self.width, len(piece)))

    def drawn(self) -> Drawn:
        return Drawn(np.concatenate(self.pieces), tuple(self.boxes))


def _roll(rng: Rng) -> _Roll:
    return _Roll(int(rng.choice(WIDTHS)))


def _sky(rng: Rng, width: int, height: int) -> Image:
    """A flat or slowly changing sky over the whole width, small things far apart in it, land at its foot at times."""
    start, end = light_colour(rng, rng.uniform(0.5, 0.95)), light_colour(rng, rng.uniform(0.5, 0.95))
    rows = np.linspace(start, end if rng.uniform() < 0.6 else start, height)[:, None]
    picture = np.rint(np.repeat(rows, width, axis=1)).astype(np.uint8)
    y = int(rng.integers(60, 160))
    while y < height - 160:
        _thing(rng, picture, round(width * rng.uniform(0.2, 0.8)), y + 60, int(rng.integers(24, 90)))
        y += int(rng.integers(180, 420))
    if rng.uniform() < 0.5:
        put(picture, Box(0, height - 120, width, height), paint(rng, width, 120))
    return picture


def _thing(rng: Rng, picture: Image, x: int, y: int, size: int) -> None:
    """A bird, a balloon or a cloud."""
    kind, colour = rng.uniform(), light_colour(rng)
    if kind < 0.3:
        for side in (-1, 1):
            cv2.ellipse(picture, (x + side * size // 2, y), (size // 2, size // 3), 0, 180, 360, INK, 4, cv2.LINE_AA)
    elif kind < 0.65:
        cv2.circle(picture, (x, y), size, colour, -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y), size, INK, 3, cv2.LINE_AA)
    else:
        for at in (-1, 0, 1):
            cv2.ellipse(picture, (x + at * size, y), (size, size // 2 + 8), 0, 0, 360, WHITE, -1, cv2.LINE_AA)


def _skies(rng: Rng) -> Drawn:
    """Tall skies between gutters of white; each is one panel, whatever flies in it."""
    roll = _roll(rng)
    roll.gap(100, WHITE)
    for index in range(5):
        height = int(rng.integers(1100, 2200)) if index % 2 else int(rng.integers(350, 800))
        roll.panel((_sky if index % 2 else any_art)(rng, roll.width, height))
        roll.gap(int(rng.integers(60, 220)), WHITE)
    return roll.drawn()


def _tinted_narrow(rng: Rng) -> Drawn:
    """The opposite: panels of all widths on a tinted ground that shows again and again."""
    roll = _roll(rng)
    colour = light_colour(rng, rng.uniform(0.5, 0.95))
    roll.gap(100, colour)
    for _ in range(7):
        width, height = round(roll.width * rng.uniform(0.35, 0.95)), int(rng.integers(200, 600))
        ground = np.full((height, roll.width, 3), colour, np.uint8)
        x = int(rng.integers(0, roll.width - width + 1))
        put(ground, Box(x, 0, x + width, height), any_art(rng, width, height), int(rng.choice([0, 3])))
        roll.add(ground, Box(x, 0, x + width, height))
        roll.gap(int(rng.integers(60, 220)), colour)
    return roll.drawn()


def _portrait(rng: Rng, width: int, height: int) -> Image:
    """A head on plain ground, cut out: where nothing is drawn it is black."""
    canvas = Canvas(width, height)
    who = CAST.people[int(rng.integers(len(CAST.people)))]
    draw_head(canvas, who, width / 2, height * 0.55, min(width, height) * 0.3, str(rng.choice(MOODS)))
    picture, _, background = canvas.finish()
    picture = picture.copy()
    picture[background] = 0
    return picture


def _prop(rng: Rng, width: int, height: int) -> Image:
    """A thing of a colour or two, cut out likewise."""
    picture = np.zeros((height, width, 3), np.uint8)
    count = int(rng.integers(5, 9))
    angles = np.linspace(0, 2 * np.pi, count + 1)[:-1]
    radii = rng.uniform(0.6, 1, count)[:, None] * (0.45 * width, 0.45 * height)
    points = (width / 2, height / 2) + radii * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    cv2.fillPoly(picture, [points.astype(np.int32)], light_colour(rng), cv2.LINE_AA)
    cv2.polylines(picture, [points.astype(np.int32)], True, WHITE, 3, cv2.LINE_AA)
    cv2.circle(picture, (width // 2, height // 2), min(width, height) // 6, light_colour(rng, 0.4), -1, cv2.LINE_AA)
    return picture


def _add_figure(rng: Rng, roll: _Roll) -> None:
    """A face or a prop alone on black, with black around it."""
    width = round(roll.width * rng.uniform(0.3, 0.6))
    piece = (_portrait if rng.uniform() < 0.5 else _prop)(rng, width, round(width * rng.uniform(0.8, 1.1)))
    x = int(rng.integers(20, roll.width - width - 20))
    ground = np.zeros((len(piece), roll.width, 3), np.uint8)
    ground[:, x : x + width] = piece
    drawn = ground.max(axis=2) > 30
    ys, xs = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    roll.add(ground, Box(int(xs[0]), int(ys[0]), int(xs[-1]) + 1, int(ys[-1]) + 1))


def _add_words(rng: Rng, roll: _Roll) -> None:
    """Lettering or a balloon alone on black: no panel."""
    ground = np.zeros((260, roll.width, 3), np.uint8)
    if rng.uniform() < 0.5:
        balloon(ground, roll.width / 2, 130, rng)
    else:
        write(ground, ("Where am I ?", "It is so dark"), (roll.width // 2, 130), 1.1, WHITE)
    roll.add(ground)


def _on_black(rng: Rng) -> Drawn:
    """Faces and props alone on black, lettering between them, a night scene now and then."""
    roll = _roll(rng)
    roll.gap(120, BLACK)
    for _ in range(7):
        kind = rng.uniform()
        if kind < 0.5:
            _add_figure(rng, roll)
        elif kind < 0.75:
            side = 40
            height = int(rng.integers(350, 700))
            ground = np.zeros((height, roll.width, 3), np.uint8)
            box = Box(side, 0, roll.width - side, height)
            put(ground, box, (dark if rng.uniform() < 0.5 else any_art)(rng, box.width, height))
            roll.add(ground, box)
        else:
            _add_words(rng, roll)
        roll.gap(int(rng.integers(90, 240)), BLACK)
    _add_figure(rng, roll)
    roll.gap(120, BLACK)
    return roll.drawn()


def _fades(rng: Rng) -> Drawn:
    """White fades to black and back; in the black stand figures, night, lettering, some right before the fade."""
    roll = _roll(rng)
    roll.gap(120, WHITE)
    for _ in range(2):
        roll.panel(any_art(rng, roll.width, int(rng.integers(350, 700))))
        roll.gap(140, WHITE)
        roll.fade(int(rng.integers(200, 700)), WHITE, BLACK)
        roll.gap(int(rng.integers(20, 120)), BLACK)
        for _ in range(int(rng.integers(1, 4))):
            (_add_words if rng.uniform() < 0.25 else _add_figure)(rng, roll)
            roll.gap(int(rng.integers(60, 180)), BLACK)
        roll.fade(int(rng.integers(200, 700)), BLACK, WHITE)
        roll.gap(140, WHITE)
    roll.panel(any_art(rng, roll.width, 500))
    roll.gap(140, WHITE)
    return roll.drawn()


def _sunsets(rng: Rng) -> Drawn:
    """The opposite of a fade: skies that change from one colour to another are pictures, between gutters of black."""
    roll = _roll(rng)
    roll.gap(100, BLACK)
    for _ in range(5):
        height = int(rng.integers(500, 1000))
        picture = _sky(rng, roll.width, height)
        land = int(rng.integers(120, 240))
        put(picture, Box(0, height - land, roll.width, height), paint(rng, roll.width, land))
        roll.panel(picture)
        roll.gap(int(rng.integers(80, 220)), BLACK)
    return roll.drawn()


def _manga_pages(rng: Rng) -> Drawn:
    """Pages of framed panels below each other, as many as fit the strip."""
    roll = _roll(rng)
    for _ in range(2):
        height = round(roll.width * 1.45)
        page = np.full((height, roll.width, 3), 255, np.uint8)
        area = Box(40, 50, roll.width - 40, height - 50)
        drawn = filled(rng, page, tiers(rng, area, int(rng.integers(10, 22)), 0.0), 4)
        roll.add(drawn.image, *drawn.boxes)
    return roll.drawn()


def _manga_lines(rng: Rng) -> Drawn:
    """The same where panels share one black line."""
    roll = _roll(rng)
    for _ in range(2):
        height = round(roll.width * 1.45)
        page = np.full((height, roll.width, 3), 255, np.uint8)
        drawn = filled(
            rng, page, tiers(rng, Box(30, 40, roll.width - 30, height - 40), 0, 0.0), int(rng.integers(3, 7))
        )
        roll.add(drawn.image, *drawn.boxes)
    return roll.drawn()


WEBTOONS: dict[str, Callable[[Rng], Drawn]] = {
    "open skies": _skies,
    "tinted, all widths": _tinted_narrow,
    "figures on black": _on_black,
    "fades with figures": _fades,
    "sunsets": _sunsets,
    "manga pages": _manga_pages,
    "manga with shared lines": _manga_lines,
}
