"""Takedown: a series goes from a crawl and from its pairs, and stays away. Weights cannot forget: runs are only named.

Order of deletion: what vouches goes first, so that a killed run leaves nothing that looks complete; again, it goes on.
"""

import difflib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from comicdata.crawl.store import JOURNAL, note_stored, stored_names, write_index
from comicdata.episodes import EPISODE, SERIES, STORED_PATTERN, series_folder, stored_episode
from comicdata.errors import IntegrityError, PartialError, UsageError
from comicdata.files import TEMPORARY_SUFFIX, below, locked, read_json, read_jsonl, write_jsonl
from comicdata.forgotten import Key, note_forgotten, read_forgotten
from comicdata.outputs import KEPT, is_behind_link
from comicdata.pairs import card, manifest
from comicdata.records import Pair

ID = "[a-z][a-z0-9-]*"  # a slug: never a path that leads elsewhere


@dataclass(frozen=True)
class Traces:
    """What is left of a series in one folder: pictures and their bytes in a crawl, rows and pictures in pairs."""

    folder: Path
    episodes: int
    pictures: int
    bytes: int


def find_series(name: str, crawls: Sequence[Path], pairs: Sequence[Path]) -> Key:
    """The (source, series_id) that "source/series_id", or a series_id that only one source has, means here.

    UsageError with what is close when there is none.
    """
    known = sorted({key for crawl in crawls for key in _in_crawl(crawl)} | {key for one in pairs for key in _in(one)})
    found = [key for key in known if name in ("/".join(key), key[1])]
    if len(found) == 1:
        return found[0]
    names = ["/".join(key) for key in (found or known)]
    if found:
        raise UsageError(f"{name}: which one? {', '.join(names)}")
    close = difflib.get_close_matches(name, [*names, *(key[1] for key in known)], 1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(names[:10]) or 'none'}"
    raise UsageError(f"{name}: no such series here; {hint}")


def _in_crawl(crawl: Path) -> Iterator[Key]:
    """The series of a crawl, those that were being forgotten among them."""
    if not crawl.is_dir():
        raise UsageError(f"{crawl}: no such folder")
    yield from ((path.parent.name, path.name) for path in crawl.glob("*/*") if _is_series(path))
    yield from (key for key in read_forgotten(crawl) if _named(key))


def _is_series(folder: Path) -> bool:
    """Whether a folder is a series of a crawl and nothing else that happens to lie two levels deep."""
    named = _named((folder.parent.name, folder.name))
    return named and folder.is_dir() and ((folder / SERIES).is_file() or any(folder.glob(f"*/{EPISODE}")))


def _named(key: Key) -> bool:
    """Whether these are names, and no path that leads elsewhere."""
    return all(re.fullmatch(ID, part) for part in key)


def _in(pairs: Path) -> Iterator[Key]:
    """The series of a pairs folder, those that were being forgotten among them."""
    if not pairs.exists():
        raise UsageError(f"{pairs}: no such folder")
    folder = manifest.pairs_folder(pairs)
    named = {(row.source, row.series_id) for row in manifest.read_rows(folder)} | {*read_forgotten(folder)}
    yield from (key for key in named if _named(key))
    yield from ((path.parent.name, path.name) for path in folder.glob("parts/*/*"))


def crawl_traces(crawl: Path, key: Key) -> Traces:
    """What a crawl holds of a series."""
    folder = series_folder(crawl, key)
    files = [path for path in below(folder) if path.is_file() and path.suffix not in (".json", ".jsonl", ".lock")]
    pictures = [path for path in files if path.name != ".lock"]
    episodes = {path.parent for path in pictures}
    return Traces(crawl, len(episodes), len(pictures), sum(path.stat().st_size for path in pictures))


def pairs_traces(pairs: Path, key: Key) -> Traces:
    """What a pairs folder holds of a series."""
    folder = manifest.pairs_folder(pairs)
    rows = [row for row in manifest.read_rows(folder) if (row.source, row.series_id) == key]
    files = [path for row in rows for path in manifest.files_of(folder, row)]
    there = [path for path in files if path.is_file()]
    return Traces(folder, len({row.episode_id for row in rows}), len(there), sum(one.stat().st_size for one in there))


def forget_in_crawl(crawl: Path, key: Key) -> list[Path]:
    """Note the series in forgotten.jsonl, then delete its episodes: every episode.json before any picture.

    Only what the crawl stored goes, and nothing behind a link: a link itself goes. Returns what stays, to be looked at.
    """
    folder = series_folder(crawl, key)
    note_forgotten(crawl, key)
    stays = [folder.resolve()] if is_behind_link(crawl, folder) else []
    if folder.is_symlink():
        folder.unlink()
    elif folder.is_dir() and not stays:
        with locked(folder):
            stays = _forget_episodes(folder)
            if not stays:
                (folder / SERIES).unlink(missing_ok=True)
        if not stays:
            (folder / ".lock").unlink(missing_ok=True)
        _remove_if_empty(folder)
        _remove_if_empty(folder.parent)
    kept = crawl / KEPT / key[0] / key[1]
    stays += [path for path in sorted(below(kept)) if path.is_file()]
    _drop_failures(crawl / "failures.jsonl", "/".join(key))
    write_index(crawl)
    return stays


