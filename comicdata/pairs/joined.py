"""Outlines made elsewhere (by a learned extractor, by hand) as further columns of a manifest."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from comicdata.errors import PictureError, UsageError
from comicdata.files import below, read_regular, sha256_bytes, sha256_file, write_atomic
from comicdata.formats import PICTURE_SUFFIXES
from comicdata.images import MAX_FILE_BYTES, decode, encode_png
from comicdata.pairs.manifest import KINDS, OUTLINE_NAME, SPLITS, stated_outlines
from comicdata.pairs.parts import JOURNAL, note_files
from comicdata.records import Failure, Pair

TAKEN = (*KINDS, "mix")  # mix is what train calls canny with xdog
SIZES = ("256", "512")
WINDOW = re.compile("w[0-9a-f]{16}")  # the id of a window: what else lies in a folder is nobody's outline


@dataclass(frozen=True)
class Found:
    """A folder of outlines, and the file of every window in it, by id."""

    folder: Path
    files: dict[str, Path]


def find_outlines(sources: Mapping[str, Path], out: Path) -> dict[str, Found]:
    """What the folders hold, by name. A folder holds <id>.png (or another format) anywhere below it, one per window.

    UsageError for a name that no column can have, a folder that is not there, or where make-pairs itself writes and
    deletes in the pairs folder `out`, or two files for one window.
    """
    ours = [place.resolve() for place in written_places(out, {*KINDS, *sources, *stated_outlines(out)})]
    for name, folder in sources.items():
        if not re.fullmatch(OUTLINE_NAME, name) or name in TAKEN:
            raise UsageError(f"--outline {name}: a name is a word of [a-z0-9] other than {', '.join(TAKEN)}")
        if not folder.is_dir():
            raise UsageError(f"--outline {name}={folder}: no such folder")
        there = folder.resolve()
        if any(there.is_relative_to(place) or place.is_relative_to(there) for place in ours):
            raise UsageError(
                f"--outline {name}={folder}: make-pairs writes its own pictures there; move yours elsewhere"
            )
    return {name: Found(folder, _by_id(folder)) for name, folder in sources.items()}


def written_places(out: Path, kinds: Iterable[str]) -> list[Path]:
    """The folders PAIRS/<size>/<split>/<kind> of a pairs folder, whether they are there or not."""
    return [out / size / split / kind for size in SIZES for split in SPLITS for kind in sorted(kinds)]


def join_outlines(out: Path, rows: Sequence[Pair], sources: Mapping[str, Found]) -> tuple[list[Pair], list[Failure]]:
    """The kept rows with the outlines that were found, and a failure for each that is missing or unfit.

    Each is as large as its window: run the extractor over PAIRS/<size>/<split>/color. They are stored grey, as
    <name>/<ab>/<id>.png.
    """
    failures: list[Failure] = []
    joined = []
    for row in rows:
        found = []
        for name in sorted(sources) if row.kept else ():
            try:
                found.append(_joined(out, row, name, sources[name]))
            except PictureError as error:
                failures.append(Failure("make-pairs", f"{name}/{row.id}", str(error), type(error).__name__))
        joined.append(replace(row, outlines=tuple(found)))
    return joined, failures


def _by_id(folder: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for path in sorted(below(folder)):
        if path.suffix.lower() in PICTURE_SUFFIXES and WINDOW.fullmatch(path.stem):
            other = files.setdefault(path.stem, path)
            if other != path:
                raise UsageError(f"{other} and {path}: two outlines of one window; take one away")
    return files


def _joined(out: Path, row: Pair, name: str, found: Found) -> tuple[str, str, str]:
    """Store one outline; (name, file name, sha256). Errors name its place in the folder, not where that lies."""
    if row.id not in found.files:
        raise PictureError(f"no {row.id}.png; run the extractor on all of {row.size}/{row.split}/color again")
    path = found.files[row.id].relative_to(found.folder).as_posix()
    try:
        picture = decode(read_regular(found.files[row.id], MAX_FILE_BYTES), path)
    except OSError as error:
        raise PictureError(f"{path}: cannot be read ({error.strerror or error})") from error
    if picture.shape[:2] != (row.size, row.size):
        height, width = picture.shape[:2]
        raise PictureError(f"{path}: {width} x {height} pixels, its window has {row.size} x {row.size}")
    data = encode_png(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    file_name, digest = f"{name}/{row.id[1:3]}/{row.id}.png", sha256_bytes(data)
    place = out / str(row.size) / row.split / file_name
    if not (place.is_file() and sha256_file(place) == digest):
        note_files(out / "parts" / f"outlines{JOURNAL}", out, {place: digest})
        write_atomic(place, data, durable=False)
    return name, file_name, digest
