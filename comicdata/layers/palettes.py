"""Palette files of other programs: GIMP's .gpl, Adobe's .ase and JSON are read, .gpl is written.

The rule of this file: a file is what it holds, not what its name ends in; a colour that stands twice under one name is
one.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from comicdata.errors import UsageError
from comicdata.files import read_regular
from comicdata.flats.hints import hex_of, parse_color
from comicdata.reading.numbers import whole_number
from comicdata.reading.text import UnreadableError, parse_json

LARGEST_FILE = 4_000_000  # bytes
MOST = 10_000  # colours
LONGEST_NAME = 100  # characters of a name that are kept
GPL, ASE = "GIMP Palette", b"ASEF"

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Swatch:
    """One colour of a palette, sRGB, and its name, "" where it has none."""

    color: Color
    name: str = ""

    @property
    def hex(self) -> str:
        return hex_of(self.color)

    @property
    def label(self) -> str:
        """The name with the colour, or the colour alone."""
        return f"{self.name} {self.hex}" if self.name and self.name.lower() != self.hex else self.hex


@dataclass(frozen=True)
class Palette:
    """Colours in the order of the file."""

    name: str
    swatches: tuple[Swatch, ...]

    @property
    def by_color(self) -> dict[Color, Swatch]:
        """Each colour once, with its first name."""
        found: dict[Color, Swatch] = {}
        for one in self.swatches:
            found.setdefault(one.color, one)
        return found

    @property
    def colors(self) -> tuple[Color, ...]:
        """Each once."""
        return tuple(self.by_color)


def read_palette(path: Path) -> Palette:
    """The palette in a file; UsageError names the file, the place in it and what is wrong."""
    try:
        data = read_regular(path, LARGEST_FILE)
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read as a palette ({error.strerror or error})") from error
    return parse_palette(data, path)


def parse_palette(data: bytes, path: Path) -> Palette:
    """The palette in the bytes of a file; UsageError as `read_palette`, which `path` is for."""
    name, read = path.stem, _json
    if data.startswith(ASE):
        read = _ase
    elif data.lstrip(b"\xef\xbb\xbf").startswith(GPL.encode()):
        read = _gpl
    try:
        found = list(dict.fromkeys(read(data)))
    except UnreadableError as error:
        raise UsageError(f"{path}: no palette that is read, which are .gpl, .ase and JSON: {error}") from error
    if not 0 < len(found) <= MOST:
        raise UsageError(f"{path}: {len(found)} colours; a palette has 1 to {MOST}")
    return Palette(name, tuple(found))


def gpl_bytes(name: str, swatches: Sequence[Swatch]) -> bytes:
    """The colours as a GIMP palette, in the order given."""
    lines = [
        f"{red:3} {green:3} {blue:3}\t{_one_line(one.name) or one.hex}"
        for one in swatches
        for red, green, blue in [one.color]
    ]
    return "\n".join([GPL, f"Name: {_one_line(name)}", "Columns: 0", "#", *lines, ""]).encode()


def _one_line(text: str) -> str:
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:LONGEST_NAME]


# ------------------------------------------------------------------------------------------------------------ GIMP


def _gpl(data: bytes) -> Iterator[Swatch]:
    """Source: GIMP, "The GIMP Palette file format": three numbers and a name a line, # before a remark."""
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        lines = data.decode("latin-1").splitlines()  # of programs before UTF-8
    for number, line in enumerate(lines[1:], 2):
        words = line.split(None, 3)
        if not words or words[0].startswith("#") or (words[0].endswith(":") and number <= 4):
            continue
        values = [whole_number(word, 3) for word in words[:3]]
        red, green, blue = [*values, None, None, None][:3]
        if red is None or green is None or blue is None or max(red, green, blue) > 255:
            raise UnreadableError(f"line {number}: three numbers from 0 to 255 and a name are expected")
        name = _one_line(words[3]) if len(words) > 3 else ""
        yield Swatch((red, green, blue), "" if name == "Untitled" else name)


# ------------------------------------------------------------------------------------------------------------ JSON


