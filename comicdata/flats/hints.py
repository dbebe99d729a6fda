"""Colour hints: where a person says "this is red". What a person gives and what training draws become the same four
channels: red, green, blue, and where there is a hint.

Source: Liu and others, "Auto-painter" (2017), arXiv 1705.01908 (colour control).
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
CHANNELS = 4  # red, green, blue, and where there is a hint


@dataclass(frozen=True)
class Hint:
    """A disc of one colour, in pixels of the picture it is for: centre (x, y), radius, and (red, green, blue)."""

    x: float
    y: float
    radius: float
    color: tuple[int, int, int]

    def moved(self, x: float, y: float) -> "Hint":
        """The same in a picture that begins elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)


def no_hints(height: int, width: int) -> Image:
    """(H, W, 4) without any hint."""
    return np.zeros((height, width, CHANNELS), np.uint8)


def paint_hints(hints: Sequence[Hint], height: int, width: int, scale: float = 1.0) -> Image:
    """(H, W, 4) uint8: discs at `scale` times their place and radius, at least one pixel each; later ones on top.

    A hint whose centre lies outside is left out; one in the half pixel that rounding the size took is at the border.
    """
    drawn = no_hints(height, width)
    for hint in hints:
        x, y = hint.x * scale, hint.y * scale
        if 0 <= x <= width + 0.5 and 0 <= y <= height + 0.5:
            column, row = min(math.floor(x), width - 1), min(math.floor(y), height - 1)
            cv2.circle(
                drawn, (column, row), max(0, min(round(hint.radius * scale), height + width)), (*hint.color, 255), -1
            )
    return drawn


def hints_on(outline: Image, hints: Image) -> Image:
    """Hints (H, W, 4) where they lie on the outline (H, W), to look at: (H, W, 3)."""
    return np.where(hints[..., 3:] > 0, hints[..., :3], outline[..., None])


def read_hints(path: Path) -> list[Hint]:
    """Hints from JSON: a list of {"x", "y", "radius", "color": "#rrggbb"} in pixels of the picture.

    UsageError names the file, the entry and what is wrong with it.
    """
    if not path.exists():
        raise UsageError(f"{path}: no such file")
    try:
        entries = parse_json(read_regular(path, LARGEST_FILE))
    except (OSError, UnreadableError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{path}: cannot be read as JSON hints ({reason})") from error
    if not isinstance(entries, list) or len(entries) > MOST:
        raise UsageError(f'{path}: a list of {{"x", "y", "radius", "color": "#rrggbb"}} is expected, at most {MOST}')
    return [_hint(path, number, entry) for number, entry in enumerate(entries, 1)]


def _hint(path: Path, number: int, entry: Any) -> Hint:
    wrong = None
    if not isinstance(entry, dict) or set(entry) != {"x", "y", "radius", "color"}:
        wrong = "has exactly x, y, radius and color"
    elif not all(_is_length(entry[name]) for name in ("x", "y", "radius")):
        wrong = f"has x, y and radius as numbers that are not below 0 and at most {LARGEST}"
    elif parse_color(entry["color"]) is None:
        wrong = 'has a color like "#88ccee"'
    if wrong:
        raise UsageError(f"{path}: hint {number}: {_shown(entry)}; a hint {wrong}")
    color = parse_color(entry["color"])
    assert color is not None
    return Hint(entry["x"], entry["y"], entry["radius"], color)


def _is_length(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value <= LARGEST  # which NaN is not


def _shown(entry: Any) -> str:
    """An entry in a message: the beginning of it."""
    return json.dumps(entry)[:80]


def parse_color(text: Any) -> tuple[int, int, int] | None:
    """#88ccee as three numbers, None when it is no such thing."""
    digits = text[1:] if isinstance(text, str) and text.startswith("#") else ""
    if len(digits) != 6 or not all(one in "0123456789abcdefABCDEF" for one in digits):
        return None
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue
