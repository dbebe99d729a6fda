"""Flats as SVG, one shape per colour and place, through vtracer of the extra `layers`.

The rule of this file: shapes are stacked, the large ones below, so that no paper shows between two colours.
"""

import re
from importlib.util import find_spec

from comicdata.errors import PictureError, UsageError
from comicdata.outputs.marks import Mark

_START = re.compile(r'<svg [^>]*width="(\d+)" height="(\d+)"[^>]*>')


def check_vtracer() -> None:
    """UsageError, with the command that brings it, where vtracer is not installed."""
    if find_spec("vtracer") is None:
        raise UsageError("--to svg needs vtracer; install it with: pip install 'comicdata[layers]'")


def svg_bytes(png: bytes, mark: Mark | None, name: str) -> bytes:
    """The flats of a PNG, as `flats_png` gives them, as curves: exactly its colours, edges smoothed; PictureError, with
    `name`, where vtracer gives up.
    """
    import vtracer

    try:
        text = vtracer.convert_raw_image_to_svg(
            png, img_format="png", hierarchical="stacked", mode="spline", filter_speckle=0, color_precision=8,
            layer_difference=0,
        )  # fmt: skip
    except BaseException as error:  # a panic of Rust is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise PictureError(f"{name}: cannot be traced for SVG ({' '.join(str(error).split())[:200]})") from error
    return _START.sub(lambda found: _start(found[1], found[2], mark), text, count=1).encode()


def _start(width: str, height: str, mark: Mark | None) -> str:
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    words = f"\n<desc>{mark.words}</desc>" if mark else ""
    return f'<svg version="1.1" xmlns="http://www.w3.org/2000/svg" {size}>{words}'
