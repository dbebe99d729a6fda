"""Bytes from outside -> a Pillow picture with every pixel decoded, and its colours in sRGB, for `comicdata.images`. The
rule of the file: whatever a decoder does on hostile bytes becomes a PictureError.
"""

import io
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from comicdata.errors import PictureError
from comicdata.formats import END_OF_JPEG, EXTENSIONS, READ, UNREAD, bare_jpeg, checked_png, checked_webp, sniff

ORIENTATION = 0x0112  # the EXIF tag
MAX_PIXELS = 80_000_000  # unless somebody says more: A3 in 600 dpi has 70 megapixels
MAX_STRIP_PIXELS = 250_000_000  # of what is STRIP_RATIO times as long as wide: whole chapters, 690 x 362,000
STRIP_RATIO = 8
STORED_PIXELS = 1_000_000_000  # of what a crawl has taken in: it was asked about then; memory still has the last word
LARGE_PIXELS = 40_000_000  # above it, one picture at a time, and only where the memory for it is at hand
BYTES_A_PIXEL = 8  # that decoding takes: 4 in Pillow, 3 of the result, and some
BAND = 2048  # rows that are converted at a time
MAX_FRAMES = 30  # of an animated picture that are looked at
MAX_PROFILE_BYTES = 8_000_000
ANIMATED = {"GIF", "WEBP", "PNG", "AVIF"}
INCH_M = 0.0254
MOST_DPI = 10_000  # that a file is believed to have
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF orientation: Pillow's Transpose
CUT_IT = "cut it into smaller pictures"


class _Strict:
    """While any thread is inside, what Pillow warns of is kept for `said`, and nothing larger than our own cap opens;
    the filters of the caller come back with the last.

    `warnings.catch_warnings` alone may leave its filters behind when threads overlap.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.depth = 0
        self.caught = warnings.catch_warnings()
        self.before: int | None = None
        self.local = threading.local()

    def __enter__(self) -> None:
        from PIL import Image as Pillow

        with self.lock:
            self.depth += 1
            if self.depth == 1:
                self.caught = warnings.catch_warnings()
                self.caught.__enter__()
                warnings.filterwarnings("always", module=r"PIL\.")
                warnings.filterwarnings("error", category=Pillow.DecompressionBombWarning)
                warnings.showwarning = self._keep
                self.before, Pillow.MAX_IMAGE_PIXELS = Pillow.MAX_IMAGE_PIXELS, STORED_PIXELS
        self.local.said = []

    def __exit__(self, *_: object) -> None:
        from PIL import Image as Pillow

        with self.lock:
            self.depth -= 1
            if self.depth == 0:
                self.caught.__exit__(None, None, None)
                Pillow.MAX_IMAGE_PIXELS = self.before

    def _keep(self, message: Warning | str, *_: Any, **__: Any) -> None:
        getattr(self.local, "said", []).append(str(message))

    @property
    def said(self) -> list[str]:
        """What Pillow warned of in this thread."""
        return list(self.local.said)


_strict = _Strict()
_large = threading.Lock()
_limit: dict[str, int | None] = {"pixels": None}


def limit_pixels(megapixels: float | None) -> None:
    """Set how large a picture may be that is read from here on in this process.

    None: MAX_PIXELS, or MAX_STRIP_PIXELS for a strip.
    """
    _limit["pixels"] = None if megapixels is None else int(megapixels * 1_000_000)


@contextmanager
def opened(data: bytes, name: str, most: int | None) -> Iterator[tuple[Any, str, list[str]]]:
    """A Pillow picture with every pixel decoded and turned as EXIF says, its format, and notes."""
    kind = sniff(data)
    if kind not in EXTENSIONS:
        raise PictureError(f"{name}: {_why_not(data, kind)}")
    data, notes = checked_webp(data) if kind == "WEBP" else (data, [])
    with _decoding(name), _strict, _alone(data, kind, name, most):
        if kind == "PNG":
            data, notes = checked_png(data)
        picture = _with_pixels(data, kind, notes, lambda size: check_size(size, name, most))
        if picture.mode == "F":
            raise ValueError("numbers with a fraction in place of colours")
        turn = _orientation(picture, notes)
        yield (picture.transpose(TURNS[turn]) if turn in TURNS else picture), kind, notes


def _why_not(data: bytes, kind: str | None) -> str:
    if not data:
        return "empty"
    if kind is None:
        return f"not a {READ} picture"
    if kind in UNREAD:
        return f"{kind}, which is not read as a picture; save it as PNG or JPEG"
    return f"a {kind} archive in place of a picture; unpack it, or name it by itself"


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
        raise PictureError(f"{name}: damaged picture (its header cannot be read)") from error
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise PictureError(f"{name}: over the limit of {STORED_PIXELS // 1_000_000} megapixels; {CUT_IT}") from error
    except (MemoryError, RecursionError) as error:
        raise PictureError(f"{name}: too large to decode in the memory at hand; {CUT_IT}") from error
    except Exception as error:  # a decoder may raise anything on hostile bytes; all of it means "unreadable"
        raise PictureError(f"{name}: damaged picture ({one_line(error)})") from error


def check_size(size: tuple[int, int], name: str, most: int | None = None) -> None:
    """PictureError when width x height is over `most`, by default what `limit_pixels` said."""
    pixels, strip = size[0] * size[1], max(size) >= STRIP_RATIO * min(size)
    most = most or _limit["pixels"] or (MAX_STRIP_PIXELS if strip else MAX_PIXELS)
    if pixels > most:
        cure = (
            f"--max-megapixels {-(-pixels // 1_000_000)} reads it, with {BYTES_A_PIXEL * pixels / 1e9:.1f} GB of memory"
        )
        cure = f"{CUT_IT}, or {cure}" if pixels <= STORED_PIXELS else CUT_IT
        raise PictureError(f"{name}: {size[0]}x{size[1]}, over the limit of {most // 1_000_000} megapixels; {cure}")


@contextmanager
def _alone(data: bytes, kind: str, name: str, most: int | None) -> Iterator[None]:
    """Check the size that the header promises; a large picture waits for others, and for the memory it takes."""
    size = _size(data, kind)
    check_size(size, name, most)
    if size[0] * size[1] <= LARGE_PIXELS:
        yield
        return
    with _large:
        needed, free = BYTES_A_PIXEL * size[0] * size[1], _free_memory()
        if free is not None and needed > free:
            what = f"{size[0]}x{size[1]} takes {needed / 1e9:.1f} GB of memory to decode, {free / 1e9:.1f} GB are free"
            raise PictureError(f"{name}: {what}; {CUT_IT}")
        yield


def _size(data: bytes, kind: str) -> tuple[int, int]:
    """Width and height, without decoding a pixel."""
    from PIL import Image as Pillow

    if kind == "PNG" and data[12:16] == b"IHDR":
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    try:
        with Pillow.open(io.BytesIO(data), formats=[kind]) as picture:
            return picture.size
    except Exception:
        if kind != "JPEG":
            raise
        with Pillow.open(io.BytesIO(bare_jpeg(data)), formats=[kind]) as picture:
            return picture.size


def _free_memory() -> int | None:
    """Bytes of memory that may be had without swapping; None where the system does not say."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError, StopIteration):
        return None


