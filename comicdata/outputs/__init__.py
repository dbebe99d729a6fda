"""What a command may write onto: nothing that it was given to read, and no file that it did not make.

The rule of this file: before any work a command says what it reads and where it writes, and what is not its own is
refused. What it made is known by the list it keeps in its output folder, by the mark in a file that stands alone, or by
the records of a crawl, pairs, a run, an export.
"""

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import comicdata
from comicdata.errors import IntegrityError, PartialError, UsageError
from comicdata.files import (
    delete,
    locked,
    on_disk,
    read_json,
    seal,
    sha256_bytes,
    sha256_file,
    sweep_dead,
    sweep_orphans,
    write_atomic,
    write_json,
)
from comicdata.outputs.marks import Mark
from comicdata.reading.text import UnreadableError, parse_json

LIST = ".comicdata.json"
KEPT = "kept"  # in a crawl or pairs: what somebody changed, before the recorded bytes took its place again
CURE = "name another --out, or take the file away"
Entries = dict[str, dict[str, str]]  # by name: "sha256", "command"; "before": what a killed write may have left
FIRST_LINE = 1_000_000  # bytes of a list that are looked at
_MARK = re.compile(rb'<meta name="generator" content="comicdata [^";]*; sha256 ([0-9a-f]{64})">')


class Reads:
    """What a command was given to read. Files are told apart as the file system does: no link, `..` or case matters."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.paths = tuple(paths)

    @cached_property
    def _identities(self) -> frozenset[tuple[int, int]]:
        return frozenset(one for path in self.paths if (one := _identity(path)))

    def refuse(self, path: Path) -> None:
        """UsageError when `path` is a file or a folder that is read."""
        if _identity(path) in self._identities:
            what, cure = ("folder", "; one inside it will do") if path.is_dir() else ("file", "")
            raise UsageError(f"{path}: is a {what} that is read; nothing is written onto it: name another --out{cure}")


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and number of what is at a path, behind all links; None where nothing is.

    A folder on the way that is not there yet will be made: `new/../src` is `src` then.
    """
    for place in (path, Path(os.path.realpath(path))):
        with suppress(OSError, ValueError):
            found = place.stat()
            return found.st_dev, found.st_ino
    return None


def check_folder(out: Path) -> None:
    """UsageError when `out` cannot be a folder, for it, or a part of the way to it, is a file."""
    for place in (out, *out.parents):
        if os.path.lexists(place):
            if not place.is_dir():
                raise UsageError(f"{place}: is no folder; name another --out")
            return


def refuse_links(folders: Iterable[Path]) -> None:
    """UsageError for a folder inside an output that is a link: what lies behind it is somebody else's."""
    for path in folders:
        if path.is_symlink() and path.is_dir():
            raise UsageError(
                f"{path}: a link leads there, to {path.resolve()}, and nothing is written through one; put the folder "
                "itself in its place, or name another output"
            )


def refuse_foreign(path: Path, own: bool, cure: str = CURE) -> None:
    """UsageError when something is at `path` and it is not our own; a link never is."""
    if os.path.lexists(path) and (path.is_symlink() or not path.is_file() or not own):
        raise UsageError(f"{path}: not made by this command, and would be overwritten; {cure}")


