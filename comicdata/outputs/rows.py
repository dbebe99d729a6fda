"""A list of JSON lines in an output folder that several runs may share.

The rule of this file: a run changes the rows of what it made, and leaves those of other runs as they are.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from comicdata.files import jsonl_bytes, locked, read_lines
from comicdata.outputs import Outputs, read_list


class SharedRows:
    """The rows of one list of an output folder, told apart by what each has under `key`."""

    def __init__(self, outputs: Outputs, name: str, key: str) -> None:
        self.outputs, self.name, self.key = outputs, name, key

    def read(self) -> dict[str, dict[str, Any]]:
        """The rows there are by now, by key; none where the list is somebody else's, or was changed."""
        if self.name not in read_list(self.outputs.out) or self.outputs.kept([self.name]):
            return {}
        rows = read_lines(self.outputs.out / self.name)
        return {row[self.key]: row for row in rows if _has(row, self.key)}

    def change(self, rows: Iterable[Mapping[str, Any]], gone: Collection[str] = ()) -> None:
        """Put rows in the place of those with their keys and take away those of `gone`; a list without rows is
        deleted. PartialError as `Outputs.write`.
        """
        own = {row[self.key]: dict(row) for row in rows}
        if not own and self.name not in read_list(self.outputs.out):
            return
        with locked(self.outputs.out, wait_s=60):
            held = Outputs(self.outputs.out, self.outputs.command, held=True)
            there = {key: row for key, row in self.read().items() if key not in gone} | own
            if there:
                held.write(self.name, jsonl_bytes(there[key] for key in sorted(there)))
            else:
                held.remove(self.name)


def _has(row: Any, key: str) -> bool:
    return isinstance(row, dict) and isinstance(row.get(key), str)
