"""What several tests look at: the files of a folder, and whether something came about."""

import time
from collections.abc import Callable
from pathlib import Path


def contents(folder: Path, *skipped: str) -> dict[str, bytes]:
    """The bytes of every file below a folder by relative path; without locks and folders named in `skipped`."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock" and not set(path.parts) & set(skipped)
    }


def wait_for(condition: Callable[[], object]) -> None:
    """Until the condition holds; fails after a minute."""
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("still not so after a minute")