def speaks_of(path: Path, key: str, value: str | None = None) -> bool:
    """Whether a list of JSON lines is empty, or its first line has such a key, and this value: then it is ours."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        line = file.readline(FIRST_LINE)
    try:
        first = parse_json(line) if line else {key: value}
    except UnreadableError:
        return False
    return isinstance(first, dict) and key in first and value in (None, first[key])


class Outputs:
    """The files that one command writes into one folder, named in OUT/.comicdata.json with their hashes.

    A file is listed before it is written, beside the hash of the one it replaces: killed in between, what lies there is
    still known as ours. Several commands may share a folder; each writes only onto its own. `held`: the caller has the
    lock of the folder.
    """

    def __init__(self, out: Path, command: str, *, held: bool = False) -> None:
        self.out, self.command, self.held = out, command, held
        self._swept: set[Path] = set()

    def check(self, names: Iterable[str], reads: Reads) -> None:
        """UsageError when one of the files would be one that is read, is not ours, or lies outside the folder."""
        check_folder(self.out)
        reads.refuse(self.out)
        entries = read_list(self.out)
        cure = CURE if entries else f"{CURE} (version 0.1.0 kept no list of what it made)"
        for name in names:
            path = self.out / name
            if not path.parent.resolve().is_relative_to(self.out.resolve()):
                raise UsageError(f"{path}: lies outside {self.out}; name another --out, or take the link away")
            reads.refuse(path)
            refuse_foreign(path, entries.get(name, {}).get("command") == self.command, cure)

    def write(self, name: str, data: bytes) -> None:
        """Write one file unless it has these bytes; PartialError when it is not ours, or somebody changed it since."""
        with self._locked():
            entries, path, digest = read_list(self.out), self.out / name, sha256_bytes(data)
            there = self._owned_hash(path, entries.get(name))
            self._sweep(self.out, entries)
            self._sweep(path.parent, entries)
            entry = {"sha256": digest, "command": self.command}
            if there != digest:
                before = {"before": there} if there else {}
                self._save({**entries, name: entry | before})
                write_atomic(path, data)
            self._save({**entries, name: entry})

    def write_all(self, files: Iterable[tuple[str, bytes | None]]) -> None:
        """Write several files, delete those of None; PartialError in one line, for those that are not ours, once the
        others are done.
        """
        kept = []
        for name, data in files:
            try:
                self.remove(name) if data is None else self.write(name, data)
            except PartialError as error:
                kept.append(str(error))
        if kept:
            raise PartialError("; ".join(kept))

    def remove(self, name: str) -> None:
        """Delete a file of ours; PartialError as `write`. One that is not listed stays."""
        entry = read_list(self.out).get(name)
        if entry is not None:
            with self._locked():
                entries, path = read_list(self.out), self.out / name
                digest = self._owned_hash(path, entry)
                if digest is not None and not delete(self.out, path, digest):
                    raise PartialError(f"{path}: lies behind a link, so it is kept as it is; {CURE}")
                self._save({key: one for key, one in entries.items() if key != name})

    def kept(self, names: Iterable[str]) -> dict[str, str]:
        """Those of these files that `write` would keep as they are, by name, and why."""
        entries, found = read_list(self.out), {}
        for name in names:
            try:
                self._owned_hash(self.out / name, entries.get(name))
            except PartialError as error:
                found[name] = str(error)
        return found

    def has(self, names: Iterable[str]) -> bool:
        """Whether all these files are there as this command wrote them."""
        entries = read_list(self.out)
        return all(
            entries.get(name, {}).get("command") == self.command
            and (self.out / name).is_file()
            and sha256_file(self.out / name) == entries[name]["sha256"]
            for name in names
        )

    def adopt(self, names: Iterable[str], gone: Collection[str] = ()) -> None:
        """List files as they are, for which the command or older records vouch; `gone` are listed no more."""
        kept = {name: entry for name, entry in read_list(self.out).items() if name not in gone}
        there = {name: {"sha256": sha256_file(self.out / name), "command": self.command} for name in names}
        self._save(kept | there)

    def _locked(self) -> AbstractContextManager[None]:
        return nullcontext() if self.held else locked(self.out, wait_s=60)

    def _owned_hash(self, path: Path, entry: Mapping[str, str] | None) -> str | None:
        """The hash of our file at `path`, None where nothing is; PartialError when it is not as we left it."""
        if not os.path.lexists(path):
            return None
        if entry is None or entry.get("command") != self.command or path.is_symlink() or not path.is_file():
            raise PartialError(f"{path}: not made by this command, so it is kept as it is; {CURE}")
        digest = sha256_file(path)
        if digest not in (entry.get("sha256"), entry.get("before")):
            raise PartialError(
                f"{path}: changed since it was made, so it is kept as it is; to have it anew move it away"
            )
        return digest

    def _sweep(self, folder: Path, entries: Entries) -> None:
        """Delete what killed writes of listed files left in a folder, once; the lock is held, so none is under way."""
        if folder in self._swept or not folder.is_dir():
            return
        self._swept.add(folder)
        place = folder.relative_to(self.out)
        sweep_orphans(folder, deep=False, only=lambda name: name == LIST or (place / name).as_posix() in entries)

    def _save(self, entries: Entries) -> None:
        value = seal({"version": comicdata.__version__, "files": dict(sorted(entries.items()))})
        if not (self.out / LIST).is_file() or read_json(self.out / LIST) != value:
            write_json(self.out / LIST, value)


def read_list(folder: Path) -> Entries:
    """What a folder's list names; UsageError when it is damaged, for then nobody knows whose the files are."""
    path = folder / LIST
    if not os.path.lexists(path):
        return {}
    try:
        files = {} if path.is_symlink() else read_json(path)["files"]
        named = all(isinstance(one["sha256"], str) and not _leads_out(name) for name, one in files.items())
        if named and not path.is_symlink():
            return dict(files)
    except (IntegrityError, OSError, KeyError, TypeError, AttributeError):
        pass
    raise UsageError(f"{path}: no list of what comicdata made, or damaged; name another --out, or take it away")


