"""What bytes are, told by what they hold and never by a name. Nothing here decodes a pixel; nothing is allocated by
what a header promises.
"""

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath

HEAD = 4096  # so many first bytes tell every format below

# The allow-list: what is decoded, by Pillow alone, and why each member is safe. The suffix is that of stored files.
EXTENSIONS = {
    "JPEG": ".jpg",  # libjpeg-turbo, fuzzed for a decade; at most 65,535 a side. An MPO is a JPEG: its first picture
    "PNG": ".png",  # chunks and rows are checked here before libpng's peers see them; text chunks never get there
    "WEBP": ".webp",  # libwebp of the Pillow floor is beyond CVE-2023-4863; at most 16,383 a side
    "GIF": ".gif",  # LZW of bytes, in Pillow's own few lines; frames and pixels are capped
    "AVIF": ".avif",  # libavif with dav1d, which browsers feed with the open web; its size is known before its pixels
    "BMP": ".bmp",  # raw rows, or run lengths that fill rows; no code to run
    "TIFF": ".tif",  # libtiff, the oldest of them: its first page alone, the size checked before a strip is read
}
READ = "JPEG, PNG, WebP, GIF, AVIF, BMP or TIFF"
UNREAD = frozenset({"HEIC", "JPEG XL", "JPEG 2000", "PSD", "SVG", "XCF", "CLIP", "Krita", "OpenRaster", "camera raw"})
ARCHIVES = frozenset({"ZIP", "RAR", "7Z", "TAR", "PDF"})
OTHER_PACKED = frozenset({"gzip", "bzip2", "xz", "EPUB"})


def _suffixes(words: str) -> frozenset[str]:
    return frozenset(f".{word}" for word in words.split())


PICTURE_SUFFIXES = _suffixes("jpg jpeg jpe jfif pjpeg pjp mpo png apng webp gif avif avifs bmp dib tif tiff")
UNREAD_SUFFIXES = _suffixes(
    "heic heif hif jxl jp2 j2k jpx psd psb svg svgz xcf clip kra ora tga pcx ppm pgm pbm pnm qoi exr"
)
ARCHIVE_SUFFIXES = _suffixes("cbz zip cbr rar cb7 7z cbt tar pdf")
PACKED_SUFFIXES = _suffixes("epub gz tgz bz2 xz cba ace lzh lha")

_STARTS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL \r\n\x87\n": "JPEG XL",
    b"\0\0\0\x0cjP  \r\n\x87\n": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"8BPS": "PSD",
    b"gimp xcf ": "XCF",
    b"CSFCHUNK": "CLIP",
    b"Rar!\x1a\x07": "RAR",
    b"7z\xbc\xaf'\x1c": "7Z",
    b"\x1f\x8b\x08": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
}
_ZIPS = {b"image/openraster": "OpenRaster", b"application/x-krita": "Krita", b"application/epub+zip": "EPUB"}
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF"} | dict.fromkeys(
    (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"), "HEIC"
)
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)


def sniff(data: bytes) -> str | None:
    """The format of the bytes of a file, or of their first HEAD: a key of EXTENSIONS, or one of UNREAD, ARCHIVES,
    OTHER_PACKED; None for everything else (text, office files, films).
    """
    if data[:4] == b"II*\0" and data[8:10] == b"CR":
        return "camera raw"
    for start, kind in _STARTS.items():
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _brand(data)
    if data[:2] == b"BM" and len(data) >= 18 and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "BMP"
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _zip(data)
    if data[257:262] == b"ustar":
        return "TAR"
    if data[:64].lstrip(b"\xef\xbb\xbf\0 \t\r\n").startswith(b"%PDF-"):
        return "PDF"
    return "SVG" if _is_svg(data[:HEAD]) else None


