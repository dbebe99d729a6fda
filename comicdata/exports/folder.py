"""An export folder: planned files, and export.json, which names every file that was ever written and its hash.

A file is named there before it is written, so that nothing of ours is ever without a name; only what is named goes.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypedDict

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import (
    SEAL,
    TEMPORARY_SUFFIX,
    below,
    delete,
    inside,
    is_inside,
    is_intact,
    jsonl_bytes,
    locked,
    on_disk,
    read_json,
    remove_if_empty,
    seal,
    sha256_bytes,
    sha256_file,
    sweep_orphans,
    sync_disk,
    write_atomic,
)
from comicdata.formats import PICTURE_SUFFIXES
from comicdata.outputs import check_kind, refuse_foreign
from comicdata.outputs.findings import Findings
from comicdata.reading.shapes import MisshapenError, of_shape

LEDGER = "export.json"
SAVE_EVERY_S = 5.0
# Nobody is told to delete a folder that may hold files of his own.
_CURE = "or not of comicdata; name another --out, or, where all in the folder is of exports, delete it and export again"
Entries = dict[str, dict[str, Any]]  # by path: "key", "bytes", and "sha256", which is null until the file is complete


class _Entry(TypedDict):
    key: str
    sha256: str | None
    bytes: int


class Ledger(TypedDict):
    """What export.json must say."""

    to: str
    files: dict[str, _Entry]


@dataclass(frozen=True)
class PlannedFile:
    """A file of an export: where, a hash of all that decides its bytes, and what makes them."""

    path: str
    key: str
    make: Callable[[], bytes]


Plan = Sequence[PlannedFile]


@dataclass(frozen=True)
class Summary:
    """An export: how many files and bytes it has, how many files this run wrote and removed, and which it kept because
    somebody changed them.
    """

    files: int
    bytes: int
    written: int
    removed: int
    kept: tuple[str, ...] = ()


def planned_bytes(path: str, data: bytes) -> PlannedFile:
    """A small file whose bytes are known."""
    return PlannedFile(path, sha256_bytes(data), lambda: data)


def check_out(out: Path, to: str) -> None:
    """UsageError when `out` holds anything but an export of this kind; names that begin with a dot do not count."""
    check_kind(out, "an export")
    ledger = read_ledger(out)
    if ledger and ledger["to"] != to:
        raise UsageError(f"{out}: holds an export to {ledger['to']}; name another folder with --out")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: is a file; name a folder with --out")
    others = [path for path in out.iterdir() if path.suffix != TEMPORARY_SUFFIX] if out.is_dir() else []
    if not ledger and any(not path.name.startswith(".") for path in others):
        raise UsageError(f"{out}: is not empty and holds no export; name another folder with --out")


def read_ledger(out: Path) -> dict[str, Any]:
    """export.json, or {} where there is none; IntegrityError when it is damaged or names what lies elsewhere."""
    path = out / LEDGER
    if not path.is_file():
        return {}
    try:
        value: dict[str, Any] = read_json(path)
        of_shape(Ledger, value)
        outside = [name for name in value["files"] if not is_inside(name)]
    except (IntegrityError, MisshapenError) as error:
        raise IntegrityError(f"{path}: damaged ({error}), {_CURE}") from error
    if outside:
        raise IntegrityError(f"{path}: not a record of an export, {_CURE}")
    return value


def _compare(out: Path, plan: Plan) -> tuple[Entries, Entries, Entries]:
    """The entries that stay, those to write, and those that no longer belong."""
    known: Entries = read_ledger(out).get("files", {})
    stay = {file.path: known[file.path] for file in plan if _is_done(out, file, known.get(file.path))}
    write = {file.path: {"key": file.key, "sha256": None, "bytes": 0} for file in plan if file.path not in stay}
    gone = {path: entry for path, entry in known.items() if path not in stay and path not in write}
    return stay, write, gone


def _is_done(out: Path, file: PlannedFile, entry: Mapping[str, Any] | None) -> bool:
    """Whether the file is there as it was written; its size has to do, `verify` looks at every byte."""
    if not entry or not entry["sha256"] or entry["key"] != file.key:
        return False
    path = out / file.path
    return path.is_file() and path.stat().st_size == int(entry["bytes"])


def _keep(out: Path, *parts: Entries) -> tuple[Entries, tuple[str, ...]]:
    """Take what somebody changed out of what is to be written or to go: its entries, and the paths.

    UsageError for a file that is to be written and that no export wrote.
    """
    known: Entries = read_ledger(out).get("files", {})
    write = parts[0]
    for path in write.keys() - known.keys():
        refuse_foreign(out / path, own=False)
    changed = {path: known[path] for part in parts for path in part if path in known and _is_changed(out, path, known)}
    for path in changed:
        for part in parts:
            part.pop(path, None)
    return changed, tuple(sorted(changed))


def _is_changed(out: Path, path: str, known: Entries) -> bool:
    """Whether a file that was complete has other bytes now."""
    stated, place = known[path]["sha256"], _inside(out, path)
    return bool(stated) and (place.is_symlink() or (place.is_file() and sha256_file(place) != stated))


def dry_run(out: Path, plan: Plan) -> Summary:
    """What write_folder would write and remove; its bytes are not known."""
    _, write, gone = _compare(out, plan)
    _, kept = _keep(out, write, gone)
    return Summary(len(plan), 0, len(write), len(gone), kept)


def write_folder(out: Path, facts: dict[str, Any], plan: Plan, on_file: Callable[[int, int], None]) -> Summary:
    """Remove what an earlier export wrote and this one does not, write what is missing or made from something else."""
    with locked(out):
        sweep_orphans(out)
        entries, write, gone = _compare(out, plan)
        changed, kept = _keep(out, write, gone)
        entries |= changed
        if write or gone:
            _save(out, facts, entries | write | gone)
        for path, entry in gone.items():
            _remove(out, path, entry)
        _remove_empty(out, gone)
        if gone:
            _save(out, facts, entries | write)
        _write_all(out, facts, [file for file in plan if file.path in write], entries | write, on_file)
        done: Entries = read_ledger(out)["files"]
        return Summary(len(done), sum(entry["bytes"] for entry in done.values()), len(write), len(gone), kept)


def _write_all(
    out: Path, facts: dict[str, Any], files: Plan, entries: Entries, on_file: Callable[[int, int], None]
) -> None:
    """Write the files and, from time to time and at the end, who is complete."""
    due = time.monotonic() + SAVE_EVERY_S
    for number, file in enumerate(files, 1):
        data = file.make()
        write_atomic(_inside(out, file.path), data, durable=False)
        entries[file.path] = {"key": file.key, "sha256": sha256_bytes(data), "bytes": len(data)}
        if time.monotonic() > due:
            start = time.monotonic()
            _save(out, facts, entries)
            now = time.monotonic()
            due = now + max(SAVE_EVERY_S, 20 * (now - start))  # a long record is saved less often
        on_file(number, len(files))
    _save(out, facts, entries)


def _save(out: Path, facts: dict[str, Any], entries: Entries) -> None:
    """Write export.json, after the files that it vouches for have reached the disk."""
    data = jsonl_bytes([seal({"schema_version": 1, **facts, "files": dict(sorted(entries.items()))})])
    path = out / LEDGER
    if on_disk(path) != data:
        sync_disk()
        write_atomic(path, data)


def _remove(out: Path, path: str, entry: Mapping[str, Any]) -> None:
    """Delete a file that we wrote; one that was named, where nothing was, and not completed has no hash."""
    digest = entry["sha256"]
    delete(out, _inside(out, path), *([digest] if digest else []), record=not digest)


def _inside(out: Path, path: str) -> Path:
    """Where a file of the export lies; IntegrityError when that is somewhere else, behind a link."""
    place = inside(out, path)
    if not place.parent.resolve().is_relative_to(out.resolve()):
        raise IntegrityError(f"{place}: a link leads out of the export; delete the folder and export again")
    return place


def _remove_empty(out: Path, paths: Iterable[str]) -> None:
    """Delete the folders of these files where they are empty, the deepest first."""
    folders = {parent for path in paths for parent in PurePosixPath(path).parents if parent.parts}
    for folder in sorted(folders, key=lambda one: len(one.parts), reverse=True):
        remove_if_empty(out, out / folder)


def verify_export(out: Path) -> dict[str, Any]:
    """Hash every file that export.json names, and itself: the document of `Findings`.

    What a killed export did not complete is missing. Orphans are pictures, and files of the kinds that the export has;
    others, such as a trainer's caches, are nobody's business here.
    """
    found = Findings(out)
    ledger = out / LEDGER
    try:
        value = read_ledger(out)
    except IntegrityError:
        value = {}
    right = bool(value) and is_intact(value) and on_disk(ledger) == jsonl_bytes([value])
    found.look(ledger, right, "delete export.json's folder and export again")
    if value and SEAL not in value:
        found.unproved(LEDGER)
    stated: Entries = value.get("files", {})
    for path, entry in stated.items():
        place, digest = out / path, entry["sha256"]
        if digest and place.is_file():
            found.hashed(place, str(digest), AGAIN)
        else:
            found.lost(place, AGAIN)
    suffixes = {PurePosixPath(path).suffix for path in stated} | PICTURE_SUFFIXES
    here = [path for path in below(out) if path.suffix.lower() in suffixes and path.is_file()]
    found.orphans(path for path in here if path.relative_to(out).as_posix() not in stated and path != ledger)
    found.left_over(out)
    return found.document()


AGAIN = "the same export command makes what is missing; what is changed move away first"
