"""Colour hints: where a person says "this is red". What a person gives and what training draws become the same four
channels: red, green, blue, and where there is a hint.

Source: Liu and others, "Auto-painter" (2017), arXiv 1705.01908 (colour control).
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from comicdata.errors import UsageError
from comicdata.files import read_regular
from comicdata.images import Image
from comicdata.reading.text import UnreadableError, parse_json

LARGEST = 1_000_000  # pixels: no picture is larger
LARGEST_FILE = 16_000_000  # bytes
MOST = 10_000  # hints of one picture
POINTS = 100_000  # of all strokes and areas of one picture
CHANNELS = 4  # red, green, blue, and where there is a hint

Color = tuple[int, int, int]  # 0 to 255 each
Point = tuple[float, float]  # x, y


@dataclass(frozen=True)
class Hint:
    """A disc of one colour, in pixels of the picture it is for: centre (x, y), radius, and (red, green, blue)."""

    x: float
    y: float
    radius: float
    color: Color

    def moved(self, x: float, y: float) -> "Hint":
        """The same in a picture that begins elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True)
class Stroke:
    """A line of one colour through two points or more, `radius` to either side; it belongs where it begins: (x, y)."""

    points: tuple[Point, ...]
    radius: float
    color: Color

    @property
    def x(self) -> float:
        return self.points[0][0]

    @property
    def y(self) -> float:
        return self.points[0][1]

    def moved(self, x: float, y: float) -> "Stroke":
        """The same in a picture that begins elsewhere."""
        return replace(self, points=_moved(self.points, x, y))


@dataclass(frozen=True)
class Area:
    """A polygon of one colour; it belongs where its first corner lies, at (x, y)."""

    polygon: tuple[Point, ...]
    color: Color

    @property
    def x(self) -> float:
        return self.polygon[0][0]

    @property
    def y(self) -> float:
        return self.polygon[0][1]

    def moved(self, x: float, y: float) -> "Area":
        """The same in a picture that begins elsewhere."""
        return replace(self, polygon=_moved(self.polygon, x, y))


Mark = Hint | Stroke | Area


def _moved(points: tuple[Point, ...], x: float, y: float) -> tuple[Point, ...]:
    return tuple((one + x, two + y) for one, two in points)


def no_hints(height: int, width: int) -> Image:
    """(H, W, 4) without any hint."""
    return np.zeros((height, width, CHANNELS), np.uint8)


def hints_of_layer(rgba: Image) -> Image:
    """(H, W, 4) hints from a painted layer (H, W, 4) uint8: what covers half or more is meant, the rest is not."""
    meant = rgba[..., 3:] >= 128
    return np.where(meant, np.concatenate([rgba[..., :3], np.full_like(rgba[..., 3:], 255)], axis=2), np.uint8(0))


def paint_hints(hints: Sequence[Mark | Image], height: int, width: int, scale: float = 1.0) -> Image:
    """(H, W, 4) uint8: hints at `scale` times their place and size, at least one pixel each; later ones on top.
    Layers (h, w, 4) are brought to that size.

    A hint that belongs outside is left out; one in the half pixel that rounding the size took is at the border.
    """
    drawn = no_hints(height, width)
    for hint in hints:
        if isinstance(hint, np.ndarray):
            layer = cv2.resize(hint, (width, height), interpolation=cv2.INTER_NEAREST)
            drawn[layer[..., 3] > 0] = layer[layer[..., 3] > 0]
        elif 0 <= hint.x * scale <= width + 0.5 and 0 <= hint.y * scale <= height + 0.5:
            _paint(drawn, hint, scale)
    return drawn


def _paint(drawn: Image, hint: Mark, scale: float) -> None:
    height, width = drawn.shape[:2]
    shown = (*hint.color, 255)
    if isinstance(hint, Hint):
        column, row = min(math.floor(hint.x * scale), width - 1), min(math.floor(hint.y * scale), height - 1)
        cv2.circle(drawn, (column, row), max(0, min(round(hint.radius * scale), height + width)), shown, -1)
        return
    points = np.floor(np.array(hint.polygon if isinstance(hint, Area) else hint.points) * scale).astype(np.int32)
    points = np.clip(points, -32_000, 32_000)  # what OpenCV draws
    if isinstance(hint, Area):
        cv2.fillPoly(drawn, [points], shown)
    else:
        thick = max(1, min(2 * round(hint.radius * scale) + 1, 32_000))
        cv2.polylines(drawn, [points], False, shown, thick)


