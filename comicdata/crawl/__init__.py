"""Stage 1: from a source to episodes on disk. Lazy: an episode is yielded once it is stored."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from comicdata.crawl.sources import Source, open_sources
from comicdata.crawl.store import (
    complete_episode,
    episode_folder,
    read_crawl,
    series_folder,
    verify_crawl,
    write_episode,
    write_image,
    write_series,
)
from comicdata.errors import NetworkError, PictureError, PolicyError
from comicdata.files import locked, sweep_orphans, write_jsonl
from comicdata.records import Episode, EpisodeRecord, Failure, ImageRecord, Page, Series, Status
from comicdata.splits import matches

__all__ = [
    "Source",
    "crawl",
    "episode_folder",
    "open_sources",
    "read_crawl",
    "select",
    "verify_crawl",
    "write_failures",
]


def select(episodes: Sequence[Episode], pattern: str | None = None, most: int | None = None) -> list[Episode]:
    """The episodes that "1-10,15" names by number or id, at most `most` of them."""
    chosen = [one for one in episodes if pattern is None or matches(one.episode_id, pattern)]
    return chosen[:most]


def crawl(
    source: Source,
    out: Path,
    episodes: Sequence[Episode],
    *,
    on_image: Callable[[Episode, int, int], None] = lambda episode, done, total: None,
) -> Iterator[tuple[EpisodeRecord, bool]]:
    """Store episodes one after the other; yields (record, fetched now) after each is on disk.

    An episode whose files all have their recorded hash is neither requested nor written. A picture that fails makes
    the episode partial, and the next run tries again. Killed at any moment, the same call completes the crawl.
    """
    series = source.series()
    with locked(series_folder(out, series)):
        sweep_orphans(series_folder(out, series))
        write_series(out, series)
        for episode in episodes:
            record = complete_episode(out, series.source, series.series_id, episode.episode_id)
            if record is not None:
                yield record, False
            else:
                yield _fetch_episode(source, out, series, episode, on_image), True


def _fetch_episode(
    source: Source, out: Path, series: Series, episode: Episode, on_image: Callable[[Episode, int, int], None]
) -> EpisodeRecord:
    """Fetch and store one episode, whatever becomes of it."""
    try:
        pages = source.pages(episode)
    except PolicyError as error:
        return _store(out, series, episode, "skipped_robots", str(error), [], [])
    except (NetworkError, PictureError) as error:
        return _store(out, series, episode, "failed", str(error), [], [])
    images: list[ImageRecord] = []
    missing: list[tuple[str, str]] = []
    folder = series_folder(out, series) / episode.episode_id
    for ordinal, page in enumerate(pages, 1):
        try:
            images.append(_fetch_image(source, page, folder, ordinal))
        except (NetworkError, PictureError, PolicyError) as error:
            missing.append((page.url, str(error)))
        on_image(episode, ordinal, len(pages))
    status: Status = "ok" if images and not missing else "partial" if images else "failed"
    reason = "" if status == "ok" else missing[0][1] if missing else "no picture found"
    return _store(out, series, episode, status, reason, images, missing)


def _fetch_image(source: Source, page: Page, folder: Path, ordinal: int) -> ImageRecord:
    try:
        return write_image(folder, ordinal, source.read(page), page.url)
    except OSError as error:
        raise PictureError(f"{page.url}: cannot be read ({error})") from error


def _store(
    out: Path,
    series: Series,
    episode: Episode,
    status: Status,
    reason: str,
    images: list[ImageRecord],
    missing: list[tuple[str, str]],
) -> EpisodeRecord:
    record = EpisodeRecord(
        source=series.source,
        series_id=series.series_id,
        episode_id=episode.episode_id,
        title=episode.title,
        url=episode.url,
        status=status,
        reason=reason,
        images=tuple(images),
        missing=tuple(missing),
        licence=series.licence,
        fetched_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    write_episode(out, record)
    return record


def write_failures(out: Path, records: Sequence[EpisodeRecord]) -> list[Failure]:
    """Write failures.jsonl from the records (none, and no file, when nothing failed); returns the rows."""
    failures = []
    for record in records:
        item = f"{record.source}/{record.series_id}/{record.episode_id}"
        failures += [Failure("crawl", f"{item}: {url}", why, "partial") for url, why in record.missing]
        if record.status != "ok" and not record.missing:
            failures.append(Failure("crawl", item, record.reason, record.status))
    if failures or (out / "failures.jsonl").is_file():
        write_jsonl(out / "failures.jsonl", (asdict(failure) for failure in failures))
    return failures
