"""What a user may name as INPUT: pictures, folders and archives, as groups of pictures in reading order."""

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from comicdata.errors import PictureError, UsageError
from comicdata.files import open_regular, read_regular
from comicdata.formats import ARCHIVES, HEAD, READ, sniff
from comicdata.images import MAX_FILE_BYTES, Image, read_picture
from comicdata.outputs.cbz import is_own

if TYPE_CHECKING:
    from comicdata.crawl.sources.archive import MemberReader
    from comicdata.crawl.sources.comic_info import ComicInfo
    from comicdata.crawl.sources.tree import Folder

log = logging.getLogger("comicdata")


@dataclass(frozen=True)
class Picture:
    """One picture of an input: its relative name, how to read it, the file that it is or lies in, and its name within
    its folder or archive, by which readers know it.

    `data` gives its bytes; `label` is what messages call it; `layer` was named, of a PSD. `member`: its name in its
    archive, as that has it, and `at` its place there.
    """

    name: str
    read: Callable[[], Image]
    path: Path
    inner: str = ""
    data: Callable[[], bytes] = bytes
    label: str = ""
    layer: str | None = None
    member: str = ""
    at: int = 0

    @property
    def names(self) -> list[str]:
        """All that it is called by."""
        own = [self.inner] if self.inner else []
        return [self.name, *own, self.path.as_posix()] if self.name.endswith(self.path.name) else [self.name, *own]


@dataclass(frozen=True)
class Group:
    """Pictures that belong together: one file, one folder, one episode of an archive, and what is said of them.

    `place` is where it lies, without the suffix of an archive or a picture: what is made of it is named so. `stem`: of
    an archive, the same from the folder on that was named. `about`: its ComicInfo.xml, by its name within the archive,
    or from the folder on that was named.
    """

    name: str
    pictures: list[Picture]
    place: Path
    info: "ComicInfo"
    alone: bool = False  # one file that was named
    stem: str = ""
    about: "tuple[str, Callable[[], bytes]] | None" = None


def read_groups(inputs: Sequence[Path], *, layers: bool = False, every: bool = False) -> Iterator[Group]:
    """The groups of every input, folders walked in natural order, as a crawl takes them; with `layers` an input may be
    FILE.psd:LAYER; with `every`, pages that a ComicInfo.xml skips are among them.

    UsageError when one is missing or holds no picture; PictureError for an archive that cannot be opened.
    """
    from comicdata.crawl.sources.archive import MemberReader
    from comicdata.crawl.sources.comic_info import ComicInfo
    from comicdata.crawl.sources.tree import look
    from comicdata.layers.psd_reading import split_layer

    reader = MemberReader()
    archives = partial(_archive_groups, reader=reader, every=every)
    for one in inputs:
        path, layer = split_layer(one) if layers else (one, None)
        if path.is_dir():
            tree = look(path)
            if not tree:
                raise UsageError(f"{path}: no {READ} picture and no CBZ, CBR, CB7 or PDF in this folder")
            for folder in tree.walk():
                yield from _folder_groups(folder, archives)
        elif not path.exists():
            raise UsageError(f"{path}: no such file or folder")
        elif _is_archive(path):
            yield from archives(path, path.stem)
        else:
            picture = _picture(path.name, _reads(path), path, str(path))
            yield Group(path.as_posix(), [replace(picture, layer=layer)], path.with_suffix(""), ComicInfo(), alone=True)


def told_apart(groups: Sequence[Group]) -> list[Group]:
    """The groups, their pictures called by so much of their paths that no two have one name."""
    deepest = max((len(_folders_above(one)) for group in groups for one in group.pictures), default=0)
    for count in range(deepest + 1):
        named = [replace(group, pictures=[_deeper(one, count) for one in group.pictures]) for group in groups]
        names = [one.name for group in named for one in group.pictures]
        if len({*names}) == len(names):
            return named
    return list(groups)  # one picture, named twice


def _deeper(picture: Picture, count: int) -> Picture:
    """A picture whose name begins with `count` more of the folders that it lies in."""
    above = _folders_above(picture)
    return replace(picture, name="/".join([*above[max(0, len(above) - count) :], picture.name]))


def _folders_above(picture: Picture) -> tuple[str, ...]:
    """The folders that a picture, or its archive, lies in, but for those that its name has."""
    parts = picture.path.absolute().parts[1:]
    in_file = picture.name.rpartition("/")[2] != picture.path.name
    return parts[: max(0, len(parts) - len(picture.name.split("/")) + in_file)]


def _is_archive(path: Path) -> bool:
    """Whether the content of a file is an archive, or its name says so."""
    from comicdata.crawl.sources.archive import kind_of

    try:
        with open_regular(path) as file:
            head = file.read(HEAD)
    except OSError:
        return False  # reading it will say why
    return kind_of(path.name, head) == "archive" or sniff(head) in ARCHIVES


def _folder_groups(folder: "Folder", archives: Callable[..., Iterator[Group]]) -> Iterator[Group]:
    """The pictures directly in a folder as one group, and each of its archives; names stay relative to the input."""
    if folder.pictures:
        pictures = [_picture(folder.label(path), folder.reads(path), path) for path in folder.pictures]
        about = _folder_about(folder)
        yield Group(folder.path.as_posix(), pictures, folder.path, _folder_info(folder.path), about=about)
    for path in folder.archives:
        if is_own(path):
            log.warning("%s: left out, for comicdata made it; to have it read name it itself", path)
            continue
        yield from archives(path, path.relative_to(folder.root).with_suffix("").as_posix(), root=folder.root)


def _folder_about(folder: "Folder") -> tuple[str, Callable[[], bytes]] | None:
    from comicdata.crawl.sources.comic_info import find_comic_info

    with suppress(OSError):
        if path := find_comic_info(folder.path):
            return path.relative_to(folder.root).as_posix(), _reads(path)
    return None


def _folder_info(folder: Path) -> "ComicInfo":
    """What is said of a folder: by ComicInfo.xml, or, in a crawl, by the record of the series."""
    from comicdata.crawl.sources.comic_info import ComicInfo, read_comic_info
    from comicdata.episodes import EPISODE, series_facts

    if not (folder / EPISODE).is_file():
        return read_comic_info(folder)
    series = folder.resolve().parent
    order, language = series_facts(series.parents[1], series.parent.name, series.name)
    return ComicInfo(language=language, reading_order=order)


def _archive_groups(
    path: Path, stem: str, *, reader: "MemberReader", every: bool, root: Path | None = None
) -> Iterator[Group]:
    """The episodes of an archive; its pages have numbers, for names in it may be anything."""
    from comicdata.crawl.names import printable
    from comicdata.crawl.sources.archive import Book, read_books
    from comicdata.crawl.sources.tree import check_inside

    try:
        if root is not None:
            check_inside(path, root)
        books = read_books(path, printable(path.name), every=every)
    except PictureError as error:
        books = [Book(fault=str(error))]
    for number, book in enumerate(books, 1):
        place = _safe(stem) if number == 1 else f"{_safe(stem)}-{number}"
        pictures = [
            replace(
                _picture(f"{place}/{index:04d}", reader.reads(path, address, label), path, label),
                member=member,
                at=address[-1],
            )
            for index, ((label, address), member) in enumerate(zip(book.pages, book.names, strict=True), 1)
        ]
        if book.fault:
            fault = _raises(book.fault)
            pictures = [Picture(place, fault, path, data=fault, label=place)]
        whole = f"{path.as_posix()}#{book.name}" if book.name else path.as_posix()
        about = book.about and (book.about[0], reader.reads(path, book.about[1], f"{path.name}#{book.about[0]}"))
        yield Group(whole, pictures, path.parent / place.rpartition("/")[2], book.info, stem=place, about=about)


def _picture(name: str, read: Callable[[], bytes], path: Path, label: str = "") -> Picture:
    """A picture that is decoded when it is read; what is worth a word about it is said then."""

    from comicdata.crawl.names import printable

    def image() -> Image:
        found = read_picture(read(), label or name)
        for note in found.notes:
            log.warning("%s: %s", label or name, note)
        return found.image

    inner = label.rpartition("#")[2] if label and path.name != name.rpartition("/")[2] else path.name
    return Picture(name, image, path, printable(inner), read, label or name)


def _reads(path: Path) -> Callable[[], bytes]:
    """What reads one file that was named."""

    def read() -> bytes:
        try:
            return read_regular(path, MAX_FILE_BYTES)
        except OSError as error:
            raise PictureError(f"{path}: cannot be read ({error.strerror or error})") from error

    return read


def _raises(fault: str) -> Callable[[], NoReturn]:
    def read() -> NoReturn:
        raise PictureError(fault)

    return read


def _safe(stem: str) -> str:
    """A name for a folder: one of dots alone would lead somewhere else."""
    return "/".join(part if re.search(r"[^. ]", part) else "archive" for part in stem.split("/"))
