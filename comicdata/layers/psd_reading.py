"""A drawing, or one layer of it, out of a PSD, through psd-tools of the extra `layers`.

The rule of this file: the size is checked before a pixel is unpacked, and whatever psd-tools raises on hostile bytes is
one line that names the file.
"""

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from comicdata.errors import ComicDataError, PictureError, UsageError
from comicdata.images import Image
from comicdata.images.decoding import BAND, MOST_DPI, check_size

# What artists call the layer that their lines are on.
LINE_NAMES = frozenset(
    (
        *("line", "lines", "line art", "lineart", "line-art", "line work", "linework", "outline", "outlines"),
        *("ink", "inks", "inking", "線画", "主線", "線", "ペン入れ", "线稿", "선화"),
        *("encrage", "trait", "traits", "tinta", "tintas", "linien", "tusche"),
    )
)
BYTES_A_PIXEL = 64  # of the canvas: what one layer may take at most
RESOLUTION = 1005  # number of an image resource
PER_INCH = 65536  # 16 bits behind the point


PSD_SUFFIXES = (".psd", ".psb")
_LAYER = re.compile(r"(.+?\.ps[db]):(.+)", re.IGNORECASE | re.DOTALL)


def split_layer(path: Path) -> tuple[Path, str | None]:
    """FILE.psd:LAYER as the file and the name of the layer; any other path as it is, with None."""
    found = None if path.exists() else _LAYER.fullmatch(str(path))
    return (Path(found[1]), found[2]) if found else (path, None)


def check_psd_tools() -> None:
    """UsageError, with the command that brings it, where psd-tools is not installed."""
    if find_spec("psd_tools") is None:
        raise UsageError("layers of a PSD are read with psd-tools; install it with: pip install 'comicdata[layers]'")


class Psd:
    """An opened PSD; PictureError, with `name` in it, for one that is damaged or over the limit of pixels."""

    def __init__(self, data: bytes, name: str, most: int | None = None) -> None:
        check_psd_tools()
        self.name = name
        self.width, self.height = int.from_bytes(data[18:22], "big"), int.from_bytes(data[14:18], "big")
        check_size((self.width, self.height), name, most)
        if not (self.width and self.height):
            raise PictureError(f"{name}: damaged PSD (without a pixel)")
        logging.getLogger("psd_tools").setLevel(logging.CRITICAL)  # what it passes over, or fails at, is said here
        with self._reading():
            from psd_tools import PSDImage

            self._psd = PSDImage.open(
                io.BytesIO(data), max_alloc_bytes=BYTES_A_PIXEL * self.width * self.height + (1 << 24)
            )
            self._layers: list[Any] = list(self._psd.descendants())

    @property
    def names(self) -> list[str]:
        """The names of all layers and groups, the topmost first."""
        return [layer.name for layer in reversed(self._layers)]

    @property
    def dpi(self) -> float | None:
        """Pixels per inch; None where it does not say."""
        with self._reading():
            found = self._psd.image_resources.get_data(RESOLUTION)
            dpi = float(getattr(found, "horizontal", 0)) / PER_INCH
        return dpi if 1 <= dpi <= MOST_DPI else None

    def line_layer(self) -> str | None:
        """The name of the topmost layer or group that is called as lines are; None where none is."""
        return next((name for name in self.names if name.strip().lower() in LINE_NAMES), None)

    def composite(self) -> Image:
        """All layers as the program that saved it laid them over each other, (H, W, 3) uint8, over white."""
        with self._reading():
            picture = self._psd.topil()
            rgba = None if picture is None else np.asarray(picture.convert("RGBA"))
        if rgba is None:
            raise PictureError(
                f"{self.name}: saved without its composite; save it for other programs (maximize compatibility), or "
                f"name a layer, as in FILE.psd:LAYER; {self._has()}"
            )
        return over_white(rgba)

    def layer(self, name: str) -> Image:
        """One layer, or all layers of a group, on the canvas: (H, W, 4) uint8 RGBA. PictureError where none is called
        so.
        """
        alike = [one for one in reversed(self._layers) if one.name.strip().lower() == name.strip().lower()]
        chosen = next((one for one in alike if one.name == name), alike[0] if alike else None)
        if chosen is None:
            raise PictureError(f"{self.name}: no layer {name!r}; {self._has()}")
        canvas = np.zeros((self.height, self.width, 4), np.uint8)
        with self._reading():
            for one in [*chosen.descendants()] if chosen.is_group() else [chosen]:
                if one is chosen or one.is_visible():
                    self._lay(canvas, one)
        return canvas

    def _has(self) -> str:
        shown = ", ".join(map(repr, self.names[:20]))
        return f"it has {shown}{' and more' if len(self.names) > 20 else ''}" if shown else "it has no layers"

    def _lay(self, canvas: Image, layer: Any) -> None:
        """Lay a layer over what is on the canvas."""
        picture = None if layer.is_group() else layer.topil()
        if picture is None:
            return
        x0, y0 = max(0, layer.left), max(0, layer.top)
        x1, y1 = min(self.width, layer.left + picture.width), min(self.height, layer.top + picture.height)
        if x0 >= x1 or y0 >= y1:
            return
        rgba = np.asarray(picture.convert("RGBA"))[y0 - layer.top : y1 - layer.top, x0 - layer.left : x1 - layer.left]
        shown = canvas[y0:y1, x0:x1]
        alpha = _masked(layer, rgba[..., 3], x0, y0)
        shown[:] = (
            _over(np.dstack([rgba[..., :3], alpha]), shown)
            if shown[..., 3].any()
            else np.dstack([rgba[..., :3], alpha])
        )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except ComicDataError:
            raise
        except Exception as error:  # it may raise anything on hostile bytes; all of it means "unreadable"
            what = " ".join(str(error).split())[:200] or type(error).__name__
            raise PictureError(f"{self.name}: damaged PSD, or one that is not read ({what})") from error


def _masked(layer: Any, alpha: Image, x: int, y: int) -> Image:
    """How opaque a layer is at (x, y) and on, where its mask is taken into account."""
    mask = layer.mask
    if mask is None or mask.disabled:
        return alpha
    shown = np.full(alpha.shape, mask.background_color, np.uint8)
    picture = mask.topil()
    if picture is not None:
        grey = np.asarray(picture.convert("L"))
        left, top = mask.left - x, mask.top - y
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(alpha.shape[1], left + grey.shape[1]), min(alpha.shape[0], top + grey.shape[0])
        if x0 < x1 and y0 < y1:
            shown[y0:y1, x0:x1] = grey[y0 - top : y1 - top, x0 - left : x1 - left]
    return np.asarray((alpha.astype(np.uint16) * shown + 127) // 255, np.uint8)


def _over(above: Image, below: Image) -> Image:
    """(h, w, 4) over (h, w, 4), neither premultiplied."""
    top, bottom = above[..., 3:].astype(np.float32) / 255, below[..., 3:].astype(np.float32) / 255
    alpha = top + bottom * (1 - top)
    colour = (above[..., :3] * top + below[..., :3] * bottom * (1 - top)) / np.maximum(alpha, 1e-6)
    return np.asarray(np.rint(np.concatenate([colour, 255 * alpha], axis=2)), np.uint8)


def over_white(rgba: Image) -> Image:
    """(H, W, 4) over white: (H, W, 3)."""
    shown = np.empty((*rgba.shape[:2], 3), np.uint8)
    for y in range(0, len(rgba), BAND):
        band = rgba[y : y + BAND]
        alpha = band[..., 3:].astype(np.uint16)
        shown[y : y + BAND] = (band[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return shown
