"""Reading, writing and resizing pictures: the only place that decodes one. Inside: uint8, sRGB, (H, W, 3)."""

import io
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from comicdata.errors import PictureError, UsageError
from comicdata.files import on_disk, read_regular
from comicdata.formats import chunk
from comicdata.images.decoding import (
    INCH_M,
    STORED_PIXELS,
    colour_and_alpha,
    dpi_of,
    one_line,
    opened,
    profile_of,
    to_rgb,
)
from comicdata.outputs.marks import PNG_START, Mark, jpeg_texts, png_texts
from comicdata.records import ColorFormat

Image = npt.NDArray[np.uint8]
Kind = TypeVar("Kind", bound=np.generic)

MAX_FILE_BYTES = 500_000_000


class Decoded(NamedTuple):
    """A picture: (H, W, 3) uint8 sRGB, the format it came in, and what is worth a word, such as metadata left out.

    `dpi`: pixels per inch, where the file says it of both sides alike.
    """

    image: Image
    format: str
    notes: tuple[str, ...]
    dpi: float | None = None


class Measured(NamedTuple):
    """What `measure` finds: `notes` as in Decoded."""

    format: str
    width: int
    height: int
    notes: tuple[str, ...]


def decode(data: bytes, name: str, *, most: int | None = None) -> Image:
    """Decode a picture from outside into (H, W, 3) uint8 sRGB; see `read_picture`."""
    return read_picture(data, name, most=most).image


def read_picture(data: bytes, name: str, *, most: int | None = None) -> Decoded:
    """Decode a picture from outside.

    Told by content, of the formats in `formats.EXTENSIONS`; at most `most` pixels, by default what `limit_pixels` said;
    the first frame with art in it of an animated one; EXIF orientation applied, ICC profile converted to sRGB, 16 bits
    scaled to 8, transparency laid over white. Damaged metadata is left out. Raises PictureError with `name` in its
    message for damaged pixels and for whatever is not read.
    """
    with opened(data, name, most) as (picture, kind, notes):
        rgb, dpi = to_rgb(picture, notes), dpi_of(picture)
    return Decoded(rgb, kind, tuple(dict.fromkeys(notes)), dpi)


def read_layer(data: bytes, name: str, *, most: int | None = None) -> Image:
    """Decode a picture that lies over another one, as `read_picture` does: (H, W, 4) uint8 RGBA, not premultiplied."""
    with opened(data, name, most) as (picture, _, notes):
        colour, alpha = colour_and_alpha(picture, profile_of(picture, notes))
        rgba = np.full((picture.size[1], picture.size[0], 4), 255, np.uint8)
        rgba[..., :3] = colour
        if alpha is not None:
            rgba[..., 3] = alpha
    return rgba


def measure(data: bytes, name: str, *, most: int | None = None) -> Measured:
    """Format name, width and height as `decode` gives them, after decoding every pixel; PictureError as `decode`.

    What is stored has gone through this: it will decode later too.
    """
    with opened(data, name, most) as (picture, kind, notes):
        profile_of(picture, notes)
        width, height = picture.size
        return Measured(kind, width, height, tuple(dict.fromkeys(notes)))


def decodes(path: Path) -> bool:
    """Whether a file that was stored is a picture still: as it was, or somebody's work, and no damage."""
    try:
        measure(on_disk(path) or b"", path.name, most=STORED_PIXELS)
    except PictureError:
        return False
    return True


def read_image(path: Path, *, most: int | None = None) -> Image:
    """Read and decode one file; PictureError when unreadable, UsageError when it is missing. `most` as in `decode`."""
    try:
        return decode(read_regular(path, MAX_FILE_BYTES), str(path), most=most)
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file") from error
    except OSError as error:
        raise PictureError(f"{path}: cannot be read ({error.strerror or one_line(error)})") from error


