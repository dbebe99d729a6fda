"""robots.txt by RFC 9309: one fetch per origin, 4xx allows, 5xx and silence deny."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from protego import Protego

from comicdata.crawl.fetch import Fetcher
from comicdata.errors import NetworkError

AGENT = "comicdata"
MAX_BYTES = 500 * 1024


@dataclass
class Robots:
    """Answers whether a URL may be fetched; remembers the rules of every origin."""

    fetcher: Fetcher
    rules: dict[str, Protego | bool] = field(default_factory=dict)

    def allows(self, url: str) -> bool:
        """Source: RFC 9309, sections 2.2 and 2.3."""
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self.rules:
            self.rules[origin] = self._load(origin)
        rules = self.rules[origin]
        return rules if isinstance(rules, bool) else bool(rules.can_fetch(url, AGENT))

    def _load(self, origin: str) -> Protego | bool:
        try:
            status, body = self.fetcher.status_and_body(f"{origin}/robots.txt")
        except NetworkError:
            return False
        if status != 200:
            return 400 <= status < 500
        return Protego.parse(body[:MAX_BYTES].decode("utf-8-sig", "replace"))