def _with_pixels(data: bytes, kind: str, notes: list[str], check: Callable[[tuple[int, int]], None]) -> Any:
    """The Pillow picture, decoded; what only its metadata spoils is decoded without them."""
    if kind != "JPEG":
        return _framed(data, kind, notes, check)
    try:
        picture = _whole_jpeg(data)
    except Exception:
        picture = _whole_jpeg(bare_jpeg(data))
        notes.append(LEFT_OUT)
    if not data.endswith(END_OF_JPEG) and END_OF_JPEG not in bare_jpeg(data):
        notes.append(NO_END)
    elif data.endswith(END_OF_JPEG) and _ends_flat(picture) and not _same_without_end(data[:-2], picture):
        raise ValueError("rows at its end are missing")
    return picture


LEFT_OUT = "damaged metadata left out"
NO_END = "the end of the file is missing, every row is there"
NOISES = (b"\x55" * 600, b"\xfe" * 600)  # no marker is in them


def _loaded(data: bytes, kind: str) -> Any:
    from PIL import Image as Pillow

    picture = Pillow.open(io.BytesIO(data), formats=[kind])
    picture.load()
    return picture


def _whole_jpeg(data: bytes) -> Any:
    """A JPEG whose end mark may be missing; as libjpeg fills missing rows with grey, it is given two different ends."""
    try:
        return _loaded(data, "JPEG")
    except Exception:
        if END_OF_JPEG in bare_jpeg(data):
            raise
    picture = _loaded(data + END_OF_JPEG, "JPEG")
    if not _same_without_end(data, picture):
        raise ValueError("cut short; rows at its end are missing")
    return picture


def _same_without_end(data: bytes, picture: Any) -> bool:
    """Whether noise behind the data changes nothing: then all pixels had been read before it."""
    pixels = picture.tobytes()
    return all(_loaded(data + noise + END_OF_JPEG, "JPEG").tobytes() == pixels for noise in NOISES)


