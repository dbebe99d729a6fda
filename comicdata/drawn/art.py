"""How the drawn comic looks: a canvas that knows its flats and its background, a cast, balloons and backdrops."""

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image

Colour = tuple[int, int, int]
Points = npt.NDArray[np.float64]  # (N, 2): x, y in pixels of the panel

SCALE = 3  # drawn this much larger, then averaged: smooth lines
INK: Colour = (24, 22, 28)
WHITE: Colour = (255, 255, 255)
BLUSH: Colour = (255, 150, 150)


class Canvas:
    """One panel while it is drawn: picture, flats (no ink, shade or pattern), and what is not background."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.picture = np.full((height * SCALE, width * SCALE, 3), 255, np.uint8)
        self.flats = self.picture.copy()
        self.figure = np.zeros(self.picture.shape[:2], np.uint8)

    def backdrop(self, picture: Image, flat: Colour) -> None:
        """Lay a background, (h, w, 3) at canvas scale, under everything; its flat is one colour."""
        self.picture[:] = picture
        self.flats[:] = flat

    def shape(self, points: Points, fill: Colour, *, ink: float = 3, shade: float = 0.0) -> None:
        """A filled outline. `shade` darkens a crescent of this share of its size on the right and below."""
        outline = _pixels(points)
        cv2.fillPoly(self.picture, [outline], fill, cv2.LINE_AA)
        cv2.fillPoly(self.flats, [outline], fill)
        cv2.fillPoly(self.figure, [outline], 1)
        if shade:
            self._shade(outline, fill, shade)
        if ink:
            self.line(np.vstack([points, points[:1]]), ink)

    def _shade(self, outline: npt.NDArray[np.int32], fill: Colour, share: float) -> None:
        x, y, width, height = cv2.boundingRect(outline)
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [outline - (x, y)], 255)
        moved = np.zeros_like(mask)
        offset = (outline - (x, y) - (round(share * width), round(share * height * 0.6))).astype(np.int32)
        cv2.fillPoly(moved, [offset], 255)
        crescent = (mask > 0) & (moved == 0)
        x0, y0 = max(x, 0), max(y, 0)
        window = self.picture[y0 : y + height, x0 : x + width]
        crescent = crescent[y0 - y : y0 - y + window.shape[0], x0 - x : x0 - x + window.shape[1]]
        window[crescent] = tuple(int(channel * 0.82) for channel in fill)

    def line(self, points: Points, width: float = 3, colour: Colour = INK) -> None:
        """An open stroke with round ends."""
        pixels = _pixels(points)
        thickness = max(1, round(width * SCALE))
        cv2.polylines(self.picture, [pixels], False, colour, thickness, cv2.LINE_AA)
        cv2.polylines(self.figure, [pixels], False, 1, thickness)

    def limb(self, points: Points, width: float, fill: Colour) -> None:
        """An arm or a leg: a thick stroke with an outline, flat ends hidden by what is drawn over them."""
        pixels = _pixels(points)
        for target, extra, colour in ((self.picture, 6.0, INK), (self.picture, 0.0, fill), (self.flats, 3.0, fill)):
            cv2.polylines(target, [pixels], False, colour, round((width + extra) * SCALE), cv2.LINE_AA)
        cv2.polylines(self.figure, [pixels], False, 1, round((width + 6) * SCALE))

    def text(self, lines: Sequence[str], centre: tuple[float, float], height: float, colour: Colour = INK) -> None:
        """Lettering, centred; not part of the flats."""
        scale = height * SCALE / 22
        for index, line in enumerate(lines):
            (width, _), _ = cv2.getTextSize(line, cv2.FONT_HERSHEY_DUPLEX, scale, 1)
            x = round(centre[0] * SCALE - width / 2)
            y = round((centre[1] + (index - (len(lines) - 1) / 2) * height * 1.5 + height * 0.4) * SCALE)
            place, weight = (x, y), max(1, round(SCALE * height / 14))
            cv2.putText(self.picture, line, place, cv2.FONT_HERSHEY_DUPLEX, scale, colour, weight, cv2.LINE_AA)

    def finish(self) -> tuple[Image, Image, npt.NDArray[np.bool_]]:
        """Picture (h, w, 3), flats (h, w, 3), and the mask of the background (h, w), at the size of the panel."""
        size = (self.width, self.height)
        picture = cv2.resize(self.picture, size, interpolation=cv2.INTER_AREA)
        flats = cv2.resize(self.flats, size, interpolation=cv2.INTER_NEAREST)
        touched = cv2.dilate(self.figure * 255, np.ones((3, 3), np.uint8))  # smoothed edges reach a little further
        figure = cv2.resize(touched, size, interpolation=cv2.INTER_AREA)
        return np.asarray(picture, np.uint8), np.asarray(flats, np.uint8), np.asarray(figure == 0)


def _pixels(points: Points) -> npt.NDArray[np.int32]:
    return np.rint(np.asarray(points) * SCALE).astype(np.int32)


def ellipse(x: float, y: float, rx: float, ry: float, start: float = 0, end: float = 360) -> Points:
    """Points of an ellipse or an arc; angles in degrees, clockwise from the right."""
    angles = np.radians(np.linspace(start, end, 49))
    return np.stack([x + rx * np.cos(angles), y + ry * np.sin(angles)], axis=1)


def at(x: float, y: float, size: float, *points: tuple[float, float]) -> Points:
    """Points given in units of `size` around (x, y)."""
    return np.array(points, float) * size + (x, y)


@dataclass(frozen=True)
class Character:
    """One of the cast; the colours are the same in every episode."""

    name: str
    skin: Colour
    hair: Colour
    top: Colour
    bottom: Colour
    style: str


CAST = (
    Character("Mina", (255, 222, 196), (236, 122, 54), (66, 184, 176), (246, 214, 96), "bob"),
    Character("Jo", (222, 168, 128), (92, 146, 236), (250, 208, 74), (132, 150, 196), "spikes"),
    Character("Professor Plum", (250, 212, 190), (214, 210, 222), (172, 122, 208), (150, 196, 108), "hat"),
)
CAT: Colour = (156, 222, 178)
MOODS = ("happy", "shocked", "sly", "sad")


def draw_person(canvas: Canvas, who: Character, x: float, foot: float, height: float, mood: str, arm: float) -> None:
    """A whole figure standing at (x, foot); `arm` in -1..1 lowers or raises the arms."""
    unit = height / 6
    neck = foot - 3.7 * unit
    for side in (-1, 1):
        canvas.limb(at(x, foot, unit, (0.34 * side, -1.6), (0.38 * side, -0.2)), 0.42 * unit, who.bottom)
        canvas.shape(ellipse(x + 0.48 * side * unit, foot - 0.1 * unit, 0.36 * unit, 0.17 * unit), (206, 96, 84))
        hand = at(x, neck, unit, (1.35 * side, 0.9 - 1.3 * arm))[0]
        canvas.limb(np.array([[x + 0.55 * side * unit, neck + 0.45 * unit], hand]), 0.34 * unit, who.top)
        canvas.shape(ellipse(hand[0], hand[1], 0.22 * unit, 0.22 * unit), who.skin)
    body = at(x, neck, unit, (-0.5, 0), (0.5, 0), (0.72, 1.2), (0.86, 2.35), (-0.86, 2.35), (-0.72, 1.2))
    canvas.shape(body, who.top, shade=0.22)
    canvas.shape(at(x, neck, unit, (-0.22, -0.1), (0.22, -0.1), (0, 0.34)), who.skin)
    draw_head(canvas, who, x, neck - 0.92 * unit, 1.22 * unit, mood)


def draw_head(canvas: Canvas, who: Character, x: float, y: float, radius: float, mood: str) -> None:
    """A head with hair and face around (x, y)."""
    if who.style == "bob":
        canvas.shape(ellipse(x, y - 0.05 * radius, 1.22 * radius, 1.18 * radius), who.hair, shade=0.12)
    if who.style == "hat":
        canvas.shape(at(x, y, radius, (-1.0, 0.1), (1.0, 0.1), (0.85, 1.15), (0, 1.75), (-0.85, 1.15)), who.hair)
    canvas.shape(ellipse(x, y + 0.1 * radius, radius, 0.95 * radius), who.skin, shade=0.1)
    HAIR[who.style](canvas, who, x, y, radius)
    _face(canvas, x, y + 0.2 * radius, radius, mood)


def _bob(canvas: Canvas, who: Character, x: float, y: float, r: float) -> None:
    fringe = np.vstack(
        [
            ellipse(x, y + 0.1 * r, 1.02 * r, 1.05 * r, 180, 360),
            at(x, y, r, (0.7, -0.2), (0.2, -0.4), (-0.1, -0.15), (-0.6, -0.3)),
        ]
    )
    canvas.shape(fringe, who.hair)
    canvas.shape(ellipse(x + 0.75 * r, y - 0.75 * r, 0.2 * r, 0.2 * r), (240, 96, 130))


def _spikes(canvas: Canvas, who: Character, x: float, y: float, r: float) -> None:
    tips = [(-1.05, 0.2), (-1.45, -0.35), (-0.95, -0.5), (-1.1, -1.15), (-0.5, -0.85), (-0.2, -1.55), (0.15, -0.95)]
    tips += [(0.75, -1.45), (0.7, -0.8), (1.35, -0.85), (0.98, -0.35), (1.4, 0.05), (0.95, 0.2)]
    fringe = [(0.75, -0.25), (0.45, -0.05), (0.2, -0.35), (-0.15, -0.05), (-0.45, -0.35), (-0.8, -0.1)]
    canvas.shape(at(x, y, r, *tips, *fringe), who.hair)


def _hat(canvas: Canvas, who: Character, x: float, y: float, r: float) -> None:
    canvas.shape(at(x, y, r, (-0.75, -0.5), (-0.55, -1.9), (0.65, -1.9), (0.75, -0.5)), who.top, shade=0.15)
    canvas.shape(at(x, y, r, (-0.74, -0.85), (0.74, -0.85), (0.76, -0.5), (-0.76, -0.5)), (250, 208, 74))
    canvas.shape(ellipse(x, y - 0.48 * r, 1.35 * r, 0.2 * r), who.top)
    for side in (-1, 1):
        canvas.shape(ellipse(x + 0.3 * side * r, y + 0.62 * r, 0.36 * r, 0.15 * r), who.hair)


HAIR = {"bob": _bob, "spikes": _spikes, "hat": _hat}


def _face(canvas: Canvas, x: float, y: float, r: float, mood: str) -> None:
    """Eyes, brows, cheeks and mouth; `mood` is one of MOODS."""
    for side in (-1, 1):
        eye_x, eye_y = x + 0.4 * side * r, y - 0.12 * r
        tall = {"shocked": 0.27, "sly": 0.1}.get(mood, 0.2)
        canvas.shape(ellipse(eye_x, eye_y, 0.17 * r, tall * r), WHITE, ink=2)
        canvas.shape(ellipse(eye_x + 0.03 * r, eye_y + 0.03 * r, 0.08 * r, min(tall, 0.13) * r), INK, ink=0)
        lift = {"shocked": -0.5, "sad": -0.36}.get(mood, -0.36)
        tilt = {"sly": 0.12, "sad": -0.14}.get(mood, 0.0)
        canvas.line(at(eye_x, eye_y, r, (-0.17, lift - tilt * side), (0.17, lift + tilt * side)), 3)
        canvas.shape(ellipse(x + 0.62 * side * r, y + 0.2 * r, 0.13 * r, 0.08 * r), BLUSH, ink=0)
    if mood == "shocked":
        canvas.shape(ellipse(x, y + 0.42 * r, 0.16 * r, 0.22 * r), (206, 84, 92))
    elif mood == "happy":
        canvas.shape(ellipse(x, y + 0.28 * r, 0.34 * r, 0.3 * r, 0, 180), (206, 84, 92))
    elif mood == "sad":
        canvas.line(ellipse(x, y + 0.56 * r, 0.24 * r, 0.18 * r, 200, 340), 3)
    else:
        canvas.line(at(x, y, r, (-0.25, 0.4), (0.05, 0.45), (0.3, 0.3)), 3)


def draw_cat(canvas: Canvas, x: float, foot: float, size: float, mood: str) -> None:
    """The cat, sitting at (x, foot), twice as tall as `size`."""
    tail = ellipse(x + 0.75 * size, foot - 0.75 * size, 0.5 * size, 0.55 * size, 120, -60)
    canvas.limb(tail, 0.16 * size, CAT)
    canvas.shape(ellipse(x, foot - 0.52 * size, 0.62 * size, 0.55 * size), CAT, shade=0.15)
    for side in (-1, 1):
        canvas.shape(ellipse(x + 0.3 * side * size, foot - 0.08 * size, 0.2 * size, 0.12 * size), CAT)
        ear = at(x, foot - 1.3 * size, size, (0.2 * side, -0.4), (0.56 * side, -0.85), (0.68 * side, -0.15))
        canvas.shape(ear, CAT)
    canvas.shape(ellipse(x, foot - 1.25 * size, 0.74 * size, 0.6 * size), CAT, shade=0.1)
    canvas.shape(ellipse(x, foot - 0.5 * size, 0.3 * size, 0.36 * size), (244, 250, 232), ink=0)
    _face(canvas, x, foot - 1.2 * size, 0.72 * size, mood)
    for side in (-1, 1):
        for tilt in (-0.06, 0.08):
            canvas.line(at(x, foot - size, size, (0.42 * side, tilt), (0.85 * side, 2 * tilt)), 2)


def draw_balloon(canvas: Canvas, lines: Sequence[str], x: float, y: float, tip: tuple[float, float]) -> None:
    """A white balloon around lettering, centred at (x, y), with a tail towards `tip`."""
    letters, height = max(len(line) for line in lines), 17.0
    rx, ry = letters * height * 0.46 + 26, len(lines) * height * 0.95 + 22
    rx = min(rx, canvas.width / 2 - 8)
    x = float(np.clip(x, rx + 6, canvas.width - rx - 6))
    towards = np.array(tip) - (x, y)
    towards = towards / max(1.0, float(np.hypot(*towards)))
    end = np.array([x, y]) + towards * (ry + 34)
    foot = float(np.clip(end[0], x - 0.4 * rx, x + 0.4 * rx))
    tail = np.array([[foot - 13, y + 0.6 * ry], [foot + 13, y + 0.6 * ry], end])
    canvas.shape(tail, WHITE)
    canvas.shape(ellipse(x, y, rx, ry), WHITE)
    canvas.shape(tail * [1, 1] + [0, -3], WHITE, ink=0)
    canvas.text(lines, (x, y), height)


def light_colour(rng: np.random.Generator, value: float | None = None) -> Colour:
    """A colour of arbitrary hue that stays well above the threshold of black."""
    hue, saturation = rng.uniform(), rng.uniform(0.3, 0.75)
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value or rng.uniform(0.8, 1.0))
    return round(red * 255), round(green * 255), round(blue * 255)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def draw_backdrop(canvas: Canvas, kind: str, rng: np.random.Generator) -> None:
    """Fill the canvas with a background of arbitrary colour: a name of BACKDROPS."""
    colour = light_colour(rng)
    other = mixed(colour, WHITE, 0.35) if rng.uniform() < 0.6 else mixed(colour, (60, 60, 90), 0.2)
    height, width = canvas.picture.shape[:2]
    picture = np.full((height, width, 3), colour, np.uint8)
    BACKDROPS[kind](picture, other, rng)
    canvas.backdrop(picture, colour)


def _flat(picture: Image, other: Colour, rng: np.random.Generator) -> None:
    return


def _gradient(picture: Image, other: Colour, rng: np.random.Generator) -> None:
    share = np.linspace(0, 1, picture.shape[0])[:, None, None]
    picture[:] = np.rint(picture * (1 - share) + np.array(mixed(other, WHITE, 0.3)) * share)


def _dots(picture: Image, other: Colour, rng: np.random.Generator) -> None:
    step = round(rng.uniform(26, 44) * SCALE)
    for row, y in enumerate(range(0, picture.shape[0] + step, step)):
        for x in range(0, picture.shape[1] + step, step):
            cv2.circle(picture, (x + row % 2 * step // 2, y), round(step * 0.24), other, -1, cv2.LINE_AA)


def _stripes(picture: Image, other: Colour, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    step = round(rng.uniform(24, 44) * SCALE)
    for x in range(-height, width, 2 * step):
        band = np.array([[x, 0], [x + step, 0], [x + step + height, height], [x + height, height]], np.int32)
        cv2.fillPoly(picture, [band], other, cv2.LINE_AA)


def _checks(picture: Image, other: Colour, rng: np.random.Generator) -> None:
    step = round(rng.uniform(32, 56) * SCALE)
    y, x = np.arange(picture.shape[0])[:, None], np.arange(picture.shape[1])[None]
    picture[(y // step + x // step) % 2 == 0] = other


def _sunburst(picture: Image, other: Colour, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    centre = np.array([width * rng.uniform(0.3, 0.7), height * rng.uniform(0.4, 0.7)])
    for ray in range(16):
        angles = np.radians([ray * 22.5, ray * 22.5 + 11.25])
        ends = centre + 2 * width * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(picture, [np.rint(np.vstack([centre, ends])).astype(np.int32)], other, cv2.LINE_AA)


def _hills(picture: Image, other: Colour, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    x = np.linspace(0, width, 60)
    for layer in range(2):
        top = height * (0.58 + 0.14 * layer) + height * 0.05 * np.sin(x / width * rng.uniform(5, 9) + rng.uniform(0, 6))
        outline = np.vstack([np.stack([x, top], axis=1), [[width, height], [0, height]]])
        cv2.fillPoly(
            picture, [np.rint(outline).astype(np.int32)], mixed(other, (110, 150, 110), 0.3 * layer), cv2.LINE_AA
        )


def _skyline(picture: Image, other: Colour, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    x = 0
    while x < width:
        span, top = round(rng.uniform(50, 100) * SCALE), round(height * rng.uniform(0.35, 0.65))
        cv2.rectangle(picture, (x, top), (x + span - 4 * SCALE, height), other, -1)
        for y in range(top + 14 * SCALE, height, 30 * SCALE):
            for window in range(x + 12 * SCALE, x + span - 20 * SCALE, 24 * SCALE):
                cv2.rectangle(picture, (window, y), (window + 9 * SCALE, y + 13 * SCALE), mixed(other, WHITE, 0.5), -1)
        x += span


BACKDROPS = {
    "flat": _flat,
    "gradient": _gradient,
    "dots": _dots,
    "stripes": _stripes,
    "checks": _checks,
    "sunburst": _sunburst,
    "hills": _hills,
    "skyline": _skyline,
}
