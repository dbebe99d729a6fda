"""The crawl on disk: bytes as fetched, an episode is complete, absent, or partial and says so; episode.json is last."""

import logging
import os
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath
from typing import Any

from comicdata.crawl.fetch import Answer
from comicdata.episodes import (
    EPISODE,
    INDEX,
    SERIES,
    STORED_PATTERN,
    episode_folder,
    faults_of,
    index_rows,
    iterate_crawl,
    numbered,
    series_folder,
    stored_episode,
)
from comicdata.errors import IntegrityError, PictureError
from comicdata.files import (
    SEAL,
    append_line,
    delete,
    is_behind_link,
    is_intact,
    read_json,
    read_lines,
    seal,
    sha256_bytes,
    sha256_file,
    sync_files,
    write_atomic,
    write_json,
    write_jsonl,
)
from comicdata.formats import EXTENSIONS
from comicdata.images import decodes, measure
from comicdata.outputs import set_aside
from comicdata.reading.shapes import MisshapenError, of_shape
from comicdata.records import Episode, EpisodeRecord, ImageRecord, Series

JOURNAL = "journal.jsonl"
UNSETTLED = ("partial", "failed")
RECURS_FROM = 3  # episodes that share a picture before it counts as a title card or a banner
log = logging.getLogger("comicdata")


def write_series(out: Path, series: Series, listing: Sequence[Episode] | None = None) -> None:
    """Write series.json unless it already says the same.

    `listing` is what the site listed, so that a finished crawl needs no request. Without one the known list stays as
    long as the same recipe made it; so do the recurring pictures.
    """
    path = series_folder(out, (series.source, series.series_id)) / SERIES
    known = _read_series(path)
    value = {"schema_version": 1, **asdict(series)}
    value |= {name: list(item) for name, item in value.items() if isinstance(item, tuple)}
    value["robots"] = series.robots or known.get("robots", "")
    if not series.reading_order:  # version 0.1.0 did not write it
        del value["reading_order"]
    if listing is not None:
        value["listing"] = [asdict(episode) for episode in listing]
    elif "listing" in known and known.get("recipe_sha256") == series.recipe_sha256:
        value["listing"] = known["listing"]
    if "recurring" in known:
        value["recurring"] = known["recurring"]
    if value != known:
        write_json(path, seal(value))


def _read_series(path: Path) -> dict[str, Any]:
    """What series.json says; empty where it is missing, damaged or changed, for it can be written anew."""
    try:
        value = read_json(path) if path.is_file() else {}
    except IntegrityError:
        return {}
    if not isinstance(value, dict) or not is_intact(value) or not isinstance(value.get("robots", ""), str):
        return {}
    return {name: one for name, one in value.items() if name != SEAL}


def known_series(out: Path, key: tuple[str, str], facts_sha256: str) -> tuple[Series, list[Episode]] | None:
    """The series and its episodes as the site listed them for this very recipe; None when nothing usable is known."""
    known = _read_series(series_folder(out, key) / SERIES)
    listing = known.pop("listing", None)
    if not facts_sha256 or known.get("recipe_sha256") != facts_sha256 or not isinstance(listing, list):
        return None
    try:
        return of_shape(Series, known), of_shape(list[Episode], _rows(listing))
    except MisshapenError:
        return None


def _rows(listing: Any) -> list[dict[str, Any]]:
    """The rows of a remembered list, with the numbers that 0.1.0 did not write."""
    rows = listing if isinstance(listing, list) else []
    return [numbered(row) for row in rows if isinstance(row, dict)]


