"""What lies in a folder on this machine: pictures, archives, folders. The only walk, and the only opener, of a source;
nothing outside of it is read.
"""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from comicdata.crawl.names import printable
from comicdata.crawl.sources.archive import is_litter, kind_of, say_left_out, settled, without_exports
from comicdata.episodes import natural_key
from comicdata.errors import PictureError
from comicdata.files import open_regular, read_regular
from comicdata.formats import ARCHIVES, HEAD, PICTURE_SUFFIXES, sniff, suffix_of
from comicdata.outputs import is_made_here

MAX_FILE_BYTES = 200_000_000
MAX_DEPTH = 40
log = logging.getLogger("comicdata")


@dataclass(frozen=True)
class Folder:
    """A folder of a source: what is directly in it, in natural order. `root` is the source."""

    root: Path
    path: Path
    pictures: tuple[Path, ...]
    archives: tuple[Path, ...]
    folders: tuple["Folder", ...]

    def label(self, path: Path) -> str:
        """A path within the source: the same on every machine."""
        return printable(path.relative_to(self.root).as_posix())

    def reads(self, path: Path) -> Callable[[], bytes]:
        """What reads a picture when it is called."""
        return lambda: read_file(path, self.root)

    def walk(self) -> Iterator["Folder"]:
        """The folder and all below it, in natural order."""
        yield self
        for folder in self.folders:
            yield from folder.walk()

    @property
    def is_episode(self) -> bool:
        """Whether pictures lie in it, and nothing else that is ours."""
        return bool(self.pictures) and not self.archives and not any(self.folders)

    def __bool__(self) -> bool:
        return bool(self.pictures or self.archives or any(self.folders))


def look(folder: Path) -> Folder:
    """The source in a folder. What is left out, though a person may think it is taken, is said."""
    return _look(folder, folder, 0)


def _look(root: Path, folder: Path, depth: int) -> Folder:
    names = {"page": [], "unread": [], "archive": []}  # type: dict[str, list[Path]]
    folders: list[Folder] = []
    for path in _entries(root, folder):
        if path.is_dir():
            if path.is_symlink():
                log.warning("%s: a link to a folder; left out: name that folder by itself", _shown(root, path))
            elif is_made_here(path):
                log.warning("%s: left out, for comicdata made it; to have it read name it itself", path)
            elif depth == MAX_DEPTH:
                log.warning("%s: more than %d folders deep; left out", _shown(root, path), MAX_DEPTH)
            else:
                folders.append(_look(root, path, depth + 1))
        elif kind := _kind(path, root):
            names[kind].append(path)
    named = without_exports([path.name for path in names["unread"]], [path.name for path in names["page"]])
    taken = in_order([*names["page"], *(folder / name for name in named)])
    seen = [path.name for path in taken], [path.name for path in names["archive"]]
    pictures, archives, words = settled(*seen, both=folder == root)
    say_left_out("" if folder == root else f"{_shown(root, folder)}/", words)
    return Folder(root, folder, _paths(folder, pictures), _paths(folder, archives), tuple(folders))


def _paths(folder: Path, names: list[str]) -> tuple[Path, ...]:
    return tuple(folder / name for name in names)


def _shown(root: Path, path: Path) -> str:
    return printable(path.relative_to(root).as_posix())


def in_order(paths: list[Path]) -> list[Path]:
    """Paths in natural order of their names; names that are alike in it have one order on every machine."""
    return sorted(paths, key=lambda path: (natural_key(path.name), path.name))


def _entries(root: Path, folder: Path) -> list[Path]:
    """What is directly in a folder, in natural order, without what is hidden or litter."""
    try:
        with os.scandir(folder) as entries:
            return in_order([folder / entry.name for entry in entries if not is_litter(entry.name)])
    except OSError as error:
        if folder == root:
            raise PictureError(f"{folder}: cannot be read ({error.strerror})") from error
        log.warning("%s: cannot be read (%s); left out", _shown(root, folder), error.strerror)
        return []


def _kind(path: Path, root: Path) -> str:
    """What a file is to us, as `archive.kind_of`; one that is not to be opened is what its name says."""
    if suffix_of(path.name) in PICTURE_SUFFIXES:
        return "page"
    try:
        with _opened(path, root) as file:
            head = file.read(HEAD)
    except (OSError, PictureError):
        head = b""
    found = kind_of(path.name, head)
    if not found and sniff(head) in ARCHIVES:
        log.warning("%s: looks like a %s archive; left out: name it .cbz", _shown(root, path), sniff(head))
    return found


def check_inside(path: Path, root: Path) -> None:
    """PictureError for a link that leads out of the source."""
    if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root)):
        cure = "put the file itself there"
        raise PictureError(f"{_shown(root, path)}: a link that leads out of the source; left out: {cure}")


def _opened(path: Path, root: Path) -> BinaryIO:
    check_inside(path, root)
    return open_regular(path)


def read_file(path: Path, root: Path) -> bytes:
    """The bytes of a picture of a source; PictureError in one line when they are not to be had."""
    check_inside(path, root)
    try:
        return read_regular(path, MAX_FILE_BYTES)
    except OSError as error:
        raise PictureError(f"{_shown(root, path)}: cannot be read ({error.strerror or error})") from error