def _json(data: bytes) -> Iterator[Swatch]:
    entries = parse_json(data, LARGEST_FILE, by_hand=True)
    if not isinstance(entries, list):
        raise UnreadableError('a list of {"color": "#rrggbb", "name"} is expected')
    for number, entry in enumerate(entries, 1):
        color = parse_color(entry.get("color")) if isinstance(entry, dict) else None
        name = entry.get("name", "") if isinstance(entry, dict) else None
        if color is None or not isinstance(name, str):
            raise UnreadableError(f'entry {number}: {{"color": "#rrggbb", "name"}} is expected')
        yield Swatch(color, _one_line(name))


# ----------------------------------------------------------------------------------------------------------- Adobe

COLOR_BLOCK = 0x0001


def _ase(data: bytes) -> Iterator[Swatch]:
    """Adobe Swatch Exchange, as programs write it; groups are passed over. There is no published specification: blocks
    of a type and a length; in a colour's, a name in UTF-16, a model of four letters and 32-bit floats, all big-endian.
    """
    if len(data) < 12:
        raise UnreadableError("cut short")
    count = min(struct.unpack_from(">I", data, 8)[0], LARGEST_FILE)
    at = 12
    for number in range(1, count + 1):
        if at + 6 > len(data):
            raise UnreadableError(f"cut short at block {number} of {count}")
        kind, length = struct.unpack_from(">HI", data, at)
        at += 6
        if at + length > len(data):
            raise UnreadableError(f"cut short in block {number} of {count}")
        if kind == COLOR_BLOCK:
            yield _ase_color(data[at : at + length], number)
        at += length


def _ase_color(block: bytes, number: int) -> Swatch:
    try:
        (letters,) = struct.unpack_from(">H", block)
        name = block[2 : 2 + 2 * letters].decode("utf-16-be", "replace").rstrip("\0")
        at = 2 + 2 * letters
        count, convert = _MODELS[block[at : at + 4].strip().upper()]
        values = struct.unpack_from(f">{count}f", block, at + 4)
    except (struct.error, KeyError):
        raise UnreadableError(f"block {number}: no colour in RGB, CMYK, Lab or grey") from None
    if not all(abs(value) <= 1000 for value in values):  # nor NaN
        raise UnreadableError(f"block {number}: numbers that are no colour")
    red, green, blue = (round(255 * min(1.0, max(0.0, value))) for value in convert(*values))
    return Swatch((red, green, blue), _one_line(name))


def _from_cmyk(cyan: float, magenta: float, yellow: float, black: float) -> tuple[float, float, float]:
    """Without a profile of a press, which the file does not have: what every program shows that has none."""
    return (1 - cyan) * (1 - black), (1 - magenta) * (1 - black), (1 - yellow) * (1 - black)


def _from_lab(lightness: float, a: float, b: float) -> tuple[float, float, float]:
    """CIE Lab under D50, lightness from 0 to 1, to sRGB under D65 by Bradford's adaptation.

    Source: ISO 11664-4; IEC 61966-2-1; the matrix is that of the ICC, D50 to linear sRGB.
    """
    middle = (100 * lightness + 16) / 116
    x, y, z = (
        _unbent(one) * white for one, white in zip((middle + a / 500, middle, middle - b / 200), _D50, strict=True)
    )
    return (
        _bent(3.1338561 * x - 1.6168667 * y - 0.4906146 * z),
        _bent(-0.9787684 * x + 1.9161415 * y + 0.0334540 * z),
        _bent(0.0719453 * x - 0.2289914 * y + 1.4052427 * z),
    )


_D50 = (0.96422, 1.0, 0.82521)


def _unbent(value: float) -> float:
    return value**3 if value > 6 / 29 else 3 * (6 / 29) ** 2 * (value - 4 / 29)


def _bent(linear: float) -> float:
    linear = min(1.0, max(0.0, linear))
    return 12.92 * linear if linear <= 0.0031308 else float(1.055 * linear ** (1 / 2.4) - 0.055)


_MODELS: dict[bytes, tuple[int, Callable[..., tuple[float, float, float]]]] = {
    b"RGB": (3, lambda red, green, blue: (red, green, blue)),
    b"CMYK": (4, _from_cmyk),
    b"LAB": (3, _from_lab),
    b"GRAY": (1, lambda grey: (grey, grey, grey)),
}