def known_addresses(out: Path, key: tuple[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Addresses by id of the episodes on disk, and of the list that is remembered, whatever recipe made it."""
    folder = series_folder(out, key)
    stored = {path.parent.name: _address(path) for path in sorted(folder.glob(f"*/{EPISODE}"))}
    rows = _rows(_read_series(folder / SERIES).get("listing"))
    return stored, {str(row.get("episode_id", "")): str(row.get("url", "")) for row in rows}


def _address(path: Path) -> str:
    """The address that an episode.json gives, or the folder of its pictures, for 0.1.0 noted no folder as address.

    "" where it is damaged, as it may be: the episode is taken anew.
    """
    try:
        value = read_json(path)
        return str(value["url"] or PurePosixPath(value["images"][0]["url"]).parent)
    except (IntegrityError, LookupError, TypeError, ValueError):
        return ""


def write_recurring(out: Path, key: tuple[str, str]) -> dict[str, list[str]]:
    """Note in series.json the pictures that come again in RECURS_FROM episodes: title cards, banners.

    Returns {sha256: episode ids}. Memory: one entry per distinct picture of the series.
    """
    places: dict[str, list[str]] = {}
    for record in iterate_crawl(out, f"{key[0]}/{key[1]}"):
        for digest in {image.sha256 for image in record.images}:
            places.setdefault(digest, []).append(record.episode_id)
    recurring = {digest: ids for digest, ids in sorted(places.items()) if len(ids) >= RECURS_FROM}
    path = series_folder(out, key) / SERIES
    known = _read_series(path)
    if known and known.get("recurring", {}) != recurring:
        write_json(path, seal({**known, "recurring": recurring}))
    return recurring


def write_image(
    folder: Path, ordinal: int, answer: Answer, url: str, *, recorded: Container[str] = (), beside: bool = False
) -> ImageRecord:
    """Check that the bytes decode, and store them unchanged as NNNN with the extension of their format.

    Raises PictureError when they are no picture. `beside`: the name is taken by a picture that stays, so this one
    becomes NNNN-<hash>; so it does where somebody's own file has that name. Under a `recorded` name a picture that
    somebody changed is kept elsewhere. The journal speaks of the file before it is there: killed, it is known as ours.
    """
    data = answer.body
    if data and data.count(0) == len(data):
        raise PictureError(f"{url}: {len(data)} bytes, all of them zero; run the same command again")
    kind, width, height, notes = measure(data, url)
    for note in notes:
        log.warning("%s: %s", url, note)
    digest = sha256_bytes(data)
    name = f"{ordinal:04d}{EXTENSIONS[kind]}"
    if beside or not _is_free(folder, name, digest, recorded):
        name = f"{ordinal:04d}-{digest[:8]}{EXTENSIONS[kind]}"
    headers = answer.headers
    record = ImageRecord(
        name, digest, len(data), width, height, url, headers.get("etag", ""), headers.get("last-modified", "")
    )
    append_line(folder / JOURNAL, asdict(record))
    path = folder / name
    if not (path.is_file() and sha256_file(path) == digest):
        write_atomic(path, data, durable=False)
    sync_files([path])  # here, in the thread that fetched it: the record that vouches for it is written later
    return record


def _is_free(folder: Path, name: str, digest: str, recorded: Container[str]) -> bool:
    """Whether a picture may take this name: nothing is there, or something of ours that it replaces."""
    path = folder / name
    if not os.path.lexists(path):
        return True
    if path.is_symlink() or not path.is_file():
        return False
    if sha256_file(path) == digest or any(image.file_name == name for image in intact_journal(folder)):
        return True
    if name in recorded and decodes(path):
        place = set_aside(folder.parents[2], path)
        log.warning("%s: somebody changed it since the crawl; that is kept as %s", path, place)
    return name in recorded


def intact_journal(folder: Path) -> list[ImageRecord]:
    """The pictures that an interrupted try stored in an episode folder and whose bytes are as it noted.

    A line that was torn, or that speaks of anything but a stored picture, is passed over.
    """
    found: dict[str, ImageRecord] = {}
    for row in read_lines(folder / JOURNAL):
        try:
            record = of_shape(ImageRecord, row)
        except MisshapenError:
            continue
        path = folder / record.file_name
        if not STORED_PATTERN.fullmatch(record.file_name) or path.is_symlink() or not path.is_file():
            continue
        if sha256_file(path) == record.sha256:
            found[record.file_name] = record
    return list(found.values())


def note_stored(folder: Path, record: EpisodeRecord) -> None:
    """Have the journal name all pictures of a record, which is about to go: what is deleted next is known as ours."""
    for image in _images(record):
        append_line(folder / JOURNAL, asdict(image))


def note_hashed(folder: Path, files: Mapping[str, str]) -> None:
    """Likewise by name and hash alone, where the record is damaged."""
    for name, digest in files.items():
        append_line(folder / JOURNAL, {"file_name": name, "sha256": digest})


def noted(folder: Path) -> dict[str, set[str]]:
    """The hashes that the journal of an episode folder gives to stored pictures, by name, whatever lies there now."""
    found: dict[str, set[str]] = {}
    for row in read_lines(folder / JOURNAL):
        name = str(row.get("file_name")) if isinstance(row, dict) else ""
        if STORED_PATTERN.fullmatch(name):
            found.setdefault(name, set()).add(str(row.get("sha256")))
    return found


def write_episode(out: Path, record: EpisodeRecord) -> None:
    """Write episode.json, which makes the episode count, unless it says all but the time already.

    Pictures of ours that it does not name go; the journal names those of the record before, for a kill in between.
    """
    folder = episode_folder(out, record)
    before = stored_episode(out, record.source, record.series_id, record.episode_id)
    if before is None or replace(before, fetched_at=record.fetched_at) != record:
        for image in _images(before) if before else ():
            if image not in _images(record):
                append_line(folder / JOURNAL, asdict(image))
        write_json(folder / EPISODE, seal({"schema_version": 1, **asdict(record)}))
    sweep_episode(out, record)


def sweep_episode(out: Path, record: EpisodeRecord) -> None:
    """Delete the journal, and the pictures in it that the record does not name, as those of a refused try.

    What is not in the journal, or is not as it says, is somebody's own; so is all that lies behind a link.
    """
    folder = episode_folder(out, record)
    if not (folder / JOURNAL).is_file() or is_behind_link(out, folder / JOURNAL):
        return
    named = {image.file_name for image in _images(record)}
    for image in intact_journal(folder):
        if image.file_name not in named:
            delete(out, folder / image.file_name, image.sha256)
    delete(out, folder / JOURNAL, record=True)


def _images(record: EpisodeRecord) -> tuple[ImageRecord, ...]:
    return (*record.images, *record.earlier)


def complete_episode(out: Path, source: str, series_id: str, episode_id: str) -> EpisodeRecord | None:
    """The record of an episode that is complete on disk, every file hashed; else None.

    Complete is "ok", and also what the site refused or removed: only `--retry-failed` and `--update` ask again.
    """
    record = stored_episode(out, source, series_id, episode_id)
    if record is None or record.status in UNSETTLED or any(faults_of(episode_folder(out, record), record)):
        return None
    return record


def split_intact(out: Path, record: EpisodeRecord) -> tuple[list[ImageRecord], list[ImageRecord]]:
    """The pictures of a record whose bytes are still as recorded, and the others."""
    bad = {path.name for _, path in faults_of(episode_folder(out, record), record)}
    intact = [image for image in record.images if image.file_name not in bad]
    return intact, [image for image in record.images if image.file_name in bad]


def write_index(out: Path) -> None:
    """Write index.jsonl, one line per episode."""
    write_jsonl(out / INDEX, index_rows(iterate_crawl(out)))
