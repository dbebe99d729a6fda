"""What verify finds in a folder: which files are as they were written, and which command makes the others again.

Every file that a command leaves has its hash in a record of ours, or is derived again from records; what version 0.1.0
wrote without a hash is looked at as far as it can be derived, and named once.
"""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import (
    SEAL,
    TEMPORARY_SUFFIX,
    below,
    has_hash,
    is_behind_link,
    is_intact,
    json_bytes,
    on_disk,
    sha256_file,
)
from comicdata.outputs import KEPT, LIST, Entries, json_object, read_list


class Findings:
    """The verdict on every file below one folder, in the order in which they were looked at."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._checked: set[str] = set()
        self._wrong: dict[str, str] = {}  # "missing", "changed" or "orphans" by path; the first verdict holds
        self._cures: dict[str, None] = {}
        self._unproved: dict[str, None] = {}

    def name(self, path: Path) -> str:
        """The relative POSIX path of a file."""
        return path.relative_to(self.root).as_posix()

    def look(self, path: Path, right: bool, cure: str) -> bool:
        """Note whether a file that has to be there is there and right; `cure` says what makes it again."""
        self._checked.add(self.name(path))
        if not path.is_file():
            self._note("missing", path, cure)
        elif not right:
            self._note("changed", path, cure)
        return right

    def hashed(self, path: Path, digest: str, cure: str) -> bool:
        """Likewise by its SHA-256."""
        return self.look(path, has_hash(path, digest), cure)

    def readable(self, path: Path, read: Callable[[], object]) -> None:
        """Likewise, of a note that there may be, by whether it can be read: no command makes it again."""
        if path.exists():
            try:
                read()
            except (IntegrityError, OSError):
                self.look(path, False, f"a line of {path.name} is damaged: mend it by hand")
            else:
                self.look(path, True, "")

    def lost(self, path: Path, cure: str) -> None:
        """Note a file that is named but was never completed, or is gone, as missing."""
        self._checked.add(self.name(path))
        self._note("missing", path, cure)

    def derived(self, path: Path, data: Collection[bytes], cure: str) -> bool:
        """Likewise by the bytes, one of several where versions differ, that its records give."""
        return self.look(path, on_disk(path) in data, cure)

    def sealed(self, path: Path, cure: str, *, was: str = "") -> dict[str, Any]:
        """Likewise by the hash that a JSON record has of itself; what it says, {} when it is not as it was written.

        One without a hash only has to be laid out as we write JSON: it is named as unproved, as `was` in words.
        """
        value = json_object(path)
        if not self.look(path, bool(value) and on_disk(path) == json_bytes(value) and is_intact(value), cure):
            return {}
        if SEAL not in value:
            self.unproved(was or path.name)
        return value

    def unproved(self, what: str) -> None:
        """Name a kind of file that has no hash, as version 0.1.0 left it."""
        self._unproved[what] = None

    def orphans(self, paths: Iterable[Path]) -> None:
        """Files that belong to nothing."""
        for path in paths:
            self._wrong.setdefault(self.name(path), "orphans")

    def listed(self, folder: Path, cure: str) -> None:
        """Hash what the list of a folder names, and the list; a command is named by the file that it made."""
        if not (folder / LIST).exists():
            return
        value = self.sealed(folder / LIST, cure)
        self.look(folder / LIST, SEAL in value, cure)
        for name, entry in self.entries(folder).items():
            path = folder / name
            inside = path.resolve().is_relative_to(folder.resolve())
            self.look(path, inside and has_hash(path, entry["sha256"]), cure)

    @staticmethod
    def entries(folder: Path) -> Entries:
        """What a list names, nothing where it is damaged: it says so itself."""
        try:
            return read_list(folder)
        except UsageError:
            return {}

    def kept(self) -> None:
        """Hash what was set aside: its name says the beginning of its hash."""
        for path in sorted(below(self.root / KEPT)):
            if "-" in path.name and path.is_file() and not is_behind_link(self.root, path):
                digest = path.stem.rpartition("-")[2]
                self.look(path, sha256_file(path)[:8] == digest, "what is in kept/ was yours: take it from a copy")

    def left_over(self, folder: Path) -> None:
        """Temporary files of killed writes are orphans."""
        self.orphans(path for path in sorted(below(folder)) if path.name.endswith(TEMPORARY_SUFFIX))

    def _note(self, kind: str, path: Path, cure: str) -> None:
        self._wrong.setdefault(self.name(path), kind)
        self._cures[cure] = None

    def add(self, other: dict[str, Any], place: str) -> None:
        """Take over the document of a folder inside this one."""
        self._checked |= {f"{place}/{number}" for number in range(other["checked"])}
        for kind in ("missing", "changed", "orphans"):
            self._wrong |= {f"{place}/{path}": kind for path in other[kind]}
        self._cures |= dict.fromkeys(other.get("cures", ()))
        self._unproved |= dict.fromkeys(other.get("unproved", ()))

    def document(self) -> dict[str, Any]:
        """{"checked", "missing", "changed", "orphans"}, sorted; "cures" and "unproved" where there are any."""
        found: dict[str, Any] = {"checked": len(self._checked)}
        for kind in ("missing", "changed", "orphans"):
            found[kind] = sorted(path for path, verdict in self._wrong.items() if verdict == kind)
        more = {"cures": [*self._cures], "unproved": [*self._unproved]}
        return found | {name: words for name, words in more.items() if words}


def verify_outputs(folder: Path) -> dict[str, Any]:
    """Hash what the list of an output folder names, as colorize, panels and evaluate leave it."""
    found = Findings(folder)
    entries = found.entries(folder)
    commands = sorted({entry.get("command", "") for entry in entries.values()} - {""}) or ["command that made it"]
    found.listed(folder, f"move away what is changed; the same {' or '.join(commands)} makes it again")
    places = {folder} | {(folder / name).parent for name in entries}
    found.orphans(path for place in sorted(places) for path in place.glob(f"*{TEMPORARY_SUFFIX}") if path.is_file())
    return found.document()