def _ends_flat(picture: Any) -> bool:
    """Whether the last block is of one colour, as libjpeg puts where nothing is; white and black are paper."""
    width, height = picture.size
    bands = picture.crop((max(0, width - 8), max(0, height - 8), width, height)).getextrema()
    ends = set(bands if isinstance(bands[0], tuple) else [bands])
    return all(low == high for low, high in ends) and not ends <= {(0, 0)} and not ends <= {(255, 255)}


def _framed(data: bytes, kind: str, notes: list[str], check: Callable[[tuple[int, int]], None]) -> Any:
    """The picture; of an animated one the first frame with art in it, of a TIFF the first page."""
    picture = _loaded(data, kind)
    check(picture.size)
    try:
        frames = int(getattr(picture, "n_frames", 1))
    except Exception:  # of frames behind the first
        return _loaded(data, kind)
    if frames == 1:
        return picture
    if kind not in ANIMATED:
        notes.append(f"the first of {frames} pictures in it is taken")
        return _loaded(data, kind)
    for number in range(min(frames, MAX_FRAMES)):
        try:
            picture.seek(number)
            check(picture.size)
            picture.load()
        except PictureError:
            raise
        except Exception:
            break
        if not _is_blank(picture):
            if number:
                notes.append(f"animated: picture {number + 1} of {frames} is taken, the first with anything in it")
            return picture.copy() if number else picture
    notes.append(f"animated, and nothing is to be seen in the first of its {frames} pictures")
    return _loaded(data, kind)


def _is_blank(picture: Any) -> bool:
    """Whether nothing is to be seen: transparent, or one colour."""
    rgb = to_rgb(picture, [])
    return bool((rgb.reshape(-1, 3).max(axis=0).astype(int) - rgb.reshape(-1, 3).min(axis=0)).max() <= 8)


def _orientation(picture: Any, notes: list[str]) -> int:
    """What EXIF says of how the camera lay; 1 where it says nothing that can be read."""
    try:
        value = picture.getexif().get(ORIENTATION, 1)
    except Exception:  # a damaged block: the pixels are whole
        value = None
    if value is None or _strict.said:
        notes.append(LEFT_OUT)
    return value if isinstance(value, int) else 1


def dpi_of(picture: Any) -> float | None:
    """Pixels per inch, whole where a file that counts in metres is nearly so; None where it does not say it, or not
    soberly, or not the same of both sides.
    """
    try:
        across, down = (float(one) for one in picture.info["dpi"])
    except Exception:  # none, or none that is a number
        return None
    if not (1 <= across <= MOST_DPI and abs(across - down) <= 0.01 * across):
        return None
    return float(round(across)) if abs(across - round(across)) < INCH_M / 2 else across


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def to_rgb(picture: Any, notes: list[str]) -> npt.NDArray[np.uint8]:
    """Pillow picture in any mode -> (H, W, 3) uint8 sRGB over white, BAND rows at a time."""
    width, height = picture.size
    to_srgb = profile_of(picture, notes)
    rgb = np.empty((height, width, 3), np.uint8)
    for y in range(0, height, BAND):
        band = picture if height <= BAND else picture.crop((0, y, width, min(height, y + BAND)))
        rgb[y : y + BAND] = _band_to_rgb(band, to_srgb)
    return rgb


def _band_to_rgb(picture: Any, to_srgb: Any) -> npt.NDArray[np.uint8]:
    from PIL import Image as Pillow

    colour, alpha = colour_and_alpha(picture, to_srgb)
    if alpha is not None:
        paper = Pillow.new("RGB", colour.size, "white")
        paper.paste(colour, mask=alpha)
        colour = paper
    return np.asarray(colour, dtype=np.uint8)


def colour_and_alpha(picture: Any, to_srgb: Any) -> tuple[Any, Any]:
    """A Pillow picture in sRGB, and how opaque it is; None where it is all opaque."""
    from PIL import Image as Pillow

    if picture.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion clips at 255 instead of scaling
        grey = (np.asarray(picture).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
        return Pillow.fromarray(grey).convert("RGB"), None
    if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        return to_srgb(rgba.convert("RGB")), rgba.getchannel("A")
    return to_srgb(picture), None


def profile_of(picture: Any, notes: list[str]) -> Any:
    """The way of its colours to sRGB: through the embedded ICC profile; without one, or with a broken one, the numbers
    are taken as sRGB.
    """
    from PIL import ImageCms

    profile = picture.info.get("icc_profile")
    mode = "RGB" if picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") else picture.mode
    if profile and mode in ("RGB", "CMYK", "L"):
        try:
            if len(profile) > MAX_PROFILE_BYTES:
                raise ValueError("too large")
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            way = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
            return lambda band: ImageCms.applyTransform(band, way) if band.mode == mode else band.convert("RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            notes.append("a colour profile that is damaged, too large or of other colours left out")
    return lambda band: band if band.mode == "RGB" else band.convert("RGB")
