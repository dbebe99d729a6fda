"""What a user may name as INPUT: pictures, folders and CBZ files, as groups of pictures in reading order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from comicdata.errors import UsageError
from comicdata.images import PICTURE_SUFFIXES, Image, decode, read_image


@dataclass(frozen=True)
class Picture:
    """One picture of an input: its relative name, how to read it, and the file that it is or lies in."""

    name: str
    read: Callable[[], Image]
    path: Path


@dataclass(frozen=True)
class Group:
    """Pictures that belong together: one file, one folder, one archive."""

    name: str
    pictures: list[Picture]


def read_groups(inputs: Sequence[Path], warn: Callable[[str], None] = lambda text: None) -> Iterator[Group]:
    """One group per input, folders walked in natural order; UsageError when one is missing or holds no picture.

    What comicdata made inside a folder is left out, and `warn` is told.
    """
    for path in inputs:
        if path.is_dir():
            yield from _folder_groups(path, warn)
        elif not path.is_file():
            raise UsageError(f"{path}: no such file or folder")
        elif path.suffix.lower() in (".cbz", ".zip"):
            yield _archive_group(path)
        else:
            yield Group(path.as_posix(), [Picture(path.name, lambda path=path: read_image(path), path)])  # type: ignore[misc]


def _folder_groups(folder: Path, warn: Callable[[str], None]) -> Iterator[Group]:
    """One group per folder that holds pictures directly; names stay relative to the input."""
    from comicdata.episodes import natural_key

    made = left_out(folder, warn)
    groups: dict[Path, list[Path]] = {}
    for path in sorted(folder.rglob("*"), key=lambda path: natural_key(path.relative_to(folder).as_posix())):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file() and not hidden and not made & {*path.parents}:
            groups.setdefault(path.parent, []).append(path)
    if not groups:
        raise UsageError(f"{folder}: no JPEG, PNG, WebP or GIF picture in this folder")
    for place, paths in groups.items():
        pictures = [
            Picture(path.relative_to(folder).as_posix(), lambda path=path: read_image(path), path)  # type: ignore[misc]
            for path in paths
        ]
        yield Group(place.as_posix(), pictures)


def left_out(folder: Path, warn: Callable[[str], None]) -> set[Path]:
    """The outputs of comicdata inside a folder that is an input; `warn` is told of each."""
    from comicdata.outputs import outputs_below

    found = {*outputs_below(folder)}
    for path in sorted(found):
        warn(f"{path}: left out, for comicdata made it; to have it read name it itself")
    return found


def _archive_group(path: Path) -> Group:
    from comicdata.crawl.sources.archive import open_archive

    source = open_archive(path)
    (episode,) = source.episodes()
    pages = source.pages(episode)
    name = path.stem if path.stem.strip(".") else "archive"  # of "...cbz" it would be the folder above
    return Group(
        path.as_posix(),
        [
            Picture(f"{name}/{index:04d}", lambda page=page: decode(source.read(page).body, page.url), path)  # type: ignore[misc]
            for index, page in enumerate(pages, 1)
        ],
    )
