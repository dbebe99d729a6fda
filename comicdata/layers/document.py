"""Layers as every format has them: a name, pixels, a place, how they are laid on what is below.

The rule of this file: pixels are made when a writer asks for them, one layer at a time, so that a sheet of 35
megapixels with 24 colours fits into memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from comicdata.images import Image

Blend = Literal["normal", "multiply", "screen"]
OPAQUE = 255


@dataclass(frozen=True)
class Layer:
    """`pixels()` gives (height, width, 4) uint8 RGBA, not premultiplied, whose top left corner lies at (x, y)."""

    name: str
    x: int
    y: int
    width: int
    height: int
    pixels: Callable[[], Image]
    blend: Blend = "normal"
    opacity: int = OPAQUE


@dataclass(frozen=True)
class Document:
    """Layers from the bottom up, and what they come to: `merged`, (H, W, 3) uint8. `dpi`: pixels per inch, if known."""

    layers: tuple[Layer, ...]
    merged: Image
    dpi: float | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.merged.shape[1], self.merged.shape[0]
