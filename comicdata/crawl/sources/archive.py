"""What an archive holds as episodes: its pages in reading order, ComicInfo.xml, archives in it. Read as streams."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path, PurePosixPath

from comicdata.crawl.names import printable
from comicdata.crawl.sources.comic_info import MAX_BYTES, NAME, ComicInfo, parse_comic_info
from comicdata.crawl.sources.containers import DAMAGE, MAX_MEMBER_BYTES, Container, guarded, open_container
from comicdata.episodes import natural_key
from comicdata.errors import PictureError
from comicdata.files import open_regular
from comicdata.formats import (
    ARCHIVES,
    EXTENSIONS,
    HEAD,
    PICTURE_SUFFIXES,
    UNREAD,
    UNREAD_SUFFIXES,
    claims_archive,
    claims_picture,
    sniff,
    suffix_of,
)

LITTER = frozenset({"__macosx", "thumbs.db", "ehthumbs.db", ".ds_store", "desktop.ini", "@eadir", "#recycle"})
ARTWORK = frozenset(
    ["cover", "folder", "poster", "banner", "thumb", "thumbnail", "logo", "fanart", "backdrop", "background", "back"]
)
Address = tuple[int, ...]  # the index of a member, or that of an archive in the archive and of the member in it
log = logging.getLogger("comicdata")


@dataclass(frozen=True)
class Book:
    """One episode of an archive: `name` is "" for the archive as such, else where in it the episode lies.

    `pages` are (label, address) in reading order, those that cannot be read among them; `names`, what the archive
    calls them; `about`, name and address of the ComicInfo.xml that speaks of it; `fault` says why there are none.
    """

    name: str = ""
    info: ComicInfo = field(default_factory=ComicInfo)
    pages: tuple[tuple[str, Address], ...] = ()
    fault: str = ""
    names: tuple[str, ...] = ()
    about: tuple[str, Address] | None = None


def read_books(path: Path, label: str, *, every: bool = False) -> list[Book]:
    """The episodes of an archive: itself, each archive in it, and each folder in it that has a ComicInfo.xml where
    there are several. One that cannot be opened is a Book with a fault. `every`: also the pages that a ComicInfo.xml
    skips.
    """
    try:
        container = _opened(path, label)
    except PictureError as error:
        return [Book(fault=str(error))]
    try:
        return _books(container, label, every, inside=False)
    finally:
        container.close()


def _opened(path: Path, label: str) -> Container:
    with guarded(label):
        file = open_regular(path)
    return open_container(file, label)


@dataclass
class _Listing:
    """What the members of one archive are; names by index."""

    pages: dict[int, str] = field(default_factory=dict)
    unread: dict[int, str] = field(default_factory=dict)
    archives: dict[int, str] = field(default_factory=dict)
    infos: dict[str, int] = field(default_factory=dict)  # by folder


def _books(container: Container, label: str, every: bool, *, inside: bool) -> list[Book]:
    found = _listing(container)
    infos = {place: _comic_info(container, index, label) for place, index in found.infos.items()}
    readable, archives, words = settled(list(found.pages.values()), list(found.archives.values()))
    say_left_out(f"{label}#", words)
    meant = {*readable, *archives}
    found.pages = {index: name for index, name in found.pages.items() if name in meant}
    found.archives = {index: name for index, name in found.archives.items() if name in meant}
    if inside:
        found.pages |= found.archives  # one deeper is not looked into: it is named as a page that cannot be read
    sources = set(without_exports(found.unread.values(), found.pages.values()))
    pages = found.pages | {index: name for index, name in found.unread.items() if name in sources}
    order = sorted(pages, key=lambda index: (natural_key(pages[index]), pages[index], index))
    labels = dict(zip(order, apart(f"{label}#{pages[index]}" for index in order), strict=True))
    books = []
    for place, source in _chapters(infos, [pages[index] for index in order]):
        info = ComicInfo() if source is None else infos[source]
        own = [i for i in order if _within(pages[i], place)]
        kept = own if every else info.kept(own)
        about = None if source is None else (container.members[found.infos[source]].name, (found.infos[source],))
        labelled = tuple((labels[i], (i,)) for i in kept)
        books.append(Book(place, info, labelled, names=tuple(pages[i] for i in kept), about=about))
    inner = [] if inside else _inner_books(container, found.archives, label, every)
    filled = [book for book in books if book.pages]
    return [*filled, *inner] or [Book(fault=f"{label}: no picture in this archive")]


def _listing(container: Container) -> _Listing:
    """Sort the members by what they hold; where a name says picture, that is enough, for it is looked at when read."""
    found = _Listing()
    for index, member in enumerate(container.members):
        if is_litter(member.name):
            continue
        place = PurePosixPath(member.name)
        if member.is_page or suffix_of(member.name) in PICTURE_SUFFIXES:
            found.pages[index] = member.name
        elif place.name.casefold() == NAME:
            found.infos.setdefault("" if str(place.parent) == "." else str(place.parent), index)
        else:
            kinds = {"page": found.pages, "unread": found.unread, "archive": found.archives}
            kind = kind_of(member.name, _head(container, index))
            if kind:
                kinds[kind][index] = member.name
    return found


def _head(container: Container, index: int) -> bytes:
    """The first bytes of a member; none where it cannot be read."""
    if container.members[index].fault:
        return b""
    try:
        return container.read(index, HEAD)
    except (*DAMAGE, PictureError):
        return b""


def kind_of(name: str, head: bytes) -> str:
    """What a file is to us, by its first bytes, and by its name where they say nothing: "page", "unread" (a picture
    that is not read, to be named unless it is the source of one that is), "archive", or "" for everything else.
    """
    kind = sniff(head)
    if kind in EXTENSIONS:
        return "page"
    if kind in UNREAD or (kind not in ARCHIVES and claims_picture(name)):
        return "unread" if kind in UNREAD or suffix_of(name) in UNREAD_SUFFIXES else "page"
    if claims_archive(name):
        return "archive"
    return "page" if kind in ARCHIVES and claims_picture(name) else ""


def is_litter(name: str) -> bool:
    """Whether a path within a source is hidden, or what systems leave about."""
    parts = PurePosixPath(name).parts
    return any((part.startswith(".") and part != "..") or part.casefold() in LITTER for part in parts)


def settled(
    pictures: Sequence[str], archives: Sequence[str], *, both: bool = False
) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """Of names that lie side by side those of pictures and of archives that are meant, and (name, what it is) of the
    others, each to be said.

    A cover beside archives, named like one or like an archive, is no episode; a PDF beside pictures, or beside an
    archive of its name, shows what they show; archives among more pictures than archives are put by, unless `both` are
    meant.
    """
    stems = {PurePosixPath(name).stem for name in archives if suffix_of(name) != ".pdf"}
    copies = [one for one in archives if suffix_of(one) == ".pdf" and (pictures or PurePosixPath(one).stem in stems)]
    words = [(name, "a PDF beside pictures or an archive") for name in copies]
    archives = [name for name in archives if name not in copies]
    if archives and pictures and are_covers(pictures, archives):
        words += [(name, "a cover beside archives") for name in pictures]
        pictures = []
    if not both and len(archives) < len(pictures):
        words += [(name, "an archive among pictures") for name in archives]
        archives = []
    return list(pictures), list(archives), words


def are_covers(pictures: Iterable[str], archives: Iterable[str] = ()) -> bool:
    """Whether all names are those of covers, of a series or of the archives that lie beside them."""
    stems = {_stem(name) for name in archives}
    return all(PurePosixPath(name).stem.casefold() in ARTWORK or _stem(name) in stems for name in pictures)


def say_left_out(place: str, words: Iterable[tuple[str, str]]) -> None:
    """One line for each of what `settled` puts by."""
    for name, what in words:
        log.warning("%s%s: %s; left out: name it by itself", place, printable(name), what)


def without_exports(unread: Iterable[str], read: Iterable[str]) -> list[str]:
    """The names of pictures that are not read, without those beside which a readable one of the same name lies."""
    stems = {_stem(name) for name in read} | {name.casefold() for name in read}
    return [name for name in unread if _stem(name) not in stems and _stem(_stem(name)) not in stems]


def _stem(name: str) -> str:
    return str(PurePosixPath(name).with_suffix("")).casefold() if PurePosixPath(name).name else ""


def apart(labels: Iterable[str]) -> list[str]:
    """The labels, each once: one that comes again gets a number."""
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    result = []
    for label in labels:
        candidate = label
        while candidate in taken:
            numbers[label] = numbers.get(label, 1) + 1
            candidate = f"{label} ({numbers[label]})"
        taken.add(candidate)
        result.append(candidate)
    return result


def _within(name: str, place: str) -> bool:
    return not place or name.startswith(f"{place}/")


def _chapters(infos: dict[str, ComicInfo], names: Sequence[str]) -> list[tuple[str, str | None]]:
    """(folder, folder of its info) of every episode: one for all, unless several folders have their own and no page is
    outside.
    """
    inner = {place: info for place, info in infos.items() if place}
    covered = all(any(_within(name, place) for place in inner) for name in names)
    apart_ = not any(_within(a, b) for a in inner for b in inner if a != b)
    if "" not in infos and len(inner) > 1 and covered and apart_:
        return [(place, place) for place in sorted(inner, key=lambda place: (natural_key(place), place))]
    return [("", min(infos, key=lambda place: (place.count("/") + bool(place), natural_key(place)), default=None))]


def _comic_info(container: Container, index: int, label: str) -> ComicInfo:
    try:
        data = container.read(index, MAX_BYTES)
    except (*DAMAGE, PictureError) as error:
        log.warning("%s: its ComicInfo.xml cannot be read (%s)", label, error)
        return ComicInfo()
    return parse_comic_info(data, label)


def _inner_books(container: Container, archives: dict[int, str], label: str, every: bool) -> list[Book]:
    """The episodes of the archives in an archive, in natural order."""
    books = []
    for index, name in sorted(archives.items(), key=lambda item: (natural_key(item[1]), item[1], item[0])):
        place = f"{label}#{name}"
        try:
            inner = _inner(container, index, place)
        except PictureError as error:
            books.append(Book(_without_suffix(name), fault=str(error)))
            continue
        with guarded(place):
            found = _books(inner, place, every, inside=True)
        inner.close()
        for book in found:
            pages = tuple((page, (index, *address)) for page, address in book.pages)
            about = book.about and (book.about[0], (index, *book.about[1]))
            whole = "/".join(part for part in (_without_suffix(name), book.name) if part)
            books.append(replace(book, name=whole, pages=pages, about=about))
    return books


def _without_suffix(name: str) -> str:
    return str(PurePosixPath(name).with_suffix(""))


def _inner(container: Container, index: int, place: str) -> Container:
    """Open an archive that is a member of another."""
    return open_container(BytesIO(_bytes_of(container, index, place)), place)


def _bytes_of(container: Container, index: int, place: str) -> bytes:
    member = container.members[index]
    if member.fault:
        raise PictureError(f"{place.removesuffix(f'#{member.name}')}: {member.fault}")
    with guarded(place):
        data = container.read(index, MAX_MEMBER_BYTES + 1)
    if len(data) > MAX_MEMBER_BYTES:
        raise PictureError(f"{place}: unpacks to more than {MAX_MEMBER_BYTES // 10**6} MB")
    return data


class MemberReader:
    """Reads members of archives from any thread; the last archive, and the last one in it, stay open for the next."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outer: tuple[Path, Container] | None = None
        self._inner: tuple[int, Container] | None = None

    def reads(self, path: Path, address: Address, label: str) -> Callable[[], bytes]:
        """What reads one page when it is called; `label` is for people."""
        return lambda: self.read(path, address, label)

    def read(self, path: Path, address: Address, label: str) -> bytes:
        """The bytes of one page, at most MAX_MEMBER_BYTES; PictureError in one line when they are not to be had."""
        with self._lock:
            container = self._container(path, address, label)
            return _bytes_of(container, address[-1], label)

    def _container(self, path: Path, address: Address, label: str) -> Container:
        if self._outer is None or self._outer[0] != path:
            self.close()
            self._outer = path, _opened(path, printable(path.name))
        if len(address) == 1:
            return self._outer[1]
        if self._inner is None or self._inner[0] != address[0]:
            self._close_inner()
            self._inner = address[0], _inner(self._outer[1], address[0], label)
        return self._inner[1]

    def __del__(self) -> None:
        self.close()

    def _close_inner(self) -> None:
        if self._inner is not None:
            self._inner[1].close()
        self._inner = None

    def close(self) -> None:
        self._close_inner()
        if self._outer is not None:
            self._outer[1].close()
        self._outer = None
