"""Atomic writes, deletions, locks, hashes, and the opener of files of others: nothing else writes or deletes a file."""

import errno
import hashlib
import json
import os
import re
import stat
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from comicdata.errors import IntegrityError, LockedError, ResourceError, UsageError
from comicdata.reading.text import LARGEST, UnreadableError, parse_json

TEMPORARY_SUFFIX = ".comicdata-tmp"


NOT_ON_DISK = "a pipe, a device or a file that the system makes up, not one on disk"


def open_regular(path: Path) -> BufferedReader:
    """Open somebody's file for reading: one on disk, so that reading it ends. OSError for what is none, and as open."""
    regular = stat.S_ISREG(path.stat().st_mode)
    if not regular or os.path.realpath(path).startswith(("/proc/", "/sys/")):
        raise OSError(errno.EINVAL, NOT_ON_DISK)
    return path.open("rb")


def read_regular(path: Path, most: int) -> bytes:
    """The bytes of somebody's file, at most `most`; OSError for a larger one, and as `open_regular`."""
    with open_regular(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"larger than {most // 10**6} MB")
    return data


def on_disk(path: Path) -> bytes | None:
    """The bytes of a file of ours; None where nothing is there, or what is no file on disk."""
    try:
        with open_regular(path) as file:
            return file.read()
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL):
            return None
        raise


# Names that Windows keeps for devices, whatever suffix they have.
RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{name}{n}" for name in ("com", "lpt") for n in range(10))})
LONGEST_NAME = 255  # bytes, of most file systems


def is_name(text: object) -> bool:
    """Whether a text out of data is the name of one file or folder, on this system and on others."""
    return (
        isinstance(text, str)
        and text not in ("", ".", "..")
        and text.isprintable()
        and not {*text} & {*'/\\:<>"|?*'}
        and text[-1] not in ". "
        and text.partition(".")[0].rstrip().lower() not in RESERVED
        and len(text.encode()) <= LONGEST_NAME
    )


def is_inside(relative: object) -> bool:
    """Whether a path out of data is relative, made of names as `is_name` has them, with / between, and so leads into
    the folder that it is relative to.
    """
    return isinstance(relative, str) and all(is_name(part) for part in relative.split("/"))


def alike(name: str) -> str:
    """What names have in common that some file systems take for one: those that fold case, or the form of letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def inside(root: Path, relative: str) -> Path:
    """Where a path out of data (a manifest, a ledger, a record) lies below `root`; IntegrityError for one that leads
    elsewhere. Links are not followed here.
    """
    if not is_inside(relative):
        raise IntegrityError(f"{root}: {relative[:200]!r} is no path inside it; nothing is read or written there")
    return root / relative


def below(folder: Path) -> Iterator[Path]:
    """Everything below a folder, however deep: files, folders and links, through none of which it goes. In no order;
    what cannot be listed is left out.
    """
    waiting = [folder]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                yield Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))


def write_atomic(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write `data` to `path` so that a reader sees the old file or the new one, never a part.

    Temporary name in the same folder, fsync, rename, fsync of the folder. Raises ResourceError when the disk is full
    (the old file stays, the temporary file goes). Many small files that a later file vouches for are written with
    `durable=False`, followed by one `sync_disk()` before the file that vouches.
    """
    with written_atomic(path, durable=durable) as file:
        file.write(data)


