"""A CBZ of our own: stored members with a note each, the same bytes for the same members, signed as a whole.

The rule of this file: it is written and read member by member; nothing holds the archive in memory.
"""

import re
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import comicdata
from comicdata.files import sha256_bytes, sweep_dead, written_atomic

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP can say: members have no time of their own
MODE = 0o100644 << 16  # a plain file that everybody may read
UNIX = 3
_SIGNED = re.compile(rb"comicdata [^;]*; sha256 ([0-9a-f]{64})")


class Member(NamedTuple):
    """One file to be packed: its name, folders by "/", what is noted of it (at most 65,535 bytes), and its bytes."""

    name: str
    note: str
    read: Callable[[], bytes]


def write_cbz(path: Path, members: Iterable[Member]) -> None:
    """Pack members in their order: not compressed, for pictures are, without entries for folders, in ZIP64 only where
    it is too large for less; whole or not at all. What reads the members may raise; then nothing is written.
    """
    sweep_dead(path)
    with written_atomic(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for member in members:
            info = zipfile.ZipInfo(member.name, EPOCH)
            info.create_system, info.external_attr, info.comment = UNIX, MODE, member.note.encode()
            archive.writestr(info, member.read())
        archive.comment = f"comicdata {comicdata.__version__}; sha256 {_hash(archive)}".encode()


def _hash(archive: zipfile.ZipFile) -> str:
    """Of the table of an archive, which has the check sum of every member."""
    table = [(one.filename, one.CRC, one.file_size, one.comment) for one in archive.filelist]
    return sha256_bytes(repr(table).encode())


class OwnCbz:
    """A CBZ that `write_cbz` wrote and nobody has changed since, open to be read; `notes` by the names of members."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.notes = {one.filename: one.comment.decode() for one in archive.filelist}

    def read(self, name: str) -> bytes:
        """The bytes of a member; their check sum is looked at."""
        return self._archive.read(name)

    def size(self, name: str) -> int:
        return self._archive.getinfo(name).file_size

    def close(self) -> None:
        self._archive.close()


def open_own(path: Path) -> OwnCbz | None:
    """The CBZ at a path if it is ours, as it was made; None for whatever else is there."""
    if path.is_symlink() or not path.is_file():
        return None
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    signed = _SIGNED.fullmatch(archive.comment)
    if signed and signed[1].decode() == _hash(archive):
        return OwnCbz(archive)
    archive.close()
    return None


def is_own(path: Path) -> bool:
    """Whether `open_own` would open it."""
    found = open_own(path)
    if found is not None:
        found.close()
    return found is not None
