"""Reading, writing and resizing pictures: the only place that decodes one. Inside: uint8, sRGB, (H, W, 3)."""

import io
import struct
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from comicdata.errors import PictureError, UsageError
from comicdata.outputs.marks import PNG_START, Mark, chunk, jpeg_texts, png_texts
from comicdata.records import ColorFormat

Image = npt.NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
EXTENSIONS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "GIF": ".gif"}
PICTURE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif"})
ORIENTATION = 0x0112  # the EXIF tag
MAX_PIXELS = 80_000_000  # a strip of 800 x 100,000


class _Strict:
    """While any thread is inside, warnings of Pillow are errors; the filters of the caller come back with the last.

    `warnings.catch_warnings` alone may leave its filters behind when threads overlap.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.depth = 0
        self.caught = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self.lock:
            self.depth += 1
            if self.depth == 1:
                self.caught = warnings.catch_warnings()
                self.caught.__enter__()
                warnings.filterwarnings("error", module=r"PIL\.")

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.depth -= 1
            if self.depth == 0:
                self.caught.__exit__(None, None, None)


_strict = _Strict()


def decode(data: bytes, name: str) -> Image:
    """Decode a picture from outside into (H, W, 3) uint8 sRGB.

    Format allow-list (JPEG, PNG, WebP, GIF: first frame), at most MAX_PIXELS, warnings as errors, EXIF orientation
    applied, ICC profile converted to sRGB, 16 bits scaled to 8, transparency laid over white.
    Raises PictureError with `name` in its message.
    """
    from PIL import Image as Pillow
    from PIL import ImageOps

    with _decoding(name), _strict, Pillow.open(io.BytesIO(data), formats=FORMATS) as picture:
        check_size(picture.size, name)
        picture.load()
        return _to_rgb(ImageOps.exif_transpose(picture))


def measure(data: bytes, name: str) -> tuple[str, int, int]:
    """Format name, width and height as `decode` gives them, after decoding every pixel; PictureError as `decode`.

    What is stored has gone through this: it will decode later too.
    """
    from PIL import Image as Pillow

    with _decoding(name), _strict, Pillow.open(io.BytesIO(data), formats=FORMATS) as picture:
        check_size(picture.size, name)
        picture.load()
        turned = picture.getexif().get(ORIENTATION, 1) in (5, 6, 7, 8)
        width, height = picture.size[::-1] if turned else picture.size
        return str(picture.format), width, height


@contextmanager
def _decoding(name: str) -> Iterator[None]:
    """Whatever a decoder raises becomes a PictureError with `name` in its message."""
    from PIL import Image as Pillow
    from PIL import UnidentifiedImageError

    try:
        yield
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        raise PictureError(f"{name}: not a JPEG, PNG, WebP or GIF picture") from error
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise PictureError(f"{name}: over the limit of {MAX_PIXELS // 1_000_000} megapixels") from error
    except (MemoryError, RecursionError) as error:
        raise PictureError(f"{name}: too large to decode in the memory at hand") from error
    except Exception as error:  # a decoder may raise anything on hostile bytes; all of it means "unreadable"
        raise PictureError(f"{name}: damaged picture ({_one_line(error)})") from error


def check_size(size: tuple[int, int], name: str) -> None:
    """PictureError when width x height is over MAX_PIXELS."""
    if size[0] * size[1] > MAX_PIXELS:
        raise PictureError(f"{name}: {size[0]}x{size[1]}, over the limit of {MAX_PIXELS // 1_000_000} megapixels")


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _to_rgb(picture: Any) -> Image:
    """Pillow picture in any mode -> (H, W, 3) uint8 sRGB over white."""
    from PIL import Image as Pillow

    if picture.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion clips at 255 instead of scaling
        grey = (np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    alpha = None
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        alpha = rgba.getchannel("A")
        colour = rgba.convert("RGB")
    else:
        colour = picture
    colour = _to_srgb(colour, picture.info.get("icc_profile"))
    if alpha is not None:
        paper = Pillow.new("RGB", colour.size, "white")
        paper.paste(colour, mask=alpha)
        colour = paper
    return np.array(colour, dtype=np.uint8)


def _to_srgb(picture: Any, profile: bytes | None) -> Any:
    """Convert through the embedded ICC profile; without one, or with a broken one, take the numbers as sRGB."""
    from PIL import ImageCms

    if profile and picture.mode in ("RGB", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            return converted if converted is not None else picture.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            pass
    return picture.convert("RGB")


def read_image(path: Path) -> Image:
    """Read and decode one file; PictureError when unreadable, UsageError when it is missing."""
    try:
        return decode(path.read_bytes(), str(path))
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file") from error
    except OSError as error:
        raise PictureError(f"{path}: cannot be read ({_one_line(error)})") from error


def encode_png(image: Image, mark: Mark | None = None) -> bytes:
    """Encode (H, W) grey or (H, W, 3) RGB uint8 as PNG: row filter "Up" and ISA-L deflate, lossless, deterministic.

    `mark` says in its metadata who made it. Several times faster than libpng at the same size on comics (see
    benchmarks/README.md). Source: PNG (Third Edition) section 9, filter type 2.
    """
    from isal import isal_zlib

    height, width = image.shape[:2]
    rows = np.ascontiguousarray(image).reshape(height, -1)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])  # modulo 256, as the filter asks
    colour_type = 2 if image.ndim == 3 else 0
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    body = isal_zlib.compress(filtered.tobytes(), 1)
    texts = b"" if mark is None else png_texts(mark, body)
    return PNG_START + chunk(b"IHDR", header) + texts + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def encode_jpeg(image: Image, quality: int = 92, mark: Mark | None = None) -> bytes:
    """Encode (H, W, 3) RGB uint8 as JPEG without chroma subsampling; `mark` as in encode_png."""
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    extra = {} if mark is None else jpeg_texts(mark)
    Pillow.fromarray(image).save(buffer, "JPEG", quality=quality, subsampling=0, **extra)
    return buffer.getvalue()


def encode(image: Image, kind: ColorFormat) -> tuple[bytes, str]:
    """(bytes, suffix) of a picture as PNG or WebP, both lossless, or as JPEG of quality 95 without chroma subsampling.

    WebP is not lossy here: that would halve the resolution of colour (RFC 6386, section 2), which a colorizer learns.
    """
    if kind == "png":
        return encode_png(image), ".png"
    if kind == "jpeg":
        return encode_jpeg(image, 95), ".jpg"
    from PIL import Image as Pillow

    buffer = io.BytesIO()
    Pillow.fromarray(image).save(buffer, "WEBP", lossless=True, method=2, quality=25)
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


def channel_spread(rgb: Image) -> Image:
    """Largest minus smallest channel of every pixel, (H, W): 0 for greys."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    return np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)


def beside(pictures: Sequence[Image], *, axis: int = 1, gap: int = 4) -> Image:
    """Pictures, (H, W) or (H, W, 3), in a row (axis 1) or a column (axis 0), white between them: (H, W, 3)."""
    colours = [one if one.ndim == 3 else np.repeat(one[..., None], 3, axis=2) for one in pictures]
    shape = list(colours[0].shape)
    shape[axis] = gap
    white = np.full(shape, 255, np.uint8)
    return np.concatenate([part for one in colours for part in (one, white)][:-1], axis=axis)


def is_line_art(rgb: Image, *, tolerance: int = 24, share: float = 0.995) -> bool:
    """Whether (H, W, 3) uint8 has no colour: channels within `tolerance` of each other on nearly all pixels.

    The tolerance forgives what JPEG does to grey.
    """
    return bool((channel_spread(rgb) <= tolerance).mean() >= share)