@contextmanager
def written_atomic(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write piece by piece, which takes the place of `path` at the end of a with-block, as `write_atomic`."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except Exception as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _explained(path, error) from error
        raise
    if durable:
        _sync_folder(path.parent)


def _explained(path: Path, error: OSError) -> Exception:
    """A full disk, or a folder that may not be written, in words; any other error as it is."""
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UsageError(f"{path}: may not be written ({error.strerror}); allow it, or name a folder where you may")
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ResourceError(f"{path}: no room left on the disk; free some and run the same command again")
    return error


def sync_disk() -> None:
    """Push everything written so far to the disk (a no-op where the system cannot)."""
    if hasattr(os, "sync"):
        os.sync()


def sync_files(paths: Iterable[Path]) -> None:
    """Push the bytes of these files to the disk, those that were written without `durable`."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut (a no-op where folders cannot be opened)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write one JSON object, as `json_bytes`."""
    write_atomic(path, json_bytes(value))


def utf8(text: str) -> bytes:
    """JSON in UTF-8; halves of characters, which names on disk have that are none, become \\udcff, as JSON has it."""
    return text.encode(errors="backslashreplace")


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """One JSON object: keys in the order given, indented, UTF-8, a newline at the end."""
    return utf8(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def jsonl_bytes(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The rows as JSON lines: compact, key order kept, UTF-8."""
    return utf8("".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows))


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write rows as JSON lines; nothing is written when the file already holds these bytes."""
    data = jsonl_bytes(rows)
    if on_disk(path) != data:
        write_atomic(path, data)


def append_line(path: Path, *rows: Mapping[str, Any]) -> None:
    """Append a JSON line to a journal, or several: not durable, for each line is checked against what it speaks of."""
    if path.is_symlink():
        raise UsageError(f"{path}: is a link, and nothing is written through it; take it away")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            file.seek(max(0, file.tell() - 1))
            torn = file.read(1) not in (b"", b"\n")  # by a write that a full disk cut short
            file.write(b"\n" * torn + jsonl_bytes(rows))
    except OSError as error:
        raise _explained(path, error) from error


def read_lines(path: Path) -> list[Any]:
    """The JSON values of a journal; lines that are damaged, such as a torn last one, are passed over."""
    values = []
    for line in _bytes_of(path).splitlines() if path.is_file() else []:
        with suppress(UnreadableError):
            values.append(parse_json(line))
    return values


def read_json(path: Path) -> Any:
    """Read one JSON document; IntegrityError names the file, the line and the cure when it is damaged."""
    try:
        return parse_json(_bytes_of(path))
    except UnreadableError as error:
        raise IntegrityError(f"{path}: not valid JSON ({error}); delete it and run the command that made it") from error


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines; IntegrityError names file:line when one is damaged. A missing file is an empty list, and so is
    an empty line nothing.
    """
    return [row for _, row in numbered_rows(path)]


def numbered_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Likewise, each with the number of its line."""
    for number, line in enumerate(_bytes_of(path).splitlines() if path.is_file() else [], 1):
        if line.strip():
            yield number, _row_of(line, f"{path}:{number}")


def _row_of(line: bytes, place: str) -> dict[str, Any]:
    try:
        row = parse_json(line)
    except UnreadableError as error:
        raise IntegrityError(f"{place}: not valid JSON ({error})") from error
    if not isinstance(row, dict):
        raise IntegrityError(f"{place}: a JSON object is expected")
    return row


def _bytes_of(path: Path) -> bytes:
    """The bytes of a record; IntegrityError where it is larger than any, or no file on disk."""
    try:
        return read_regular(path, LARGEST)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.EFBIG):
            raise IntegrityError(f"{path}: no record that comicdata wrote ({error.strerror})") from error
        raise


def sha256_bytes(data: bytes) -> str:
    """Hex SHA-256 of bytes in memory."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex SHA-256 of a file, read in blocks; OSError as `open_regular`."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def has_hash(path: Path, digest: str) -> bool:
    """Whether this is a file on disk with this SHA-256; no for what is none, and for what cannot be read."""
    try:
        return path.is_file() and sha256_file(path) == digest
    except OSError:
        return False


@contextmanager
def locked(folder: Path, *, wait_s: float = 0) -> Iterator[None]:
    """Hold the lock of `folder` for the length of a with-block; LockedError when another run has it for `wait_s`.

    The lock is freed by the operating system when its holder dies, however it dies.
    """
    from filelock import FileLock, Timeout

    path = folder / ".lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _explained(folder, error) from error
    if path.is_symlink() or (path.exists() and not (path.is_file() and path.stat().st_size == 0)):
        raise UsageError(f"{path}: no lock of comicdata, which would empty it; take it away, or name another folder")
    lock = FileLock(path, timeout=wait_s)
    try:
        lock.acquire()
    except (Timeout, FileNotFoundError) as error:  # or the other run has just taken the folder away
        raise LockedError(f"{folder}: another comicdata run works here; wait for it, or stop it") from error
    except OSError as error:
        raise _explained(path, error) from error
    try:
        yield
    finally:
        lock.release()


def sweep_orphans(folder: Path, *, deep: bool = True, only: Callable[[str], bool] | None = None) -> int:
    """Delete what killed writes left behind in `folder`, and under it when `deep`; returns how many.

    Call it with the lock of the folder held, for then no write is under way. `only` chooses by the name of the file
    that was being written. Nothing that is a link, or that lies behind one, is touched.
    """
    orphans = [
        path
        for path in (below(folder) if deep else folder.glob("*"))
        if path.name.endswith(TEMPORARY_SUFFIX)
        and path.is_file()
        and not is_behind_link(folder, path)
        and (only is None or only(written_name(path)))
    ]
    for orphan in orphans:
        orphan.unlink(missing_ok=True)
    return len(orphans)


_TEMPORARY = re.compile(rf"(.*?)(?:\.([0-9]{{1,20}}))?{re.escape(TEMPORARY_SUFFIX)}", re.DOTALL)


def written_name(temporary: Path) -> str:
    """The name of the file that a temporary one was to become."""
    found = _TEMPORARY.fullmatch(temporary.name)
    return found[1] if found else ""


def sweep_dead(path: Path) -> None:
    """Delete what writes of `path` by processes that are gone left beside it; no lock is needed."""
    for orphan in path.parent.glob(f"*{TEMPORARY_SUFFIX}"):
        found = _TEMPORARY.fullmatch(orphan.name)
        dead = found and found[1] == path.name and found[2] and not _is_alive(int(found[2]))
        if dead and orphan.is_file() and not orphan.is_symlink():
            orphan.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    """Whether another process of this number runs here; where the system does not say, none does."""
    if os.name == "nt" or process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


@contextmanager
def scratch_folder(folder: Path, name: str) -> Iterator[Path]:
    """A folder NAME.PID in `folder` for the length of a with-block; what killed ones left of theirs goes first."""
    for path in folder.glob(f"{name}.*"):
        number = path.name.removeprefix(f"{name}.")
        if number.isdecimal() and path.is_dir() and not path.is_symlink() and not _is_alive(int(number[:20])):
            _clear(path)
    place = folder / f"{name}.{os.getpid()}"
    place.mkdir()
    try:
        yield place
    finally:
        _clear(place)


def _clear(scratch: Path) -> None:
    """Delete a scratch folder, with the empty files directly in it and what was being written there."""
    sweep_orphans(scratch, deep=False)
    for path in list(scratch.iterdir()):
        delete(scratch, path, EMPTY)
    with suppress(OSError):
        scratch.rmdir()


EMPTY = hashlib.sha256().hexdigest()  # of a lock, or another empty file


def delete(root: Path, path: Path, *hashes: str, record: bool = False) -> bool:
    """Delete a file below `root` that a record of ours lists with one of these SHA-256; whether it is gone now.

    `record`: it is such a record itself (or a list of them), which the caller has recognized by its content. What is a
    link, is reached through one, or has other bytes is somebody's own, and stays.
    """
    if not os.path.lexists(path):
        return True
    if is_behind_link(root, path) or not is_below(root, path) or not path.is_file():
        return False
    if not record and sha256_file(path) not in hashes:
        return False
    path.unlink(missing_ok=True)
    return True


def remove_if_empty(root: Path, folder: Path) -> None:
    """Delete a folder below `root` that is empty and neither a link nor behind one."""
    if not is_behind_link(root, folder) and is_below(root, folder):
        with suppress(OSError):  # not empty, or gone
            folder.rmdir()


def is_behind_link(root: Path, path: Path) -> bool:
    """Whether `path`, below `root`, is a link or is reached through one."""
    return any(place.is_symlink() for place in (path, *path.parents) if place != root and place.is_relative_to(root))


def is_below(root: Path, path: Path) -> bool:
    """Whether `path` lies in the folder `root`, and does not climb out of it."""
    return path != root and path.is_relative_to(root) and ".." not in path.relative_to(root).parts


SEAL = "sha256"
NOT_SEALED = (SEAL, "fetched_at")  # two crawls of the same have the same hash


def seal(value: Mapping[str, Any]) -> dict[str, Any]:
    """A record with the SHA-256 of all that it says but for the time, under "sha256", which comes last."""
    said = {name: one for name, one in value.items() if name not in NOT_SEALED}
    digest = sha256_bytes(json.dumps(said, sort_keys=True).encode())
    return {**{name: one for name, one in value.items() if name != SEAL}, SEAL: digest}


def is_intact(value: Mapping[str, Any], *since: str) -> bool:
    """Whether a record says what it said when it was sealed.

    One without a seal, as version 0.1.0 wrote, may, unless it has a key of `since`, which came with the seal; or its
    seal stands there under another name, for a key may be damaged too.
    """
    if SEAL in value:
        return bool(value[SEAL] == seal(value)[SEAL])
    *said, last = value or [""]
    sealed = seal({name: value[name] for name in said})[SEAL]
    return value.get(last) != sealed and not any(name in value for name in since)
