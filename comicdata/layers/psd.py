"""A document as PSD, which Photoshop, Clip Studio, Krita and GIMP open: 8 bits, RGB, layers packed by PackBits.

The rule of this file: what the published format asks for and no more. psd-tools can write PSD too; it cannot name a
layer beyond MacRoman, and holds and composes all layers at once as numbers of 32 bits, too much for a sheet in 600 dpi.

Source: Adobe Photoshop File Formats Specification (2019).
"""

import struct
from collections.abc import Sequence

from comicdata.errors import PictureError
from comicdata.images import Image
from comicdata.layers.document import Document, Layer
from comicdata.layers.packbits import Numbers, pack_rows
from comicdata.outputs.marks import Mark

LARGEST_SIDE = 30_000  # of the format
MOST_BYTES = 2_000_000_000  # likewise
BLENDS = {"normal": b"norm", "multiply": b"mul ", "screen": b"scrn"}
PACKED = 1  # the compression called RLE
RESOLUTION, XMP = 1005, 1060  # numbers of image resources
ALPHA = -1  # the channel; 0, 1, 2 are red, green, blue


def check_psd_size(width: int, height: int, name: str) -> None:
    """PictureError for a picture that no PSD holds."""
    if max(width, height) > LARGEST_SIDE:
        what = f"{width}x{height} is more than PSD holds ({LARGEST_SIDE} pixels a side)"
        raise PictureError(f"{name}: {what}; take --to ora, or cut it into smaller pictures")


def psd_bytes(document: Document, mark: Mark | None, name: str) -> bytes:
    """The document as a PSD file, the same bytes for the same document; PictureError, with `name`, when it is too large
    for one.
    """
    width, height = document.size
    check_psd_size(width, height, name)
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, height, width, 8, 3)
    sections = [
        header,
        struct.pack(">I", 0),  # colour mode data, of indexed pictures only
        _block(_resources(document, mark)),
        _block(_block(_layers(document.layers), 4) + struct.pack(">I", 0)),  # and no global mask
        struct.pack(">H", PACKED),
        _packed([document.merged[..., channel] for channel in range(3)]),
    ]
    if sum(map(len, sections)) > MOST_BYTES:
        raise PictureError(f"{name}: over the 2 GB that PSD holds; take --to ora")
    return b"".join(sections)


def _block(body: bytes, multiple: int = 1) -> bytes:
    """Bytes behind their length, which is made a multiple."""
    body += b"\0" * (-len(body) % multiple)
    return struct.pack(">I", len(body)) + body


def _packed(channels: Sequence[Image]) -> bytes:
    """Channels of one size: the lengths of all rows, then all rows."""
    packed = [pack_rows(channel) for channel in channels]
    return b"".join(_lengths(counts) for counts, _ in packed) + b"".join(rows for _, rows in packed)


def _lengths(counts: Numbers) -> bytes:
    return counts.astype(">u2").tobytes()


def _resources(document: Document, mark: Mark | None) -> bytes:
    found = b""
    if document.dpi:
        fixed = round(min(document.dpi, 30_000) * 65536)  # 16 bits before the point, 16 behind
        found += _resource(RESOLUTION, struct.pack(">IHHIHH", fixed, 1, 1, fixed, 1, 1))
    return found + (_resource(XMP, mark.xmp) if mark else b"")


def _resource(number: int, body: bytes) -> bytes:
    return struct.pack(">4sHxxI", b"8BIM", number, len(body)) + body + b"\0" * (len(body) % 2)


def _layers(layers: Sequence[Layer]) -> bytes:
    """How many layers, what each is, and their pixels, from the bottom up."""
    records, pixels = [], []
    for layer in layers:
        rgba = layer.pixels()
        channels = [(number, struct.pack(">H", PACKED) + _packed([rgba[..., number]])) for number in (ALPHA, 0, 1, 2)]
        records.append(_record(layer, [(number, len(body)) for number, body in channels]))
        pixels += [body for _, body in channels]
    return struct.pack(">h", len(layers)) + b"".join(records) + b"".join(pixels)


def _record(layer: Layer, channels: Sequence[tuple[int, int]]) -> bytes:
    place = struct.pack(">iiii", layer.y, layer.x, layer.y + layer.height, layer.x + layer.width)
    lengths = b"".join(struct.pack(">hI", *one) for one in channels)
    look = struct.pack(">4s4sBBBx", b"8BIM", BLENDS[layer.blend], layer.opacity, 0, 8)  # visible, no clipping
    extra = struct.pack(">II", 0, 0) + _short_name(layer.name) + _name(layer.name)  # no mask, no blending ranges
    return place + struct.pack(">H", len(channels)) + lengths + look + _block(extra)


def _short_name(name: str) -> bytes:
    """The name as programs before 2000 read it: a byte of length, padded to four."""
    text = name.encode("mac_roman", "replace")[:255]
    return (bytes([len(text)]) + text).ljust(-(-(len(text) + 1) // 4) * 4, b"\0")


def _name(name: str) -> bytes:
    """The name in full."""
    text = name.encode("utf-16-be")
    return b"8BIMluni" + _block(struct.pack(">I", len(text) // 2) + text, 4)
