"""Archives as other programs write them, for tests: bytes put together by hand where no library writes them."""

import io
import struct
import zipfile
import zlib

import numpy as np

from comicdata.images import encode_png


def picture(seed=0, size=(40, 30)):
    return encode_png(np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8))


def make_zip(members, *, method=zipfile.ZIP_STORED):
    """The bytes of a ZIP of [(name, data), ...]."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def zip_of_bytes(members, *, local=None):
    """A ZIP whose names are these bytes, without the mark for UTF-8; `local` are other names before the data."""
    body, table = b"", b""
    for (name, data), before in zip(members, local or [name for name, _ in members], strict=True):
        facts = struct.pack("<HHHHIII", 0, 0, 0, 0, zlib.crc32(data), len(data), len(data))
        table += (
            b"PK\x01\x02"
            + struct.pack("<HH", 20, 20)
            + facts
            + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, len(body))
        )
        table += name
        body += b"PK\x03\x04" + struct.pack("<H", 20) + facts + struct.pack("<HH", len(before), 0) + before + data
    count = len(members)
    return body + table + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, len(table), len(body), 0)


def _vint(number):
    out = bytearray()
    while True:
        out.append(number & 0x7F | (0x80 if number > 0x7F else 0))
        number >>= 7
        if not number:
            return bytes(out)


def _rar_block(kind, flags, body, data=b""):
    fields = _vint(kind) + _vint(flags | (2 if data else 0)) + (_vint(len(data)) if data else b"") + body
    head = _vint(len(fields)) + fields
    return struct.pack("<I", zlib.crc32(head)) + head + data


def make_rar(members):
    """A RAR 5 whose members are not packed, of [(name, data), ...]. Source: RAR 5.0 archive format, sections 1 to 4."""
    out = b"Rar!\x1a\x07\x01\x00" + _rar_block(1, 0, _vint(0))
    for name, data in members:
        text = name.encode()
        facts = _vint(4) + _vint(len(data)) + _vint(0o644) + struct.pack("<I", zlib.crc32(data))
        out += _rar_block(2, 0, facts + _vint(0) + _vint(1) + _vint(len(text)) + text, data)
    return out + _rar_block(5, 0, _vint(0))


def make_7z(members):
    import py7zr

    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w") as archive:
        for name, data in members:
            archive.writestr(data, name)
    return buffer.getvalue()
