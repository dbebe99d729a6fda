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
from comicdata.crawl.sources.archive import is_litter, kind_of, without_exports
from comicdata.episodes import natural_key
from comicdata.errors import PictureError
from comicdata.files import open_regular, read_regular
from comicdata.formats import ARCHIVES, HEAD, PICTURE_SUFFIXES, sniff, suffix_of

MAX_FILE_BYTES = 200_000_000
MAX_DEPTH = 40
ARTWORK = frozenset(
    [
        "cover",
        "folder",
        "poster",
        "banner",
        "thumb",
        "thumbnail",
        "logo",
        "fanart",
        "backdrop",
        "landscape",
        "background",
        "back",
    ]
)
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
            elif depth == MAX_DEPTH:
                log.warning("%s: more than %d folders deep; left out", _shown(root, path), MAX_DEPTH)
            else:
                folders.append(_look(root, path, depth + 1))
        elif kind := _kind(path, root):
            names[kind].append(path)
    pictures = {path.name: path for path in (*names["page"], *names["unread"])}
    named = without_exports([path.name for path in names["unread"]], [path.name for path in names["page"]])
    taken = in_order([*names["page"], *(pictures[name] for name in named)])
    return _settled(root, folder, taken, names["archive"], tuple(folders))


def _settled(
    root: Path, folder: Path, pictures: list[Path], archives: list[Path], folders: tuple[Folder, ...]
) -> Folder:
    """Say which of pictures and archives that lie side by side are meant.

    A cover beside archives is no episode; a PDF beside pictures, or beside an archive of its name, shows what they
    show; archives among more pictures than archives are put by, unless the folder was named itself.
    """
    stems = {path.stem for path in archives if suffix_of(path.name) != ".pdf"}
    for path in [path for path in archives if suffix_of(path.name) == ".pdf" and (pictures or path.stem in stems)]:
        archives.remove(path)
        log.warning("%s: a PDF beside pictures or an archive; left out: name it by itself", _shown(root, path))
    if archives and pictures and all(path.stem.casefold() in ARTWORK for path in pictures):
        for path in pictures:
            log.warning("%s: a cover beside archives; left out: name it by itself", _shown(root, path))
        pictures = []
    if folder != root and len(archives) < len(pictures):
        for path in archives:
            log.warning("%s: an archive among pictures; left out: name it by itself", _shown(root, path))
        archives = []
    return Folder(root, folder, tuple(pictures), tuple(archives), folders)


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
