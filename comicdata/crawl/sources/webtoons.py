"""WEBTOONS (www.webtoons.com, originals and canvas, all languages): the list as JSON, the viewer as HTML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from bs4 import BeautifulSoup

from comicdata.crawl.fetch import Answer, StatusError
from comicdata.crawl.sources.site import Facts, SiteSource, entries, read_object
from comicdata.crawl.sources.viewer import parses
from comicdata.crawl.web import UnavailableError, Visit
from comicdata.errors import NetworkError
from comicdata.numbers import Numbered, read_numbers
from comicdata.reading.numbers import whole_number
from comicdata.records import Episode, Licence, Page, Series

MOST_PAGES = 500  # of one list


@dataclass(frozen=True)
class WebtoonsFacts(Facts):
    url: str = (
        r"https?://(?:www|m)\.webtoons\.com/([a-z]{2}(?:-[a-z]+)?)/([^/?]+)/([^/?]+)/(?:[^/?]+/)?(?:list|viewer)\?"
    )
    canvas: tuple[str, ...] = ("canvas", "challenge")
    overview: str = "https://www.webtoons.com/{language}/{genre}/{slug}/list?title_no={title}"
    originals_list: str = "https://m.webtoons.com/api/v1/webtoon/{title}/episodes?pageSize=99999"
    canvas_list: str = (
        "https://m.webtoons.com/api/v1/canvas/{title}/episodes?pageSize=99999&readingLanguageCode={language}"
    )
    list_referer: str = "https://m.webtoons.com/"
    site: str = "https://www.webtoons.com/"
    author: str = 'meta[property="com-linewebtoon:webtoon:author"]'
    headline: str = 'meta[property="og:title"]'
    subject: str = ".subj"
    viewers: tuple[str, ...] = (
        "#_imageList img._images",
        ".viewer_img._img_viewer_area img",
        ".viewer_img img._images",
    )
    attribute: str = "data-url"
    motion: str = "#ozViewer"
    adult: str = ".ly_adult"
    age_gate: str = "agegate"
    cookies: str = "ageGatePass=true; needGDPR=false; needCCPA=false; needCOPPA=false; locale={language}"
    recompressed: str = "type"  # the query parameter that asks for a smaller picture than the original


FACTS = WebtoonsFacts(
    "webtoons", ("www.webtoons.com", "m.webtoons.com"), ("webtoon-phinf.pstatic.net", "swebtoon-phinf.pstatic.net")
)


@dataclass(frozen=True)
class Row:
    """One row of the list; `no` is an id, not the number that readers see."""

    no: int
    title: str
    link: str
    published: str


def parse_series(text: str | bytes) -> tuple[str, str]:
    """Title and author of a list page; "" where it does not say."""
    soup = BeautifulSoup(text, "lxml")

    def said(css: str) -> str:
        found = soup.select_one(css)
        return " ".join(str(found.get("content") or found.get_text(" ")).split()) if found else ""

    return said(FACTS.subject) or said(FACTS.headline), said(FACTS.author)


def parse_list(text: str | bytes) -> tuple[list[Row], str]:
    """The episodes that are out, and the cursor of the next part or "".

    NetworkError for an answer that says it failed, which comes with status 200.
    """
    value = read_object(text, "webtoons list")
    result = value.get("result")
    if value.get("success") is False or not isinstance(result, dict) or "episodeList" not in result:
        raise NetworkError(
            "webtoons list: the site says it has no such series; is it canvas (an address with /canvas/) or another "
            "language?"
        )
    rows = [_row(no, one) for one in entries(result["episodeList"]) if (no := _listed(one)) is not None]
    return rows, str(result.get("nextCursor") or "")


def _listed(row: dict[str, Any]) -> int | None:
    """The number of a row that is out; a date of 0 or less says that it is not."""
    date = row.get("exposureDateMillis")
    waiting = isinstance(date, int | float) and not isinstance(date, bool) and date <= 0
    return None if waiting or not row.get("viewerLink") else whole_number(row.get("episodeNo"))


def _row(no: int, row: dict[str, Any]) -> Row:
    return Row(no, str(row.get("episodeTitle") or no), str(row["viewerLink"]), _day(row.get("exposureDateMillis")))


def _day(milliseconds: Any) -> str:
    """The day that a date of the site means; "" for one that is none or beyond the calendar."""
    if not isinstance(milliseconds, int | float) or isinstance(milliseconds, bool):
        return ""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def parse_viewer(text: str | bytes) -> tuple[str, list[str], str]:
    """The selector that found something, the addresses of the original pictures, and what stands in the way.

    "motion" is a toon whose pictures move, "adult" an overlay that asks for the reader's age.
    """
    soup = BeautifulSoup(text, "lxml")
    obstacle = "motion" if soup.select_one(FACTS.motion) else "adult" if soup.select_one(FACTS.adult) else ""
    for selector in FACTS.viewers:
        links = [str(one.get(FACTS.attribute) or "").strip() for one in soup.select(selector)]
        found = dict.fromkeys(original(link) for link in links if _is_picture(link))
        if found:
            return selector, list(found), obstacle
    return FACTS.viewers[0], [], obstacle


def _is_picture(link: str) -> bool:
    """Whether an address is one of the site's pictures, or none that can be parsed: the fetcher refuses it by name."""
    return not parses(link) or urlsplit(link).hostname in FACTS.image_hosts


