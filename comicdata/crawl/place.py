"""Whether a crawl may go where it is meant to go: what lies there is its own, by its records, or is in nobody's way."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from comicdata.crawl.store import JOURNAL
from comicdata.episodes import EPISODE, FAILURES, INDEX, SERIES, STORED_PATTERN, series_folder
from comicdata.errors import IntegrityError, UsageError
from comicdata.files import read_json
from comicdata.outputs import CURE, Reads, check_folder, check_kind, refuse_foreign, speaks_of
from comicdata.records import Episode

CRAWL = "a crawl"


def check_crawl(out: Path, reads: Reads) -> None:
    """UsageError when `out` is what is read, holds pairs, a run or an export, or has lists of something else."""
    check_folder(out)
    reads.refuse(out)
    check_kind(out, CRAWL)
    refuse_foreign(out / INDEX, speaks_of(out / INDEX, "episode_id"))
    refuse_foreign(out / FAILURES, speaks_of(out / FAILURES, "stage", "crawl"))


def check_series(out: Path, key: tuple[str, str], episodes: Sequence[Episode]) -> None:
    """UsageError when the folder of a series, or of an episode, holds somebody's own files where a crawl writes."""
    folder = series_folder(out, key)
    check_folder(folder)
    ours = _is_ours(folder / SERIES, "series_id") or any(folder.glob(f"*/{EPISODE}"))
    refuse_foreign(folder / SERIES, ours)
    _refuse_link(folder.parent, any(folder.parent.glob(f"*/{SERIES}")), "series of a crawl")
    _refuse_link(folder, ours, "a series")
    for episode in episodes:
        place = folder / episode.episode_id
        if os.path.lexists(place):
            _check_episode(place, ours)


def _check_episode(place: Path, ours: bool) -> None:
    """An episode that is a link has to lead to one; where no series is known, stored names are somebody's own."""
    check_folder(place)
    refuse_foreign(place / EPISODE, _is_ours(place / EPISODE, "episode_id"))
    known = (place / EPISODE).is_file() or (place / JOURNAL).is_file()
    _refuse_link(place, known, "an episode")
    if not (ours or known):
        for path in filter(lambda one: STORED_PATTERN.fullmatch(one.name), place.iterdir()):
            refuse_foreign(path, own=False)


def _refuse_link(place: Path, known: bool, what: str) -> None:
    """What was moved elsewhere and linked is gone on with there; any other link leads to what is somebody's own."""
    if place.is_symlink() and not known:
        raise UsageError(f"{place}: is a link to something else than {what}; {CURE}")


def _is_ours(path: Path, key: str) -> bool:
    """Whether a record is ours: it has the key, or is damaged, for then a crawl writes it anew."""
    try:
        value: Any = read_json(path) if path.is_file() else None
    except (IntegrityError, OSError):
        return True
    return isinstance(value, dict) and key in value and "schema_version" in value
