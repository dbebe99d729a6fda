"""robots.txt by RFC 9309: one fetch per origin, 4xx allows, 5xx and silence deny."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from protego import Protego

from comicdata.crawl.fetch import Fetcher
from comicdata.errors import ComicDataError, NetworkError, PolicyError

AGENT = "comicdata"
MAX_BYTES = 500 * 1024


class RobotsError(PolicyError):
    """robots.txt, or its absence behind a failing server, forbids a URL."""


@dataclass(frozen=True)
class Rules:
    """What one origin says: `parsed` decides where there is one, else `refusal` (None: everything is allowed)."""

    decision: str
    parsed: Protego | None = None
    refusal: ComicDataError | None = None


@dataclass
class Robots:
    """Answers whether a URL may be fetched; remembers the rules of every origin."""

    fetcher: Fetcher
    rules: dict[str, Rules] = field(default_factory=dict)

    def check(self, url: str) -> None:
        """RobotsError when the rules forbid `url`, NetworkError when no server answers for them.

        Source: RFC 9309, sections 2.2 and 2.3.
        """
        origin = _origin(url)
        if origin not in self.rules:
            self.rules[origin] = self._load(origin)
        rules = self.rules[origin]
        if rules.refusal is not None:
            raise rules.refusal
        if rules.parsed is not None and not rules.parsed.can_fetch(url, AGENT):
            raise RobotsError(f"{url}: robots.txt forbids it; ask the site's owner")

    def allows(self, url: str) -> bool:
        """Whether `check` passes."""
        try:
            self.check(url)
        except (RobotsError, NetworkError):
            return False
        return True

    def decision(self, url: str) -> str:
        """What was found at the origin of `url`, in words; "" before anything was asked there."""
        rules = self.rules.get(_origin(url))
        return rules.decision if rules else ""

    def _load(self, origin: str) -> Rules:
        place = f"{origin}/robots.txt"
        try:
            status, body = self.fetcher.status_and_body(place, MAX_BYTES)
        except NetworkError as error:
            return Rules("unreachable", refusal=NetworkError(f"{error} (nothing is fetched without robots.txt)"))
        except PolicyError as error:
            return Rules("unreachable", refusal=RobotsError(f"{place} cannot be read: {error}"))
        if status == 200:
            return Rules("obeyed", parsed=Protego.parse(body.decode("utf-8-sig", "replace")))
        if 400 <= status < 500:
            return Rules(f"none (status {status})")
        why = f"{place}: status {status}; nothing is fetched until it can be read, run the same command again later"
        return Rules(f"unreadable (status {status})", refusal=RobotsError(why))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