def encode_png(
    image: npt.NDArray[np.uint8] | npt.NDArray[np.uint16],
    mark: Mark | None = None,
    *,
    palette: Image | None = None,
    dpi: float | None = None,
) -> bytes:
    """Encode (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGBA, uint8 or uint16, as PNG; with `palette`, (N, 3) uint8, N at
    most 256, the (H, W) uint8 are places in it. Row filter "Up" and libdeflate,
    lossless; the same bytes on every machine, which faster libraries that choose by processor do not give.

    `mark` says in its metadata who made it, `dpi` how many pixels an inch has. Somewhat faster than libpng on
    comics (see benchmarks/README.md). Source: PNG (Third Edition) section 9, filter type 2.
    """
    import deflate

    height, width = image.shape[:2]
    rows = np.ascontiguousarray(image, ">u2" if image.dtype == np.uint16 else None).reshape(height, -1).view(np.uint8)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])  # modulo 256, as the filter asks
    colour_type = 3 if palette is not None else {2: 0, 3: 2}[image.ndim] | (4 if image.shape[2:] == (4,) else 0)
    header = struct.pack(">IIBBBBB", width, height, 8 * image.itemsize, colour_type, 0, 0, 0)
    body = deflate.zlib_compress(filtered.data, 1)
    texts = b"" if mark is None else png_texts(mark, body)
    texts += b"" if dpi is None else chunk(b"pHYs", struct.pack(">IIB", *[round(dpi / INCH_M)] * 2, 1))
    texts += b"" if palette is None else chunk(b"PLTE", palette.tobytes())
    return PNG_START + chunk(b"IHDR", header) + texts + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def encode_jpeg(image: Image, quality: int = 92, mark: Mark | None = None, dpi: float | None = None) -> bytes:
    """Encode (H, W, 3) RGB uint8 as JPEG without chroma subsampling; `mark`, `dpi` as in encode_png."""
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    extra: dict[str, Any] = {} if mark is None else jpeg_texts(mark)
    extra |= {} if dpi is None else {"dpi": (round(dpi), round(dpi))}
    Pillow.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling=0, **extra)
    return buffer.getvalue()


def encode(image: Image, kind: ColorFormat, mark: Mark | None = None, dpi: float | None = None) -> tuple[bytes, str]:
    """(bytes, suffix) of a picture as PNG or WebP, both lossless, or as JPEG of quality 95 without chroma subsampling.

    WebP is not lossy here: that would halve the resolution of colour (RFC 6386, section 2), which a colorizer learns.
    It has no place for `dpi`; the rest as in encode_png.
    """
    if kind == "png":
        return encode_png(image, mark, dpi=dpi), ".png"
    if kind == "jpeg":
        return encode_jpeg(image, 95, mark, dpi), ".jpg"
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    extra = {} if mark is None else {"xmp": mark.xmp}
    Pillow.fromarray(image).save(buffer, "WEBP", lossless=True, method=2, quality=25, **extra)
    return buffer.getvalue(), ".webp"


def halve(image: Image) -> Image:
    """(2H, 2W) or (2H, 2W, 3) to half its size: exact means of 2 x 2 pixels, rounded."""
    import cv2

    half = cv2.resize(image, (image.shape[1] // 2, image.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return np.asarray(half, dtype=np.uint8)


def resize(image: Image, width: int, height: int) -> Image:
    """Resize (H, W) or (H, W, 3): area averaging down, bicubic up."""
    import cv2

    down = width <= image.shape[1] and height <= image.shape[0]
    method = cv2.INTER_AREA if down else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), dtype=np.uint8)


def channel_sum(rgb: Image) -> npt.NDArray[np.uint16]:
    """R + G + B of every pixel, (H, W); channel by channel, many times faster than a sum along the last axis."""
    return rgb[..., 0].astype(np.uint16) + rgb[..., 1] + rgb[..., 2]


def channel_spread(rgb: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
    """Largest minus smallest channel of every pixel, (H, W): 0 for greys."""
    lightest = np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    spread: npt.NDArray[Kind] = lightest - darkest(rgb)
    return spread


def darkest(rgb: npt.NDArray[Kind]) -> npt.NDArray[Kind]:
    """The smallest channel of every pixel, (H, W)."""
    least: npt.NDArray[Kind] = np.minimum(np.minimum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    return least


def beside(pictures: Sequence[Image], *, axis: int = 1, gap: int = 4) -> Image:
    """Pictures, (H, W) or (H, W, 3), in a row (axis 1) or a column (axis 0), white between them: (H, W, 3)."""
    colours = [one if one.ndim == 3 else np.repeat(one[..., None], 3, axis=2) for one in pictures]
    shape = list(colours[0].shape)
    shape[axis] = gap
    white = np.full(shape, 255, np.uint8)
    return np.concatenate([part for one in colours for part in (one, white)][:-1], axis=axis)
