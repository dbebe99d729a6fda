"""What was forgotten in a folder, so that it stays away (forgotten.jsonl, a line per series), and what training had
made of it: runs, and what was kept of pages coloured with them. Weights cannot forget, so all that is only named.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from comicdata.errors import IntegrityError, PolicyError, UsageError
from comicdata.files import below, numbered_rows, read_json, read_jsonl, write_jsonl
from comicdata.reading.shapes import shaped
from comicdata.reading.text import UnreadableError, parse_json

FORGOTTEN = "forgotten.jsonl"
CAST, KEYS = "cast.json", ".keys"  # what colorize keeps of pages; both say what their run learned from
CONFIG, WEIGHTS = "config.json", ".safetensors"
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


def runs_trained_on(folders: Sequence[Path], key: Key, data_hashes: frozenset[str]) -> list[dict[str, Any]]:
    """The runs in or under `folders` that saw the series: [{"run", "trained_on_it": true | null}].

    null: config.json is older than the note of the series in it, or damaged. Weights say it, too, and are named where
    no config.json beside them does. `data_hashes` are of the pairs before the series went; what has one of them saw it.
    """
    found: dict[str, bool | None] = {}
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder")
        paths = [*below(folder)]
        configs = {path.parent: _saw(path, "/".join(key), data_hashes) for path in paths if path.name == CONFIG}
        found |= {run.as_posix(): saw for run, saw in configs.items() if saw is not False}
        for path in paths:
            if path.suffix == WEIGHTS and configs.get(path.parent) is None:
                saw = _saw(path, "/".join(key), data_hashes)
                if saw or (saw is None and path.parent not in configs):
                    found[path.as_posix()] = saw
    return [{"run": run, "trained_on_it": found[run]} for run in sorted(found)]


def _saw(path: Path, name: str, data_hashes: frozenset[str]) -> bool | None:
    """Whether the run of a config.json, or weights, saw the series; None when that cannot be read, or is not said."""
    value = _said(path)
    if value is None:
        return None
    if not isinstance(value, dict) or "data_hash" not in value:
        return False  # of something else
    series = value.get("series")
    if not isinstance(series, list | None):
        return None
    return name in series if series is not None else value["data_hash"] in data_hashes or None


def _said(path: Path) -> Any:
    """What a config.json holds, None when damaged; or what weights say of themselves, {} when they are not ours."""
    if path.name == CONFIG:
        try:
            return read_json(path)
        except IntegrityError:
            return None
    return _metadata(path, "comicdata") or {}


def memories_of(folders: Sequence[Path], key: Key) -> list[dict[str, Any]]:
    """The folders in or under `folders` with keys and casts of runs that saw the series: [{"folder", "files"}]."""
    found: dict[str, int] = {}
    for folder in folders:
        for path in below(folder):
            if (path.name == CAST or path.suffix == KEYS) and "/".join(key) in _series_of(path):
                place = path.parent.as_posix()
                found[place] = found.get(place, 0) + 1
    return [{"folder": place, "files": count} for place, count in sorted(found.items())]


def _series_of(path: Path) -> Sequence[str]:
    """What the run learned from that made a file; nothing where it does not say."""
    if path.name == CAST:
        try:
            value = read_json(path)
        except (OSError, IntegrityError):
            return []
        series = value.get("series") if isinstance(value, dict) else None
    else:
        series = _metadata(path, "series")
    return series if isinstance(series, list) else []


def _metadata(path: Path, name: str) -> Any:
    """What a safetensors file says under a name; None where it says nothing, or is no such file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "numpy") as file:
            return parse_json((file.metadata() or {})[name])
    except (KeyError, OSError, SafetensorError, UnreadableError):
        return None