def _brand(data: bytes) -> str | None:
    """The format of an ISO media file, by its own brand and those it says it fits."""
    end = min(int.from_bytes(data[:4], "big"), HEAD)
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, end - 3, 4))]
    known = [_BRANDS[one] for one in brands if one in _BRANDS]
    return "AVIF" if "AVIF" in known else known[0] if known else None


def _zip(data: bytes) -> str | None:
    """A ZIP archive, unless its first member says that it is a document or a program."""
    name = data[30 : 30 + int.from_bytes(data[26:28], "little")]
    if name == b"mimetype":
        content = data[38 : 38 + 60]
        return next((kind for start, kind in _ZIPS.items() if content.startswith(start)), None)
    return None if name == b"[Content_Types].xml" or name.startswith(b"META-INF/") else "ZIP"


def _is_svg(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:2048].lower()
    return text.startswith(b"<svg") or (text.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in text)


def suffix_of(name: str) -> str:
    """The suffix of a file name in lower case, without what sites hang on to it: .jpg?x=1, .jpg_large, .jpg:orig."""
    suffix = PurePosixPath(name.split("?")[0]).suffix.lower()
    return re.sub(r"(?<=\w)(_large|_orig|[:!@].*)$", "", suffix)


def claims_picture(name: str) -> bool:
    """Whether a name says that a picture is in it, read or not."""
    return suffix_of(name) in PICTURE_SUFFIXES | UNREAD_SUFFIXES


def claims_archive(name: str) -> bool:
    """Whether a name says that an archive is in it, read or not."""
    return suffix_of(name) in ARCHIVE_SUFFIXES | PACKED_SUFFIXES


# ------------------------------------------------------------------------------------------------------------ PNG

_PIXELS = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_FRAMES = {b"acTL", b"fcTL", b"fdAT"}
# Metadata that decides how, or how large, pixels are shown, and the longest taken.
_KEPT = {b"iCCP": 1_000_000, b"eXIf": 1_000_000, b"pHYs": 9}
_WORDS = {b"iCCP": "a colour profile", b"eXIf": "EXIF", b"pHYs": "a resolution"}
MOST_PROFILE = 1_000_000  # bytes of a colour profile, unpacked
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def checked_png(data: bytes) -> tuple[bytes, list[str]]:
    """The PNG without what is no matter of its pixels, and what was wrong with that.

    ValueError when a checksum of its pixels is wrong, or fewer rows are in it than its header promises. Source: PNG
    (Third Edition), sections 5 and 7 to 9.
    """
    parts, notes, packed, whole = [], [], [], False
    frames = True
    for name, body, crc in _chunks(data):
        good = crc == zlib.crc32(name + body).to_bytes(4, "big")
        if name == b"IDAT":
            packed.append(body)
        if len(crc) == 4 and not good:
            if name in _PIXELS:
                raise ValueError(f"the checksum of its {name.decode()} is wrong")
            notes.append("damaged metadata left out")
            frames = frames and name not in _FRAMES
            continue
        if len(crc) < 4:
            break  # the end is missing: what matters is whether every row is there
        whole = name == b"IEND"
        if name in _PIXELS or name in _FRAMES or (name in _KEPT and _is_sound(name, body, notes)):
            parts.append((name, body))
        if whole:
            break
    if not parts or parts[0][0] != b"IHDR" or len(parts[0][1]) != 13 or not packed:
        raise ValueError("no header, or no pixels in it")
    rows = _checked_rows(parts[0][1], packed, keep=not whole)
    if not frames:
        parts = [one for one in parts if one[0] not in _FRAMES]
    if not whole:
        notes.append("the end of the file is missing, every row is there")
        pixels = [(b"IDAT", zlib.compress(rows, 1)), (b"IEND", b"")]
        parts = [one for one in parts if one[0] not in _FRAMES | {b"IDAT"}] + pixels
    return data[:8] + b"".join(chunk(*one) for one in parts), list(dict.fromkeys(notes))


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """(name, body, checksum) of every chunk; the last may be cut short."""
    place = 8
    while place + 8 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        start = place + 8
        yield data[place + 4 : start], data[start : start + length], data[start + length : start + length + 4]
        place = start + length + 4