def _leads_out(name: str) -> bool:
    """Whether a listed name is none of a file in the folder; the names of people's own pictures may be odd ones."""
    place = PurePosixPath(name)
    return place.is_absolute() or not place.parts or ".." in place.parts or "\0" in name


def mark(run: str | None = None) -> Mark:
    """What a picture of this version says of itself; `run` is the name of the one that coloured it."""
    return Mark(comicdata.__version__, run)


def check_file(path: Path, reads: Reads, own: Callable[[bytes], bool]) -> None:
    """UsageError unless `path`, an output that is one file, is free or `own` says of its bytes that they are ours."""
    check_folder(path.parent)
    reads.refuse(path)
    if path.is_dir():
        raise UsageError(f"{path}: is a folder; name a file with --out")
    there = on_disk(path)
    refuse_foreign(path, there is not None and own(there))


def write_file(path: Path, data: bytes) -> None:
    """Write an output that is one file, and carries its mark, unless it has these bytes."""
    sweep_dead(path)
    if on_disk(path) != data:
        write_atomic(path, data)


def is_our_page(data: bytes) -> bool:
    """Whether an HTML page is signed, and as it was then."""
    found = _MARK.search(data[:1000])
    return found is not None and sha256_bytes(data[: found.start()] + data[found.end() :]).encode() == found[1]


def signed_page(text: str) -> bytes:
    """An HTML page with our mark in its head, which holds as long as nobody changes the page."""
    head, charset, rest = text.partition('<meta charset="utf-8">')
    start, end = (head + charset).encode(), rest.encode()
    mark = f'<meta name="generator" content="comicdata {comicdata.__version__}; sha256 {sha256_bytes(start + end)}">'
    return start + mark.encode() + end


def holds(folder: Path) -> str:
    """What comicdata keeps in a folder, by its records: "a crawl", "pairs", "a run", "an export"; "" when nothing."""
    config = json_object(folder / "config.json")
    export = json_object(folder / "export.json")
    if isinstance(export.get("files"), dict) and "to" in export:
        return "an export"
    if {"data_hash", "options"} <= {*config} or {"model", "stages"} == {*config}:
        return "a run"
    parts = (speaks_of(path, "key") for path in folder.glob("parts/*/*/*.jsonl"))
    if "rows_sha256" in json_object(folder / "card.json") or any(parts):
        return "pairs"
    series = (json_object(path) for path in folder.glob("*/*/series.json"))
    return "a crawl" if any({"schema_version", "source", "series_id"} <= {*one} for one in series) else ""


def is_made_here(folder: Path) -> bool:
    """Whether what was found inside an input is an output: a folder with a list, or records, of comicdata."""
    return folder.is_dir() and ((folder / LIST).is_file() or bool(holds(folder)))


def check_kind(out: Path, kind: str, option: str = "--out") -> None:
    """UsageError when `out` holds another kind of thing than `kind`: a crawl, pairs, a run, an export."""
    found = holds(out)
    if found and found != kind:
        raise UsageError(f"{out}: holds {found}, so {kind} cannot go there; name another folder with {option}")


def json_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file, {} when there is none."""
    try:
        value = read_json(path) if path.is_file() else {}
    except (IntegrityError, OSError):
        return {}
    return value if isinstance(value, dict) else {}


def free_folder(path: Path, name: str) -> Path:
    """The folder that advice may name to write into: `path` where it is free, else `name` in the current folder.

    Nobody is told to write into a folder that holds his own files.
    """
    if not os.path.lexists(path) or (path.is_dir() and not any(path.iterdir())):
        return path
    number, place = 1, Path(name)
    while os.path.lexists(place):
        number += 1
        place = Path(f"{name}-{number}")
    return place


def set_aside(root: Path, path: Path) -> Path:
    """Move a file that somebody changed out of the way of the bytes that belong there; returns where it lies now.

    That is ROOT/kept/, the same way down, with the hash in its name.
    """
    digest = sha256_file(path)[:8]
    place = root / KEPT / path.relative_to(root).with_name(f"{path.stem}-{digest}{path.suffix}")
    place.parent.mkdir(parents=True, exist_ok=True)
    path.replace(place)
    return place
