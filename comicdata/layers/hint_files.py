"""The hints of one command, whatever files they are in: which of them are for which page.

The rule of this file: JSON is read, and checked, before any work; painted layers when their page comes. Each file that
was named is one round: what an earlier round coloured, a later one leaves as it is where it says nothing.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from comicdata.errors import PictureError, UsageError
from comicdata.files import below, read_regular, sha256_bytes
from comicdata.flats.hints import LARGEST_FILE, Hint, Mark, hints_of_layer, marks_from
from comicdata.formats import HEAD, PICTURE_SUFFIXES, sniff, suffix_of
from comicdata.images import MAX_FILE_BYTES, Image
from comicdata.layers.drawings import read_painted
from comicdata.layers.page_files import MOST_FILES, Of, Pages, match_pages
from comicdata.layers.psd_reading import PSD_SUFFIXES, check_psd_tools, split_layer
from comicdata.outputs import read_list
from comicdata.reading.text import UnreadableError, parse_json

log = logging.getLogger("comicdata")
JSON = ".json"
SUGGESTED = ".suggested.json"  # what `colorize --suggest` writes, to be corrected and given back


@dataclass(frozen=True)
class Source:
    """Hints for one page: marks that JSON held, else the painted layer in a file, of a PSD the one called `layer`;
    `notes`, what is worth a word.
    """

    path: Path
    marks: tuple[Mark, ...] | None = None
    layer: str | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of_json(cls, path: Path, value: Any, name: str) -> "Source":
        """From what a JSON document, or the part of it that is called `name`, holds. Of dots on one pixel, the colour
        of the last counts.
        """
        marks = marks_from(value, name)
        place_of = {at: (int(one.x), int(one.y)) for at, one in enumerate(marks) if isinstance(one, Hint)}
        last = {place: at for at, place in place_of.items()}
        over = [at for at, place in place_of.items() if marks[at].color != marks[last[place]].color]
        for at in over:
            marks[at] = replace(marks[at], color=marks[last[place_of[at]]].color)
        if not over:
            return cls(path, tuple(marks))
        one, other = over[0], last[place_of[over[0]]]
        more = f" (and {len(over) - 1} more)" if len(over) > 1 else ""
        where = "on one pixel, ({}, {}), in different colours".format(*place_of[one])
        note = f"{name}: hints {one + 1} and {other + 1} lie {where}{more}; the last counts"
        return cls(path, tuple(marks), notes=(note,))

    def digest(self) -> str:
        """What tells whether the hints are the same as before."""
        if self.marks is not None:
            return sha256_bytes(repr(self.marks).encode())
        return sha256_bytes(_bytes(self.path) + repr(self.layer).encode())

    def read(self, width: int, height: int) -> list[Mark | Image]:
        """The hints; PictureError for a layer of another size than the page."""
        if self.marks is not None:
            return [*self.marks]
        rgba = read_painted(_bytes(self.path), str(self.path), self.layer)
        if rgba.shape[:2] != (height, width):
            size = f"{rgba.shape[1]}x{rgba.shape[0]}, its picture {width}x{height}"
            raise PictureError(f"{self.path}: the layer of hints is {size}; save it in the size of the picture")
        meant = hints_of_layer(rgba)
        if not meant[..., 3].any():
            log.warning("%s: nothing is painted on this layer of hints", self.path)
            return []
        return [meant]


Round = Mapping[int, tuple[Source, ...]]  # by the number of the page


@dataclass(frozen=True)
class HintFiles:
    """The rounds of hints in the order they were given; `paths`, what was read; `notes`, what is worth a word."""

    rounds: tuple[Round, ...] = ()
    paths: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, page: int) -> list[tuple[Source, ...]]:
        """The rounds that say something of a page, by its number from 0."""
        return [one[page] for one in self.rounds if page in one]


def read_hint_files(given: Sequence[Path], pages: Pages) -> HintFiles:
    """The hints in files for pages, each given by all its names; UsageError names the file and what is wrong with it.

    A file is JSON, a list of hints for the one page there is, or an object of such lists with names of pages as keys;
    or a painted layer, a picture or FILE.psd:LAYER, for the one page there is; or a folder of files named like pages.
    """
    rounds: list[Round] = []
    paths: list[Path] = []
    notes: list[str] = []
    for one in given:
        path, layer = split_layer(one)
        paths.append(path)
        if path.is_dir():
            keyed = _in_folder(path, pages)
            paths += [source.path for _, source in keyed]
        else:
            keyed = _in_file(path, layer, pages)
        found, said = match_pages(f"--hints {path}", keyed, pages)
        rounds.append(found)
        notes += [*said, *(note for of_page in found.values() for source in of_page for note in source.notes)]
    return HintFiles(tuple(rounds), tuple(paths), tuple(notes))


def _in_folder(folder: Path, pages: Pages) -> list[tuple[Of, Source]]:
    """What is neither one of the pages nor a picture that comicdata made there."""
    found: list[tuple[Of, Source]] = []
    others = {name for names in pages for name in names} | {(folder / name).as_posix() for name in read_list(folder)}
    for path in sorted(below(folder)):
        suffix = suffix_of(path.name)
        if not path.is_file() or suffix not in (JSON, *PSD_SUFFIXES, *PICTURE_SUFFIXES):
            continue
        if path.name.startswith(".") or (path.as_posix() in others and not path.name.endswith(SUGGESTED)):
            continue
        if suffix in PSD_SUFFIXES:
            check_psd_tools()
        name = path.relative_to(folder).as_posix()
        key = name.removesuffix(SUGGESTED) if name.endswith(SUGGESTED) else name[: -len(path.suffix)]
        is_json = suffix == JSON
        source = Source.of_json(path, _json(path, _bytes(path)), str(path)) if is_json else Source(path)
        found.append((Of(key, name), source))
        if len(found) > MOST_FILES:
            raise UsageError(f"--hints {folder}: more than {MOST_FILES} files of hints in it")
    if not found:
        raise UsageError(f"--hints {folder}: neither JSON nor layers of hints in this folder")
    return found


def _in_file(path: Path, layer: str | None, pages: Pages) -> list[tuple[Of, Source]]:
    """Hints with the names of their pages."""
    data = _bytes(path)
    kind = sniff(data[:HEAD])
    if kind is None and layer is None:
        value = _json(path, data)
        if isinstance(value, dict):
            return [(Of(key, key), Source.of_json(path, one, f"{path}: {key}")) for key, one in value.items()]
        return [(_only(path, pages), Source.of_json(path, value, str(path)))]
    if kind == "PSD":
        check_psd_tools()
        if layer is None:
            raise UsageError(f"--hints {path}: which layer? name it: {path}:LAYER")
    return [(_only(path, pages), Source(path, None, layer))]


def _only(path: Path, pages: Pages) -> Of:
    if len(pages) != 1:
        cure = "name a folder of files that are called like the pages, or JSON with names of pages as keys"
        raise UsageError(f"--hints {path}: hints of one picture, but {len(pages)} pictures are given; {cure}")
    return Of(pages[0][0], str(path))


def _bytes(path: Path) -> bytes:
    try:
        return read_regular(path, MAX_FILE_BYTES)
    except FileNotFoundError as error:
        raise UsageError(f"{path}: no such file") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read as hints ({error.strerror or error})") from error


def _json(path: Path, data: bytes) -> Any:
    try:
        return parse_json(data, LARGEST_FILE, by_hand=True)
    except UnreadableError as error:
        raise UsageError(f"{path}: cannot be read as hints: neither a picture nor JSON ({error})") from error
