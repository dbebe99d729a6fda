"""Takedown: a series goes from a crawl and from its pairs, and stays away. Weights cannot forget: runs are only named.

Order of deletion: what vouches goes first, so that a killed run leaves nothing that looks complete; again, it goes on.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from comicdata.crawl.store import JOURNAL as STORED
from comicdata.crawl.store import note_hashed, note_stored, noted, write_index
from comicdata.episodes import EPISODE, SERIES, STORED_PATTERN, series_folder, stored_episode
from comicdata.errors import IntegrityError, PartialError, UsageError
from comicdata.files import (
    EMPTY,
    below,
    delete,
    is_behind_link,
    is_below,
    locked,
    read_json,
    read_jsonl,
    remove_if_empty,
    sha256_file,
    sweep_orphans,
    write_jsonl,
)
from comicdata.forgotten import Key, note_forgotten, read_forgotten
from comicdata.outputs import KEPT
from comicdata.pairs import card, manifest
from comicdata.pairs.corrections import forget_lines
from comicdata.pairs.parts import JOURNAL, noted_files
from comicdata.pairs.place import linked_folders
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
    return Traces(crawl, len(episodes), len(pictures), sum(map(_size, pictures)))


def pairs_traces(pairs: Path, key: Key) -> Traces:
    """What a pairs folder holds of a series."""
    folder = manifest.pairs_folder(pairs)
    rows = [row for row in manifest.read_rows(folder) if (row.source, row.series_id) == key]
    files = [path for row in rows for path in manifest.files_of(folder, row)]
    there = [path for path in files if path.is_file()]
    return Traces(folder, len({row.episode_id for row in rows}), len(there), sum(map(_size, there)))


def _size(path: Path) -> int:
    """Bytes of a file; of one that another run has just deleted none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


@dataclass(frozen=True)
class Stays:
    """What a takedown left: somebody's own file, or (`ours`) a picture of the series that is not as recorded."""

    path: Path
    ours: bool = False


def check_whole(folders: Sequence[Path], key: Key) -> None:
    """UsageError when the series, or an episode of it, is a link in one of the crawls or pairs.

    Nothing is deleted through a link, so the takedown would be half done: it is refused before anything goes.
    """
    for folder in folders:
        places = [series_folder(folder, key), folder / "parts" / key[0] / key[1]]
        episodes = [one for place in places for one in sorted(place.glob("*"))]
        stored = [one for one in episodes if one.is_dir() or one.suffix == ".jsonl"]
        for path in [*places, *stored, *linked_folders(folder)]:
            if path.exists() and is_behind_link(folder, path):
                raise UsageError(
                    f"{path}: a link leads there, to {path.resolve()}, and nothing is deleted through one; put the "
                    "folder itself in its place, then forget again: nothing was deleted yet"
                )


def forget_in_crawl(crawl: Path, key: Key) -> list[Stays]:
    """Note the series in forgotten.jsonl, then delete its episodes: every episode.json before any picture.

    Only what the crawl stored goes, as it was stored. Returns what stays, to be looked at. UsageError as `check_whole`.
    Another run that forgets or concludes a crawl here is waited for.
    """
    check_whole([crawl], key)
    with locked(crawl, wait_s=60):
        return _forget_in_crawl(crawl, key)


def _forget_in_crawl(crawl: Path, key: Key) -> list[Stays]:
    folder = series_folder(crawl, key)
    note_forgotten(crawl, key)
    sweep_orphans(crawl, deep=False)
    stays: list[Stays] = []
    if folder.is_dir():
        with locked(folder):
            sweep_orphans(folder)
            stays = _forget_episodes(crawl, folder)
            delete(crawl, folder / SERIES, record=True)
        if not stays:
            delete(crawl, folder / ".lock", EMPTY)
        remove_if_empty(crawl, folder)
        remove_if_empty(crawl, folder.parent)
    kept = crawl / KEPT / key[0] / key[1]
    stays += [Stays(path) for path in sorted(below(kept)) if path.is_file()]
    _drop_failures(crawl / "failures.jsonl", "/".join(key))
    write_index(crawl)
    return stays


