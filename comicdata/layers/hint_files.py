"""The hints of one command, whatever files they are in: which of them are for which page.

The rule of this file: JSON is read, and checked, before any work; painted layers when their page comes. Each file that
was named is one round: what an earlier round coloured, a later one leaves as it is where it says nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from comicdata.errors import PictureError, UsageError
from comicdata.files import below, read_regular, sha256_bytes
from comicdata.flats.hints import LARGEST_FILE, Mark, hints_of_layer, marks_from
from comicdata.formats import HEAD, PICTURE_SUFFIXES, sniff, suffix_of
from comicdata.images import MAX_FILE_BYTES, Image
from comicdata.layers.drawings import read_painted
from comicdata.layers.psd_reading import PSD_SUFFIXES, check_psd_tools, split_layer
from comicdata.reading.text import UnreadableError, parse_json

JSON = ".json"
MOST_FILES = 100_000  # in a folder of hints


@dataclass(frozen=True)
class Source:
    """Hints for one page: marks that JSON held, else the painted layer in a file, of a PSD the one called `layer`."""

    path: Path
    marks: tuple[Mark, ...] | None = None
    layer: str | None = None

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
        return [hints_of_layer(rgba)]


Round = Mapping[int, tuple[Source, ...]]  # by the number of the page
Pages = Sequence[Sequence[str]]  # all the names that each is known by, the first as what is made of it is called


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
    rounds, paths, notes = [], [], []
    for one in given:
        path, layer = split_layer(one)
        paths.append(path)
        if path.is_dir():
            keyed = _in_folder(path)
            paths += [source.path for _, source in keyed]
        else:
            keyed = _in_file(path, layer, pages)
        found, unmatched = _matched(path, keyed, pages)
        rounds.append(found)
        if unmatched:
            shown = ", ".join(unmatched[:5]) + (" and more" if len(unmatched) > 5 else "")
            notes.append(f"{path}: hints for no page that is given, left out: {shown}")
    return HintFiles(tuple(rounds), tuple(paths), tuple(notes))


def _in_folder(folder: Path) -> list[tuple[str, Source]]:
    found: list[tuple[str, Source]] = []
    for path in sorted(below(folder)):
        suffix = suffix_of(path.name)
        if not path.is_file() or suffix not in (JSON, *PSD_SUFFIXES, *PICTURE_SUFFIXES):
            continue
        if suffix in PSD_SUFFIXES:
            check_psd_tools()
        key = path.relative_to(folder).with_suffix("").as_posix()
        marks = tuple(marks_from(_json(path, _bytes(path)), str(path))) if suffix == JSON else None
        found.append((key, Source(path, marks)))
        if len(found) > MOST_FILES:
            raise UsageError(f"--hints {folder}: more than {MOST_FILES} files of hints in it")
    if not found:
        raise UsageError(f"--hints {folder}: neither JSON nor layers of hints in this folder")
    return found


def _in_file(path: Path, layer: str | None, pages: Pages) -> list[tuple[str, Source]]:
    """Hints with the names of their pages."""
    data = _bytes(path)
    kind = sniff(data[:HEAD])
    if kind is None and layer is None:
        value = _json(path, data)
        if isinstance(value, dict):
            return [(key, Source(path, tuple(marks_from(one, f"{path}: {key}")))) for key, one in value.items()]
        return [(_only(path, pages), Source(path, tuple(marks_from(value, str(path)))))]
    if kind == "PSD":
        check_psd_tools()
        if layer is None:
            raise UsageError(f"--hints {path}: which layer? name it: {path}:LAYER")
    return [(_only(path, pages), Source(path, None, layer))]


def _only(path: Path, pages: Pages) -> str:
    if len(pages) != 1:
        cure = "name a folder of files that are called like the pages, or JSON with names of pages as keys"
        raise UsageError(f"--hints {path}: hints of one picture, but {len(pages)} pictures are given; {cure}")
    return pages[0][0]


def _matched(path: Path, keyed: Sequence[tuple[str, Source]], pages: Pages) -> tuple[Round, list[str]]:
    """The hints by their pages, and the names that are of none; UsageError for one of several, and where none fits."""
    known = _Names(pages)
    found: dict[int, tuple[Source, ...]] = {}
    unmatched = []
    for key, source in keyed:
        fits = known.called(key)
        if len(fits) > 1:
            one, other = (_told_apart(pages[number], [pages[at] for at in fits]) for number in fits[:2])
            raise UsageError(f"--hints {path}: {key!r} may be {one!r} or {other!r}; call it so")
        if fits:
            found[fits[0]] = (*found.get(fits[0], ()), source)
        else:
            unmatched.append(key)
    if not found:
        has = f"it has {keyed[0][0]!r}, the first page is {pages[0][0]!r}" if keyed and pages else "it has no hints"
        raise UsageError(f"--hints {path}: no name in it is that of a page; {has}")
    return found, unmatched


def _told_apart(names: Sequence[str], all_names: Pages) -> str:
    """That name of a page which no other page has, if there is one."""
    return next((one for one in names if sum(one in other for other in all_names) == 1), names[0])


class _Names:
    """Pages by their names: the whole, without its suffix, and the end of it alone, also as its archive or its folder
    on disk calls it. Those that several pages have are given back with all of these.
    """

    def __init__(self, pages: Pages) -> None:
        self._exact: dict[str, list[int]] = {}
        self._others: dict[str, list[int]] = {}
        for number, (name, *others) in enumerate(pages):
            for one in _with_and_without_suffix(name):
                self._exact.setdefault(one, []).append(number)
            ends = [PurePosixPath(one).name for one in (name, *others)]
            for one in dict.fromkeys(word for other in (*others, *ends) for word in _with_and_without_suffix(other)):
                self._others.setdefault(one, []).append(number)

    def called(self, key: str) -> list[int]:
        """The numbers of the pages that a name may be of."""
        for names in (self._exact, self._others):
            for name in _with_and_without_suffix(key):
                if name in names:
                    return names[name]
        return []


def _with_and_without_suffix(name: str) -> Iterator[str]:
    yield name
    if suffix_of(name) in (*PICTURE_SUFFIXES, *PSD_SUFFIXES):
        yield name[: -len(PurePosixPath(name).suffix)]


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
