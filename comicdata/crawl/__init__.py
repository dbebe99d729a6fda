"""Stage 1: from a source to episodes on disk. Lazy: an episode is yielded once it is stored."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from comicdata.crawl.robots import RobotsError
from comicdata.crawl.sources import Source, open_sources
from comicdata.crawl.store import (
    complete_episode,
    episode_folder,
    read_crawl,
    read_listing,
    series_folder,
    split_intact,
    stored_episode,
    verify_crawl,
    write_episode,
    write_image,
    write_listing,
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
    "plan",
    "read_crawl",
    "select",
    "verify_crawl",
    "write_failures",
]


def select(episodes: Sequence[Episode], pattern: str | None = None, most: int | None = None) -> list[Episode]:
    """The episodes that "1-10,15" names by number or id, at most `most` of them."""
    chosen = [one for one in episodes if pattern is None or matches(one.episode_id, pattern)]
    return chosen[:most]


def plan(
    source: Source, out: Path, pattern: str | None = None, most: int | None = None, *, refresh: bool = False
) -> list[Episode]:
    """What a crawl of `source` into `out` would go through, like `select` on its episodes.

    Where the last crawl remembered the list of a site and all of it that is asked for is complete on disk, the site
    is not asked again; `refresh` asks it for new episodes. Writes nothing.
    """
    series = source.series()
    listing = read_listing(out, series) if series.recipe_sha256 and not refresh else None
    if listing is not None:
        chosen = select(listing, pattern, most)
        if chosen and all(complete_episode(out, series.source, series.series_id, one.episode_id) for one in chosen):
            return chosen
    return select(source.episodes(), pattern, most)


def crawl(
    source: Source,
    out: Path,
    episodes: Sequence[Episode],
    *,
    on_image: Callable[[Episode, int, int], None] = lambda episode, done, total: None,
) -> Iterator[tuple[EpisodeRecord, bool]]:
    """Store episodes one after the other; yields (record, fetched now) after each is on disk.

    An episode whose files all have their recorded hash is neither requested nor written. A picture that fails makes
    the episode partial, and the next run asks for that picture alone. Killed at any moment, the same call completes
    the crawl.
    """
    series = source.series()
    fetched = False
    with locked(series_folder(out, series)):
        sweep_orphans(series_folder(out, series))
        write_series(out, series)
        for episode in episodes:
            record = complete_episode(out, series.source, series.series_id, episode.episode_id)
            if record is not None:
                yield record, False
            else:
                fetched = True
                yield _Attempt(source, out, series, episode, on_image).run(), True
        if series.recipe_sha256 and (fetched or read_listing(out, series) is None):
            write_listing(out, series, source.episodes())


@dataclass(frozen=True)
class _Attempt:
    """One try at one episode. What earlier tries stored and is still intact is kept, whatever becomes of this one."""

    source: Source
    out: Path
    series: Series
    episode: Episode
    on_image: Callable[[Episode, int, int], None]

    def run(self) -> EpisodeRecord:
        """Fetch what is not on disk yet and write episode.json."""
        try:
            pages = self.source.pages(self.episode)
        except RobotsError as error:
            return self._refused("skipped_robots", str(error))
        except (NetworkError, PictureError, PolicyError) as error:
            return self._refused("failed", str(error))
        stored = {(image.file_name.split(".")[0], image.url): image for image in self._earlier()[0]}
        images: list[ImageRecord] = []
        missing: list[tuple[str, str]] = []
        for ordinal, page in enumerate(pages, 1):
            known = stored.get((f"{ordinal:04d}", page.url))
            try:
                images.append(known or self._fetch(page, ordinal))
            except (NetworkError, PictureError, PolicyError) as error:
                missing.append((page.url, str(error)))
            self.on_image(self.episode, ordinal, len(pages))
        status: Status = "ok" if images and not missing else "partial" if images else "failed"
        reason = "" if status == "ok" else missing[0][1] if missing else "no picture found"
        return self._store(status, reason, images, missing)

    def _refused(self, status: Status, reason: str) -> EpisodeRecord:
        """No page list this time: the pictures of earlier tries stay, and make a failed episode a partial one."""
        intact, missing = self._earlier()
        return self._store("partial" if intact and status == "failed" else status, reason, intact, missing)

    def _earlier(self) -> tuple[list[ImageRecord], list[tuple[str, str]]]:
        """The intact pictures of earlier tries, and what was missing or is damaged now."""
        record = stored_episode(self.out, self.series.source, self.series.series_id, self.episode.episode_id)
        if record is None:
            return [], []
        intact, damaged = split_intact(self.out, record)
        return intact, [*record.missing, *((image.url, "the stored file is damaged") for image in damaged)]

    def _fetch(self, page: Page, ordinal: int) -> ImageRecord:
        try:
            data = self.source.read(page)
        except OSError as error:
            raise PictureError(f"{page.url}: cannot be read ({error.strerror or error})") from error
        folder = series_folder(self.out, self.series) / self.episode.episode_id
        return write_image(folder, ordinal, data, page.url)

    def _store(
        self, status: Status, reason: str, images: list[ImageRecord], missing: list[tuple[str, str]]
    ) -> EpisodeRecord:
        """Conclude the try: the record is on disk when this returns."""
        record = EpisodeRecord(
            source=self.series.source,
            series_id=self.series.series_id,
            episode_id=self.episode.episode_id,
            title=self.episode.title,
            url=self.episode.url,
            status=status,
            reason=reason,
            images=tuple(images),
            missing=tuple(missing),
            licence=self.series.licence,
            fetched_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        write_episode(self.out, record)
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