def hints_on(outline: Image, hints: Image) -> Image:
    """Hints (H, W, 4) where they lie on the outline (H, W), to look at: (H, W, 3)."""
    return np.where(hints[..., 3:] > 0, hints[..., :3], outline[..., None])


def read_hints(path: Path) -> list[Mark]:
    """Hints from JSON: a list of dots {"x", "y", "radius", "color": "#rrggbb"}, strokes {"points": [[x, y], ...],
    "radius", "color"} and areas {"polygon": [[x, y], ...], "color"} in pixels of the picture.

    UsageError names the file, the entry and what is wrong with it.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file")
    try:
        entries = parse_json(read_regular(path, LARGEST_FILE), by_hand=True)
    except (OSError, UnreadableError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path}: cannot be read as JSON hints ({reason})") from error
    return marks_from(entries, str(path))


def marks_from(entries: Any, name: str) -> list[Mark]:
    """Hints from what a JSON document holds; UsageError names `name`, the entry and what is wrong with it."""
    if not isinstance(entries, list) or len(entries) > MOST:
        raise UsageError(f'{name}: a list of {{"x", "y", "radius", "color": "#rrggbb"}} is expected, at most {MOST}')
    marks = [_mark(name, number, entry) for number, entry in enumerate(entries, 1)]
    if sum(len(_points(mark)) for mark in marks) > POINTS:
        raise UsageError(f"{name}: more than {POINTS:,} points in all; leave out points of long strokes")
    return marks


def hints_bytes(marks: Sequence[Mark]) -> bytes:
    """Hints as JSON, one a line, to be changed by hand and read again."""
    lines = ",\n".join(f"  {json.dumps({**asdict(mark), 'color': hex_of(mark.color)})}" for mark in marks)
    return f"[\n{lines}\n]\n".encode() if marks else b"[]\n"


def _points(mark: Mark) -> tuple[Point, ...]:
    if isinstance(mark, Hint):
        return ((mark.x, mark.y),)
    return mark.points if isinstance(mark, Stroke) else mark.polygon


def _mark(name: str, number: int, entry: Any) -> Mark:
    wrong = _wrong(entry)
    if wrong:
        raise UsageError(f"{name}: hint {number}: {_shown(entry)}; a hint {wrong}")
    color = parse_color(entry["color"])
    assert color is not None
    if "x" in entry:
        return Hint(entry["x"], entry["y"], entry["radius"], color)
    points = tuple((x, y) for x, y in entry["points" if "points" in entry else "polygon"])
    return Stroke(points, entry["radius"], color) if "points" in entry else Area(points, color)


def _wrong(entry: Any) -> str | None:
    """What one entry should have and does not."""
    shape = next((keys for keys in SHAPES if isinstance(entry, dict) and set(entry) == keys), None)
    if shape is None:
        return "has exactly x, y, radius and color, or points, radius and color, or polygon and color"
    if not all(_is_length(entry[name]) for name in ("x", "y", "radius") if name in shape):
        return f"has x, y and radius as numbers that are not below 0 and at most {LARGEST}"
    for name, least in (("points", 1), ("polygon", 3)):
        if name in shape and not _are_points(entry[name], least):
            return f"has {name} as a list of [x, y], {least} or more, numbers not below 0 and at most {LARGEST}"
    return None if parse_color(entry["color"]) else 'has a color like "#88ccee"'


SHAPES = ({"x", "y", "radius", "color"}, {"points", "radius", "color"}, {"polygon", "color"})


def _are_points(value: Any, least: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) >= least
        and all(isinstance(one, list) and len(one) == 2 and all(map(_is_length, one)) for one in value)
    )


def _is_length(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= LARGEST  # which NaN is not


def _shown(entry: Any) -> str:
    """An entry in a message: the beginning of it."""
    return json.dumps(entry)[:80]


def hex_of(color: Color) -> str:
    """A colour as a person types it: #88ccee."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def parse_color(text: Any) -> Color | None:
    """#88ccee as three numbers, None when it is no such thing."""
    digits = text[1:] if isinstance(text, str) and text.startswith("#") else ""
    if len(digits) != 6 or not all(one in "0123456789abcdefABCDEF" for one in digits):
        return None
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue
