"""Pictures on this machine: a folder tree, a flat folder, a single picture. Bytes are read, never changed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from comicdata.crawl.fetch import Answer
from comicdata.crawl.names import episode_and_page, printable, unique
from comicdata.crawl.names import slug as make_slug
from comicdata.crawl.sources.archive import ARCHIVES, ArchiveFolder, OnDisk
from comicdata.crawl.sources.comic_info import ComicInfo, read_comic_info
from comicdata.episodes import natural_key
from comicdata.errors import PictureError, UsageError
from comicdata.images import PICTURE_SUFFIXES
from comicdata.outputs import is_made_here
from comicdata.records import Episode, ImageRecord, Licence, Page, Series

SOURCE = "local"
MAX_FILE_BYTES = 200_000_000
IGNORED = {"__macosx", "thumbs.db", ".ds_store"}


@dataclass(frozen=True)
class LocalSource(OnDisk):
    """One series on disk: episodes as (Episode, files in reading order)."""

    root: Path
    record: Series
    parts: tuple[tuple[Episode, tuple[Path, ...]], ...]

    def series(self) -> Series:
        return self.record

    def episodes(self) -> Sequence[Episode]:
        return [episode for episode, _ in self.parts]

    def pages(self, episode: Episode) -> Sequence[Page]:
        (files,) = [files for one, files in self.parts if one.episode_id == episode.episode_id]
        return [Page(self._place(path)) for path in files]

    def read(self, page: Page, known: ImageRecord | None = None) -> Answer:
        path = self._files[page.url]
        if path.stat().st_size > MAX_FILE_BYTES:
            raise PictureError(f"{page.url}: larger than {MAX_FILE_BYTES // 10**6} MB; not a picture of a comic")
        return Answer(page.url, path.read_bytes())

    def _place(self, path: Path) -> str:
        """The path within the source: the same on every machine."""
        return printable(path.relative_to(self.root).as_posix())

    @cached_property
    def _files(self) -> dict[str, Path]:
        return {self._place(path): path for _, files in self.parts for path in files}


def open_folder(folder: Path, licence: Licence | None = None) -> Iterator["LocalSource | ArchiveFolder"]:
    """The series in a folder: SERIES/EPISODE/*, EPISODE/*, a flat folder, or archives that are episodes.

    UsageError when no picture and no archive is in it.
    """
    taken: set[str] = set()
    for source in _series_in(folder, licence):
        yield _apart(source, taken)
    if not taken:
        raise UsageError(f"{folder}: no JPEG, PNG, WebP or GIF picture and no CBZ in this folder")


def _apart(source: "LocalSource | ArchiveFolder", taken: set[str]) -> "LocalSource | ArchiveFolder":
    """The source under an id that no other series of the same folder has."""
    first = candidate = source.series().series_id
    number = 1
    while candidate in taken:
        number += 1
        candidate = f"{first}-{number}"
    taken.add(candidate)
    if candidate == first or isinstance(source, ArchiveFolder):  # archives come first: their id is always free
        return source
    return replace(source, record=replace(source.record, series_id=candidate))


def _series_in(folder: Path, licence: Licence | None) -> Iterator["LocalSource | ArchiveFolder"]:
    """Archives, pictures, folders of pictures, and folders of those, in this order."""
    archives = [path for path in _entries(folder) if path.is_file() and path.suffix.lower() in ARCHIVES]
    flat = _pictures(folder)
    nested = {path: _folders_with_pictures(path) for path in _entries(folder) if path.is_dir()}
    if archives:
        yield ArchiveFolder(printable(folder.resolve().name), tuple(archives), licence)
    if flat:
        yield _flat_series(folder, flat, licence)
    episodes = [path for path, places in nested.items() if places == [path]]
    if episodes:
        yield _folder_series(folder, folder, episodes, licence)
    deeper = [path for path, places in nested.items() if places and places != [path]]
    for path in deeper:
        yield _folder_series(folder, path, nested[path], licence)


def open_picture(path: Path, licence: Licence | None = None) -> LocalSource:
    """One picture as a series of one episode."""
    series = _series(path.stem, licence)
    return LocalSource(path.parent, series, ((Episode(make_slug(path.stem), printable(path.stem)), (path,)),))


def _series(name: str, licence: Licence | None, info: ComicInfo | None = None) -> Series:
    """The series as ComicInfo.xml describes it, or after its folder."""
    info = info or ComicInfo()
    title = info.series or printable(name)
    identifier = make_slug(info.series or name, "s")
    return Series(SOURCE, identifier, title, info.authors, licence=licence or Licence(), language=info.language)


def _entries(folder: Path) -> list[Path]:
    """What is directly in a folder, in natural order, but for hidden files, litter, linked folders, outputs of ours."""
    entries = [
        path
        for path in folder.iterdir()
        if not path.name.startswith(".")
        and path.name.casefold() not in IGNORED
        and not (path.is_symlink() and path.is_dir())
        and not is_made_here(path)
    ]
    return sorted(entries, key=lambda path: natural_key(path.name))


def _pictures(folder: Path) -> list[Path]:
    return [path for path in _entries(folder) if path.is_file() and path.suffix.lower() in PICTURE_SUFFIXES]


def _folders_with_pictures(folder: Path) -> list[Path]:
    """`folder` and everything below it that holds pictures directly, in natural order."""
    own = [folder] if _pictures(folder) else []
    return own + [place for path in _entries(folder) if path.is_dir() for place in _folders_with_pictures(path)]


def _folder_series(root: Path, place: Path, folders: Sequence[Path], licence: Licence | None) -> LocalSource:
    """One episode per folder; ComicInfo.xml in it names the episode, the first one, or one beside them, the series."""
    names = [path.relative_to(place).as_posix() if path != place else path.name for path in folders]
    infos = [read_comic_info(path) for path in folders]
    identifiers = unique([info.number or name for info, name in zip(infos, names, strict=True)])
    parts = [
        (Episode(identifier, info.title or printable(name)), tuple(info.kept(_pictures(path))))
        for identifier, name, info, path in zip(identifiers, names, infos, folders, strict=True)
    ]
    info = infos[0] if infos[0].series else read_comic_info(place)
    return LocalSource(root, _series(place.resolve().name, licence, info), tuple(parts))


def _flat_series(folder: Path, pictures: Sequence[Path], licence: Licence | None) -> LocalSource:
    """Episodes from the pattern in the names; one episode, which ComicInfo.xml names, where not every name has it."""
    found = [episode_and_page(path.stem) for path in pictures]
    name = folder.resolve().name
    info = read_comic_info(folder)
    series = _series(name, licence, info)
    if not all(found):
        episode = Episode(make_slug(info.number or name), info.title or printable(name))
        return LocalSource(folder, series, ((episode, tuple(info.kept(pictures))),))
    groups: dict[str, list[tuple[int, Path]]] = defaultdict(list)
    for path, place in zip(pictures, found, strict=True):
        assert place is not None
        groups[place[0]].append((place[1], path))
    parts = [
        (Episode(f"e{number}", f"Episode {int(number)}"), tuple(path for _, path in sorted(pages)))
        for number, pages in sorted(groups.items(), key=lambda item: (int(item[0]), item[0]))
    ]
    return LocalSource(folder, series, tuple(parts))
