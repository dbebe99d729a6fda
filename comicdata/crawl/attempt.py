"""One try at one episode. What earlier tries stored and is still intact is kept, whatever becomes of this one."""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, wait
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from comicdata.crawl.fetch import Answer, GaveUpError, StatusError
from comicdata.crawl.robots import RobotsError
from comicdata.crawl.sources import Source
from comicdata.crawl.sources.viewer import looks_empty
from comicdata.crawl.store import (
    intact_journal,
    split_intact,
    sweep_episode,
    write_episode,
    write_image,
    write_series,
)
from comicdata.crawl.web import OptedOutError, UnavailableError
from comicdata.episodes import series_folder, stored_episode
from comicdata.errors import ComicDataError, GeneratedError, NetworkError, PictureError, PolicyError
from comicdata.outputs.marks import made_by
from comicdata.records import Episode, EpisodeRecord, ImageRecord, Page, Series, Status

GONE = (404, 410)
DOT, ICON = 2, 64  # pixels on the longer side
Missing = list[tuple[str, str]]
log = logging.getLogger("comicdata")


@dataclass
class Attempt:
    """Fetches what is not on disk yet and writes episode.json; `gave_up` is set when a host was left alone."""

    source: Source
    out: Path
    series: Series
    episode: Episode
    pool: Executor
    on_image: Callable[[Episode, int, int], None]
    include_generated: bool = False
    gave_up: GaveUpError | None = None

    def run(self) -> EpisodeRecord:
        """Fetch the pictures that are missing; the record, whatever came of it, is on disk when this returns."""
        if self.episode.status:
            return self._refused(self.episode.status, self.episode.reason)
        try:
            pages = self.source.pages(self.episode)
            stored, missing = self._pictures(pages)
        except (NetworkError, PictureError, PolicyError, UnavailableError) as error:
            return self._refused(self._status_of(error), str(error))
        images = self._without_placeholders(stored)
        if stored and not images and not missing:
            why = f"{self.episode.url}: nothing but placeholders; has the site changed?"
            return self._store("layout_changed", why, [], [])
        status: Status = "ok" if images and not missing else "partial" if images else "failed"
        reason = "" if status == "ok" else missing[0][1] if missing else "no picture found"
        return self._store(status, reason, images, missing)

    def refresh(self, before: EpisodeRecord) -> EpisodeRecord:
        """Ask for every picture whether it changed. The old one stays beside a changed one, and all stays as it is
        where the site no longer has the episode or not all of it can be had.
        """
        try:
            pages = self.source.pages(self.episode)
            answered = self._all_renewed(pages, before)
        except (NetworkError, PictureError, PolicyError, UnavailableError) as error:
            self._status_of(error)  # a host that gives up ends the crawl here as well
            log.warning("%s stays as it is: %s", self.episode.episode_id, error)
            sweep_episode(self.out, before)  # what of it had come already
            return before
        answered = self._without_placeholders(answered)
        kept = {image.file_name for image in answered}
        earlier = [image for image in (*before.images, *before.earlier) if image.file_name not in kept]
        return self._store("ok" if answered else before.status, "", answered or list(before.images), [], earlier)

    def _all_renewed(self, pages: Iterable[Page], before: EpisodeRecord) -> list[ImageRecord]:
        """All pictures anew, or what went wrong with the first; no request is under way any more then."""
        futures = [self.pool.submit(self._renewed, page, ordinal, before) for ordinal, page in enumerate(pages, 1)]
        try:
            return [future.result() for future in futures]
        finally:
            wait([future for future in futures if not future.cancel()])

    def _renewed(self, page: Page, ordinal: int, before: EpisodeRecord) -> ImageRecord:
        """The stored picture where it did not change, else the new one, stored beside it."""
        known = next((image for image in before.images if image.url == page.url), None)
        answer = self.source.read(page, known)
        if known is not None and answer.status == 304:
            return known
        self._check_drawn(page, answer)
        taken = any(image.ordinal == ordinal for image in (*before.images, *before.earlier))
        image = write_image(self._folder, ordinal, answer, page.url, beside=taken)
        return known if known is not None and known.sha256 == image.sha256 else image

    def _pictures(self, pages: Sequence[Page]) -> tuple[list[ImageRecord], Missing]:
        """All pictures in order: those on disk as they are, the others fetched, several at once.

        An opt-out or robots.txt that speaks of one picture refuses the whole episode.
        """
        stored = {(image.ordinal, image.url): image for image in self._earlier()[0]}
        found = [stored.get((ordinal, page.url)) for ordinal, page in enumerate(pages, 1)]
        futures = [
            None if known else self.pool.submit(self._fetch, page, ordinal)
            for ordinal, (page, known) in enumerate(zip(pages, found, strict=True), 1)
        ]
        images: list[ImageRecord] = []
        missing: Missing = []
        try:
            for done, (page, known, future) in enumerate(zip(pages, found, futures, strict=True), 1):
                try:
                    images.append(known or future.result())  # type: ignore[union-attr]
                except (RobotsError, OptedOutError):
                    raise
                except (NetworkError, PictureError, PolicyError) as error:
                    self._status_of(error)
                    missing.append((page.url, str(error)))
                self.on_image(self.episode, done, len(pages))
        finally:
            wait([future for future in futures if future is not None and not future.cancel()])
        return images, missing

    def _without_placeholders(self, images: Sequence[ImageRecord]) -> list[ImageRecord]:
        """Pictures of a site but for dots, and icons named like a placeholder: the true picture is still to come."""
        sizes = [(image, max(image.width, image.height)) for image in images]
        site = bool(self.source.host)
        return [one for one, side in sizes if not site or side > (ICON if looks_empty(one.url) else DOT)]

    def _status_of(self, error: ComicDataError) -> Status:
        """What a refusal makes of the episode."""
        if isinstance(error, UnavailableError):
            return error.episode_status
        if isinstance(error, RobotsError):
            return "skipped_robots"
        if isinstance(error, OptedOutError):
            return "skipped_optout"
        if isinstance(error, GaveUpError):
            self.gave_up = error
        return "removed" if isinstance(error, StatusError) and error.code in GONE else "failed"

    def _refused(self, status: Status, reason: str) -> EpisodeRecord:
        """No page list this time: the pictures of earlier tries stay, and make a failed episode a partial one."""
        intact, missing = self._earlier(journal=status not in ("skipped_robots", "skipped_optout"))
        if intact and status in ("failed", "removed"):
            status = "partial"
        return self._store(status, reason, intact, missing)

    def _earlier(self, *, journal: bool = True) -> tuple[list[ImageRecord], Missing]:
        """The intact pictures of earlier tries, and what was missing or is damaged now.

        The journal says what a try that was interrupted, or this one, has stored so far, in the order in which it came.
        """
        intact = sorted(intact_journal(self._folder) if journal else [], key=lambda image: image.ordinal)
        record = stored_episode(self.out, self.series.source, self.series.series_id, self.episode.episode_id)
        if record is None:
            return intact, []
        recorded, damaged = split_intact(self.out, record)
        names = {image.file_name for image in recorded}
        missing = [*record.missing, *((image.url, "the stored file is damaged") for image in damaged)]
        added = [image for image in intact if image.file_name not in names]
        return sorted([*recorded, *added], key=lambda image: image.ordinal) if added else recorded, missing

    @property
    def _folder(self) -> Path:
        return series_folder(self.out, (self.series.source, self.series.series_id)) / self.episode.episode_id

    def _fetch(self, page: Page, ordinal: int) -> ImageRecord:
        """Fetch and store one picture; a site is asked once more for one that is damaged, for a body without a length
        may have been cut short.
        """
        try:
            return self._stored(page, ordinal)
        except PictureError:
            if not self.source.host:
                raise
        return self._stored(page, ordinal)

    def _stored(self, page: Page, ordinal: int) -> ImageRecord:
        answer = self._read(page)
        self._check_drawn(page, answer)
        return write_image(self._folder, ordinal, answer, page.url, recorded=self._recorded)

    @cached_property
    def _recorded(self) -> frozenset[str]:
        """The names that the record before this try gives to pictures."""
        before = stored_episode(self.out, self.series.source, self.series.series_id, self.episode.episode_id)
        return frozenset(image.file_name for image in before.images) if before else frozenset()

    def _check_drawn(self, page: Page, answer: Answer) -> None:
        """GeneratedError for a picture that comicdata made: it is not somebody's drawing."""
        mark = None if self.include_generated else made_by(answer.body)
        if mark is not None:
            raise GeneratedError(f"{page.url}: {mark.words}, so it is left out; --include-generated takes it")

    def _read(self, page: Page) -> Answer:
        try:
            return self.source.read(page)
        except OSError as error:
            raise PictureError(f"{page.url}: cannot be read ({error.strerror or error})") from error

    def _store(
        self,
        status: Status,
        reason: str,
        images: Sequence[ImageRecord],
        missing: Missing,
        earlier: Sequence[ImageRecord] | None = None,
    ) -> EpisodeRecord:
        """Conclude the try: the record is on disk when this returns."""
        if earlier is None:
            before = stored_episode(self.out, self.series.source, self.series.series_id, self.episode.episode_id)
            earlier = before.earlier if before else ()
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
            published=self.episode.published,
            earlier=tuple(earlier),
            number=self.episode.number,
            season=self.episode.season,
        )
        write_series(self.out, self.source.described(self.series))  # before the record: a killed run has it too
        write_episode(self.out, record)
        return record
