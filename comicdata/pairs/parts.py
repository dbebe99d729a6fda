"""A part on disk, and the journal beside it: whole, as their hashes say, or not counted.

The journal names every picture with its hash before it is written, and those of the part before: what a killed run
leaves is known as ours.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from comicdata.files import SEAL, append_line, jsonl_bytes, read_lines, sha256_bytes
from comicdata.reading.text import UnreadableError, parse_json

JOURNAL = ".journal"


def part_bytes(header: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """A part: its header, which states how many rows follow and the hash of all, and the rows."""
    said = {**header, "rows": len(rows)}
    return jsonl_bytes([{**said, SEAL: sha256_bytes(jsonl_bytes([said, *rows]))}, *rows])


def is_whole(data: bytes) -> bool | None:
    """Whether a part is as its header says, no line lost or changed; None for one of version 0.1.0, without a hash."""
    first, _, rest = data.partition(b"\n")
    try:
        header = parse_json(first)
    except UnreadableError:
        return False
    if not isinstance(header, dict) or "key" not in header:
        return False
    if SEAL not in header:
        return None if "rows" not in header else False
    said = {name: value for name, value in header.items() if name != SEAL}
    stated = {**said, SEAL: sha256_bytes(jsonl_bytes([said]) + rest)}
    return jsonl_bytes([stated]) == first + b"\n"


def journal_of(part: Path) -> Path:
    """The journal beside a part."""
    return part.with_suffix(JOURNAL)


def note_files(journal: Path, root: Path, files: Mapping[Path, str]) -> None:
    """Add files below `root` and their hashes to a journal."""
    if files:
        append_line(
            journal, *({"file": path.relative_to(root).as_posix(), "sha256": one} for path, one in files.items())
        )


def noted_files(journal: Path, root: Path) -> Iterator[tuple[Path, str]]:
    """The files that a journal names, with their hashes; what is no line of it is passed over."""
    for row in read_lines(journal):
        if isinstance(row, dict) and isinstance(row.get("file"), str) and isinstance(row.get("sha256"), str):
            yield root / row["file"], row["sha256"]
