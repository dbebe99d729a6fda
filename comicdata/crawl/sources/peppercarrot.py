"""Pepper&Carrot by David Revoy (CC BY 4.0): the art without lettering, or with the lettering of one language."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from comicdata.crawl.names import unique
from comicdata.crawl.sources.site import Facts, SiteSource, read_answer
from comicdata.crawl.web import UnavailableError, Visit
from comicdata.errors import NetworkError
from comicdata.numbers import read_number
from comicdata.reading.numbers import whole_number
from comicdata.records import Episode, Licence, Page, Series


@dataclass(frozen=True)
class PepperCarrotFacts(Facts):
    url: str = r"https?://(?:www\.)?peppercarrot\.com(?:/([a-z]{2,3}))?(?:/.*)?$"
    index: str = "https://www.peppercarrot.com/0_sources/episodes-v1.json"
    textless: str = "https://www.peppercarrot.com/0_sources/{name}/low-res/gfx-only/gfx_{file}"
    lettered: str = "https://www.peppercarrot.com/0_sources/{name}/low-res/{language}_{file}"
    home: str = "https://www.peppercarrot.com/"
    pictures: tuple[str, ...] = (".jpg", ".jpeg", ".png", ".webp")  # a few pages are moving GIFs
    licence: str = "CC-BY-4.0"
    licence_url: str = "https://creativecommons.org/licenses/by/4.0/"
    author: str = "David Revoy"


FACTS = PepperCarrotFacts("peppercarrot", ("www.peppercarrot.com",), ())


@dataclass(frozen=True)
class Entry:
    """One episode of the index: its folder, the file names of its pages in order, and its languages."""

    name: str
    files: tuple[str, ...]
    languages: tuple[str, ...]


def parse_index(text: str | bytes) -> list[Entry]:
    """The episodes in order; cover, title strip and credits are no pages of the story."""
    rows = read_answer(text)
    if not isinstance(rows, list):
        raise NetworkError(f"{FACTS.index}: not the JSON list that is expected; has the site changed?")
    named = [row for row in rows if isinstance(row, dict) and isinstance(row.get("pages"), dict) and row.get("name")]
    return [Entry(str(row["name"]), _files(row["pages"]), _texts(row.get("translated_languages"))) for row in named]


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _files(pages: dict[str, object]) -> tuple[str, ...]:
    numbered = sorted((n, str(file)) for key, file in pages.items() if (n := whole_number(key)) is not None)
    return tuple(file for _, file in numbered if file.lower().endswith(FACTS.pictures))


def open_url(url: str, visit: Visit, licence: Licence | None) -> SiteSource | None:
    """Without a language in the address the art without lettering, as in https://www.peppercarrot.com/."""
    found = re.match(FACTS.url, url)
    return PepperCarrot(found[1] or "", visit) if found else None


class PepperCarrot(SiteSource):
    """The whole comic, in `language` or ("") without lettering."""

    def __init__(self, language: str, visit: Visit) -> None:
        super().__init__(FACTS, f"pepper-and-carrot{'-' * bool(language)}{language}", visit)
        self.language = language
        self._entries: dict[str, Entry] = {}

    def ask_series(self) -> Series:
        licence = Licence(FACTS.licence, FACTS.licence_url, f"{FACTS.author}, {FACTS.home}")
        return self.described_as("Pepper&Carrot", [FACTS.author], FACTS.home, licence, self.language)

    def _index(self) -> dict[str, Entry]:
        """Entries by episode id."""
        if not self._entries:
            entries = parse_index(self.web.page(FACTS.index).text)
            numbers = [re.search("[0-9]{1,6}", entry.name) for entry in entries]
            numbered = [(int(number[0]), entry) for number, entry in zip(numbers, entries, strict=True) if number]
            names = unique([f"e{number:02d}" for number, _ in numbered])
            self._entries = {name: entry for name, (_, entry) in zip(names, numbered, strict=True)}
            self.web.note("episodes", "episodes-v1.json", self._entries)
        return self._entries

    def ask_episodes(self) -> list[Episode]:
        found = []
        for identifier, entry in self._index().items():
            title = re.sub(r"^ep\d+_", "", entry.name).replace("-", " ")
            if not self.language or self.language in entry.languages:
                number = read_number(identifier.partition("-")[0]).number
                found.append(Episode(identifier, title, f"{FACTS.home}0_sources/{entry.name}/", number=number))
        if not found:
            raise NetworkError(f"Pepper&Carrot: no episode in the language {self.language!r}")
        return found

    def pages(self, episode: Episode) -> Sequence[Page]:
        entry = self._index().get(episode.episode_id)
        if entry is None:
            raise UnavailableError("removed", f"{episode.url}: the index names it no more")
        form = FACTS.lettered if self.language else FACTS.textless
        links = [form.format(name=entry.name, language=self.language, file=file) for file in entry.files]
        self.web.note("pictures", "pages", links)
        if not links:
            raise UnavailableError("layout_changed", f"{episode.url}: the index names no page; has the site changed?")
        return [Page(link, FACTS.home) for link in links]
