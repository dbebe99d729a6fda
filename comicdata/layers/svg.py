"""Flats as SVG, one shape per colour and place, through vtracer of the extra `layers`.

The rule of this file: shapes are stacked, the large ones below, so that no paper shows between two colours.
"""

import re
from dataclasses import replace
from importlib.util import find_spec

import numpy as np

from comicdata.errors import PictureError, UsageError
from comicdata.flats.hints import hex_of
from comicdata.images import Image
from comicdata.layers.flats import Flats, flats_png
from comicdata.outputs.marks import Mark

_FILL = re.compile(r'fill="#([0-9A-Fa-f]{6})"')
_START = re.compile(r'<svg [^>]*width="(\d+)" height="(\d+)"[^>]*>')


def check_vtracer() -> None:
    """UsageError, with the command that brings it, where vtracer is not installed."""
    if find_spec("vtracer") is None:
        raise UsageError("--to svg needs vtracer; install it with: pip install 'comicdata[layers]'")


def svg_bytes(flats: Flats, mark: Mark | None, name: str) -> bytes:
    """Flats as curves: exactly their colours, edges smoothed; PictureError, with `name`, where vtracer gives up."""
    import vtracer

    palette, index = np.unique(flats.colours, axis=0, return_inverse=True)
    keys = _far_apart(len(palette))
    keyed = replace(flats, colours=keys[index.reshape(-1)])
    try:
        text = vtracer.convert_raw_image_to_svg(
            flats_png(keyed), img_format="png", hierarchical="stacked", mode="spline", filter_speckle=0,
            color_precision=8, layer_difference=0,
        )  # fmt: skip
    except BaseException as error:  # a panic of Rust is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise PictureError(f"{name}: cannot be traced for SVG ({' '.join(str(error).split())[:200]})") from error
    text = _FILL.sub(lambda found: f'fill="{hex_of(tuple(palette[_nearest(found[1], keys)].tolist()))}"', text)
    return _START.sub(lambda found: _start(found[1], found[2], mark), text, count=1).encode()


def _far_apart(count: int) -> Image:
    """(count, 3) colours that stand for others while they are traced: vtracer takes near ones side by side for one."""
    side = max(2, next(side for side in range(1, 257) if side**3 >= count))
    number = np.arange(count)
    steps = np.stack([number % side, number // side % side, number // side**2], axis=1)
    return (steps * (255 // (side - 1))).astype(np.uint8)


def _nearest(text: str, keys: Image) -> int:
    """Which of the colours a fill stands for: where specks lie on specks, vtracer takes the mean of some."""
    far = np.abs(keys.astype(np.int64) - np.frombuffer(bytes.fromhex(text), np.uint8)).sum(axis=1)
    return int(far.argmin())


def _start(width: str, height: str, mark: Mark | None) -> str:
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    words = f"\n<desc>{mark.words}</desc>" if mark else ""
    return f'<svg version="1.1" xmlns="http://www.w3.org/2000/svg" {size}>{words}'
