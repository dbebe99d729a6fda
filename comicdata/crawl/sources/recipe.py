"""A site described by a TOML recipe: where the episodes are listed, and which elements are the pictures."""

import difflib
import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, Literal, TypeVar, get_args
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import soupsieve
from bs4 import BeautifulSoup
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, ValidationError

from comicdata.crawl.fetch import Answer
from comicdata.crawl.names import episode_name, slug, unique
from comicdata.crawl.sources.viewer import ATTRIBUTES, absolute, addresses, check_placeholders, parses
from comicdata.crawl.web import Find, UnavailableError, Visit, Web, refuse_this_machine
from comicdata.errors import NetworkError, UsageError
from comicdata.files import sha256_bytes
from comicdata.numbers import read_numbers
from comicdata.reading.text import UnreadableError, parse_toml
from comicdata.records import Episode, ImageRecord, Licence, Page, Series

MAX_LIST_PAGES = 500
MOST_NUMBERS = 100_000
log = logging.getLogger("comicdata")
Markup = str | bytes
Checked = TypeVar("Checked", bound=BaseModel)


def _selects(css: str) -> str:
    """A CSS selector, or "" for none; ValueError for what is neither."""
    try:
        return css if not css else str(soupsieve.compile(css).pattern)
    except (soupsieve.SelectorSyntaxError, RecursionError) as error:
        why = str(error).splitlines()[0]
        raise ValueError(f"{css[:200]!r} is not a CSS selector ({why})") from error


