"""What the adapters of sites share: facts in one block, everything asked once, one Web for all requests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from comicdata.crawl.fetch import Answer
from comicdata.crawl.web import Find, Visit, Web
from comicdata.episodes import matches
from comicdata.errors import NetworkError
from comicdata.files import sha256_bytes
from comicdata.reading.text import UnreadableError, parse_json
from comicdata.records import Episode, ImageRecord, Licence, Page, Series

LARGEST_ANSWER = 64_000_000  # bytes of JSON


@dataclass(frozen=True)
class Facts:
    """What every site has; an adapter adds its addresses and selectors. A redesign is mended here and nowhere else."""

    name: str
    hosts: tuple[str, ...]
    image_hosts: tuple[str, ...]


class SiteSource:
    """One series of one site. An adapter fills in `ask_series`, `ask_episodes` and `pages`."""

    own_ids = True

    def __init__(self, facts: Facts, series_id: str, visit: Visit, choice: str = "") -> None:
        """`choice` is what the user chose beyond the series (a language, one episode): another choice, another list."""
        self.web = Web.of(visit, [*facts.hosts, *facts.image_hosts])
        self.host = facts.hosts[0]
        self.key = facts.name, series_id
        self.only: str | None = None
        self.cut_short = ""
        self._stated = f"{facts!r} {choice}"
        self._series: Series | None = None
        self._episodes: list[Episode] | None = None

    @property
    def facts_sha256(self) -> str:
        return sha256_bytes(f"{self._stated} {self.only}".encode())

    @property
    def finds(self) -> Sequence[Find]:
        return self.web.finds

    def narrow(self, pattern: str | None) -> None:
        """Only the episodes that `pattern` ("1-238") names."""
        self.only = pattern

    def series(self) -> Series:
        if self._series is None:
            self._series = self.ask_series()
        return self._series

    def described(self, series: Series) -> Series:
        return self.web.described(series, f"https://{self.host}/")

    def episodes(self) -> Sequence[Episode]:
        if self._episodes is None:
            found = self.ask_episodes()
            self._episodes = [one for one in found if self.only is None or matches(one, self.only)]
        return self._episodes

    def read(self, page: Page, known: ImageRecord | None = None) -> Answer:
        return self.web.picture(page, known)

    def pages(self, episode: Episode) -> Sequence[Page]:
        raise NotImplementedError

    def ask_series(self) -> Series:
        raise NotImplementedError

    def ask_episodes(self) -> list[Episode]:
        raise NotImplementedError

    def described_as(self, title: str, authors: Sequence[str], url: str, licence: Licence, language: str) -> Series:
        """The Series of this source."""
        return Series(*self.key, title, tuple(authors), url, licence, language, self.facts_sha256)


def read_object(text: str | bytes, what: str, *keys: str) -> dict[str, Any]:
    """A JSON object that has `keys`; NetworkError in words for anything else."""
    value = read_answer(text)
    if not isinstance(value, dict) or any(key not in value for key in keys):
        wanted = f" with {', '.join(keys)}" if keys else ""
        raise NetworkError(f"{what}: not the JSON object{wanted} that is expected; has the site changed? (try --probe)")
    return value


def read_answer(text: str | bytes) -> Any:
    """What a site answers as JSON; None where it is none, or beyond all bounds."""
    try:
        return parse_json(text, LARGEST_ANSWER)
    except UnreadableError:
        return None


def entries(value: Any) -> list[dict[str, Any]]:
    """The objects of a JSON list; [] for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
