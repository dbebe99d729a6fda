"""What several tests look at: the files of a folder, and whether something came about, who is alive."""

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

MOST = 8  # differences that are told


class Contents(dict[str, bytes]):
    """The bytes of files by relative path; where two are compared, pytest prints what `differences` says."""


def contents(folder: Path, *skipped: str) -> Contents:
    """The bytes of every file below a folder by relative path; without locks and folders named in `skipped`."""
    return Contents(
        (path.relative_to(folder).as_posix(), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock" and not set(path.parts) & set(skipped)
    )


def differences(left: Mapping[str, bytes], right: Mapping[str, bytes]) -> list[str]:
    """A line for each file that only one has, or that is another in the other from some byte on."""
    lines = [f"only left: {name}" for name in left if name not in right]
    lines += [f"only right: {name}" for name in right if name not in left]
    for name in left.keys() & right.keys():
        if left[name] != right[name]:
            pairs = zip(left[name], right[name], strict=False)
            at = next((at for at, (one, two) in enumerate(pairs) if one != two), len(left[name]))
            part = slice(max(0, at - 40), at + 60)
            lines.append(f"{name}, from byte {at}: {left[name][part]!r} and {right[name][part]!r}")
    return lines[:MOST] + [f"and {len(lines) - MOST} more"] * (len(lines) > MOST)


def damage(path: Path, at: int | None = None) -> None:
    """Turn one bit of a file, in the middle unless `at` says which byte."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 if at is None else at] ^= 1
    path.write_bytes(data)


def wait_for(condition: Callable[[], object]) -> None:
    """Until the condition holds; fails after a minute."""
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("still not so after a minute")


def alive_in(session: int) -> list[int]:
    """The processes of a session that are not zombies."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, leader = path.read_text().rpartition(")")[2].split()[:4]
            found += [int(path.parent.name)] if int(leader) == session and state != "Z" else []
    return found
