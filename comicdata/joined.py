"""Outlines made elsewhere (by a learned extractor, by hand) as further columns of a manifest."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2

from comicdata.errors import PictureError, UsageError
from comicdata.files import sha256_bytes, sha256_file, write_atomic
from comicdata.images import PICTURE_SUFFIXES, encode_png, read_image
from comicdata.manifests import KINDS
from comicdata.records import Failure, Pair

TAKEN = (*KINDS, "mix")  # mix is what train calls canny with xdog


def check_outlines(sources: Mapping[str, Path]) -> None:
    """UsageError for a name that no column can have, or a folder that is not there."""
    for name, folder in sources.items():
        if not re.fullmatch("[a-z][a-z0-9]{0,29}", name) or name in TAKEN:
            raise UsageError(f"--outline {name}: a name is a word of [a-z0-9] other than {', '.join(TAKEN)}")
        if not folder.is_dir():
            raise UsageError(f"--outline {name}={folder}: no such folder")


def join_outlines(out: Path, rows: Sequence[Pair], sources: Mapping[str, Path]) -> tuple[list[Pair], list[Failure]]:
    """The kept rows with the outlines that the folders hold, and a failure for each that is missing or unfit.

    A folder holds <id>.png (or another format) anywhere below it, one per window, as large as the window: run the
    extractor over PAIRS/<size>/<split>/color. They are stored grey, as <name>/<ab>/<id>.png.
    """
    failures: list[Failure] = []
    places = {name: _by_id(folder) for name, folder in sources.items()}
    joined = []
    for row in rows:
        found = []
        for name in sorted(places) if row.kept else ():
            try:
                found.append(_joined(out, row, name, places[name], sources[name]))
            except PictureError as error:
                failures.append(Failure("make-pairs", f"{name}/{row.id}", str(error), type(error).__name__))
        joined.append(replace(row, outlines=tuple(found)))
    return joined, failures


def _by_id(folder: Path) -> dict[str, Path]:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    return {path.stem: path for path in paths}


def _joined(out: Path, row: Pair, name: str, places: Mapping[str, Path], folder: Path) -> tuple[str, str, str]:
    """Store one outline; (name, file name, sha256)."""
    if row.id not in places:
        raise PictureError(f"{folder}: no {row.id}.png; run the extractor on all of {out / str(row.size)} again")
    picture = read_image(places[row.id])
    if picture.shape[:2] != (row.size, row.size):
        height, width = picture.shape[:2]
        raise PictureError(f"{places[row.id]}: {width} x {height} pixels, its window has {row.size} x {row.size}")
    data = encode_png(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
    file_name, digest = f"{name}/{row.id[1:3]}/{row.id}.png", sha256_bytes(data)
    path = out / str(row.size) / row.split / file_name
    if not (path.is_file() and sha256_file(path) == digest):
        write_atomic(path, data, durable=False)
    return name, file_name, digest
