"""Episodes of a source, listed, chosen, and stored one after the other."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from comicdata.crawl.attempt import Attempt
from comicdata.crawl.ids import keep_ids
from comicdata.crawl.place import check_series
from comicdata.crawl.sources import Source
from comicdata.crawl.store import (
    complete_episode,
    known_addresses,
    known_series,
    sweep_episode,
    write_episode,
    write_index,
    write_recurring,
    write_series,
)
from comicdata.episodes import (
    FAILURES,
    failures_of,
    iterate_crawl,
    matches,
    series_folder,
    stored_episode,
)
from comicdata.errors import ComicDataError
from comicdata.files import locked, sha256_bytes, sweep_orphans, write_jsonl
from comicdata.forgotten import check_not_forgotten
from comicdata.records import Episode, EpisodeRecord, Failure

log = logging.getLogger("comicdata")


def select(episodes: Sequence[Episode], pattern: str | None = None, most: int | None = None) -> list[Episode]:
    """The episodes that "1-10,15" names by number or id, at most `most` of them."""
    chosen = [one for one in episodes if pattern is None or matches(one, pattern)]
    return chosen[:most]


def listed(source: Source, out: Path, *, update: bool = False) -> list[Episode]:
    """All episodes of `source`, under the ids that they have in `out`.

    A list that an earlier crawl remembered is not asked for again, unless `update` looks for new episodes. Writes
    nothing. PolicyError for a series that was forgotten in `out`, UsageError where somebody's own files are in the way.
    """
    check_not_forgotten(out, source.key)
    known = None if update else known_series(out, source.key, source.facts_sha256)
    if known or source.own_ids:
        return known[1] if known else list(source.episodes())
    return keep_ids(source.episodes(), *known_addresses(out, source.key), by_name=not source.host)


def plan(
    source: Source, out: Path, pattern: str | None = None, most: int | None = None, *, update: bool = False
) -> list[Episode]:
    """What a crawl of `source` into `out` goes through: `select` on what is listed."""
    chosen = select(listed(source, out, update=update), pattern, most)
    check_series(out, source.key, chosen)
    return chosen


def failed_before(source: Source, out: Path, episodes: Sequence[Episode]) -> list[Episode]:
    """Those that an earlier crawl tried and did not get whole."""
    records = {one.episode_id: stored_episode(out, *source.key, one.episode_id) for one in episodes}
    return [one for one in episodes if (record := records[one.episode_id]) is not None and record.status != "ok"]


def crawl(
    source: Source,
    out: Path,
    episodes: Sequence[Episode] | None = None,
    *,
    update: bool = False,
    refresh: bool = False,
    retry: bool = False,
    include_generated: bool = False,
    at_once: int = 4,
    on_image: Callable[[Episode, int, int], None] = lambda episode, done, total: None,
) -> Iterator[tuple[EpisodeRecord, bool]]:
    """Store episodes, all by default, one after the other; yields (record, fetched now) after each is on disk.

    An episode whose files all have their recorded hash is neither requested nor written. A picture that fails makes
    the episode partial, and the next run asks for that picture alone. Killed at any moment, the same call completes
    the crawl. `update` takes the list of the site anew; `retry` (and `update`) ask again for what was refused;
    `refresh` asks for every stored picture whether it changed, and deletes nothing. `at_once` pictures are under way
    at a time. Pictures that comicdata made are missing ones, unless `include_generated`. Raises GaveUpError after the
    episode in which a host failed too often.
    """
    if episodes is None:
        episodes = plan(source, out, update=update)
    check_not_forgotten(out, source.key)
    known = None if update else known_series(out, source.key, source.facts_sha256)
    series = known[0] if known else source.series()
    with locked(series_folder(out, source.key)), ThreadPoolExecutor(at_once) as pool:
        check_not_forgotten(out, source.key)  # it may have been, until the lock was free
        sweep_orphans(series_folder(out, source.key))
        listing = listed(source, out, update=update) if source.facts_sha256 and not known else None
        if listing is not None:
            _say_twins(known_addresses(out, source.key)[0])
        write_series(out, series, None if source.cut_short else listing)
        for episode in episodes:
            record = complete_episode(out, *source.key, episode.episode_id)
            settled = record is not None and (record.status == "ok" or not (retry or update))
            if record is not None and settled and not refresh:
                _say_other(source, episode, record)
                yield _called(out, record, episode), False
                continue
            attempt = Attempt(source, out, series, episode, pool, on_image, include_generated)
            yield (attempt.refresh(record) if record is not None and refresh else attempt.run()), True
            if attempt.gave_up is not None:
                raise attempt.gave_up
        write_recurring(out, source.key)


def _say_twins(stored: Mapping[str, str]) -> None:
    """A word where one address is stored under several ids, as version 0.1.0 did when a list changed."""
    counts = Counter(stored.values())
    for address in [one for one, count in counts.items() if one and count > 1]:
        names = ", ".join(name for name, other in stored.items() if other == address)
        log.warning("%s is stored more than once: %s; delete the folders of all but the first", address, names)


def _say_other(source: Source, episode: Episode, record: EpisodeRecord) -> None:
    """A word where a folder on this machine has another first picture than what is stored under its names: two comics
    may be called alike ("Season 1/Episode 1").
    """
    if source.host or not record.images:
        return
    first = record.images[0]
    with suppress(ComicDataError, OSError):
        page = next((one for one in source.pages(episode) if one.url == first.url), None)
        if page is not None and sha256_bytes(source.read(page).body) != first.sha256:
            cure = "--refresh takes a changed one; another comic of this name takes another --out, or folder name"
            log.warning("%s: %s is not the picture that is stored for it; %s", episode.episode_id, first.url, cure)


def _called(out: Path, record: EpisodeRecord, episode: Episode) -> EpisodeRecord:
    """A stored episode under the title and number that the list gives it now; nothing is written where they stay."""
    called = replace(record, title=episode.title, number=episode.number, season=episode.season)
    if called != record:
        write_episode(out, called)
    else:
        sweep_episode(out, record)  # a run may have been killed between the record and this
    return called


def close_crawl(out: Path) -> None:
    """Derive failures.jsonl and index.jsonl from all episodes; waits for another run that does the same."""
    with locked(out, wait_s=60):
        sweep_orphans(out, deep=False)
        write_failures(out, iterate_crawl(out))
        write_index(out)


def write_failures(out: Path, records: Iterable[EpisodeRecord]) -> list[Failure]:
    """Write failures.jsonl from the records (none, and no file, when nothing failed); returns the rows."""
    failures = [failure for record in records for failure in failures_of(record)]
    if failures or (out / FAILURES).is_file():
        write_jsonl(out / FAILURES, (asdict(failure) for failure in failures))
    return failures
