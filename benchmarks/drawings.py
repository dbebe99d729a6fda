"""Drawings with their truth for benchmarks/line_art.py: lines, what fills them, and what paper, ink and scanners do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from comicdata.drawn.scenes import paint
from comicdata.images import Image, decode, encode_jpeg

Rng = np.random.Generator
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Drawing:
    """Lines, (H, W) uint8, ink 0; the shapes they bound, (H, W) int32, 0 = the paper around."""

    line: Image
    shapes: np.ndarray


def draw(rng: Rng, width: int = 900, height: int = 1200, stroke: float = 3.0) -> Drawing:
    """Shapes over each other with outlines, folds and hatching, a few of them solid black, round a margin of paper."""
    scale = 2
    w, h = width * scale, height * scale
    shapes = np.zeros((h, w), np.int32)
    count = int(rng.integers(14, 40))
    turn = np.linspace(0, 2 * np.pi, 160, endpoint=False)
    for number in range(1, count + 1):
        size = float(np.exp(rng.uniform(np.log(0.03), np.log(0.2)))) * w
        corner = np.linspace(0, 2 * np.pi, 9)
        wave = rng.uniform(0.6, 1.4, 9)
        wave[-1] = wave[0]
        radius = size * np.interp(turn, corner, wave)
        x, y = rng.uniform(0.18, 0.82) * w, rng.uniform(0.15, 0.85) * h
        points = np.stack([x + radius * np.cos(turn), y + radius * np.sin(turn)], 1).astype(np.int32)
        cv2.fillPoly(shapes, [points], number)
    edge = np.zeros((h, w), np.uint8)
    edge[:, 1:] |= shapes[:, 1:] != shapes[:, :-1]
    edge[1:] |= shapes[1:] != shapes[:-1]
    side = max(2, round(stroke * scale))
    ink = cv2.dilate(edge, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    for number in rng.choice(count, max(1, count // 8), replace=False) + 1:
        ink[shapes == number] = 1
    for _ in range(count):
        _strokes(rng, ink, w, h, max(2, side // 2))
    line = cv2.resize((255 * (1 - ink)).astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA)
    return Drawing(np.asarray(line, np.uint8), shapes[::scale, ::scale])


def _strokes(rng: Rng, ink: Image, w: int, h: int, side: int) -> None:
    """A fold, or some hatching."""
    x, y, angle = rng.uniform(0.15, 0.85) * w, rng.uniform(0.12, 0.88) * h, rng.uniform(0, np.pi)
    length, apart = rng.uniform(0.02, 0.07) * w, rng.uniform(2.5, 5) * side
    for index in range(int(rng.choice([1, 1, 7, 12]))):
        away = np.array([np.cos(angle + np.pi / 2), np.sin(angle + np.pi / 2)]) * index * apart
        start = np.array([x, y]) + away + rng.normal(0, side / 2, 2)
        end = start + length * rng.uniform(0.7, 1.2) * np.array([np.cos(angle), np.sin(angle)])
        cv2.line(ink, tuple(np.rint(start).astype(int).tolist()), tuple(np.rint(end).astype(int).tolist()), 1, side)


# --------------------------------------------------------------------------------------------- paper, ink, scanners


def printed(line: Image, paper: Colour = (255, 255, 255), ink: Colour = (20, 20, 20)) -> np.ndarray:
    """Lines of an ink on paper, (H, W, 3) float."""
    amount = 1 - line[..., None].astype(np.float32) / 255
    result: np.ndarray = np.asarray(paper, np.float32) * (1 - amount) + np.asarray(ink, np.float32) * amount
    return result


def scanned(rng: Rng, picture: np.ndarray, grain: float = 3, quality: int = 88) -> Image:
    """With the grain of a scanner, and stored as JPEG."""
    noisy = np.clip(np.rint(picture + rng.normal(0, grain, picture.shape)), 0, 255).astype(np.uint8)
    return decode(encode_jpeg(noisy, quality), "scan")


def _clouds(rng: Rng, height: int, width: int, cell: int) -> np.ndarray:
    grid = rng.uniform(0, 1, (height // cell + 2, width // cell + 2)).astype(np.float32)
    return np.clip(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)


def lamp(rng: Rng, drawn: Drawing) -> Image:
    height, width = drawn.line.shape
    way = rng.normal(0, 1, 2)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    slope = way[0] * (x - 0.5) + way[1] * (y - 0.5)
    slope = (slope - slope.min()) / np.ptp(slope)
    return scanned(
        rng, printed(drawn.line, (252, 240, 214), (40, 34, 30)) * (1 - rng.uniform(0.1, 0.45) * slope)[..., None]
    )


def photographed(rng: Rng, drawn: Drawing) -> Image:
    """By a telephone: dark corners, warm light from one side."""
    height, width = drawn.line.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = 1 - rng.uniform(0.15, 0.4) * (x**2 + y**2) / 2 - rng.uniform(0, 0.1) * x
    return scanned(rng, printed(drawn.line, (226, 216, 202), (36, 34, 36)) * light[..., None], 4, 80)


def folded(rng: Rng, drawn: Drawing) -> Image:
    """A book that lay open: dark along the middle or at one side."""
    width = drawn.line.shape[1]
    place = rng.choice([0.0, 0.5, 1.0])
    shadow = 1 - rng.uniform(0.25, 0.55) * np.exp(-np.abs(np.linspace(0, 1, width) - place) / rng.uniform(0.02, 0.06))
    return scanned(rng, printed(drawn.line, (248, 244, 236), (28, 26, 26)) * shadow[None, :, None])


def stained(rng: Rng, drawn: Drawing) -> Image:
    """Old paper: browner towards the rim, with soft spots."""
    height, width = drawn.line.shape
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    brown = 0.5 * np.maximum(np.abs(x), np.abs(y))[..., None] ** 3 + 0.25 * _clouds(rng, height, width, 260)[..., None]
    paper = np.array([240, 226, 194]) - brown * np.array([14, 22, 40])
    amount = 1 - drawn.line[..., None] / 255
    return scanned(rng, paper * (1 - amount) + np.array([44, 36, 30]) * amount)


def rimmed(rng: Rng, drawn: Drawing) -> Image:
    """A yellowed page smaller than the scanner's lid."""
    picture = printed(drawn.line, (236, 220, 182), (48, 36, 28))
    border = round(0.03 * min(drawn.line.shape))
    whole = np.full_like(picture, 253)
    whole[border:-border, border:-border] = picture[border:-border, border:-border]
    return scanned(rng, whole)


