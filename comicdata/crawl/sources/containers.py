"""Archives as lists of members that are read into memory, each within limits: nothing is ever extracted to disk."""

import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import BinaryIO, Protocol

from comicdata.crawl.names import printable
from comicdata.errors import PictureError
from comicdata.formats import ARCHIVES, EXTENSIONS, HEAD, OTHER_PACKED, sniff, suffix_of

MAX_MEMBERS = 5_000
MAX_MEMBER_BYTES = 200_000_000
MAX_TOTAL_BYTES = 4_000_000_000
MAX_RATIO = 200  # of what is no picture: a blank page of a BMP is packed a thousand times
RATIO_FROM_BYTES = 1_000_000  # below this a high ratio harms nobody
DAMAGE = (  # all that readers of archives raise on damaged or unusual ones
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    EOFError,
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
)
LEGACY = ("utf-8", "cp932", "cp949", "gb18030", "big5")  # what packers write into names without saying so
CURE = {"RAR": "archives", "7Z": "archives", "PDF": "pdf"}  # the extras of pip that read them
SAID = {".cbr": "RAR", ".rar": "RAR", ".cb7": "7Z", ".7z": "7Z", ".cbt": "TAR", ".tar": "TAR", ".pdf": "PDF"}
ROOM = {"RAR": "packed", "7Z": "packed", "PDF": "pdf"}  # and the modules beside this one


@dataclass(frozen=True)
class Member:
    """One file in an archive: its name as text, folders by "/", and what speaks against reading it.

    `is_page`: known to be a picture, whatever its name.
    """

    name: str
    fault: str = ""
    is_page: bool = False


class Container(Protocol):
    """An open archive. `read` gives the bytes of members[index], at most `most` of them; a whole member where they
    are fewer. It raises whatever its library raises.
    """

    @property
    def members(self) -> Sequence[Member]: ...

    def read(self, index: int, most: int) -> bytes: ...

    def close(self) -> None: ...


def open_container(file: BinaryIO, name: str) -> Container:
    """The archive that `file` holds, told by its content; `file` is closed with it, or when this fails.

    PictureError in one line for what is no archive, is damaged, or needs an extra that is not installed.
    """
    kind, said = sniff(file.read(HEAD)), SAID.get(suffix_of(name), "ZIP")
    file.seek(0)
    try:
        with guarded(name, kind or said):
            if kind is None and said != "ZIP":
                raise ValueError("it does not begin like one")
            if kind == "TAR":
                return Tar(file, name)
            if kind in ROOM:
                return _by_extra(file, name, kind)
            if kind in OTHER_PACKED:
                raise PictureError(f"{name}: {kind} archives are not read; pack it as CBZ")
            return _zip(file, name)
    except BaseException:
        file.close()
        raise


def _zip(file: BinaryIO, name: str) -> Container:
    """A ZIP by its table, or member by member where that is missing or damaged."""
    try:
        return Zip(file, name)
    except (zipfile.BadZipFile, UnicodeDecodeError, struct.error):
        found: Container = import_module("comicdata.crawl.sources.cut_zip").CutZip(file, name)
        return found


def _by_extra(file: BinaryIO, name: str, kind: str) -> Container:
    """An archive whose library is one of the extras."""
    try:
        found: Container = import_module(f"comicdata.crawl.sources.{ROOM[kind]}").OPENERS[kind](file, name)
    except ImportError as error:
        cure = f"pip install 'comicdata[{CURE[kind]}]' reads it, or pack it as CBZ"
        raise PictureError(f"{name}: {kind} is read with a library that is not installed; {cure}") from error
    return found


@contextmanager
def guarded(name: str, kind: str = "") -> Iterator[None]:
    """PictureError in one line for an archive that cannot be read.

    It goes into records, so it names the archive without the folder that it happens to lie in.
    """
    try:
        yield
    except DAMAGE as error:
        why = error.strerror or type(error).__name__ if isinstance(error, OSError) else error
        what = f"cannot be read as a {kind} archive" if kind in ARCHIVES else "cannot be read"
        raise PictureError(f"{name}: {what} ({' '.join(str(why).split())[:200]})") from error


def checked(name: str, sizes: Sequence[int], labels: Sequence[str]) -> Iterator[str]:
    """For every member what speaks against reading it, by its name and the sizes that the table of the archive gives.

    PictureError when there are too many. Readers count again while they read.
    """
    if len(sizes) > MAX_MEMBERS:
        raise PictureError(f"{name}: {len(sizes)} members; the limit is {MAX_MEMBERS}")
    total = 0
    for size, label in zip(sizes, labels, strict=True):
        if ".." in label.split("/") or label.startswith("/"):
            yield f"member {label!r} points outside the archive; left out"
        elif size > MAX_MEMBER_BYTES:
            yield f"{label!r} unpacks to more than {MAX_MEMBER_BYTES // 10**6} MB"
        elif total + size > MAX_TOTAL_BYTES:
            yield f"unpacks to more than {MAX_TOTAL_BYTES // 10**9} GB, {label!r} is beyond"
        else:
            total += size
            yield ""


