"""How the drawn comic looks: a canvas that knows its flats and its background, balloons and backdrops."""

import colorsys
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image

Colour = tuple[int, int, int]
Points = npt.NDArray[np.float64]  # (N, 2): x, y in pixels of the panel

SCALE = 3  # drawn this much larger, then averaged: smooth lines
INK: Colour = (24, 22, 28)
WHITE: Colour = (255, 255, 255)
SHADED = 0.82  # what the shade of a fill leaves of it


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
        window[crescent] = tuple(int(channel * SHADED) for channel in fill)

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
