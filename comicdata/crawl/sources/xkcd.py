"""xkcd by Randall Munroe (CC BY-NC 2.5): one picture an episode, nearly all of it black and white."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from comicdata.crawl.sources.site import Facts, SiteSource, read_object
from comicdata.crawl.web import UnavailableError, Visit
from comicdata.errors import NetworkError
from comicdata.reading.numbers import whole_number
from comicdata.records import Episode, Licence, Page, Series


@dataclass(frozen=True)
class XkcdFacts(Facts):
    url: str = r"https?://(?:www\.)?xkcd\.com(?:/([0-9]{1,5}))?/?$"
    latest: str = "https://xkcd.com/info.0.json"
    one: str = "https://xkcd.com/{n}/info.0.json"
    home: str = "https://xkcd.com/"
    picture: str = r"https://imgs\.xkcd\.com/comics/[^/]+\.(?:png|jpe?g|gif)$"
    missing: tuple[int, ...] = (404,)
    most: int = 100_000
    licence: str = "CC-BY-NC-2.5"
    licence_url: str = "https://creativecommons.org/licenses/by-nc/2.5/"


FACTS = XkcdFacts("xkcd", ("xkcd.com",), ("imgs.xkcd.com",))


def parse_comic(text: str | bytes, what: str) -> tuple[int, str]:
    """Number and picture address; "" where there is no plain picture (the interactive ones)."""
    value = read_object(text, what, "num", "img")
    number, link = whole_number(value["num"]), str(value["img"])
    if number is None or number > FACTS.most:
        raise NetworkError(f"{what}: {str(value['num'])[:40]!r} is no number of a comic; has the site changed?")
    return number, link if re.match(FACTS.picture, link) else ""


def open_url(url: str, visit: Visit, licence: Licence | None) -> SiteSource | None:
    found = re.match(FACTS.url, url)
    return Xkcd(visit, int(found[1]) if found[1] else None) if found else None


class Xkcd(SiteSource):
    """All of it, or one number."""

    def __init__(self, visit: Visit, no: int | None = None) -> None:
        super().__init__(FACTS, "xkcd", visit, str(no))
        self.no = no

    def ask_series(self) -> Series:
        licence = Licence(FACTS.licence, FACTS.licence_url, f"Randall Munroe, {FACTS.home}")
        return self.described_as("xkcd", ["Randall Munroe"], FACTS.home, licence, "en")

    def ask_episodes(self) -> list[Episode]:
        last, _ = parse_comic(self.web.page(FACTS.latest).text, FACTS.latest)
        self.web.note("episodes", "num", range(1, last + 1))
        numbers = [self.no] if self.no else [n for n in range(1, last + 1) if n not in FACTS.missing]
        return [Episode(f"e{n:04d}", f"xkcd {n}", FACTS.one.format(n=n), number=str(n)) for n in numbers]

    def pages(self, episode: Episode) -> Sequence[Page]:
        _, link = parse_comic(self.web.page(episode.url).text, episode.url)
        self.web.note("pictures", "img", [link] if link else [])
        if not link:
            raise UnavailableError("layout_changed", f"{episode.url}: no plain picture; it may be an interactive one")
        return [Page(link, FACTS.home)]
