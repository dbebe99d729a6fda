"""A document as OpenRaster, which Krita, GIMP and MyPaint open: a ZIP of PNGs and a list of layers.

Source: openraster.org, baseline specification 0.0.6: "File Layout" and "Layers Stack".
"""

import io
import zipfile
from collections.abc import Iterator

from comicdata.images import Image, encode_png, resize
from comicdata.layers.document import OPAQUE, Document, Layer
from comicdata.outputs.escapes import for_html
from comicdata.outputs.marks import Mark

TYPE = b"image/openraster"
VERSION = "0.0.6"
BLENDS = {"normal": "svg:src-over", "multiply": "svg:multiply", "screen": "svg:screen"}
THUMBNAIL = 256  # pixels of its longer side
NO_TIME = (1980, 1, 1, 0, 0, 0)  # so that the same document is the same bytes


def openraster_bytes(document: Document, mark: Mark | None) -> bytes:
    """The document as an OpenRaster file, the same bytes for the same document."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:  # the PNGs are packed already
        for name, body in _members(document, mark):
            member = zipfile.ZipInfo(name, NO_TIME)
            member.external_attr = 0o644 << 16
            archive.writestr(member, body)
    return buffer.getvalue()


def _members(document: Document, mark: Mark | None) -> Iterator[tuple[str, bytes]]:
    yield "mimetype", TYPE
    yield "stack.xml", _stack(document).encode()
    for number, layer in enumerate(document.layers):
        yield _source(number), encode_png(layer.pixels(), dpi=document.dpi)
    yield "mergedimage.png", encode_png(document.merged, mark, dpi=document.dpi)
    yield "Thumbnails/thumbnail.png", encode_png(_thumbnail(document.merged))


def _source(number: int) -> str:
    return f"data/layer{number:03d}.png"


def _stack(document: Document) -> str:
    """The list of layers, the topmost first."""
    width, height = document.size
    dots = f' xres="{document.dpi:.0f}" yres="{document.dpi:.0f}"' if document.dpi else ""
    layers = "".join(_element(number, layer) for number, layer in reversed([*enumerate(document.layers)]))
    image = f'<image version="{VERSION}" w="{width}" h="{height}"{dots}>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{image}\n <stack>\n{layers} </stack>\n</image>\n'


def _element(number: int, layer: Layer) -> str:
    return (
        f'  <layer name="{for_html(layer.name)}" src="{_source(number)}" x="{layer.x}" y="{layer.y}" '
        f'opacity="{layer.opacity / OPAQUE:.6g}" visibility="visible" composite-op="{BLENDS[layer.blend]}"/>\n'
    )


def _thumbnail(image: Image) -> Image:
    height, width = image.shape[:2]
    scale = min(1, THUMBNAIL / max(height, width))
    return resize(image, max(1, round(width * scale)), max(1, round(height * scale)))
