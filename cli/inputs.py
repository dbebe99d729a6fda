"""What a user may name as INPUT: pictures, folders and CBZ files, as groups of pictures in reading order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from comicdata.errors import UsageError
from comicdata.formats import PICTURE_SUFFIXES
from comicdata.images import Image, decode, read_image


@dataclass(frozen=True)
class Picture:
    """One picture of an input: its relative name, and how to read it."""

    name: str
    read: Callable[[], Image]


@dataclass(frozen=True)
class Group:
    """Pictures that belong together: one file, one folder, one archive."""

    name: str
    pictures: list[Picture]


def read_groups(inputs: Sequence[Path]) -> Iterator[Group]:
    """One group per input, folders walked in natural order; UsageError when one is missing or holds no picture."""
    for path in inputs:
        if path.is_dir():
            yield from _folder_groups(path)
        elif not path.is_file():
            raise UsageError(f"{path}: no such file or folder")
        elif path.suffix.lower() in (".cbz", ".zip"):
            yield _archive_group(path)
        else:
            yield Group(path.as_posix(), [Picture(path.name, lambda path=path: read_image(path))])  # type: ignore[misc]


def _folder_groups(folder: Path) -> Iterator[Group]:
    """One group per folder that holds pictures directly; names stay relative to the input."""
    from comicdata.episodes import natural_key

    groups: dict[Path, list[Path]] = {}
    for path in sorted(folder.rglob("*"), key=lambda path: natural_key(path.relative_to(folder).as_posix())):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file() and not hidden:
            groups.setdefault(path.parent, []).append(path)
    if not groups:
        raise UsageError(f"{folder}: no JPEG, PNG, WebP or GIF picture in this folder")
    for place, paths in groups.items():
        pictures = [
            Picture(path.relative_to(folder).as_posix(), lambda path=path: read_image(path))  # type: ignore[misc]
            for path in paths
        ]
        yield Group(place.as_posix(), pictures)


def _archive_group(path: Path) -> Group:
    from comicdata.crawl.sources.archive import open_archive

    source = open_archive(path)
    (episode,) = source.episodes()
    pages = source.pages(episode)
    return Group(
        path.as_posix(),
        [
            Picture(f"{path.stem}/{index:04d}", lambda page=page: decode(source.read(page).body, page.url))  # type: ignore[misc]
            for index, page in enumerate(pages, 1)
        ],
    )