def pencil(rng: Rng, drawn: Drawing) -> Image:
    grain = np.clip(rng.normal(0.75, 0.2, drawn.line.shape), 0.3, 1)
    soft = 255 - (255 - cv2.GaussianBlur(drawn.line, (0, 0), 0.8)) * grain * 0.75
    return scanned(rng, printed(soft.astype(np.uint8), (246, 244, 240), (40, 40, 44)))


def under_ink(rng: Rng, drawn: Drawing) -> Image:
    """Black ink over a sketch in blue pencil."""
    sketch = draw(rng, drawn.line.shape[1], drawn.line.shape[0], 2)
    moved = np.where(cv2.dilate((255 - sketch.line), np.ones((1, 1), np.uint8)) > 128, 90, 255).astype(np.uint8)
    solid = cv2.morphologyEx(255 - sketch.line, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)) > 0
    moved[cv2.dilate(solid.astype(np.uint8), np.ones((11, 11), np.uint8)) > 0] = 255
    blue = printed(moved, (252, 250, 246), (120, 170, 235))
    return scanned(rng, np.minimum(blue, printed(drawn.line, (252, 250, 246), (24, 22, 22))))


def two_inks(rng: Rng, drawn: Drawing) -> Image:
    """Thin lines in blue and in red, no areas."""
    line = draw(rng, drawn.line.shape[1], drawn.line.shape[0], 2)
    solid = cv2.dilate(
        (cv2.erode((line.line < 99).astype(np.uint8), np.ones((7, 7))) > 0).astype(np.uint8), np.ones((9, 9))
    )
    thin = np.where(solid > 0, np.uint8(255), line.line)
    half = np.arange(thin.shape[1])[None, :] < thin.shape[1] // 2
    left = np.where(half, thin, 255).astype(np.uint8)
    right = np.where(half, 255, thin).astype(np.uint8)
    return scanned(rng, np.minimum(printed(left, ink=(30, 50, 160)), printed(right, ink=(190, 40, 40))))


# --------------------------------------------------------------------------------------------------------- tones


def dots(height: int, width: int, pitch: float, level: np.ndarray | float, angle: float = 45) -> Image:
    """A screen of dots, (H, W) uint8: `level` of black, `pitch` pixels apart; dark on light below a half."""
    turn = np.radians(angle)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    u, v = (x * np.cos(turn) + y * np.sin(turn)) / pitch, (-x * np.sin(turn) + y * np.cos(turn)) / pitch
    wave = (np.cos(2 * np.pi * u) + np.cos(2 * np.pi * v)) / 4 + 0.5  # 1 at dots, 0 between them
    order = np.quantile(
        wave[: 40 * int(pitch), : 40 * int(pitch)], 1 - np.clip(np.asarray(level, np.float64), 0.01, 0.99)
    )
    return np.asarray(np.clip(127.5 + (order - wave) * 128 * pitch / 2.2, 0, 255), np.uint8)


