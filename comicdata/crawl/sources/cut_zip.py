"""A ZIP whose table at its end is missing or damaged, as where it was cut: members are read one after the other."""

import io
import logging
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO

from comicdata.crawl.sources.containers import (
    MAX_MEMBER_BYTES,
    MAX_MEMBERS,
    Member,
    checked,
    names_as_meant,
)

LOCAL, TABLE = b"PK\x03\x04", b"PK\x01\x02"
STORED, DEFLATED = 0, 8
log = logging.getLogger("comicdata")


@dataclass(frozen=True)
class _Place:
    """Where the bytes of a member lie, and what they are to become."""

    info: zipfile.ZipInfo
    start: int
    whole: bool


class CutZip:
    """The members that are whole; the one that was cut, and what may have come behind it, cannot be read."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        places, complete = _places(file)
        if not places:
            raise zipfile.BadZipFile("File is not a zip file")
        log.warning("%s: its table is missing or damaged; read member by member, as far as it goes", name)
        labels = names_as_meant([one.info for one in places])
        self._places = [one for one, label in zip(places, labels, strict=True) if not label.endswith("/")]
        labels = [label for label in labels if not label.endswith("/")]
        faults = checked(name, [one.info.file_size for one in self._places], labels)
        members = [
            Member(label, fault or _fault_of(one, label))
            for one, label, fault in zip(self._places, labels, faults, strict=True)
        ]
        if not complete and not (members and members[-1].fault):
            members.append(Member("what follows", "the archive is cut short here", is_page=True))
        self.members = tuple(members)

    def read(self, index: int, most: int) -> bytes:
        place = self._places[index]
        self._file.seek(place.start)
        data = self._file.read(place.info.compress_size)
        if place.info.compress_type == DEFLATED:
            data = zlib.decompressobj(-15).decompress(data, min(most, MAX_MEMBER_BYTES + 1))
        if len(data) == place.info.file_size and zlib.crc32(data) != place.info.CRC:
            raise zipfile.BadZipFile("Bad CRC-32")
        return data[:most]

    def close(self) -> None:
        self._file.close()


def _fault_of(place: _Place, label: str) -> str:
    if not place.whole:
        return f"{label!r} is cut short"
    if place.info.flag_bits & 1:
        return f"{label!r} is encrypted; remove the password first"
    if place.info.compress_type not in (STORED, DEFLATED):
        return f"{label!r}: that compression method is not supported in an archive that was cut"
    return ""


def _places(file: BinaryIO) -> tuple[list[_Place], bool]:
    """The members in the order of the file, and whether the table behind the last one begins.

    A member whose header does not say its size ends the list. Source: PKWARE APPNOTE 6.3, section 4.3.7.
    """
    end = file.seek(0, io.SEEK_END)
    place, found = 0, list[_Place]()
    while len(found) <= MAX_MEMBERS:
        file.seek(place)
        head = file.read(30)
        if len(head) < 30 or head[:4] != LOCAL:
            return found, head[:4] == TABLE
        _, flags, method, _, _, crc, packed, size, name_length, extra_length = struct.unpack("<HHHHHIIIHH", head[4:])
        raw = file.read(name_length)
        info = zipfile.ZipInfo(raw.decode("utf-8" if flags & 0x800 else "cp437", "replace"))
        info.flag_bits, info.compress_type, info.CRC = flags, method, crc
        info.compress_size, info.file_size = packed, size
        start = place + 30 + name_length + extra_length
        unsaid = bool(flags & 8 and not packed) or packed == 0xFFFFFFFF
        whole = not unsaid and start + packed <= end
        found.append(_Place(info, start, whole))
        if not whole:
            return found, False
        place = start + packed
    return found, False