def _joined(link: str) -> str:
    """The address of a viewer; the link as it stands where it is none, for the fetcher to refuse."""
    try:
        return urljoin(FACTS.site, link)
    except ValueError:
        return link


def original(link: str) -> str:
    """The address without the parameter that asks for a recompressed picture."""
    if not parses(link):
        return link
    parts = urlsplit(link)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != FACTS.recompressed]
    return urlunsplit(parts._replace(query=urlencode(query)))


def open_url(url: str, visit: Visit, licence: Licence | None) -> SiteSource | None:
    """The series of a list page, or the one episode of a viewer page."""
    found = re.match(FACTS.url, url)
    query = parse_qs(urlsplit(url).query)
    title = whole_number(query.get("title_no", [""])[0])
    if not found or title is None:
        return None
    place = Place(found[1], found[2], found[3], title)
    return Webtoons(place, visit, licence or Licence(), whole_number(query.get("episode_no", [""])[0]))


@dataclass(frozen=True)
class Place:
    """The parts of a series' address."""

    language: str
    genre: str
    slug: str
    title: int


class Webtoons(SiteSource):
    """One series in one language."""

    def __init__(self, place: Place, visit: Visit, licence: Licence, no: int | None = None) -> None:
        canvas = place.genre in FACTS.canvas
        super().__init__(FACTS, f"{'c' if canvas else 't'}{place.title}", visit, f"{place} {no}")
        self.place, self.licence, self.no = place, licence, no
        self.overview = FACTS.overview.format(**vars(place))
        self.list = (FACTS.canvas_list if canvas else FACTS.originals_list).format(**vars(place))

    def ask_series(self) -> Series:
        title, author = parse_series(self.web.page(self.overview, headers=self._cookies()).text)
        authors = [author] if author else []
        return self.described_as(title or self.place.slug, authors, self.overview, self.licence, self.place.language)

    def ask_episodes(self) -> list[Episode]:
        rows: dict[int, Row] = {}
        cursor = "0"
        for _ in range(MOST_PAGES):
            if not cursor:
                break
            address = self.list if cursor == "0" else f"{self.list}&cursor={cursor}"
            found, cursor = parse_list(self.web.page(address, referer=FACTS.list_referer).text)
            new = [row for row in found if row.no not in rows]
            rows |= {row.no: row for row in new}
            cursor = cursor if new else ""
        if cursor:
            self.cut_short = f"{self.overview}: the list goes on behind {MOST_PAGES} pages; left out"
        self.web.note("episodes", "episodeList", rows)
        ordered = [rows[no] for no in sorted(rows)]
        said = read_numbers([row.title for row in ordered])
        if 2 * sum(one.number != "" for one in said) < len(said):  # titles without numbers: the site's own are all
            said = [Numbered(str(row.no), one.season) for row, one in zip(ordered, said, strict=True)]
        return [
            Episode(
                f"e{row.no:04d}",
                row.title,
                _joined(row.link),
                row.published,
                number=one.number,
                season=one.season,
            )
            for row, one in zip(ordered, said, strict=True)
            if self.no in (None, row.no)
        ]

    def _cookies(self) -> dict[str, str]:
        """What passes the age gate, on the user's word only."""
        return {"Cookie": FACTS.cookies.format(language=self.place.language)} if self.web.overrides.adult else {}

    def pages(self, episode: Episode) -> Sequence[Page]:
        try:
            selector, links, obstacle = parse_viewer(self._viewer(episode.url).text)
        except StatusError as error:
            if error.code == 404:
                why = f"{episode.url}: hidden, for the app only, or on a daily pass"
                raise UnavailableError("skipped_locked", why) from error
            raise
        self.web.note("pictures", selector, links)
        if obstacle == "motion":
            raise UnavailableError(
                "layout_changed", f"{episode.url}: a motion toon, whose pictures move; not supported"
            )
        if obstacle == "adult" and not self.web.overrides.adult:
            raise self._asks_for_age(episode.url)
        if not links:
            raise UnavailableError("layout_changed", f"{episode.url}: no picture found; has the site changed?")
        return [Page(link, FACTS.site) for link in links]

    def _viewer(self, url: str) -> Answer:
        """The viewer page; a redirect is followed unless it leads to the age gate."""
        answer = self.web.page(url, follow=False, headers=self._cookies())
        if answer.status == 200:
            return answer
        if FACTS.age_gate in answer.headers.get("location", "").lower():
            raise self._asks_for_age(url)
        return self.web.page(url, headers=self._cookies())

    def _asks_for_age(self, url: str) -> UnavailableError:
        return UnavailableError("skipped_adult", f"{url}: the site asks for your age; --i-am-adult answers")