def stripes(height: int, width: int, pitch: float, level: float, angle: float) -> Image:
    turn = np.radians(angle)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    wave = np.abs(((x * np.cos(turn) + y * np.sin(turn)) / pitch) % 1 - 0.5) * 2
    return np.asarray(np.clip(127.5 + (1 - level - wave) * 128 * pitch, 0, 255), np.uint8)


def toned(rng: Rng, drawn: Drawing, kind: str, share: float = 0.45) -> tuple[Image, np.ndarray]:
    """Tones of a kind in some of the shapes, under the lines: (H, W) uint8, and where they lie."""
    height, width = drawn.line.shape
    where = np.isin(drawn.shapes, np.flatnonzero(rng.uniform(0, 1, drawn.shapes.max() + 1) < share)) & (
        drawn.shapes > 0
    )
    level = float(rng.uniform(0.12, 0.42))
    if kind == "dots":
        tone = dots(height, width, float(rng.uniform(5, 11)), level)
    elif kind == "fine dots":
        tone = dots(height, width, float(rng.uniform(3.2, 4.5)), level)
    elif kind == "dense dots":
        tone = dots(height, width, float(rng.uniform(6, 11)), float(rng.uniform(0.55, 0.75)))
    elif kind == "dots that swell":
        ramp = np.rint(np.linspace(0.06, 0.8, height) * 16) / 16
        tone = np.concatenate([dots(height, width, 8, float(level))[ramp == level] for level in np.unique(ramp)])
    elif kind == "lines":
        tone = stripes(height, width, float(rng.uniform(5, 10)), level, float(rng.uniform(0, 180)))
    elif kind == "grey":
        tone = np.full((height, width), round(255 * (1 - level)), np.uint8)
    else:
        tone = np.broadcast_to(np.linspace(250, 110, height)[:, None], (height, width)).astype(np.uint8)
    return np.minimum(drawn.line, np.where(where, tone, 255).astype(np.uint8)), where


TONES = ("dots", "fine dots", "dense dots", "dots that swell", "lines", "grey", "gradient")


def with_tone(kind: str) -> Callable[[Rng, Drawing], Image]:
    return lambda rng, drawn: scanned(rng, printed(toned(rng, drawn, kind)[0]), 2)


