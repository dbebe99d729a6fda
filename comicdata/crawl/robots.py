"""What an origin says before anything is fetched from it: robots.txt by RFC 9309 and /.well-known/tdmrep.json.

Each is asked once per origin, and again while it cannot be had; for robots.txt 4xx allows, 5xx and silence deny. An
origin that is slow to answer holds up nobody who asks another.
"""

import threading
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from protego import Protego

from comicdata.crawl.fetch import LONGEST_WAIT_S, Fetcher, StatusError
from comicdata.crawl.optouts import AGENT, policy_text, read_tdmrep, robots_usage, robots_usage_signals, tdmrep_signals
from comicdata.errors import ComicDataError, NetworkError, PolicyError

MAX_BYTES = 500 * 1024


class RobotsError(PolicyError):
    """robots.txt, or its absence behind a failing server, forbids a URL."""


@dataclass(frozen=True)
class Rules:
    """What one origin says: `parsed` decides where there is one, else `refusal` (None: everything is allowed).

    `unread` is why nobody knows what it reserves: until that is known nothing may be taken.
    """

    decision: str
    parsed: Protego | None = None
    refusal: ComicDataError | None = None
    usage: list[tuple[str, list[str]]] = field(default_factory=list)
    reserved: list[tuple[str, bool]] = field(default_factory=list)
    unread: NetworkError | None = None


@dataclass
class Robots:
    """Answers whether a URL may be fetched; remembers the rules of every origin. For any number of threads."""

    fetcher: Fetcher
    rules: dict[str, Rules] = field(default_factory=dict)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    def check(self, url: str) -> None:
        """RobotsError when the rules forbid `url`, NetworkError when no server answers for them.

        Source: RFC 9309, sections 2.2 and 2.3.
        """
        rules = self.rules_of(url)
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

    def signals(self, url: str) -> list[str]:
        """Opt-outs that the files of the origin hold for `url`; NetworkError where they cannot be read for now."""
        rules = self.rules_of(url)
        if rules.unread is not None:
            raise rules.unread
        return robots_usage_signals(rules.usage, url) + tdmrep_signals(rules.reserved, url)

    def decision(self, url: str) -> str:
        """What was found at the origin of `url`, in words; "" before anything was asked there."""
        rules = self.rules.get(_origin(url))
        return rules.decision if rules else ""

    def rules_of(self, url: str) -> Rules:
        """The rules of the origin of `url`, asked for once."""
        origin = _origin(url)
        with self._locks.setdefault(origin, threading.Lock()):
            if origin not in self.rules:
                self.rules[origin] = self._load(origin)
            return self.rules[origin]

    def _load(self, origin: str) -> Rules:
        place = f"{origin}/robots.txt"
        try:
            status, body = self.fetcher.status_and_body(place, MAX_BYTES, anywhere=True)
        except NetworkError as error:
            return Rules("unreachable", refusal=NetworkError(f"{error} (nothing is fetched without robots.txt)"))
        except PolicyError as error:
            return Rules("unreachable", refusal=RobotsError(f"{place} cannot be read: {error}"))
        if 400 <= status < 500:
            return self._reserved(origin, Rules(f"none (status {status})"))
        if status != 200:
            why = f"{place}: status {status}; nothing is fetched until it can be read, run the same command again later"
            return Rules(f"unreadable (status {status})", refusal=RobotsError(why))
        return self._obeyed(origin, policy_text(body))

    def _obeyed(self, origin: str, text: str) -> Rules:
        """The rules of a robots.txt; its Crawl-delay slows the fetcher down."""
        parsed = Protego.parse(text)
        delay = parsed.crawl_delay(AGENT) or 0.0
        if delay > LONGEST_WAIT_S:
            why = f"{origin}/robots.txt asks for {delay:.0f} s between two requests: that is a no; ask the site's owner"
            return Rules("obeyed", refusal=RobotsError(why))
        self.fetcher.slow_down(origin, delay)
        return self._reserved(origin, Rules("obeyed", parsed=parsed, usage=robots_usage(text)))

    def _reserved(self, origin: str, rules: Rules) -> Rules:
        """With the rules of tdmrep.json: none where there is no such file, nor one at an address that is not asked."""
        place = f"{origin}/.well-known/tdmrep.json"
        try:
            return replace(rules, reserved=read_tdmrep(self.fetcher.get(place).body))
        except (StatusError, PolicyError):
            return rules
        except NetworkError as error:
            why = f"{error} (what it reserves is not known; --ignore-optouts where you may)"
            return replace(rules, unread=NetworkError(why))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
