"""What files are called that a command makes of its inputs: after them, so that two runs into one folder do not mix."""

import os
from collections.abc import Iterable
from pathlib import Path

from comicdata.files import alike, sha256_bytes
from comicdata.outputs.escapes import visible

PARTS, LONGEST = 3, 180  # of a path that a name keeps, and bytes: file systems take 255, suffix and number with them
LONGEST_OWN = 205  # bytes of a picture's own name: 50 are for the longest suffix, a number, and while it is written


def name_of(*path: str | Path) -> str:
    """The name of what is made of an input: the end of its path from the current folder, in one word.

    What lies elsewhere is named with its folder: my/comic/001 is my_comic_001.
    """
    whole, here = Path(os.path.abspath(Path(*path))), Path.cwd()  # noqa: PTH100 (a link keeps its own name)
    inside = whole.is_relative_to(here) and whole != here
    parts = whole.relative_to(here).parts[-PARTS:] if inside else whole.parts[1:][1 - PARTS :]
    return _shortened(visible("_".join(parts)) or "root", LONGEST)


def _shortened(name: str, longest: int) -> str:
    """The name, or its beginning and its hash where it has more bytes."""
    return name if len(name.encode()) <= longest else f"{name[: longest // 5]}-{sha256_bytes(name.encode())[:8]}"


def apart(stems: Iterable[str]) -> list[str]:
    """The names, those that would meet numbered, also where case and the form of letters make no difference; control
    characters become escapes, and a name that is too long for a file is shortened.
    """
    found: list[str] = []
    taken: set[str] = set()
    last: dict[str, int] = {}
    for one in stems:
        folder, slash, name = visible(one).rpartition("/")
        stem = folder + slash + _shortened(name, LONGEST_OWN)
        number, unique = last.get(alike(stem), 1), stem
        while alike(unique) in taken:
            number += 1
            unique = f"{stem}-{number}"
        last[alike(stem)] = number
        taken.add(alike(unique))
        found.append(unique)
    return found
