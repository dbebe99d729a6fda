"""A page in colour as layers: the page, its background and its other flats, shadows and lights, and the lines.

The rule of this file: laid over each other the layers are the page in colour, but for rounding.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from comicdata.images import Image
from comicdata.layers.document import Blend, Document, Layer
from comicdata.layers.flats import as_black

NO_SHADOW, NO_LIGHT = 255, 0


def coloured_document(merged: Image, layers: Mapping[str, Image], dpi: float | None = None) -> Document:
    """`merged` (H, W, 3) is the page in colour. Of `layers`, (H, W) or (H, W, 3), these are read: "page", the page
    without colour; "painted", 255 where it was coloured; "colours" and the "lines" on them; "tones", such as
    screentone, where there are any; and where a model knows them "flats", and "background", 255 where that is.

    From the bottom up: page; background and flats, each only where it is, so that its alpha is its mask; shadows
    (multiply) and lights (screen), which are between flats and colours; tones and lines (multiply). Layers of nothing
    are left out; without flats the colours are one layer.
    """
    return Document(tuple(_layers(layers)), merged, dpi)


def _layers(layers: Mapping[str, Image]) -> Iterator[Layer]:
    painted, colours = layers["painted"], layers["colours"]
    name = "flats" if "flats" in layers else "colours"
    flats = layers.get("flats", colours)
    behind = np.minimum(layers.get("background", np.zeros_like(painted)), painted)
    yield _layer("page", layers["page"].shape, lambda: _where(np.full_like(painted, 255), layers["page"]))
    if behind.any():
        yield _layer("background", painted.shape, lambda: _where(behind, flats))
    yield _layer(name, painted.shape, lambda: _where(painted - behind, flats))
    if (shadows(flats, colours) != NO_SHADOW).any():
        yield _layer("shadows", painted.shape, lambda: _where(painted, shadows(flats, colours)), "multiply")
    if (lights(flats, colours) != NO_LIGHT).any():
        yield _layer("lights", painted.shape, lambda: _where(painted, lights(flats, colours)), "screen")
    for name in (one for one in ("tones", "lines") if one in layers):
        ink = np.maximum(layers[name], 255 - painted)  # the page has the others
        yield _layer(name, painted.shape, partial(as_black, ink), "multiply")


def shadows(flats: Image, colours: Image) -> Image:
    """What flats are multiplied by where colours are darker, (H, W, 3) uint8; NO_SHADOW where they are not."""
    below = np.maximum(flats, 1).astype(np.uint16)
    made = (np.minimum(colours, flats).astype(np.uint16) * NO_SHADOW + below // 2) // below
    return np.where(flats > colours, made, NO_SHADOW).astype(np.uint8)


def lights(flats: Image, colours: Image) -> Image:
    """What is screened over flats where colours are lighter, (H, W, 3) uint8; NO_LIGHT where they are not."""
    return 255 - shadows(255 - flats, 255 - colours)


def _layer(name: str, shape: tuple[int, ...], pixels: Callable[[], Image], blend: Blend = "normal") -> Layer:
    return Layer(name, 0, 0, shape[1], shape[0], pixels, blend)


def _where(mask: Image, rgb: Image) -> Image:
    """RGBA: what of a picture lies in a mask; where it is not, black, which packs to nothing."""
    return np.dstack([np.where(mask[..., None] > 0, rgb, 0), mask]).astype(np.uint8)
