"""What was made of a series by training: runs, and what was kept of pages coloured with them. Weights cannot forget, so
all that is only named.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import below, read_json
from comicdata.forgotten import Key

CAST, KEYS = "cast.json", ".keys"  # what colorize keeps of pages; both say what their run learned from


def runs_trained_on(folders: Sequence[Path], key: Key, data_hashes: frozenset[str]) -> list[dict[str, Any]]:
    """The runs in or under `folders` that saw the series: [{"run", "trained_on_it": true | null}].

    null: config.json is older than the note of the series in it, or damaged. `data_hashes` are of the pairs before
    the series went; a run with one of them saw it.
    """
    found = []
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder")
        for path in sorted(one for one in below(folder) if one.name == "config.json"):
            saw = _saw(path, "/".join(key), data_hashes)
            if saw is not False:
                found.append({"run": path.parent.as_posix(), "trained_on_it": saw})
    return found


def _saw(config: Path, name: str, data_hashes: frozenset[str]) -> bool | None:
    """Whether the run of this config.json saw the series; None when it cannot be read, or does not say."""
    try:
        value = read_json(config)
    except IntegrityError:
        return None
    if not isinstance(value, dict) or "data_hash" not in value:
        return False  # of something else
    series = value.get("series")
    if not isinstance(series, list | None):
        return None
    return name in series if series is not None else value["data_hash"] in data_hashes or None


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
    try:
        if path.name == CAST:
            value = read_json(path)
            series = value.get("series") if isinstance(value, dict) else None
        else:
            with safe_open(path, "numpy") as file:
                series = json.loads((file.metadata() or {}).get("series", "[]"))
    except (OSError, IntegrityError, SafetensorError, ValueError):
        return []
    return series if isinstance(series, list) else []
