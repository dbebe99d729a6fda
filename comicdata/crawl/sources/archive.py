"""CBZ and ZIP: members are read as streams with limits, never extracted; ComicInfo.xml names the episode."""

import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from comicdata.crawl.fetch import Answer
from comicdata.crawl.names import natural_key, printable, slug, unique
from comicdata.crawl.web import Find
from comicdata.errors import PictureError
from comicdata.images import PICTURE_SUFFIXES
from comicdata.records import Episode, ImageRecord, Licence, Page, Series

ARCHIVES = frozenset({".cbz", ".zip"})
MAX_MEMBERS = 5_000
MAX_MEMBER_BYTES = 200_000_000
MAX_TOTAL_BYTES = 4_000_000_000
MAX_RATIO = 200
RATIO_FROM_BYTES = 1_000_000  # below this a high ratio harms nobody
DAMAGE = (  # all that zipfile raises on damaged or unusual archives
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    EOFError,
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
)
SKIPPED_PAGES = {"Advertisement", "Deleted"}


@dataclass(frozen=True)
class ComicInfo:
    """What ComicInfo.xml says, where there is one."""

    title: str = ""
    series: str = ""
    number: str = ""
    authors: tuple[str, ...] = ()
    language: str = ""
    skipped: frozenset[int] = frozenset()


class OnDisk:
    """What sources on this machine share: no host, and a list that is read anew every time."""

    host = ""
    facts_sha256 = ""
    finds: tuple[Find, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """(source, series_id)."""
        series = self.series()
        return series.source, series.series_id

    def series(self) -> Series:
        raise NotImplementedError

    def described(self, series: Series) -> Series:
        """The series after the crawl: nothing was learned on the way."""
        return series


@dataclass(frozen=True)
class ArchiveFolder(OnDisk):
    """A folder of archives as one series: each archive is an episode."""

    name: str
    archives: tuple[Path, ...]
    licence: Licence | None = None

    def series(self) -> Series:
        info = read_comic_info(self.archives[0])
        title = info.series or self.name
        licence = self.licence or Licence()
        return Series("local", slug(title, "s"), title, info.authors, licence=licence, language=info.language)

    @cached_property
    def _episodes(self) -> dict[str, tuple[Episode, Path]]:
        infos = [read_comic_info(path) for path in self.archives]
        names = unique([info.number or path.stem for info, path in zip(infos, self.archives, strict=True)])
        return {
            identifier: (Episode(identifier, info.title or printable(path.stem), printable(path.name)), path)
            for identifier, info, path in zip(names, infos, self.archives, strict=True)
        }

    def episodes(self) -> Sequence[Episode]:
        return [episode for episode, _ in self._episodes.values()]

    def pages(self, episode: Episode) -> Sequence[Page]:
        path = self._episodes[episode.episode_id][1]
        return [Page(f"{printable(path.name)}#{name}") for name in page_names(path)]

    def read(self, page: Page, known: ImageRecord | None = None) -> Answer:
        fitting = [path for path in self.archives if page.url.startswith(f"{printable(path.name)}#")]
        path = max(fitting, key=lambda path: len(path.name))  # names may hold a # themselves
        return Answer(page.url, read_member(path, page.url[len(printable(path.name)) + 1 :]))


def open_archive(path: Path, licence: Licence | None = None) -> ArchiveFolder:
    """One archive as a series of one episode."""
    return ArchiveFolder(printable(path.stem), (path,), licence)


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive and check its table; PictureError in one line when it cannot be read safely."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check_limits(path, archive.infolist())
            yield archive
    except DAMAGE as error:
        raise PictureError(f"{path}: cannot be read as a ZIP archive ({error})") from error


def _check_limits(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse bombs by the archive's own table; `read_member` counts again while it reads."""
    if len(members) > MAX_MEMBERS:
        raise PictureError(f"{path}: {len(members)} members; the limit is {MAX_MEMBERS}")
    if sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
        raise PictureError(f"{path}: unpacks to more than {MAX_TOTAL_BYTES // 10**9} GB")
    for member in members:
        if member.file_size > RATIO_FROM_BYTES and member.file_size > MAX_RATIO * max(1, member.compress_size):
            raise PictureError(f"{path}: {member.filename!r} is compressed more than {MAX_RATIO} times")


def page_names(path: Path) -> list[str]:
    """Names of the picture members in natural order, without litter, hidden files, and pages that ComicInfo skips.

    Names are only ever looked up in the archive, never used as paths. PictureError for encrypted archives.
    """
    with _opened(path) as archive:
        members = [member for member in archive.infolist() if _is_page(member.filename) and not member.is_dir()]
        if any(member.flag_bits & 1 for member in members):
            raise PictureError(f"{path}: encrypted; remove the password first")
        info = _parse_comic_info(archive)
    names = sorted({member.filename for member in members}, key=natural_key)
    return [name for index, name in enumerate(names) if index not in info.skipped]


def _is_page(name: str) -> bool:
    place = PurePosixPath(name.replace("\\", "/"))
    hidden = any(part.startswith(".") and part != ".." for part in place.parts)
    return place.suffix.lower() in PICTURE_SUFFIXES and "__MACOSX" not in place.parts and not hidden


def read_member(path: Path, name: str) -> bytes:
    """The bytes of one member, never more than MAX_MEMBER_BYTES; a name that climbs out of the archive is refused."""
    if ".." in PurePosixPath(name.replace("\\", "/")).parts or name.startswith(("/", "\\")):
        raise PictureError(f"{path}: member {name!r} points outside the archive; left out")
    with _opened(path) as archive:
        with archive.open(name) as member:
            data = member.read(MAX_MEMBER_BYTES + 1)
        if len(data) > MAX_MEMBER_BYTES:
            raise PictureError(f"{path}: {name!r} unpacks to more than {MAX_MEMBER_BYTES // 10**6} MB")
        return data


def read_comic_info(path: Path) -> ComicInfo:
    """ComicInfo.xml of an archive; empty where there is none or it cannot be read."""
    try:
        with _opened(path) as archive:
            return _parse_comic_info(archive)
    except PictureError:
        return ComicInfo()


def _parse_comic_info(archive: zipfile.ZipFile) -> ComicInfo:
    """Parse without entities and without network."""
    from lxml import etree

    names = [name for name in archive.namelist() if name.casefold() == "comicinfo.xml"]
    if not names:
        return ComicInfo()
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        with archive.open(names[0]) as member:
            root = etree.fromstring(member.read(1_000_000), parser)
    except (etree.XMLSyntaxError, ValueError):
        return ComicInfo()
    authors = [_text(root, tag) for tag in ("Writer", "Penciller", "Inker", "Colorist")]
    pages = root.findall("Pages/Page")
    skipped = frozenset(
        int(page.get("Image"))
        for page in pages
        if page.get("Type") in SKIPPED_PAGES and re.fullmatch("[0-9]{1,9}", page.get("Image", ""))
    )
    unique_authors = tuple(dict.fromkeys(author for author in authors if author))
    return ComicInfo(
        title=_text(root, "Title"),
        series=_text(root, "Series"),
        number=_text(root, "Number"),
        authors=unique_authors,
        language=_text(root, "LanguageISO"),
        skipped=skipped,
    )


def _text(root: Any, tag: str) -> str:
    return " ".join((root.findtext(tag) or "").split())[:300]