def _forget_episodes(crawl: Path, folder: Path) -> list[Stays]:
    """Delete the episodes of a series, all records first; returns what is somebody's own, or not as it was stored."""
    stays = []
    episodes = [path for path in sorted(folder.iterdir()) if path.is_dir() and not path.is_symlink()]
    stored = {path: _stored_files(crawl, path) for path in episodes}
    for path, files in stored.items():
        changed = {path / name for name, hashes in files.items() if not delete(crawl, path / name, *hashes)}
        delete(crawl, path / STORED, record=True)
        remove_if_empty(crawl, path)
        left = sorted(one for one in below(path) if not one.is_dir() or one.is_symlink()) if path.is_dir() else []
        stays += [Stays(one, one in changed) for one in left]
    named = {".lock", SERIES, *(path.name for path in episodes)}
    return stays + [Stays(one) for one in sorted(folder.iterdir()) if one.name not in named]


def _stored_files(crawl: Path, folder: Path) -> dict[str, set[str]]:
    """The pictures of an episode that a crawl stored, with their hashes; its record goes, and is noted in the journal.

    They are those that the record and the journal name; of a damaged record, those whose hash still stands in it.
    """
    record = stored_episode(folder.parents[2], *folder.parts[-3:])
    if record is not None:
        note_stored(folder, record)
    elif (folder / EPISODE).is_file():
        hashes = {*re.findall("[0-9a-f]{64}", (folder / EPISODE).read_text(encoding="utf-8", errors="replace"))}
        there = {path.name: sha256_file(path) for path in folder.iterdir() if _is_stored(path)}
        note_hashed(folder, {name: digest for name, digest in there.items() if digest in hashes})
    delete(crawl, folder / EPISODE, record=True)
    return noted(folder)


def _is_stored(path: Path) -> bool:
    return STORED_PATTERN.fullmatch(path.name) is not None and path.is_file()


def forget_in_pairs(pairs: Path, key: Key) -> list[Stays]:
    """Note the series in forgotten.jsonl, delete parts and pictures, take the rows out of manifest, metadata and card.

    A copy that was dropped as a duplicate of the series comes back with the next make-pairs. Returns what stays:
    pictures that are not as recorded, and cards that somebody changed. UsageError as `check_whole`.
    """
    folder = manifest.pairs_folder(pairs)
    check_whole([folder], key)
    stays: list[Stays] = []
    with locked(folder):
        sweep_orphans(folder)
        note_forgotten(folder, key)
        rows = manifest.read_rows(folder)
        gone = [row for row in rows if (row.source, row.series_id) == key]
        kept = [row for row in rows if (row.source, row.series_id) != key]
        parts = folder / "parts" / key[0] / key[1]
        files = [item for row in gone for item in manifest.files_of(folder, row).items()]
        files += [item for path in sorted(parts.glob(f"*{JOURNAL}")) for item in noted_files(path, folder)]
        wanted = {path for row in kept for path in manifest.files_of(folder, row)}
        for path, digest in files:
            left = Stays(path, ours=is_below(folder, path))  # a manifest may say anything
            if path not in wanted and not delete(folder, path, digest) and left not in stays:
                stays.append(left)
        for path in [*parts.glob("*.jsonl"), *parts.glob(f"*{JOURNAL}")]:
            delete(folder, path, record=True)
        for place in (parts, parts.parent):
            remove_if_empty(folder, place)
        manifest.write_manifest(folder, kept)
        stays += [Stays(path) for path in _write_card(folder, kept)]
        _drop_failures(folder / manifest.FAILURES, "/".join(key))
        manifest.list_files(folder)
        ids = {row.id for row in gone}
        excluded = [row for row in read_jsonl(folder / "excluded.jsonl") if row.get("id") not in ids]
        if (folder / "excluded.jsonl").is_file():
            write_jsonl(folder / "excluded.jsonl", excluded)
        forget_lines(folder, key)
    aside = (path for path in sorted(below(folder / KEPT)) if path.stem.rpartition("-")[0] in ids)
    return stays + [Stays(path) for path in aside]


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


def as_dict(traces: Traces) -> dict[str, Any]:
    return asdict(traces) | {"folder": traces.folder.as_posix()}
