"""Naver webtoons (comic.naver.com: webtoon, bestChallenge, challenge): what anyone may read without an account.

Info first (adult? which section?), then the list, then one page per episode. Slices are stored as they come.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

from bs4 import BeautifulSoup

from comicdata.crawl.fetch import StatusError
from comicdata.crawl.sources.site import Facts, SiteSource, entries, read_object
from comicdata.crawl.web import UnavailableError, Visit
from comicdata.errors import NetworkError, PolicyError
from comicdata.reading.numbers import whole_number
from comicdata.records import Episode, Licence, Page, Series


@dataclass(frozen=True)
class NaverFacts(Facts):
    url: str = r"https?://(?:m\.)?comic\.naver\.com/(?:webtoon|bestChallenge|challenge)/(?:list|detail)(?:\.nhn)?\?"
    info: str = "https://comic.naver.com/api/article/list/info?titleId={title}"
    listing: str = "https://comic.naver.com/api/article/list?titleId={title}&page={page}&sort=ASC"
    overview: str = "https://comic.naver.com/{section}/list?titleId={title}"
    detail: str = "https://comic.naver.com/{section}/detail?titleId={title}&no={no}"
    sections: tuple[tuple[str, str], ...] = (
        ("WEBTOON", "webtoon"),
        ("BEST_CHALLENGE", "bestChallenge"),
        ("CHALLENGE", "challenge"),
    )
    adult: str = "RATE_18"
    viewers: tuple[str, ...] = (  # the first that gives a picture wins
        "#comic_view_area img[id^=content_image_]",
        "#sectionContWide > img",
        "#comic_view_area .wt_viewer img",
        "#comic_view_area > div > img",
        ".swiper-slide:not(.cut_viewer_last):not(.cut_viewer_recomm) img",
    )
    attributes: tuple[str, ...] = ("src", "data-src")
    picture: str = r"https://image-comic\.pstatic\.net/(?:(?:webtoon|mobilewebimg)/{title}/{no}/|user_contents_data/)"
    kind: str = r"webtoonType['\"]?\s*[:=]\s*['\"](\w+)"
    most_pages: int = 500


FACTS = NaverFacts("naver", ("comic.naver.com",), ("image-comic.pstatic.net",))


@dataclass(frozen=True)
class Info:
    """What the info answer says of a title."""

    title: str
    authors: tuple[str, ...]
    section: str
    adult: bool


@dataclass(frozen=True)
class Article:
    """One row of the list; numbers have gaps."""

    no: int
    title: str
    published: str
    charged: bool
    locked: bool


@dataclass(frozen=True)
class ListPage:
    """One page of the list; `following` is 0 on the last."""

    articles: tuple[Article, ...]
    following: int


def parse_info(text: str | bytes) -> Info:
    value = read_object(text, "naver info", "titleName", "webtoonLevelCode")
    sections = dict(FACTS.sections)
    level = str(value["webtoonLevelCode"])
    if level not in sections:
        raise NetworkError(f"naver info: unknown section {level!r}; has the site changed?")
    author = value.get("author")
    named = [name for names in author.values() for name in entries(names)] if isinstance(author, dict) else []
    named += entries(value.get("communityArtists"))
    authors = dict.fromkeys(str(one["name"]) for one in named if one.get("name"))
    age = value.get("age")
    adult = isinstance(age, dict) and age.get("type") == FACTS.adult
    return Info(str(value["titleName"]), tuple(authors), sections[level], adult)


def parse_list(text: str | bytes) -> ListPage:
    """The free articles and, wherever the site puts them, the paid previews."""
    value = read_object(text, "naver list", "articleList", "pageInfo")
    rows = [(one, False) for one in entries(value["articleList"])]
    rows += [(one, True) for one in entries(value.get("chargeFolderArticleList"))]
    page = value["pageInfo"] if isinstance(value["pageInfo"], dict) else {}
    following, last = (whole_number(page.get(name)) for name in ("nextPage", "totalPages"))
    numbered = [(whole_number(row.get("no")), row, preview) for row, preview in rows]
    articles = tuple(_article(no, row, preview) for no, row, preview in numbered if no is not None)
    return ListPage(articles, following if following and following <= (last or FACTS.most_pages) else 0)


def _article(no: int, row: dict[str, object], preview: bool) -> Article:
    return Article(
        no=no,
        title=str(row.get("subtitle") or no),
        published=str(row.get("serviceDateDescription") or ""),
        charged=preview or bool(row.get("charge")),
        locked=bool(row.get("thumbnailLock") or row.get("blindInspection")),
    )


def parse_viewer(text: str | bytes, title: int, no: int, url: str) -> tuple[str, list[Page]]:
    """The selector that found something and the pictures of an episode page, in order, each once.

    Only addresses of this episode's pictures count: that leaves out age cards, banners and thumbnails.
    """
    soup = BeautifulSoup(text, "lxml")
    wanted = re.compile(FACTS.picture.format(title=title, no=no))
    for selector in FACTS.viewers:
        links = [_link(element) for element in soup.select(selector)]
        found = dict.fromkeys(link for link in links if wanted.match(link))
        if found:
            return selector, [Page(link, url) for link in found]
    return FACTS.viewers[0], []


def _link(element: object) -> str:
    """The first attribute that holds an address."""
    values = [str(element.get(name) or "").strip() for name in FACTS.attributes]  # type: ignore[attr-defined]
    return next((value for value in values if value.startswith("http")), "")


def parse_kind(text: str | bytes) -> str:
    """DEFAULT, CUTTOON or EFFECTTOON, where the page says it."""
    found = re.search(FACTS.kind, text if isinstance(text, str) else text.decode("utf-8", "replace"))
    return found[1] if found else "DEFAULT"


def open_url(url: str, visit: Visit, licence: Licence | None) -> SiteSource | None:
    """The series of a list page, or the one episode of a detail page."""
    query = parse_qs(urlsplit(url).query)
    title = whole_number(query.get("titleId", [""])[0])
    if not re.match(FACTS.url, url) or title is None:
        return None
    return Naver(title, visit, licence or Licence(), whole_number(query.get("no", [""])[0]))


class Naver(SiteSource):
    """One title."""

    def __init__(self, title: int, visit: Visit, licence: Licence, no: int | None = None) -> None:
        super().__init__(FACTS, f"t{title}", visit, str(no))
        self.title, self.licence, self.no = title, licence, no
        self._info: Info | None = None

    def info(self) -> Info:
        """What the site says of the title; NetworkError when it is gone."""
        if self._info is None:
            try:
                answer = self.web.page(FACTS.info.format(title=self.title))
            except StatusError as error:
                if error.code == 404:
                    raise NetworkError(f"naver title {self.title}: there is none, or it was removed") from error
                raise
            self._info = parse_info(answer.text)
        return self._info

    def ask_series(self) -> Series:
        info = self.info()
        url = FACTS.overview.format(section=info.section, title=self.title)
        return self.described_as(info.title, info.authors, url, self.licence, "ko")

    def ask_episodes(self) -> list[Episode]:
        adult = self.info().adult
        try:
            articles = {article.no: article for article in self._articles()}
        except StatusError as error:
            if error.code in (401, 403):
                raise PolicyError(
                    f"naver title {self.title}: the list needs an account{' (an adult title)' if adult else ''}; "
                    "comicdata never logs in"
                ) from error
            raise
        self.web.note("episodes", "articleList", articles)
        return [self._episode(articles[no], adult) for no in sorted(articles) if self.no in (None, no)]

    def _articles(self) -> Iterator[Article]:
        """All rows of all pages: ends at the last page, or where a page brings nothing new."""
        seen: set[int] = set()
        page = 1
        while page and page <= FACTS.most_pages:
            listed = parse_list(self.web.page(FACTS.listing.format(title=self.title, page=page)).text)
            new = [article for article in listed.articles if article.no not in seen]
            if not new:
                return
            seen |= {article.no for article in new}
            yield from new
            page = listed.following if listed.following > page else 0
        if page:
            self.cut_short = f"naver title {self.title}: the list goes on behind {FACTS.most_pages} pages; left out"

    def _episode(self, article: Article, adult: bool) -> Episode:
        url = FACTS.detail.format(section=self.info().section, title=self.title, no=article.no)
        episode = Episode(f"e{article.no:04d}", article.title, url, article.published, number=str(article.no))
        if article.charged:
            return replace(episode, status="skipped_charged", reason="a paid preview")
        if adult:
            why = "an adult title: it needs an account, and comicdata never logs in"
            return replace(episode, status="skipped_adult", reason=why)
        if article.locked:
            return replace(episode, status="skipped_locked", reason="locked by the site")
        return episode

    def pages(self, episode: Episode) -> Sequence[Page]:
        answer = self.web.page(episode.url, follow=False)
        if answer.status != 200:
            raise UnavailableError("skipped_locked", f"{episode.url}: the site redirects; it is not free to read")
        no = whole_number(episode.episode_id[1:]) or 0
        selector, pages = parse_viewer(answer.text, self.title, no, episode.url)
        self.web.note("pictures", selector, (page.url for page in pages))
        if not pages and parse_kind(answer.text) == "EFFECTTOON":
            raise UnavailableError(
                "layout_changed", f"{episode.url}: an effect toon, whose pictures move; not supported"
            )
        if not pages:
            raise UnavailableError("layout_changed", f"{episode.url}: no picture found; has the site changed?")
        return pages
