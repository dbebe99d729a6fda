"""The web as a source may see it: its own hosts, robots.txt and opt-outs asked before and read from every answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from comicdata.crawl.connections import check_listed, is_loopback
from comicdata.crawl.fetch import PICTURES, Answer, Fetcher
from comicdata.crawl.optouts import header_signals, page_signals
from comicdata.crawl.robots import Robots
from comicdata.errors import ComicDataError, NetworkError, PolicyError
from comicdata.records import ImageRecord, Page, Series, Status


class OptedOutError(PolicyError):
    """The rights holder says no to data sets."""


class UnavailableError(ComicDataError):
    """An episode that is not to be had, and why: `episode_status` is what its record will say."""

    status = 3  # where it ends a command: a probe

    def __init__(self, episode_status: Status, reason: str) -> None:
        super().__init__(reason)
        self.episode_status = episode_status


@dataclass(frozen=True)
class Overrides:
    """What the user took upon himself with a flag; each is written into series.json."""

    ignore_robots: bool = False
    ignore_optouts: bool = False
    adult: bool = False

    def names(self) -> tuple[str, ...]:
        return tuple(name for name, value in vars(self).items() if value)


@dataclass(frozen=True)
class Find:
    """What one selector of a source found on one page: for `--probe`."""

    what: str
    selector: str
    count: int
    example: str = ""


@dataclass
class Web:
    """GETs for one source. `hosts` are the hosts of its facts; nothing else is asked, whatever a page says."""

    fetcher: Fetcher
    robots: Robots
    hosts: frozenset[str]
    overrides: Overrides = field(default_factory=Overrides)
    signals: set[str] = field(default_factory=set)
    finds: list[Find] = field(default_factory=list)

    @classmethod
    def of(cls, visit: "Visit", hosts: Iterable[str]) -> "Web":
        """The web of one source, on the fetcher that all sources of a crawl share."""
        named = frozenset(host.lower() for host in hosts)
        visit.fetcher.allow(named)
        return cls(visit.fetcher, visit.robots, named, visit.overrides)

    def page(
        self, url: str, *, referer: str = "", follow: bool = True, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A page or JSON document; `follow=False` gives a redirect back as an Answer with its status.

        Raises RobotsError, OptedOutError (also for what the page itself says), PolicyError, StatusError, NetworkError.
        """
        self._may_ask(url)
        answer = self.fetcher.get(url, referer=referer, follow=follow, headers=headers, permit=self._may_follow)
        signals = header_signals(answer.headers)
        if b"<meta" in answer.body.replace(b"\0", b"").lower():  # whatever type it claims; UTF-16 has zeros in between
            signals += page_signals(answer.text)
        self._obey(url, signals)
        return answer

    def picture(self, page: Page, known: ImageRecord | None = None) -> Answer:
        """The picture of a page; with `known` only if it changed since, else an Answer with status 304.

        Raises what `page` raises.
        """
        self._may_ask(page.url)
        conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified} if known else {}
        answer = self.fetcher.get(
            page.url,
            referer=page.referer,
            accept=PICTURES,
            headers={name: text for name, text in conditions.items() if text},
            permit=self._may_follow,
        )
        self._obey(page.url, header_signals(answer.headers))
        return answer

    def described(self, series: Series, url: str) -> Series:
        """The series with what was learned: the robots decision at `url`, the opt-outs seen, the user's overrides."""
        return replace(
            series,
            robots=self.robots.decision(url) or series.robots,
            opt_outs=tuple(sorted({*series.opt_outs, *self.signals})),
            overrides=tuple(sorted({*series.overrides, *self.overrides.names()})),
        )

    def note(self, what: str, selector: str, found: Iterable[Any]) -> None:
        """Remember what a selector found, for `--probe`."""
        values = [str(one) for one in found]
        self.finds.append(Find(what, selector, len(values), values[0] if values else ""))

    def _may_ask(self, url: str) -> None:
        """Raise where `url`, asked for or redirected to, is not to be fetched: its own origin's rules decide."""
        check_listed(url, self.hosts)
        self.fetcher.check(url)
        if not self.overrides.ignore_robots:
            self.robots.check(url)
        self._obey(url, self._origin_signals(url))

    def _may_follow(self, url: str, said: Mapping[str, str]) -> None:
        """Likewise for a redirect to `url`, whose own headers, `said`, may hold an opt-out."""
        self._obey(url, header_signals(said))
        self._may_ask(url)

    def _origin_signals(self, url: str) -> list[str]:
        try:
            return self.robots.signals(url)
        except NetworkError:
            if not self.overrides.ignore_optouts:
                raise
            return []

    def _obey(self, url: str, signals: list[str]) -> None:
        """OptedOutError for any signal, unless the user overrides; what was seen is remembered either way."""
        self.signals.update(signals)
        if signals and not self.overrides.ignore_optouts:
            raise OptedOutError(f"{url}: the rights holder opted out of data sets ({', '.join(signals)})")


class Visit:
    """What all sources of one crawl share: the fetcher, the robots rules, and the user's overrides."""

    def __init__(self, fetcher: Fetcher | None = None, overrides: Overrides | None = None) -> None:
        self.fetcher = fetcher or Fetcher()
        self.robots = Robots(self.fetcher)
        self.overrides = overrides or Overrides()


def refuse_this_machine(name: str, host: str, further: Iterable[str]) -> None:
    """PolicyError when a recipe of a public site names hosts of this machine."""
    if any(is_loopback(one) for one in further) and not is_loopback(host):
        raise PolicyError(f"{name}: a recipe of a public site may not name this machine; take it out")
