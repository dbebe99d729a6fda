"""The moods of one command: colours, pictures for every page, and folders of pictures named like the pages.

The rule of this file: what is for every page is read before any work, what is for one when that page comes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from comicdata.errors import PictureError, UsageError
from comicdata.files import below
from comicdata.flats.hints import parse_color
from comicdata.formats import PICTURE_SUFFIXES, suffix_of
from comicdata.images import Image, channel_spread, read_image
from comicdata.layers.page_files import MOST_FILES, Of, Pages, match_pages

LOOKED_AT = 256  # pixels a side of a picture, at most
GREY = 16  # between its channels, at most, no pixel has colour


@dataclass(frozen=True)
class MoodFiles:
    """`everywhere`: the moods of every page, (H, W, 3), a colour as a picture of one pixel; `own`: files of single
    pages, by their number from 0; `paths`, what is read; `notes`, what is worth a word.
    """

    everywhere: tuple[Image, ...] = ()
    own: Mapping[int, tuple[Path, ...]] | None = None
    paths: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.everywhere or self.own)

    def of(self, page: int) -> list[Image]:
        """The moods of a page; PictureError for a picture of its own that cannot be read."""
        return [*self.everywhere, *(_looked_at(path) for path in (self.own or {}).get(page, ()))]


def read_mood_files(given: Sequence[str], pages: Pages) -> MoodFiles:
    """The moods for pages, each given by all its names: colours (#34506e), pictures, folders of pictures named like the
    pages. UsageError names what is none of these.
    """
    everywhere: list[Image] = []
    own: dict[int, tuple[Path, ...]] = {}
    paths: list[Path] = []
    notes: list[str] = []
    for one in given:
        path, color = Path(one), parse_color(one) or parse_color(f"#{one}")
        if not one.startswith("#") and path.exists():
            color = None
        paths += [] if color else [path]
        if not color and path.is_dir():
            found, said = match_pages(f"--mood {path}", _in_folder(path), pages)
            own |= {page: (*own.get(page, ()), *some) for page, some in found.items()}
            paths += [file for some in found.values() for file in some]
            notes += said
            continue
        everywhere.append(np.array([[color]], np.uint8) if color else _everywhere(one, path))
        if channel_spread(everywhere[-1]).max() <= GREY:
            notes.append(f"--mood {one}: has no colour, so greys are wished for")
    return MoodFiles(tuple(everywhere), own, tuple(paths), tuple(notes))


def _in_folder(folder: Path) -> list[tuple[Of, Path]]:
    found = []
    for path in sorted(below(folder)):
        if path.is_file() and not path.name.startswith(".") and suffix_of(path.name) in PICTURE_SUFFIXES:
            name = path.relative_to(folder).as_posix()
            found.append((Of(name[: -len(path.suffix)], name), path))
    if not 0 < len(found) <= MOST_FILES:
        raise UsageError(f"--mood {folder}: {len(found)} pictures in this folder; 1 to {MOST_FILES} are expected")
    return found


def _everywhere(text: str, path: Path) -> Image:
    if not path.exists():
        raise UsageError(f"--mood {text}: neither a colour, which looks like #34506e, nor a picture that is there")
    try:
        return _looked_at(path)
    except PictureError as error:
        raise UsageError(f"--mood {error}") from error


def _looked_at(path: Path) -> Image:
    """So much of the pixels of a picture as a histogram needs."""
    picture = read_image(path)
    step = -(-max(picture.shape[:2]) // LOOKED_AT)
    return picture[::step, ::step].copy()
