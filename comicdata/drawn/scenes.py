"""Pictures to fill panels with, in the manners of real comics: drawn scenes, paint, line art, night, flat skies."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.drawn.art import BACKDROPS, INK, WHITE, Canvas, Colour, draw_backdrop, draw_balloon, light_colour
from comicdata.drawn.cast import CAST
from comicdata.drawn.comic import SAYINGS, SCENES
from comicdata.images import Image
from comicdata.records import Box

Rng = np.random.Generator


@dataclass(frozen=True)
class Drawn:
    """A strip or page, (H, W, 3) uint8, and the boxes of its panels in reading order; their corners where they lean."""

    image: Image
    boxes: tuple[Box, ...]
    outlines: tuple[npt.NDArray[np.float64], ...] = ()


def any_art(rng: Rng, width: int, height: int) -> Image:
    """A drawn scene or paint, (height, width, 3)."""
    small = width * height <= 700_000
    return scene(rng, width, height) if small and rng.uniform() < 0.55 else paint(rng, width, height)


def scene(rng: Rng, width: int, height: int) -> Image:
    """The cast on a flat, drawn or patterned background, often with a balloon."""
    canvas = Canvas(width, height)
    draw_backdrop(canvas, str(rng.choice(["flat", "flat", *BACKDROPS])), rng)
    heads = SCENES[int(rng.integers(len(SCENES)))](canvas, CAST, rng)
    lines = SAYINGS[int(rng.integers(len(SAYINGS)))]
    if rng.uniform() < 0.6 and min(width, height) > 260:
        draw_balloon(canvas, lines, heads[0][0] + rng.uniform(-60, 60), 24 + 22 * len(lines), heads[0])
    return canvas.finish()[0]


def paint(rng: Rng, width: int, height: int) -> Image:
    """Soft clouds of three colours, brush grain, and some outlined shapes."""
    colours = np.array([light_colour(rng, rng.uniform(0.25, 0.95)) for _ in range(3)], np.float32)
    fields = [_clouds(rng, width, height)[..., None] for _ in range(2)]
    picture = colours[0] * (1 - fields[0]) + colours[1] * fields[0]
    picture = picture * (1 - 0.6 * fields[1]) + colours[2] * 0.6 * fields[1]
    picture += cv2.GaussianBlur(rng.normal(0, 14, (height, width)).astype(np.float32), (0, 0), 1.2)[..., None]
    result: Image = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(4, 9)) * max(1, height // width)):
        _blob(rng, result)
    return result


def _clouds(rng: Rng, width: int, height: int) -> npt.NDArray[np.float32]:
    total = np.zeros((height, width), np.float32)
    for cell, weight in ((260, 0.55), (90, 0.3), (28, 0.15)):
        grid = rng.uniform(0, 1, (height // cell + 2, width // cell + 2)).astype(np.float32)
        total += weight * np.asarray(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    result: npt.NDArray[np.float32] = np.clip(total, 0, 1)
    return result


def _blob(rng: Rng, picture: Image) -> None:
    height, width = picture.shape[:2]
    centre = np.array([rng.uniform(0, width), rng.uniform(0, height)])
    angles = np.linspace(0, 2 * np.pi, 11)[:-1]
    radii = rng.uniform(0.5, 1.2, 10) * rng.uniform(0.06, 0.2) * width
    points = np.rint(centre + radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.int32)
    cv2.fillPoly(picture, [points], light_colour(rng, rng.uniform(0.3, 0.9)), cv2.LINE_AA)
    cv2.polylines(picture, [points], True, INK, 3, cv2.LINE_AA)


def line_art(rng: Rng, width: int, height: int) -> Image:
    """A scene in black and white: lines, solid blacks, and screentone dots on white."""
    grey = cv2.cvtColor(scene(rng, width, height), cv2.COLOR_RGB2GRAY)
    y, x = np.mgrid[:height, :width]
    dots = ((x + y) % 6 < 2) & ((x - y) % 6 < 2)
    ink = (grey < 80) | ((grey < 165) & dots)
    return np.repeat(np.where(ink, 20, 255).astype(np.uint8)[..., None], 3, axis=2)


def dark(rng: Rng, width: int, height: int) -> Image:
    """Night: paint at a quarter of its brightness, nearly black at one side."""
    lit = np.linspace(rng.uniform(0.02, 0.1), 0.45, width)[None, :, None]
    return np.rint(paint(rng, width, height) * (lit if rng.uniform() < 0.5 else lit[:, ::-1])).astype(np.uint8)


def under_sky(rng: Rng, width: int, height: int) -> Image:
    """Art whose upper part, a sixth to a third, is one flat colour."""
    picture = any_art(rng, width, height)
    horizon = round(height * rng.uniform(0.16, 0.34))
    hill = horizon + np.rint(12 * np.sin(np.linspace(0, rng.uniform(3, 8), width))).astype(int)
    picture[np.arange(height)[:, None] < hill] = light_colour(rng)
    return picture


def put(canvas: Image, box: Box, art: Image, frame: int = 0, colour: Colour = INK) -> None:
    """Lay art into its box, with a frame of this thickness inside the box."""
    canvas[box.y0 : box.y1, box.x0 : box.x1] = art
    if frame:
        inside = (box.x0 + frame // 2, box.y0 + frame // 2, box.x1 - 1 - frame // 2, box.y1 - 1 - frame // 2)
        cv2.rectangle(canvas, inside[:2], inside[2:], colour, frame)


def balloon(canvas: Image, x: float, y: float, rng: Rng, scale: float = 1.0) -> None:
    """A white balloon with lettering, centred at (x, y), over whatever is there."""
    lines = SAYINGS[int(rng.integers(len(SAYINGS)))]
    rx, ry = scale * (10 * max(map(len, lines)) + 34), scale * (17 * len(lines) + 26)
    centre = (round(x), round(y))
    cv2.ellipse(canvas, centre, (round(rx), round(ry)), 0, 0, 360, WHITE, -1, cv2.LINE_AA)
    cv2.ellipse(canvas, centre, (round(rx), round(ry)), 0, 0, 360, INK, 3, cv2.LINE_AA)
    write(canvas, lines, centre, 0.75 * scale, INK)


def write(canvas: Image, lines: tuple[str, ...], centre: tuple[int, int], size: float, colour: Colour) -> None:
    """Lettering, centred."""
    for index, line in enumerate(lines):
        (width, _), _ = cv2.getTextSize(line, cv2.FONT_HERSHEY_DUPLEX, size, 1)
        place = (centre[0] - width // 2, round(centre[1] + (index - (len(lines) - 1) / 2) * 38 * size + 11 * size))
        cv2.putText(canvas, line, place, cv2.FONT_HERSHEY_DUPLEX, size, colour, 1, cv2.LINE_AA)


def caption(canvas: Image, x: int, y: int, rng: Rng, width: int) -> None:
    """A framed caption box, pale or white, centred at (x, y)."""
    half = (width // 2, 34)
    fill = WHITE if rng.uniform() < 0.5 else (255, 250, 214)
    corners = (x - half[0], y - half[1]), (x + half[0], y + half[1])
    cv2.rectangle(canvas, *corners, fill, -1)
    cv2.rectangle(canvas, *corners, INK, 2)
    write(canvas, SAYINGS[int(rng.integers(len(SAYINGS)))], (x, y), 0.75, INK)


def grain(rng: Rng, image: Image, sigma: float) -> Image:
    """Paper or scanner noise of `sigma` levels."""
    return np.clip(np.rint(image + rng.normal(0, sigma, image.shape)), 0, 255).astype(np.uint8)
