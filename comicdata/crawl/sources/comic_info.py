"""ComicInfo.xml, in a CBZ or beside pictures: what it says of an episode. Parsed without entities, without network."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from comicdata.numbers import canonical, read_number, read_numbers

Page = TypeVar("Page")
NAME = "comicinfo.xml"  # in any case
MAX_BYTES = 1_000_000
SKIPPED_PAGES = {"Advertisement", "Deleted"}


@dataclass(frozen=True)
class ComicInfo:
    """What ComicInfo.xml says, where there is one; `skipped` are places in the natural order of the pictures."""

    title: str = ""
    series: str = ""
    number: str = ""
    volume: str = ""
    authors: tuple[str, ...] = ()
    language: str = ""
    skipped: frozenset[int] = frozenset()

    def kept(self, pages: Sequence[Page]) -> list[Page]:
        """The pages, in natural order, that it does not skip."""
        return [page for index, page in enumerate(pages) if index not in self.skipped]


def read_comic_info(folder: Path) -> ComicInfo:
    """ComicInfo.xml directly in a folder; empty where there is none or it cannot be read."""
    try:
        for path in sorted(folder.iterdir()):
            if path.name.casefold() == NAME and path.is_file():
                with path.open("rb") as file:
                    return parse_comic_info(file.read(MAX_BYTES))
    except OSError:
        pass
    return ComicInfo()


def parse_comic_info(data: bytes) -> ComicInfo:
    """What the bytes of a ComicInfo.xml say; empty where they are no XML."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return ComicInfo()
    authors = [_text(root, tag) for tag in ("Writer", "Penciller", "Inker", "Colorist")]
    skipped = frozenset(
        int(page.get("Image"))
        for page in root.findall("Pages/Page")
        if page.get("Type") in SKIPPED_PAGES and re.fullmatch("[0-9]{1,9}", page.get("Image", ""))
    )
    return ComicInfo(
        title=_text(root, "Title"),
        series=_text(root, "Series"),
        number=_text(root, "Number"),
        volume=_text(root, "Volume").removeprefix("-1"),  # how some programs write that there is none
        authors=tuple(dict.fromkeys(author for author in authors if author)),
        language=_text(root, "LanguageISO"),
        skipped=skipped,
    )


def numbers_of(infos: Sequence[ComicInfo], names: Sequence[str], series: str) -> list[tuple[str, str]]:
    """(number, season) of every episode: of its ComicInfo.xml, else of its name, folders ("Season 2/03") and all."""
    said = read_numbers([name.rpartition("/")[2] for name in names], series)
    places = [read_number(name.rpartition("/")[0]) for name in names]
    return [
        (canonical(info.number) or one.number, canonical(info.volume) or one.season or place.season)
        for info, one, place in zip(infos, said, places, strict=True)
    ]


def _text(root: Any, tag: str) -> str:
    return " ".join((root.findtext(tag) or "").split())[:300]