Selector = Annotated[str, AfterValidator(_selects)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LicenceBlock(Strict):
    """What the rights holder allows: required, so that every pair can say it."""

    id: str = Field(min_length=1)
    url: str = ""
    attribution: str = ""


class Site(Strict):
    """The site and the comic. `allow_hosts` and `image_hosts` add to the host of `base`; `delay` seconds lie between
    two requests to it, where that is more than the usual pace.
    """

    name: str
    base: str = Field(pattern="^https?://")
    title: str
    series: str = ""
    authors: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    image_hosts: tuple[str, ...] = ()
    delay: float = Field(0.0, ge=0, le=120, strict=True)
    licence: LicenceBlock


class Episodes(Strict):
    """list: links on list pages; walk: from page to page by a link; number: a URL with {n}.

    A page that has an element of `stop_css` is the last of a walk.
    """

    mode: Literal["list", "walk", "number"]
    url: str
    item_css: Selector = ""
    next_css: Selector = ""
    stop_css: Selector = ""
    order: Literal["asc", "desc"] = "asc"
    first: StrictInt = 1
    last: StrictInt = 0
    most: StrictInt = 2000


class Images(Strict):
    """Which elements are the pictures, and which attribute holds the address (the first that is there). Where a recipe
    names none, the usual ones are looked through, and an address that is a placeholder is passed over for a better one.

    Of the addresses those count that contain one of `keep_match` (when there are any) and none of `drop_match`;
    `strip_query` names parameters to take off them. `referer` is what the pictures are asked with.
    """

    css: Selector
    attr: tuple[str, ...] = ATTRIBUTES
    keep_match: tuple[str, ...] = ()
    drop_match: tuple[str, ...] = ()
    strip_query: tuple[str, ...] = ()
    referer: Literal["page", "site", "none"] = "page"


class Recipe(Strict):
    """A whole recipe file."""

    site: Site
    episodes: Episodes
    images: Images


def load_recipe(text: str, name: str) -> Recipe:
    """Parse and check a recipe; UsageError names the first wrong key and what was probably meant."""
    try:
        return check_toml(Recipe, parse_toml(text), name)
    except UnreadableError as error:
        raise UsageError(f"{name}: not valid TOML ({error})") from error


def check_toml(model: type[Checked], value: dict[str, Any], name: str) -> Checked:
    """The value as `model`; UsageError names the first wrong key and what was probably meant."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise UsageError(f"{name}: {_explain(error, model)}") from error


def _explain(error: ValidationError, model: type[BaseModel]) -> str:
    """The first fault in words, with a suggestion for a mistyped key."""
    fault = error.errors()[0]
    place = [str(part) for part in fault["loc"]]
    if fault["type"] == "extra_forbidden":
        known = model
        for part in place[:-1]:
            known = _block(known.model_fields[part].annotation)
        close = difflib.get_close_matches(place[-1], list(known.model_fields), 1)
        return f"unknown key {'.'.join(place)}" + (f"; did you mean {close[0]!r}?" if close else "")
    return f"{'.'.join(place)}: {fault['msg'].removeprefix('Value error, ')}"


def _block(annotation: Any) -> type[BaseModel]:
    """The model behind an annotation, optional or not."""
    found = [one for one in (annotation, *get_args(annotation)) if isinstance(one, type) and issubclass(one, BaseModel)]
    return found[0]


class RecipeSource:
    """The comic of one recipe; robots.txt and opt-outs decide before every page and picture."""

    own_ids = False

    def __init__(self, recipe: Recipe, visit: Visit, base: str | None = None) -> None:
        self.recipe = recipe
        self.base = (recipe.site.base if base is None else base).rstrip("/") + "/"
        self.host = _host_of(self.base)
        further = [*recipe.site.allow_hosts, *recipe.site.image_hosts]
        refuse_this_machine(recipe.site.name, self.host, further)
        self.web = Web.of(visit, [self.host, *further])
        if recipe.site.delay:
            visit.fetcher.slow_down(self.base, recipe.site.delay)
        site = recipe.site
        self.key = slug(site.name, "s"), slug(site.series or site.title, "s")
        self.facts_sha256 = sha256_bytes(f"{_facts(recipe)} {self.base}".encode())
        self._listing: list[Episode] | None = None
        self._pages: dict[str, list[Page]] = {}
        self.cut_short = ""

    @property
    def finds(self) -> Sequence[Find]:
        return self.web.finds

    def series(self) -> Series:
        site = self.recipe.site
        licence = Licence(site.licence.id, site.licence.url, site.licence.attribution)
        return Series(*self.key, site.title, site.authors, self.base, licence, recipe_sha256=self.facts_sha256)

    def described(self, series: Series) -> Series:
        return self.web.described(series, self.base)

    def episodes(self) -> Sequence[Episode]:
        """All episodes in reading order, asked for once; NetworkError or PolicyError when the list cannot be had."""
        if self._listing is None:
            self._listing = self._list_episodes()
        return self._listing

    def _list_episodes(self) -> list[Episode]:
        how = self.recipe.episodes
        if how.mode == "number":
            found = [(f"Episode {n}", urljoin(self.base, how.url.replace("{n}", str(n)))) for n in _numbers(how)]
        elif how.mode == "walk":
            found = self._walk(urljoin(self.base, how.url))
        else:
            found = self._list(urljoin(self.base, how.url))
        if how.order == "desc":
            found.reverse()
        said = _numbered([title for title, _ in found], self.recipe.site.title)
        names = unique([episode_name(*one, title) for one, (title, _) in zip(said, found, strict=True)])
        return [
            Episode(name, title, url, number=number, season=season)
            for name, (number, season), (title, url) in zip(names, said, found, strict=True)
        ]

    def pages(self, episode: Episode) -> Sequence[Page]:
        """The pictures of one episode, in the order of the document, each once; a page that a walk saw is not asked
        for again.

        UnavailableError when the page has none.
        """
        how = self.recipe.images
        if episode.url not in self._pages:
            self._pages[episode.url] = parse_images(self._text(episode.url), episode.url, how)
        pages = self._pages.pop(episode.url)
        self.web.note("pictures", how.css, (page.url for page in pages))
        if how.referer != "page":
            pages = [Page(page.url, self.base if how.referer == "site" else "") for page in pages]
        if not pages:
            raise UnavailableError("layout_changed", f"{episode.url}: {how.css!r} finds no picture; has it changed?")
        return pages

    def read(self, page: Page, known: ImageRecord | None = None) -> Answer:
        return self.web.picture(page, known)

    def _text(self, url: str) -> Markup:
        return self.web.page(url).text

    def _list(self, url: str) -> list[tuple[str, str]]:
        """Links of all list pages; `next_css` leads on, and a page seen twice ends it."""
        how = self.recipe.episodes
        start = url
        found: dict[str, str] = {}
        seen: set[str] = set()
        while url and url not in seen and len(seen) < MAX_LIST_PAGES:
            seen.add(url)
            items, following = parse_list(self._text(url), url, how.item_css, how.next_css)
            found |= {link: title for title, link in items if link not in found}
            url = following
        if url and url not in seen:
            self.cut_short = f"{start}: the list goes on behind {len(seen)} pages; what is behind them is left out"
        self.web.note("episodes", how.item_css, found)
        if not found:
            raise NetworkError(f"{start}: {how.item_css!r} finds no episode; has the site changed?")
        return [(title, link) for link, title in found.items()]

    def _walk(self, url: str) -> list[tuple[str, str]]:
        """Follow `next_css` from the first page; a page seen twice ends the walk."""
        how = self.recipe.episodes
        found: dict[str, str] = {}
        while url and url not in found and len(found) < how.most:
            text = self._text(url)
            found[url] = parse_title(text) or f"Episode {len(found) + 1}"
            with suppress(UnavailableError):  # it is asked for again, and says so, when its turn comes
                self._pages[url] = parse_images(text, url, self.recipe.images)
            _, following = parse_list(text, url, "", how.next_css)
            url = "" if _select(BeautifulSoup(text, "lxml"), how.stop_css) else following
        if url and url not in found:
            why = f"{url}: the walk goes on behind {len(found)} pages; `most` in the recipe says how far"
            if "most" in how.model_fields_set:  # as it was meant to
                log.warning("%s", why)
            else:
                self.cut_short = why
        self.web.note("episodes", how.next_css, found)
        return [(title, link) for link, title in found.items()]


def _host_of(base: str) -> str:
    """The host of a site's address, with its port; UsageError where it is no address."""
    try:
        parts = urlsplit(base)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts.netloc
    except ValueError:
        pass
    raise UsageError(f"{base!r}: no address of a site, which begins with http:// or https://, and a host")


def _numbers(how: Episodes) -> range:
    if "{n}" not in how.url or how.last < how.first:
        raise UsageError("episodes.mode = 'number' needs {n} in the url, and first <= last")
    if how.last - how.first >= MOST_NUMBERS:
        raise UsageError(f"episodes.last: at most {MOST_NUMBERS} episodes, from first to last")
    return range(how.first, how.last + 1)


def _facts(recipe: Recipe) -> str:
    """What decides which episodes there are; the usual attributes as 0.1.0 had them, so that its lists stay known."""
    images = recipe.images
    if "attr" not in images.model_fields_set:
        images = images.model_copy(update={"attr": ("data-url", "data-src", "src")})
    return recipe.model_copy(update={"images": images}).model_dump_json()


def _numbered(titles: Sequence[str], series: str) -> list[tuple[str, str]]:
    """(number, season) of every title; their places in a list whose titles, most of them, say none."""
    said = read_numbers(titles, series)
    if 2 * sum(one.number != "" for one in said) < len(said):
        return [(str(place), one.season) for place, one in enumerate(said, 1)]
    return [(one.number, one.season) for one in said]


def parse_list(text: Markup, url: str, item_css: str, next_css: str) -> tuple[list[tuple[str, str]], str]:
    """(title, absolute link) of every item, and the link to the next list page or ""."""
    soup = BeautifulSoup(text, "lxml")
    links = [(_words(link), absolute(url, link.get("href"))) for link in _select(soup, item_css)]
    following = [absolute(url, link.get("href")) for link in _select(soup, next_css)]
    return [(title, link) for title, link in links if link], next(filter(None, following), "")


def parse_title(text: Markup) -> str:
    title = BeautifulSoup(text, "lxml").title
    return _words(title) if title else ""


def parse_images(text: Markup, url: str, how: Images) -> list[Page]:
    """The picture addresses of an episode page, absolute, in order, each once.

    UnavailableError where most of them are placeholders.
    """
    elements = _select(BeautifulSoup(text, "lxml"), how.css)
    links = addresses(elements, url, how.attr, guess="attr" not in how.model_fields_set)
    links = [link for link in links if not any(part in link for part in how.drop_match)]
    links = [link for link in links if not how.keep_match or any(part in link for part in how.keep_match)]
    check_placeholders(links, url)
    return [Page(link, url) for link in dict.fromkeys(_without(link, how.strip_query) for link in links if link)]


def _without(link: str, names: Sequence[str]) -> str:
    """The address without these parameters."""
    if not names or not parses(link):
        return link
    parts = urlsplit(link)
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in names]
    return urlunsplit(parts._replace(query=urlencode(query)))


def _select(soup: BeautifulSoup, css: str) -> list[Any]:
    return list(soup.select(css)) if css else []


def _words(element: Any) -> str:
    return " ".join(element.get_text(" ").split())[:300]
