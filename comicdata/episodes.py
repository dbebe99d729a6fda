"""A crawl as others read it: the records of episodes on disk, in natural order. Nothing here knows a network."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from comicdata.errors import IntegrityError, PictureError, UsageError
from comicdata.files import read_json, sha256_file
from comicdata.images import measure
from comicdata.outputs import KEPT, is_made_here
from comicdata.records import EpisodeRecord, ImageRecord

EPISODE = "episode.json"
SERIES = "series.json"
STORED_NAME = r"[0-9]{4,}(-[0-9a-f]{8})?\.(jpg|png|webp|gif)"
STORED_PATTERN = re.compile(STORED_NAME)
_episode_records = TypeAdapter(EpisodeRecord)


def series_folder(out: Path, key: tuple[str, str]) -> Path:
    """Where a series lies; `key` is (source, series_id)."""
    return out / key[0] / key[1]


def episode_folder(out: Path, record: EpisodeRecord) -> Path:
    """Where the pictures of an episode lie."""
    return out / record.source / record.series_id / record.episode_id


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key in which `2` comes before `10`."""
    parts = re.findall(r"(\d+)|(\D+)", name.casefold())
    return [(0, int(digits), "") if digits else (1, 0, text) for digits, text in parts]


def matches(episode_id: str, pattern: str) -> bool:
    """Whether "15-17,e20" names an episode: by its id, or by a number in its id."""
    numbers = [int(digits) for digits in re.findall(r"\d+", episode_id)]
    for part in (part.strip() for part in pattern.split(",")):
        span = re.fullmatch(r"(\d+)(?:-(\d+))?", part)
        if part == episode_id:
            return True
        if span and any(int(span[1]) <= number <= int(span[2] or span[1]) for number in numbers):
            return True
    return False


def read_episode(path: Path) -> EpisodeRecord:
    """Read and check one episode.json; IntegrityError names the file and the field.

    A record that names other folders than its own, or a file that is no NNNN.ext, is as damaged as one without a hash.
    """
    value = read_json(path)
    if isinstance(value, dict):
        value.pop("schema_version", None)
    try:
        record = _episode_records.validate_python(value)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise IntegrityError(f"{path}: {place}: {fault['msg']}; delete it and crawl again") from error
    if (record.source, record.series_id, record.episode_id) != path.parts[-4:-1]:
        raise IntegrityError(f"{path}: belongs to another folder; delete it and crawl again")
    for image in (*record.images, *record.earlier):
        if not re.fullmatch(STORED_NAME, image.file_name):
            raise IntegrityError(f"{path}: images: {image.file_name!r} is no stored picture; delete it and crawl again")
    return record


def stored_episode(out: Path, source: str, series_id: str, episode_id: str) -> EpisodeRecord | None:
    """The record of an episode whatever its state; None where there is none or it is damaged."""
    path = out / source / series_id / episode_id / EPISODE
    try:
        return read_episode(path) if path.is_file() else None
    except IntegrityError:
        return None


def read_crawl(out: Path) -> list[EpisodeRecord]:
    """All episodes of a crawl in natural order; UsageError when the folder is no crawl."""
    if not out.is_dir():
        raise UsageError(f"{out}: no such folder; make a crawl with: comicdata crawl SOURCE --out {out}")
    return list(iterate_crawl(out))


def iterate_crawl(out: Path, series: str = "*/*") -> Iterator[EpisodeRecord]:
    """The episodes of a crawl, or of "source/series_id" in it, one in memory at a time, in natural order."""
    paths = out.glob(f"{series}/*/{EPISODE}")
    for path in sorted(paths, key=lambda path: natural_key(path.parent.relative_to(out).as_posix())):
        yield read_episode(path)


def verify_crawl(out: Path, series: str = "*/*", *, decoded: bool = False) -> dict[str, Any]:
    """Hash every stored picture, of the whole crawl or of "source/series_id" in it.

    {"checked", "missing", "changed", "orphans"} with relative POSIX paths; `decoded` also decodes every picture, and
    counts one that does not as changed.
    """
    found: dict[str, list[str]] = {"missing": [], "changed": [], "orphans": []}
    checked = 0
    expected = set(out.glob(f"{series}/{SERIES}"))
    for path in sorted(out.glob(f"{series}/*/{EPISODE}")):
        checked += 1
        expected.add(path)
        try:
            record = read_episode(path)
        except IntegrityError:
            found["changed"].append(path.relative_to(out).as_posix())
            expected |= set(path.parent.iterdir())
            continue
        images = (*record.images, *record.earlier)
        checked += len(images)
        expected |= {path.parent / image.file_name for image in images}
        for kind, fault in faults_of(path.parent, record):
            found[kind].append(fault.relative_to(out).as_posix())
        if decoded:
            found["changed"] += [one for one in _undecodable(out, path.parent, images) if one not in found["changed"]]
    litter = {path for path in out.glob(f"{series}/**/*") if path.is_file() and path.name != ".lock"} - expected
    others = {KEPT, *(path.name for path in out.iterdir() if is_made_here(path))}  # pairs or a run inside a crawl
    orphans = (path.relative_to(out) for path in litter)
    found["orphans"] = sorted(path.as_posix() for path in orphans if path.parts[0] not in others)
    return {"checked": checked, **found}


def faults_of(folder: Path, record: EpisodeRecord) -> Iterator[tuple[str, Path]]:
    """("missing" or "changed", path) of every stored picture that is not as recorded."""
    for image in (*record.images, *record.earlier):
        path = folder / image.file_name
        if not path.is_file():
            yield "missing", path
        elif sha256_file(path) != image.sha256:
            yield "changed", path


def _undecodable(out: Path, folder: Path, images: Sequence[ImageRecord]) -> Iterator[str]:
    """Relative paths of the pictures that are there and do not decode."""
    for path in (folder / image.file_name for image in images):
        try:
            if path.is_file():
                measure(path.read_bytes(), path.name)
        except PictureError:
            yield path.relative_to(out).as_posix()
