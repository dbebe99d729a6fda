"""The note of what was forgotten in a folder, so that it stays away: forgotten.jsonl, a line per series."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from comicdata.errors import PolicyError
from comicdata.files import numbered_rows, read_jsonl, write_jsonl
from comicdata.reading.shapes import shaped

FORGOTTEN = "forgotten.jsonl"
Key = tuple[str, str]  # source, series_id


@dataclass(frozen=True)
class Line:
    """One line of forgotten.jsonl."""

    source: str
    series_id: str
    forgotten_at: str = ""


def read_forgotten(folder: Path) -> dict[Key, str]:
    """When each series was forgotten in this crawl or pairs folder."""
    found = {}
    for number, row in numbered_rows(folder / FORGOTTEN):
        place = f"{folder / FORGOTTEN}:{number}"
        line = shaped(Line, row, place, "mend the line: what it names would come back")
        found[line.source, line.series_id] = line.forgotten_at
    return found


def note_forgotten(folder: Path, key: Key) -> None:
    """Add the line of a series unless it is there."""
    if key in read_forgotten(folder):
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    row = {"source": key[0], "series_id": key[1], "forgotten_at": now}
    write_jsonl(folder / FORGOTTEN, [*read_jsonl(folder / FORGOTTEN), row])


def check_not_forgotten(folder: Path, key: Key) -> None:
    """PolicyError when the series was forgotten in this folder."""
    when = read_forgotten(folder).get(key)
    if when is not None:
        name, line = "/".join(key), folder / FORGOTTEN
        raise PolicyError(f"{name}: forgotten on {when}; to have it again take its line out of {line}")
