"""The crawl on disk: bytes as fetched, an episode is complete, absent, or partial and says so; episode.json is last."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from comicdata.crawl.names import natural_key
from comicdata.errors import IntegrityError, UsageError
from comicdata.files import read_json, sha256_bytes, sha256_file, write_atomic, write_json
from comicdata.images import EXTENSIONS, decode, probe
from comicdata.records import Episode, EpisodeRecord, ImageRecord, Series

EPISODE = "episode.json"
SERIES = "series.json"
STORED_NAME = r"[0-9]{4,}\.(jpg|png|webp|gif)"
_episode_records = TypeAdapter(EpisodeRecord)
_listings = TypeAdapter(list[Episode])


def series_folder(out: Path, series: Series) -> Path:
    return out / series.source / series.series_id


def episode_folder(out: Path, record: EpisodeRecord) -> Path:
    """Where the pictures of an episode lie."""
    return out / record.source / record.series_id / record.episode_id


def write_series(out: Path, series: Series) -> None:
    """Write series.json unless it already says the same; what robots.txt said stays when it was not asked again."""
    path = series_folder(out, series) / SERIES
    known = _read_series(path)
    value = {"schema_version": 1, **asdict(series), "authors": list(series.authors)}
    value["robots"] = series.robots or known.get("robots", "")
    if "listing" in known and known.get("recipe_sha256") == series.recipe_sha256 and known.get("url") == series.url:
        value["listing"] = known["listing"]
    if value != known:
        write_json(path, value)


def _read_series(path: Path) -> dict[str, Any]:
    """What series.json says; empty where it is missing or damaged, for it can be written anew."""
    try:
        value = read_json(path) if path.is_file() else {}
    except IntegrityError:
        return {}
    return value if isinstance(value, dict) else {}


def write_listing(out: Path, series: Series, episodes: Sequence[Episode]) -> None:
    """Remember in series.json which episodes the site listed, so that a finished crawl needs no request."""
    path = series_folder(out, series) / SERIES
    known = _read_series(path)
    value = {**known, "listing": [asdict(episode) for episode in episodes]}
    if value != known:
        write_json(path, value)


def read_listing(out: Path, series: Series) -> list[Episode] | None:
    """The episodes that the site listed for this very recipe and address; None when nothing usable is known."""
    known = _read_series(series_folder(out, series) / SERIES)
    if known.get("recipe_sha256") != series.recipe_sha256 or known.get("url") != series.url:
        return None
    try:
        return _listings.validate_python(known.get("listing"))
    except ValidationError:
        return None


def write_image(folder: Path, ordinal: int, data: bytes, url: str) -> ImageRecord:
    """Check that the bytes decode, and store them unchanged as NNNN with the extension of their format.

    Raises PictureError when they are no picture.
    """
    height, width = decode(data, url).shape[:2]  # first: its messages are the same in every run
    kind, _, _ = probe(data, url)
    name = f"{ordinal:04d}{EXTENSIONS[kind]}"
    path = folder / name
    digest = sha256_bytes(data)
    if not (path.is_file() and sha256_file(path) == digest):
        write_atomic(path, data)
    return ImageRecord(name, digest, len(data), width, height, url)


def write_episode(out: Path, record: EpisodeRecord) -> None:
    """Write episode.json, which makes the episode count, unless it says all but the time already.

    Files that it does not name go.
    """
    folder = episode_folder(out, record)
    before = stored_episode(out, record.source, record.series_id, record.episode_id)
    if before is None or replace(before, fetched_at=record.fetched_at) != record:
        write_json(folder / EPISODE, {"schema_version": 1, **asdict(record)})
    named = {EPISODE, *(image.file_name for image in record.images)}
    for path in folder.iterdir():
        if path.name not in named and path.is_file():
            path.unlink()


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
    for image in record.images:
        if not re.fullmatch(STORED_NAME, image.file_name):
            raise IntegrityError(f"{path}: images: {image.file_name!r} is no stored picture; delete it and crawl again")
    return record


def complete_episode(out: Path, source: str, series_id: str, episode_id: str) -> EpisodeRecord | None:
    """The record of an episode that is complete on disk, every file hashed; else None."""
    record = stored_episode(out, source, series_id, episode_id)
    if record is None or record.status != "ok" or any(_faults(episode_folder(out, record), record)):
        return None
    return record


def stored_episode(out: Path, source: str, series_id: str, episode_id: str) -> EpisodeRecord | None:
    """The record of an episode whatever its state; None where there is none or it is damaged."""
    path = out / source / series_id / episode_id / EPISODE
    try:
        return read_episode(path) if path.is_file() else None
    except IntegrityError:
        return None


def split_intact(out: Path, record: EpisodeRecord) -> tuple[list[ImageRecord], list[ImageRecord]]:
    """The pictures of a record whose bytes are still as recorded, and the others."""
    bad = {path.name for _, path in _faults(episode_folder(out, record), record)}
    intact = [image for image in record.images if image.file_name not in bad]
    return intact, [image for image in record.images if image.file_name in bad]


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
    litter = {path for path in out.glob("*/*/**/*") if path.is_file() and path.name != ".lock"} - expected
    orphans = litter - set(out.glob(f"*/*/{SERIES}"))
    found["orphans"] = sorted(path.relative_to(out).as_posix() for path in orphans)
    return {"checked": checked, **found}
