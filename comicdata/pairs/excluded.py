"""Rows that a person took out: excluded.jsonl."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from comicdata.files import numbered_rows, read_jsonl, write_jsonl
from comicdata.reading.shapes import shaped

EXCLUDED = "excluded.jsonl"


@dataclass(frozen=True)
class Exclusion:
    """One line of excluded.jsonl: a person took this row out."""

    id: str


def read_excluded(folder: Path) -> frozenset[str]:
    """Ids of the rows a person took out (excluded.jsonl: {"id": ..., "reason": ...})."""
    return frozenset(read_exclusions(folder))


def read_exclusions(folder: Path) -> dict[str, str]:
    """Likewise, with the place of each, "FILE:LINE"; IntegrityError for a line without an id."""
    path = folder / EXCLUDED
    rows = ((f"{path}:{number}", row) for number, row in numbered_rows(path))
    cure = 'a line looks like {"id": "w0123456789abcdef", "reason": "blurred"}'
    return {shaped(Exclusion, row, place, cure).id: place for place, row in rows}


def exclude(folder: Path, ids: Collection[str], reason: str, *, out: bool) -> None:
    """Take rows out (`out`), or in again, in excluded.jsonl; make-pairs heeds it from then on. All else in it stays."""
    path = folder / EXCLUDED
    read_exclusions(folder)  # what is damaged is said, not written over
    kept = [row for row in (read_jsonl(path) if path.is_file() else []) if row["id"] not in ids]
    write_jsonl(path, [*kept, *({"id": one, "reason": reason} for one in ids if out)])
