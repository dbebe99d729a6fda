"""CBZ and ZIP: members are read as streams with limits, never extracted; ComicInfo.xml names the episode."""

import lzma
import struct
import threading
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from comicdata.crawl.fetch import Answer
from comicdata.crawl.names import printable, slug, unique
from comicdata.crawl.sources.comic_info import MAX_BYTES, NAME, ComicInfo, numbers_of, parse_comic_info
from comicdata.crawl.web import Find
from comicdata.episodes import natural_key
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


class OnDisk:
    """What sources on this machine share: no host, and a list that is read anew every time."""

    host = ""
    own_ids = False
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


class MemberReader:
    """Reads members of archives from any thread; the archive of the last one stays open, for the next is from there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closing = ExitStack()
        self._path: Path | None = None
        self._archive: zipfile.ZipFile

    def read(self, path: Path, name: str) -> bytes:
        """The bytes of one member, at most MAX_MEMBER_BYTES; a name that climbs out of the archive is refused."""
        if ".." in PurePosixPath(name.replace("\\", "/")).parts or name.startswith(("/", "\\")):
            raise PictureError(f"{printable(path.name)}: member {name!r} points outside the archive; left out")
        with self._lock, _guarded(path):
            if self._path != path:
                self.close()
                self._archive = self._closing.enter_context(_opened(path))
                self._path = path
            return _bytes_of(self._archive, printable(path.name), name)

    def close(self) -> None:
        self._path = None
        self._closing.close()


@dataclass(frozen=True)
class ArchiveFolder(OnDisk):
    """A folder of archives as one series: each archive is an episode."""

    name: str
    archives: tuple[Path, ...]
    licence: Licence | None = None
    _reader: MemberReader = field(default_factory=MemberReader, init=False, repr=False, compare=False)

    def series(self) -> Series:
        info = read_comic_info(self.archives[0])
        title = info.series or self.name
        licence = self.licence or Licence()
        return Series("local", slug(title, "s"), title, info.authors, licence=licence, language=info.language)

    @cached_property
    def _episodes(self) -> dict[str, tuple[Episode, Path]]:
        infos = [read_comic_info(path) for path in self.archives]
        stems = [printable(path.stem) for path in self.archives]
        names = unique([info.number or path.stem for info, path in zip(infos, self.archives, strict=True)])
        said = numbers_of(infos, stems, infos[0].series or self.name)
        return {
            printable(path.name): (
                Episode(name, info.title or stem, printable(path.name), number=number, season=season),
                path,
            )
            for name, info, stem, path, (number, season) in zip(names, infos, stems, self.archives, said, strict=True)
        }

    def episodes(self) -> Sequence[Episode]:
        return [episode for episode, _ in self._episodes.values()]

    def pages(self, episode: Episode) -> Sequence[Page]:
        path = self._episodes[episode.url][1]
        return [Page(f"{printable(path.name)}#{name}") for name in page_names(path)]

    def read(self, page: Page, known: ImageRecord | None = None) -> Answer:
        fitting = [path for path in self.archives if page.url.startswith(f"{printable(path.name)}#")]
        path = max(fitting, key=lambda path: len(path.name))  # names may hold a # themselves
        return Answer(page.url, self._reader.read(path, page.url[len(printable(path.name)) + 1 :]))


def open_archive(path: Path, licence: Licence | None = None) -> ArchiveFolder:
    """One archive as a series of one episode."""
    return ArchiveFolder(printable(path.stem), (path,), licence)


@contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """PictureError in one line for an archive that cannot be read.

    It goes into records, so it names the archive without the folder that it happens to lie in.
    """
    try:
        yield
    except DAMAGE as error:
        why = error.strerror or type(error).__name__ if isinstance(error, OSError) else error
        raise PictureError(f"{printable(path.name)}: cannot be read as a ZIP archive ({why})") from error


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive and check its table; PictureError in one line when it cannot be read safely."""
    with _guarded(path), zipfile.ZipFile(path) as archive:
        _check_limits(printable(path.name), archive.infolist())
        yield archive


def _check_limits(name: str, members: Sequence[zipfile.ZipInfo]) -> None:
    """Refuse bombs by the archive's own table; `_bytes_of` counts again while it reads."""
    if len(members) > MAX_MEMBERS:
        raise PictureError(f"{name}: {len(members)} members; the limit is {MAX_MEMBERS}")
    if sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
        raise PictureError(f"{name}: unpacks to more than {MAX_TOTAL_BYTES // 10**9} GB")
    for member in members:
        if member.file_size > RATIO_FROM_BYTES and member.file_size > MAX_RATIO * max(1, member.compress_size):
            raise PictureError(f"{name}: {member.filename!r} is compressed more than {MAX_RATIO} times")


def page_names(path: Path) -> list[str]:
    """Names of the picture members in natural order, without litter, hidden files, and pages that ComicInfo skips.

    Names are only ever looked up in the archive, never used as paths. PictureError for encrypted archives.
    """
    with _opened(path) as archive:
        members = [member for member in archive.infolist() if _is_page(member.filename) and not member.is_dir()]
        if any(member.flag_bits & 1 for member in members):
            raise PictureError(f"{printable(path.name)}: encrypted; remove the password first")
        info = _comic_info_in(archive)
    return info.kept(sorted({member.filename for member in members}, key=natural_key))


def _is_page(name: str) -> bool:
    place = PurePosixPath(name.replace("\\", "/"))
    hidden = any(part.startswith(".") and part != ".." for part in place.parts)
    return place.suffix.lower() in PICTURE_SUFFIXES and "__MACOSX" not in place.parts and not hidden


def _bytes_of(archive: zipfile.ZipFile, place: str, name: str) -> bytes:
    with archive.open(name) as member:
        data = member.read(MAX_MEMBER_BYTES + 1)
    if len(data) > MAX_MEMBER_BYTES:
        raise PictureError(f"{place}: {name!r} unpacks to more than {MAX_MEMBER_BYTES // 10**6} MB")
    return data


def read_comic_info(path: Path) -> ComicInfo:
    """ComicInfo.xml of an archive; empty where there is none or it cannot be read."""
    try:
        with _opened(path) as archive:
            return _comic_info_in(archive)
    except PictureError:
        return ComicInfo()


def _comic_info_in(archive: zipfile.ZipFile) -> ComicInfo:
    names = [name for name in archive.namelist() if name.casefold() == NAME]
    if not names:
        return ComicInfo()
    with archive.open(names[0]) as member:
        return parse_comic_info(member.read(MAX_BYTES))