def _is_sound(name: bytes, body: bytes, notes: list[str]) -> bool:
    """Whether metadata is of a sane size, unpacked too; what is left out is said."""
    most = _KEPT[name]
    fits = len(body) == most if name == b"pHYs" else len(body) <= most
    if fits and name == b"iCCP":
        try:
            unpacking = zlib.decompressobj()
            unpacking.decompress(body.partition(b"\0")[2][1:], MOST_PROFILE)
            fits = not unpacking.unconsumed_tail
        except zlib.error:
            fits = False
    if not fits:
        notes.append(f"{_WORDS[name]} that is damaged or too large left out")
    return fits


def _checked_rows(header: bytes, packed: list[bytes], *, keep: bool) -> bytes:
    """Inflate the rows piece by piece; ValueError when they are too few. With `keep`, the rows."""
    from isal import isal_zlib

    needed, counted, rows = _row_bytes(header), 0, []
    unpacking = isal_zlib.decompressobj()
    try:
        for one in packed:
            rest, piece = one, b"more"
            while (rest or piece) and counted < needed and not unpacking.eof:  # all read is not yet all given
                piece = unpacking.decompress(rest, 1 << 20)
                counted += len(piece)
                rest = unpacking.unconsumed_tail
                if keep:
                    rows.append(piece)
    except Exception as error:  # of isal or zlib
        raise ValueError(f"its pixels cannot be unpacked ({error})") from error
    if counted < needed:
        raise ValueError(f"{counted * 100 // max(1, needed)} % of its rows are there")
    return b"".join(rows)[:needed]


def _row_bytes(header: bytes) -> int:
    """So many bytes all rows take before they are packed, filter bytes included."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 1)
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    total = 0
    for x, y, right, down in passes:
        columns, rows = -(-(width - x) // right), -(-(height - y) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + (columns * bits + 7) // 8)
    return total


# ------------------------------------------------------------------------------------------------- JPEG and WebP

END_OF_JPEG = b"\xff\xd9"
_WEBP_METADATA = {b"EXIF", b"XMP "}


def bare_jpeg(data: bytes) -> bytes:
    """The JPEG without its metadata: APP0 and APP14 stay, which say how its colours are meant."""
    kept, place = [data[:2]], 2
    while data[place : place + 1] == b"\xff" and place + 4 <= len(data):
        if data[place + 1] == 0xFF:  # as many as an encoder likes may stand before a marker
            place += 1
            continue
        marker = data[place + 1]
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        if not (0xE1 <= marker <= 0xEF and marker != 0xEE) and marker != 0xFE:
            kept.append(data[place : place + 2 + length])
        place += 2 + length
        if marker == 0xDA:
            break
    return b"".join(kept) + data[place:]


def checked_webp(data: bytes) -> tuple[bytes, list[str]]:
    """The WebP without metadata that is cut short, and a word on it; as it is where nothing is wrong.

    Source: RFC 9649, section 2.
    """
    place, kept, cut = 12, [], False
    while place + 8 <= len(data):
        name, length = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        end = place + 8 + length
        cut = end > len(data)
        if cut and name not in _WEBP_METADATA:
            return data, []
        if not cut:
            kept.append(data[place:end] + b"\0" * (length % 2))
        place = end + length % 2
    promised = 8 + int.from_bytes(data[4:8], "little")
    if not cut and promised <= len(data):
        return data, []
    if kept and kept[0][:4] == b"VP8X":
        kept[0] = kept[0][:8] + bytes([kept[0][8] & ~0x0C]) + kept[0][9:]  # it says which metadata there are
        kept = [one for one in kept if one[:4] not in _WEBP_METADATA]
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body, ["damaged metadata left out"]