class Zip:
    """ZIP and CBZ of all packers. Names are read as what they are meant, and compared with nothing: they are labels."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._archive = zipfile.ZipFile(file)
        infos = self._archive.infolist()
        labels = names_as_meant(infos)
        kept = [(info, label) for info, label in zip(infos, labels, strict=True) if not label.endswith("/")]
        self._infos = [info for info, _ in kept]
        labels = [label for _, label in kept]
        faults = checked(name, [info.file_size for info in self._infos], labels)
        self.members = tuple(
            Member(label, fault or self._fault(index, label))
            for index, (label, fault) in enumerate(zip(labels, faults, strict=True))
        )

    def _fault(self, index: int, label: str) -> str:
        """Encrypted, or a bomb: packed more than MAX_RATIO times, and no picture."""
        info = self._infos[index]
        if info.flag_bits & 1:
            return f"{label!r} is encrypted; remove the password first"
        if info.file_size > max(RATIO_FROM_BYTES, MAX_RATIO * max(1, info.compress_size)):
            try:
                picture = sniff(self.read(index, HEAD)) in EXTENSIONS
            except DAMAGE:
                picture = False
            return "" if picture else f"{label!r} is compressed more than {MAX_RATIO} times"
        return ""

    def read(self, index: int, most: int) -> bytes:
        info = self._infos[index]
        info.orig_filename = self._local_name(info)  # zipfile insists that both tables spell a name alike
        with self._archive.open(info) as member:
            return member.read(most)

    def _local_name(self, info: zipfile.ZipInfo) -> str:
        """The name of a member as the header before its bytes has it, decoded as zipfile does."""
        self._file.seek(info.header_offset)
        head = self._file.read(30)
        if len(head) < 30:
            raise EOFError("cut short")
        raw = self._file.read(int.from_bytes(head[26:28], "little"))
        return raw.decode("utf-8" if info.flag_bits & 0x800 else "cp437")

    def close(self) -> None:
        self._archive.close()
        self._file.close()


def names_as_meant(infos: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The names of members as text: Unicode where they say so, else in the first legacy encoding that fits them all."""
    raw = [None if info.flag_bits & 0x800 else _raw(info) for info in infos]
    together = b"\n".join(one for one in raw if one is not None)
    encoding = next((one for one in LEGACY if _fits(together, one)), "cp437")
    return [
        _slashed(info.orig_filename if own is None else _unicode_path(info, own) or own.decode(encoding, "replace"))
        for info, own in zip(infos, raw, strict=True)
    ]


def _raw(info: zipfile.ZipInfo) -> bytes:
    """The bytes of a name that zipfile has taken for cp437."""
    return info.orig_filename.encode("cp437", "replace")


def _fits(names: bytes, encoding: str) -> bool:
    """Whether the names read as text in an encoding: no letters of private use; no katakana of half width in Shift-JIS
    and no Chinese letters in Korean, which is what other encodings look like there.
    """
    try:
        text = names.decode(encoding)
    except UnicodeDecodeError:
        return False
    foreign = {"cp932": "[\uff61-\uff9f]", "cp949": "[\u4e00-\u9fff]"}.get(encoding, "[\x80-\x9f\ue000-\uf8ff]")
    return not re.search("[\x80-\x9f\ue000-\uf8ff]", text) and len(re.findall(foreign, text)) * 8 <= len(text)


def _unicode_path(info: zipfile.ZipInfo, raw: bytes) -> str:
    """The name in the Unicode Path extra field (0x7075) that newer packers add; "" where there is none for this one."""
    extra, place = info.extra, 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack("<HH", extra[place : place + 4])
        body = extra[place + 4 : place + 4 + length]
        if kind == 0x7075 and len(body) > 5 and body[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
            return body[5:].decode("utf-8", "replace")
        place += 4 + length
    return ""


def _slashed(name: str) -> str:
    """A name with "/" between folders, as some packers on Windows do not write it, and without "." of its own."""
    name = re.sub(r"^[A-Za-z]:/", "/", name.replace("\\", "/").split("\0")[0])
    return re.sub(r"(?:(?<=/)|^)(?:\./)+", "", name)


class Tar:
    """TAR and CBT, not packed."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._archive = tarfile.open(fileobj=file, mode="r:")  # noqa: SIM115
        self._infos = []
        for info in self._archive:
            if not info.isdir():
                self._infos.append(info)
            if len(self._infos) > MAX_MEMBERS:
                break
        labels = [_slashed(printable(info.name)) for info in self._infos]
        faults = checked(name, [info.size for info in self._infos], labels)
        self.members = tuple(
            Member(label, fault or ("" if info.isreg() else f"{label!r} is a link or a device; left out"))
            for info, label, fault in zip(self._infos, labels, faults, strict=True)
        )

    def read(self, index: int, most: int) -> bytes:
        member = self._archive.extractfile(self._infos[index])
        if member is None:
            raise ValueError("no file")
        data = member.read(most)
        if len(data) < min(most, self._infos[index].size):
            raise EOFError("cut short")
        return data

    def close(self) -> None:
        self._archive.close()
        self._file.close()
