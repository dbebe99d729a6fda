"""The crawl on disk: bytes as fetched, an episode is complete, absent, or partial and says so; episode.json is last."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from comicdata.crawl.names import natural_key
from comicdata.errors import IntegrityError, UsageError
from comicdata.files import read_json, sha256_bytes, sha256_file, write_atomic, write_json
from comicdata.images import EXTENSIONS, decode, probe
from comicdata.records import EpisodeRecord, ImageRecord, Series

EPISODE = "episode.json"
SERIES = "series.json"
_episode_records = TypeAdapter(EpisodeRecord)


def series_folder(out: Path, series: Series) -> Path:
    return out / series.source / series.series_id


def episode_folder(out: Path, record: EpisodeRecord) -> Path:
    """Where the pictures of an episode lie."""
    return out / record.source / record.series_id / record.episode_id


def write_series(out: Path, series: Series) -> None:
    """Write series.json unless it already says the same."""
    path = series_folder(out, series) / SERIES
    value = {"schema_version": 1, **asdict(series)}
    if not (path.is_file() and read_json(path) == {**value, "authors": list(series.authors)}):
        write_json(path, value)


def write_image(folder: Path, ordinal: int, data: bytes, url: str) -> ImageRecord:
    """Check that the bytes decode, and store them unchanged as NNNN with the extension of their format.

    Raises PictureError when they are no picture.
    """
    kind, _, _ = probe(data, url)
    height, width = decode(data, url).shape[:2]
    name = f"{ordinal:04d}{EXTENSIONS[kind]}"
    path = folder / name
    digest = sha256_bytes(data)
    if not (path.is_file() and sha256_file(path) == digest):
        write_atomic(path, data)
    return ImageRecord(name, digest, len(data), width, height, url)


def write_episode(out: Path, record: EpisodeRecord) -> None:
    """Write episode.json, which makes the episode count; files that it does not name go."""
    folder = episode_folder(out, record)
    write_json(folder / EPISODE, {"schema_version": 1, **asdict(record)})
    named = {EPISODE, *(image.file_name for image in record.images)}
    for path in folder.iterdir():
        if path.name not in named and path.is_file():
            path.unlink()


def read_episode(path: Path) -> EpisodeRecord:
    """Read and check one episode.json; IntegrityError names the file and the field."""
    value = read_json(path)
    if isinstance(value, dict):
        value.pop("schema_version", None)
    try:
        return _episode_records.validate_python(value)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"])
        raise IntegrityError(f"{path}: {place}: {fault['msg']}; delete it and crawl again") from error


def complete_episode(out: Path, source: str, series_id: str, episode_id: str) -> EpisodeRecord | None:
    """The record of an episode that is complete on disk, every file hashed; else None."""
    path = out / source / series_id / episode_id / EPISODE
    if not path.is_file():
        return None
    try:
        record = read_episode(path)
    except IntegrityError:
        return None
    return record if record.status == "ok" and not any(_faults(path.parent, record)) else None


def _faults(folder: Path, record: EpisodeRecord) -> Iterator[tuple[str, Path]]:
    """("missing" or "changed", path) of every stored picture that is not as recorded."""
    for image in record.images:
        path = folder / image.file_name
        if not path.is_file():
            yield "missing", path
        elif sha256_file(path) != image.sha256:
            yield "changed", path


def read_crawl(out: Path) -> list[EpisodeRecord]:
    """All episodes of a crawl in natural order; UsageError when the folder is no crawl."""
    if not out.is_dir():
        raise UsageError(f"{out}: no such folder; make a crawl with: comicdata crawl SOURCE --out {out}")
    paths = sorted(out.glob(f"*/*/*/{EPISODE}"), key=lambda path: natural_key(path.parent.relative_to(out).as_posix()))
    return [read_episode(path) for path in paths]


def verify_crawl(out: Path) -> dict[str, Any]:
    """Hash every stored picture: {"checked", "missing", "changed", "orphans"} with relative POSIX paths."""
    found: dict[str, list[str]] = {"missing": [], "changed": [], "orphans": []}
    checked = 0
    expected: set[Path] = set()
    for path in sorted(out.glob(f"*/*/*/{EPISODE}")):
        checked += 1
        expected.add(path)
        try:
            record = read_episode(path)
        except IntegrityError:
            found["changed"].append(path.relative_to(out).as_posix())
            expected |= set(path.parent.iterdir())
            continue
        checked += len(record.images)
        expected |= {path.parent / image.file_name for image in record.images}
        for kind, fault in _faults(path.parent, record):
            found[kind].append(fault.relative_to(out).as_posix())
    orphans = {path for path in out.glob("*/*/*/*") if path.is_file()} - expected
    found["orphans"] = sorted(path.relative_to(out).as_posix() for path in orphans)
    return {"checked": checked, **found}
