"""Pictures on this machine: a folder tree, a flat folder, a single picture, archives. Bytes are read, never changed."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from comicdata.crawl.fetch import Answer
from comicdata.crawl.names import episodes_and_pages, printable, unique
from comicdata.crawl.names import slug as make_slug
from comicdata.crawl.sources.archive import Book, MemberReader, apart, are_covers, read_books, say_left_out
from comicdata.crawl.sources.comic_info import ComicInfo, numbers_of, read_comic_info
from comicdata.crawl.sources.tree import Folder, check_inside, look, read_file
from comicdata.crawl.web import Find
from comicdata.episodes import natural_key
from comicdata.errors import PictureError, UsageError
from comicdata.formats import READ
from comicdata.numbers import canonical
from comicdata.records import Episode, ImageRecord, Licence, Page, Series

SOURCE = "local"


@dataclass(frozen=True)
class Draft:
    """An episode before its series is known: `name` becomes its id unless `info` has a number.

    `pages` are (label, what reads the bytes) in reading order; `fault` says why there are none.
    """

    name: str
    pages: tuple[tuple[str, Callable[[], bytes]], ...]
    info: ComicInfo = field(default_factory=ComicInfo)
    title: str = ""
    url: str = ""
    fault: str = ""

    @property
    def own_series(self) -> str:
        """The series that the ComicInfo.xml of an archive names."""
        return self.info.series if self.url else ""


@dataclass(frozen=True)
class LocalSource:
    """One series on this machine: no host, and a list that is read anew every time."""

    record: Series
    parts: tuple[tuple[Episode, Draft], ...]
    host = ""
    own_ids = False
    facts_sha256 = ""
    cut_short = ""
    finds: tuple[Find, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.record.source, self.record.series_id

    def series(self) -> Series:
        return self.record

    def described(self, series: Series) -> Series:
        """The series after the crawl: nothing was learned on the way."""
        return series

    def episodes(self) -> Sequence[Episode]:
        return [episode for episode, _ in self.parts]

    def pages(self, episode: Episode) -> Sequence[Page]:
        draft = self._drafts[_place(episode)]
        if draft.fault:
            raise PictureError(draft.fault)
        return [Page(label) for label, _ in draft.pages]

    def read(self, page: Page, known: ImageRecord | None = None) -> Answer:
        return Answer(page.url, self._readers[page.url]())

    @cached_property
    def _drafts(self) -> dict[str, Draft]:
        return {_place(episode): draft for episode, draft in self.parts}

    @cached_property
    def _readers(self) -> dict[str, Callable[[], bytes]]:
        return dict(pair for _, draft in self.parts for pair in draft.pages)


def _place(episode: Episode) -> str:
    """What an episode lies under, whatever id a crawl knows it by."""
    return episode.url or episode.episode_id


def open_folder(folder: Path, licence: Licence | None = None) -> Iterator[LocalSource]:
    """The series in a folder: SERIES/EPISODE/*, EPISODE/*, a flat folder, archives that are episodes, in any mixture.

    UsageError when no picture and no archive is in it.
    """
    taken: set[str] = set()
    for source in _series_in(look(folder), licence):
        number, candidate = 1, source.record.series_id
        while candidate in taken:
            number += 1
            candidate = f"{source.record.series_id}-{number}"
        taken.add(candidate)
        yield replace(source, record=replace(source.record, series_id=candidate))
    if not taken:
        raise UsageError(f"{folder}: no {READ} picture and no CBZ, CBR, CB7 or PDF in this folder")


def _series_in(tree: Folder, licence: Licence | None) -> Iterator[LocalSource]:
    """Archives with the folders of pictures beside them, pictures, folders of pictures, and folders of all those."""
    reader = MemberReader()
    name = tree.path.resolve().name
    beside = [one for one in tree.folders if one.is_episode]
    together = _drafts(tree, tree, reader, pictures=False) if tree.archives else []
    if together:
        yield from _grouped(together, name, tree.path, licence)
    if _has_own(tree):
        yield _flat_series(tree, licence)
    if beside and not together:
        yield from _grouped([_folder_draft(one, one.path.name) for one in beside], name, tree.path, licence)
    for one in tree.folders:
        if one and not one.is_episode:
            yield from _grouped(_drafts(one, one, reader), one.path.name, one.path, licence)


def _drafts(place: Folder, folder: Folder, reader: MemberReader, *, pictures: bool = True) -> list[Draft]:
    """The episodes in a folder of one series, `place`: its own pictures, then archives and folders in natural order.

    Without `pictures`: the archives of a source, and the folders beside them that are episodes.
    """
    own = [_folder_draft(folder, _name(folder.path, place))] if pictures and _has_own(folder) else []
    inner: dict[Path, list[Draft]] = {path: _archive_drafts(folder, path, place, reader) for path in folder.archives}
    for one in folder.folders:
        if pictures or one.is_episode:
            inner[one.path] = _drafts(place, one, reader)
    order = sorted(inner, key=lambda path: (natural_key(path.name), path.name))
    return own + [draft for path in order for draft in inner[path]]


def _has_own(folder: Folder) -> bool:
    """Whether pictures lie in it that are an episode; covers beside the folders of a series are none, with a word."""
    names = [folder.label(path) for path in folder.pictures]
    if not names or not any(folder.folders) or not are_covers(path.name for path in folder.pictures):
        return bool(names)
    say_left_out("", [(name, "a cover beside folders") for name in names])
    return False


def _name(path: Path, place: Folder) -> str:
    return path.relative_to(place.path).as_posix() if path != place.path else path.name


def _folder_draft(folder: Folder, name: str) -> Draft:
    """The pictures of one folder; ComicInfo.xml in it names the episode."""
    info = read_comic_info(folder.path)
    return Draft(name, _pages(folder, info.kept(folder.pictures)), info, printable(name))


def _pages(folder: Folder, paths: Sequence[Path]) -> tuple[tuple[str, Callable[[], bytes]], ...]:
    labels = apart(folder.label(path) for path in paths)
    return tuple((label, folder.reads(path)) for label, path in zip(labels, paths, strict=True))


def _archive_drafts(folder: Folder, path: Path, place: Folder, reader: MemberReader) -> list[Draft]:
    """The episodes of an archive of a folder."""
    label = folder.label(path)
    try:
        check_inside(path, folder.root)
    except PictureError as error:
        return [Draft(path.stem, (), title=printable(path.stem), url=label, fault=str(error))]
    name = PurePosixPath(_name(path, place)).with_suffix("").as_posix()
    return [_draft(book, path, name, label, reader) for book in read_books(path, label)]


def _draft(book: Book, path: Path, name: str, label: str, reader: MemberReader) -> Draft:
    whole = f"{name}/{book.name}" if book.name else name
    title = printable(book.name or path.stem)
    pages = tuple((page, reader.reads(path, address, page)) for page, address in book.pages)
    return Draft(whole, pages, book.info, title, f"{label}#{book.name}" if book.name else label, book.fault)


def open_archive(path: Path, licence: Licence | None = None) -> Iterator[LocalSource]:
    """One archive: a series of one episode, or of as many as there are in it."""
    label, reader = printable(path.name), MemberReader()
    drafts = [_draft(book, path, path.stem, label, reader) for book in read_books(path, label)]
    yield from _grouped(drafts, path.stem, None, licence)


def open_picture(path: Path, licence: Licence | None = None) -> LocalSource:
    """One picture as a series of one episode."""
    page = printable(path.name), lambda: read_file(path, path.resolve().parent if path.is_symlink() else path.parent)
    return _one_series([Draft(path.stem, (page,), title=printable(path.stem))], path.stem, None, licence)


def _grouped(drafts: Sequence[Draft], name: str, place: Path | None, licence: Licence | None) -> Iterator[LocalSource]:
    """One series of all drafts, or several where their archives name several."""
    named = list(dict.fromkeys(draft.own_series.casefold() for draft in drafts if draft.own_series))
    if len(named) < 2:
        yield _one_series(drafts, name, place, licence)
        return
    for series in (*named, ""):
        group = [draft for draft in drafts if draft.own_series.casefold() == series]
        if group:
            yield _one_series(group, name, place if not series else None, licence)


def _one_series(drafts: Sequence[Draft], name: str, place: Path | None, licence: Licence | None) -> LocalSource:
    """ComicInfo.xml of an episode names it; the first that names a series, or one beside the episodes, the series."""
    identifiers = unique([draft.info.number or draft.name for draft in drafts])
    info = next((draft.info for draft in drafts if draft.info.series), None)
    series = _series(name, licence, info or (read_comic_info(place) if place else None))
    order = next((draft.info.reading_order for draft in drafts if draft.info.reading_order), series.reading_order)
    series = replace(series, reading_order=order)
    names = [printable(draft.name) for draft in drafts]
    said = numbers_of([draft.info for draft in drafts], names, series.title)
    parts = [
        (Episode(one, draft.info.title or draft.title, draft.url or own, number=number, season=season), draft)
        for one, draft, own, (number, season) in zip(identifiers, drafts, names, said, strict=True)
    ]
    return LocalSource(series, tuple(parts))


def _series(name: str, licence: Licence | None, info: ComicInfo | None = None) -> Series:
    """The series as ComicInfo.xml describes it, or after its folder."""
    info = info or ComicInfo()
    title = info.series or printable(name)
    identifier = make_slug(info.series or name, "s")
    return Series(
        SOURCE,
        identifier,
        title,
        info.authors,
        licence=licence or Licence(),
        language=info.language,
        reading_order=info.reading_order,
    )


def _flat_series(folder: Folder, licence: Licence | None) -> LocalSource:
    """Episodes from the pattern in the names; one episode, which ComicInfo.xml names, where not every name has it."""
    found = episodes_and_pages([path.stem for path in folder.pictures])
    name = folder.path.resolve().name
    info = read_comic_info(folder.path)
    series = _series(name, licence, info)
    if not all(found):
        draft = Draft(name, _pages(folder, info.kept(folder.pictures)), info)
        ((number, season),) = numbers_of([info], [printable(name)], "")
        title = info.title or printable(name)
        episode = Episode(make_slug(info.number or name), title, number=number, season=season)
        return LocalSource(series, ((episode, draft),))
    groups: dict[str, list[tuple[int, Path]]] = defaultdict(list)
    for path, place in zip(folder.pictures, found, strict=True):
        assert place is not None
        groups[place[0]].append((place[1], path))
    parts = [
        (
            Episode(f"e{number}", f"Episode {int(number)}", number=canonical(number)),
            Draft(number, _pages(folder, [path for _, path in sorted(pages, key=lambda pair: pair[0])])),
        )
        for number, pages in sorted(groups.items(), key=lambda item: (int(item[0]), item[0]))
    ]
    return LocalSource(series, tuple(parts))
