"""RAR and 7z, through the libraries of the extra `archives`; a RAR whose members are packed also takes a program."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, BinaryIO

import py7zr
import py7zr.io
import rarfile

from comicdata.crawl.sources.containers import Member, checked
from comicdata.errors import PictureError

MAX_UNPACKED_BYTES = 1_000_000_000  # a 7z is unpacked as a whole, in memory
STORED = 0x30  # a member of a RAR that is not packed
LOCKED = "encrypted, its list of names too; remove the password first"
PROGRAM = "install unrar, unar, 7z or bsdtar, or pack it as CBZ"


@contextmanager
def _plain() -> Iterator[None]:
    """Whatever the libraries raise as an error that `containers.guarded` knows."""
    try:
        yield
    except PictureError:
        raise
    except rarfile.RarCannotExec as error:
        raise ValueError(f"no program unpacks it: {PROGRAM}") from error
    except (py7zr.exceptions.PasswordRequired, rarfile.PasswordRequired) as error:
        raise ValueError(LOCKED) from error
    except Exception as error:  # they raise anything on bytes that are not as they should be
        raise ValueError(str(error) or type(error).__name__) from error


class Rar:
    """RAR and CBR, versions 3 to 5."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        path = getattr(file, "name", None)
        with _plain():
            self._archive = rarfile.RarFile(path if isinstance(path, str) else file)
            self._infos = [info for info in self._archive.infolist() if not info.is_dir()]
            if not self._infos and self._archive.needs_password():
                raise PictureError(f"{name}: encrypted; remove the password first")
            if any(info.compress_type != STORED for info in self._infos):
                rarfile.tool_setup()
        labels = [info.filename.replace("\\", "/") for info in self._infos]
        faults = checked(name, [info.file_size for info in self._infos], labels)
        self.members = tuple(
            Member(label, fault or _fault_of(info, label))
            for info, label, fault in zip(self._infos, labels, faults, strict=True)
        )

    def read(self, index: int, most: int) -> bytes:
        with _plain(), self._archive.open(self._infos[index]) as member:
            data: bytes = member.read(most)
        if len(data) < min(most, self._infos[index].file_size):
            raise EOFError("cut short")
        return data

    def close(self) -> None:
        self._archive.close()
        self._file.close()


def _fault_of(info: Any, label: str) -> str:
    if info.needs_password():
        return f"{label!r} is encrypted; remove the password first"
    return f"{label!r} is a link; left out" if info.is_symlink() else ""


class SevenZip:
    """7z and CB7: the members that are asked for are unpacked together, for they are packed together."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._unpacked: dict[str, bytes] | None = None
        with _plain():
            self._archive = py7zr.SevenZipFile(file)
            infos = [info for info in self._archive.list() if not info.is_directory]
            locked = self._archive.needs_password()
        self._names = [info.filename for info in infos]
        self._sizes = [int(info.uncompressed) for info in infos]
        labels = [one.replace("\\", "/") for one in self._names]
        total, members = 0, []
        for label, size, fault in zip(labels, self._sizes, checked(name, self._sizes, labels), strict=True):
            total += size
            if locked:
                fault = f"{label!r} is encrypted; remove the password first"
            elif total > MAX_UNPACKED_BYTES:
                fault = f"unpacks to more than {MAX_UNPACKED_BYTES // 10**9} GB; pack it as CBZ"
            members.append(Member(label, fault))
        self.members = tuple(members)

    def read(self, index: int, most: int) -> bytes:
        if self._unpacked is None:
            self._unpacked = self._unpack(
                {n for n, one in zip(self._names, self.members, strict=True) if not one.fault}
            )
        name = self._names[index]
        if name not in self._unpacked:
            self._unpacked |= self._unpack({name})
        if name not in self._unpacked:
            raise ValueError(f"{name!r} is damaged")
        return self._unpacked[name][:most]

    def _unpack(self, names: Collection[str]) -> dict[str, bytes]:
        """The members that come out whole: one that is damaged spoils those packed behind it."""
        memory = _Memory(MAX_UNPACKED_BYTES)
        try:
            self._archive.reset()
            self._archive.extract(targets=names, factory=memory)
        except Exception as error:  # whatever its decoders raise; what came out before is whole
            if len(names) == 1:
                raise ValueError(str(error) or type(error).__name__) from error
        sizes = dict(zip(self._names, self._sizes, strict=True))
        found = {name: one.bytes() for name, one in memory.made.items()}
        last = list(found)[-1:] if len(found) < len(names) else []
        return {name: data for name, data in found.items() if len(data) == sizes.get(name) and name not in last}

    def close(self) -> None:
        self._archive.close()
        self._file.close()


class _Part(py7zr.io.Py7zIO):
    """One member in memory; ValueError when all of them become more than their table said."""

    def __init__(self, whole: "_Memory") -> None:
        self._whole = whole
        self._buffer = BytesIO()

    def write(self, s: bytes | bytearray) -> int:
        self._whole.left -= len(s)
        if self._whole.left < 0:
            raise ValueError("unpacks to more than it says")
        return self._buffer.write(s)

    def read(self, size: int | None = None) -> bytes:
        return self._buffer.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._buffer.seek(offset, whence)

    def flush(self) -> None:
        pass

    def size(self) -> int:
        return len(self._buffer.getbuffer())

    def bytes(self) -> bytes:
        return self._buffer.getvalue()


class _Memory(py7zr.io.WriterFactory):
    """Makes the parts, and counts what they take."""

    def __init__(self, most: int) -> None:
        self.left = most
        self.made: dict[str, _Part] = {}

    def create(self, filename: str) -> _Part:
        self.made[filename] = part = _Part(self)
        return part


OPENERS = {"RAR": Rar, "7Z": SevenZip}