def small(rng: Rng, drawn: Drawing) -> Image:
    """Screentone as it comes from the web, made smaller than its dots."""
    page = toned(rng, drawn, "fine dots")[0]
    half = cv2.resize(page, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return scanned(rng, printed(np.asarray(half, np.uint8)), 1)


# -------------------------------------------------------------------------------------------- pictures in colour


def flat(
    rng: Rng, drawn: Drawing, low: float, high: float, saturation: tuple[float, float], share: float = 0.8
) -> np.ndarray:
    """Every shape of a colour of its own, `share` of them; levels `low` to `high`, (H, W, 3) float."""
    count = drawn.shapes.max() + 1
    hue, value = rng.uniform(0, 6, count), rng.uniform(low, high, count)
    part = np.stack([np.clip(np.abs((hue + move) % 6 - 3) - 1, 0, 1) for move in (0, 4, 2)], 1)
    colours = value[:, None] * (1 - rng.uniform(*saturation, (count, 1)) * (1 - part)) * 255
    colours[rng.uniform(0, 1, count) > share] = 255
    colours[0] = 255
    return np.asarray(np.minimum(colours[drawn.shapes], printed(drawn.line)), np.float32)


def few_colours(rng: Rng, drawn: Drawing) -> Image:
    """A drawing of which a few shapes, at least 1.5 % of the page, have colour."""
    colours = flat(rng, drawn, 0.6, 1, (0.3, 0.8), 1)
    where = np.zeros(drawn.shapes.shape, bool)
    for number in rng.permutation(np.arange(1, drawn.shapes.max() + 1)).tolist():
        where |= (drawn.shapes == number) & (drawn.line > 0)
        if (where & (drawn.line > 128)).mean() >= 0.015:
            break
    return scanned(rng, np.where(where[..., None], colours, printed(drawn.line)))


def watercolour(rng: Rng, drawn: Drawing) -> Image:
    height, width = drawn.line.shape
    wash = 0.35 + 0.65 * _clouds(rng, height, width, 60)[..., None]
    return scanned(rng, 255 - (255 - flat(rng, drawn, 0.75, 1, (0.2, 0.5))) * wash)


def photograph(rng: Rng, drawn: Drawing) -> np.ndarray:
    """Soft light and shade over things and their texture, (H, W) float."""
    height, width = drawn.line.shape
    levels = rng.uniform(0.1, 0.95, drawn.shapes.max() + 1)
    light = cv2.GaussianBlur(levels[drawn.shapes].astype(np.float32), (0, 0), 3)
    shade = 0.55 + 0.45 * _clouds(rng, height, width, 150)
    return np.clip(255 * light * shade + rng.normal(0, 6, light.shape), 0, 255)


def sepia(grey: np.ndarray) -> np.ndarray:
    level = grey[..., None] / 255
    result: np.ndarray = 255 * level ** np.array([0.75, 1.0, 1.45])
    return result


def painting(rng: Rng, drawn: Drawing) -> np.ndarray:
    height, width = drawn.line.shape
    return np.asarray(cv2.cvtColor(paint(rng, width, height), cv2.COLOR_RGB2GRAY), np.float32)


def one_spot(rng: Rng, drawn: Drawing) -> Image:
    """Black and white but for one shape in red."""
    picture = printed(drawn.line)
    areas = np.bincount(drawn.shapes.ravel())
    areas[0] = 0
    picture[(drawn.shapes == int(areas.argmax())) & (drawn.line > 128)] = (214, 40, 44)
    return scanned(rng, picture)


def transparent(rng: Rng, drawn: Drawing) -> Image:
    rgba = np.zeros((*drawn.line.shape, 4), np.uint8)
    rgba[..., 3] = 255 - drawn.line
    return rgba


def large(rng: Rng, drawn: Drawing) -> Image:
    """600 dpi A4."""
    big = draw(rng, 4960, 7016, 9)
    return scanned(rng, printed(big.line, (250, 246, 236), (30, 28, 28)), 3, 90)


def grey_as_rgb(grey: np.ndarray) -> Image:
    return np.repeat(np.clip(np.rint(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


Case = Callable[[Rng, Drawing], Any]

LINE_ART: dict[str, Case] = {
    "black on white": lambda rng, d: grey_as_rgb(d.line),
    "cream paper": lambda rng, d: scanned(rng, printed(d.line, (250, 244, 228), (25, 22, 20))),
    "yellowed paper": lambda rng, d: scanned(rng, printed(d.line, (238, 222, 184), (50, 38, 28))),
    "old, stained paper": stained,
    "brown packing paper": lambda rng, d: scanned(rng, printed(d.line, (196, 164, 122), (36, 28, 24))),
    "blue paper": lambda rng, d: scanned(rng, printed(d.line, (206, 220, 236), (24, 26, 40))),
    "light from one side": lamp,
    "photographed": photographed,
    "shadow of a fold": folded,
    "lid of the scanner": rimmed,
    "blue ink": lambda rng, d: scanned(rng, printed(d.line, (250, 250, 252), (40, 60, 150))),
    "brown ink on cream": lambda rng, d: scanned(rng, printed(d.line, (248, 238, 216), (96, 56, 30))),
    "blue pencil": lambda rng, d: scanned(rng, printed(d.line, (252, 251, 248), (130, 176, 236))),
    "ink over blue pencil": under_ink,
    "pencil": pencil,
    "thin lines in two inks": two_inks,
    **{f"screentone: {kind}": with_tone(kind) for kind in TONES},
    "screentone of the web": small,
    "transparent": transparent,
    "1 bit": lambda rng, d: d.line > 128,
    "16 bit": lambda rng, d: (printed(d.line, (250, 240, 220)) * 256).astype(np.uint16),
    "JPEG of quality 30": lambda rng, d: scanned(rng, printed(d.line, (250, 244, 228)), 2, 30),
    "half size": lambda rng, d: scanned(
        rng, printed(cv2.resize(d.line, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA))
    ),
}
PICTURES: dict[str, Case] = {
    "flat colours": lambda rng, d: scanned(rng, flat(rng, d, 0.4, 1, (0.3, 0.9))),
    "muted flats": lambda rng, d: scanned(rng, flat(rng, d, 0.5, 0.9, (0.08, 0.2))),
    "pale pastels": lambda rng, d: scanned(rng, flat(rng, d, 0.94, 1, (0.06, 0.14))),
    "pastels on cream paper": lambda rng, d: scanned(rng, flat(rng, d, 0.94, 1, (0.08, 0.16)) * (0.99, 0.96, 0.9)),
    "flats on yellowed paper": lambda rng, d: scanned(rng, flat(rng, d, 0.5, 1, (0.3, 0.8)) * (0.93, 0.87, 0.72)),
    "much white, a few colours": few_colours,
    "one shape in red": one_spot,
    "night colours": lambda rng, d: scanned(rng, flat(rng, d, 0.15, 0.4, (0.3, 0.8), 1)),
    "watercolour": watercolour,
    "painted": lambda rng, d: scanned(rng, paint(rng, 700, 900).astype(np.float32)),
    "photograph in grey": lambda rng, d: grey_as_rgb(photograph(rng, d)),
    "photograph in sepia": lambda rng, d: scanned(rng, sepia(photograph(rng, d))),
    "painting in grey": lambda rng, d: grey_as_rgb(painting(rng, d)),
    "painting in one blue": lambda rng, d: scanned(
        rng, 255 * (painting(rng, d)[..., None] / 255) ** np.array([1.6, 1.1, 0.7])
    ),
}