def _forget_episodes(folder: Path) -> list[Path]:
    """Delete the episodes of a series; returns what is somebody's own, or lies behind a link."""
    stays = []
    episodes = [path for path in sorted(folder.iterdir()) if path.is_dir() or path.is_symlink()]
    ours = {path: _stored_files(path) for path in episodes if not path.is_symlink()}
    for path in episodes:
        if path.is_symlink():
            stays.append(path.resolve())
            path.unlink()
            continue
        for file in ours[path]:
            file.unlink(missing_ok=True)
        _remove_if_empty(path)
        stays += sorted(one for one in below(path) if not one.is_dir() or one.is_symlink()) if path.is_dir() else []
    (folder / SERIES).unlink(missing_ok=True)
    named = {".lock", SERIES}
    return stays + sorted(one for one in folder.iterdir() if not one.is_dir() and one.name not in named)


def _stored_files(folder: Path) -> list[Path]:
    """The files of an episode that a crawl stored, the journal last; its record goes first, and is noted there.

    They are those that the record and the journal name; of a damaged record, all that have names of stored pictures.
    """
    record = stored_episode(folder.parents[2], *folder.parts[-3:])
    damaged = record is None and (folder / EPISODE).is_file()
    names = {path.name for path in folder.iterdir() if damaged and STORED_PATTERN.fullmatch(path.name)}
    if record is not None:
        note_stored(folder, record)
    names |= stored_names(folder)
    (folder / EPISODE).unlink(missing_ok=True)
    return [*(folder / name for name in sorted(names)), *folder.glob(f"*{TEMPORARY_SUFFIX}"), folder / JOURNAL]


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


def forget_in_pairs(pairs: Path, key: Key) -> list[Path]:
    """Note the series in forgotten.jsonl, delete parts and pictures, take the rows out of manifest, metadata and card.

    A copy that was dropped as a duplicate of the series comes back with the next make-pairs. Returns what stays: behind
    links, and cards that somebody changed.
    """
    folder = manifest.pairs_folder(pairs)
    stays: list[Path] = []
    with locked(folder):
        note_forgotten(folder, key)
        rows = manifest.read_rows(folder)
        gone = [row for row in rows if (row.source, row.series_id) == key]
        kept = [row for row in rows if (row.source, row.series_id) != key]
        files = [path for row in gone for path in manifest.files_of(folder, row)]
        files += (folder / "parts" / key[0] / key[1]).glob("*.jsonl")
        for path in files:
            if not path.resolve().is_relative_to(folder.resolve()) or is_behind_link(folder, path):
                stays += [path] if os.path.lexists(path) else []  # a manifest may say anything
            else:
                path.unlink(missing_ok=True)
        for place in (folder / "parts" / key[0] / key[1], folder / "parts" / key[0]):
            _remove_if_empty(place)
        manifest.write_manifest(folder, kept)
        stays += _write_card(folder, kept)
        _drop_failures(folder / "failures.jsonl", "/".join(key))
        ids = {row.id for row in gone}
        excluded = [row for row in read_jsonl(folder / "excluded.jsonl") if row.get("id") not in ids]
        if (folder / "excluded.jsonl").is_file():
            write_jsonl(folder / "excluded.jsonl", excluded)
    return stays + [path for path in sorted(below(folder / KEPT)) if path.stem.rpartition("-")[0] in ids]


def _write_card(folder: Path, rows: Sequence[Pair]) -> list[Path]:
    """The card again, with the options that it states; returns those files of it that somebody changed, which stay."""
    try:
        options = read_json(folder / "card.json")["options"]
    except (IntegrityError, OSError, LookupError, TypeError):
        options = {}
    options = options if isinstance(options, dict) else {}
    try:
        card.write_card(folder, options, rows, card.dropped_counts(rows))
    except PartialError:
        return [folder / name for name in card.kept_documents(folder)]
    return []


def _drop_failures(path: Path, name: str) -> None:
    """Without the failures of the series, which name its pictures."""
    if path.is_file():
        write_jsonl(path, [row for row in read_jsonl(path) if not _speaks_of(row, name)])


def _speaks_of(row: dict[str, Any], name: str) -> bool:
    """Whether "source/series_id" are whole parts of the path that the failure names."""
    return f"/{name}/" in f"/{row.get('item', '')}/"


def runs_trained_on(folders: Sequence[Path], key: Key, data_hashes: frozenset[str]) -> list[dict[str, Any]]:
    """The runs in or under `folders` that saw the series: [{"run", "trained_on_it": true | null}].

    null: config.json is older than the note of the series in it, or damaged. `data_hashes` are of the pairs before
    the series went; a run with one of them saw it.
    """
    found = []
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder")
        for path in sorted(one for one in below(folder) if one.name == "config.json"):
            saw = _saw(path, "/".join(key), data_hashes)
            if saw is not False:
                found.append({"run": path.parent.as_posix(), "trained_on_it": saw})
    return found


def _saw(config: Path, name: str, data_hashes: frozenset[str]) -> bool | None:
    """Whether the run of this config.json saw the series; None when it cannot be read, or does not say."""
    try:
        value = read_json(config)
    except IntegrityError:
        return None
    if not isinstance(value, dict) or "data_hash" not in value:
        return False  # of something else
    series = value.get("series")
    if not isinstance(series, list | None):
        return None
    return name in series if series is not None else value["data_hash"] in data_hashes or None


def as_dict(traces: Traces) -> dict[str, Any]:
    return asdict(traces) | {"folder": traces.folder.as_posix()}
