"""ComicInfo.xml, in a CBZ or beside pictures: what it says of an episode. Parsed without entities, without network."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from comicdata.crawl.names import printable
from comicdata.files import read_regular
from comicdata.numbers import canonical, read_number, read_numbers

Page = TypeVar("Page")
NAME = "comicinfo.xml"  # in any case
MAX_BYTES = 1_000_000
DIRECTIONS = {"yesandrighttoleft": "rtl", "no": "ltr"}  # "Yes" alone says nothing of it
SKIPPED_PAGES = {"Advertisement", "Deleted"}
log = logging.getLogger("comicdata")


@dataclass(frozen=True)
class ComicInfo:
    """What ComicInfo.xml says, where there is one; `skipped` are places in the natural order of the pictures."""

    title: str = ""
    series: str = ""
    number: str = ""
    volume: str = ""
    authors: tuple[str, ...] = ()
    language: str = ""
    reading_order: str = ""  # "rtl", "ltr", or nothing, as its Manga says
    skipped: frozenset[int] = frozenset()

    def kept(self, pages: Sequence[Page]) -> list[Page]:
        """The pages, in natural order, that it does not skip."""
        return [page for index, page in enumerate(pages) if index not in self.skipped]


def find_comic_info(folder: Path) -> Path | None:
    """ComicInfo.xml directly in a folder, None where there is none; OSError where it cannot be looked into."""
    found = (path for path in sorted(folder.iterdir()) if path.name.casefold() == NAME)
    return next((path for path in found if path.is_file() and not path.is_symlink()), None)


def read_comic_info(folder: Path) -> ComicInfo:
    """ComicInfo.xml directly in a folder; empty where there is none or it cannot be read, the latter with a word."""
    try:
        if path := find_comic_info(folder):
            return parse_comic_info(read_regular(path, MAX_BYTES), printable(folder.name))
    except OSError as error:
        log.warning("%s: its ComicInfo.xml cannot be read (%s)", printable(folder.name), error.strerror)
    return ComicInfo()


def parse_comic_info(data: bytes, place: str = "here") -> ComicInfo:
    """What the bytes of a ComicInfo.xml say; empty, with a word that names `place`, where they are no XML.

    Blank lines before it, an encoding that it does not name or names wrongly, and a bare & are forgiven.
    """
    from lxml import etree

    try:
        root = etree.fromstring(_as_meant(data).encode(), _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        log.warning("%s: its ComicInfo.xml is left out: no XML (%s)", place, " ".join(str(error).split()))
        return ComicInfo()
    texts = {_tag(one): " ".join((one.text or "").split())[:300] for one in reversed(root) if isinstance(one.tag, str)}
    authors = [texts.get(tag, "") for tag in ("Writer", "Penciller", "Inker", "Colorist")]
    skipped = frozenset(
        int(page.get("Image"))
        for pages in root
        if _tag(pages) == "Pages"
        for page in pages
        if page.get("Type") in SKIPPED_PAGES and re.fullmatch("[0-9]{1,9}", page.get("Image", ""))
    )
    return ComicInfo(
        title=texts.get("Title", ""),
        series=texts.get("Series", ""),
        number=texts.get("Number", ""),
        volume=texts.get("Volume", "").removeprefix("-1"),  # how some programs write that there is none
        authors=tuple(dict.fromkeys(author for author in authors if author)),
        language=texts.get("LanguageISO", ""),
        reading_order=DIRECTIONS.get(texts.get("Manga", "").casefold(), ""),
        skipped=skipped,
    )


class PageFacts(NamedTuple):
    """A page of a book as it is now: its place in the book before, from 0, bytes, and pixels."""

    before: int
    size: int
    width: int
    height: int


def with_pages(data: bytes, pages: Sequence[PageFacts]) -> bytes:
    """The bytes of a ComicInfo.xml whose list of pages, and whose count of them, where it has such, are those of
    `pages`, in their order: each keeps what was said of it, but for its place and sizes. As it is where it is no XML.
    """
    from lxml import etree

    try:
        root = etree.fromstring(_as_meant(data).encode(), _parser())
    except (etree.XMLSyntaxError, ValueError):
        return data
    for element in root:
        if _tag(element) == "PageCount":
            element.text = str(len(pages))
        if _tag(element) == "Pages":
            said = {one.get("Image", ""): dict(one.attrib) for one in reversed(element) if isinstance(one.tag, str)}
            name, indent = etree.QName(element).text.replace("Pages", "Page"), element.text
            tail = element[-1].tail if len(element) else element.tail
            element[:] = [_page(etree.Element(name), said, at, page) for at, page in enumerate(pages)]
            for at, one in enumerate(element, 1):
                one.tail = tail if at == len(pages) else indent
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return written + b"\n"


def _page(element: Any, said: Mapping[str, Mapping[str, str]], at: int, page: PageFacts) -> Any:
    sizes = {"ImageSize": page.size, "ImageWidth": page.width, "ImageHeight": page.height}
    values = {**said.get(str(page.before), {}), "Image": str(at), **{key: str(value) for key, value in sizes.items()}}
    for key in ("Image", *sorted(values.keys() - {"Image"})):
        element.set(key, values[key])
    return element


def _parser() -> Any:
    from lxml import etree

    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def numbers_of(infos: Sequence[ComicInfo], names: Sequence[str], series: str) -> list[tuple[str, str]]:
    """(number, season) of every episode: of its ComicInfo.xml, else of its name, folders ("Season 2/03") and all, else
    what a title there marks as its number ("Ep. 3").
    """
    said = read_numbers([name.rpartition("/")[2] for name in names], series)
    places = [read_number(name.rpartition("/")[0]) for name in names]
    titles = [read_number(info.title, series) for info in infos]
    return [
        (
            canonical(info.number) or one.number or (title.number if title.sure and not info.title.isdecimal() else ""),
            canonical(info.volume) or one.season or place.season,
        )
        for info, one, place, title in zip(infos, said, places, titles, strict=True)
    ]


def _tag(element: Any) -> str:
    """The name of an element, without its namespace; "" for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _as_meant(data: bytes) -> str:
    """The text, from its first < on, without the declaration, with a bare & as &amp;."""
    declared = re.search(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["']([\w.-]+)""", data[:200])
    marks = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    marked = [encoding for mark, encoding in marks.items() if data.startswith(mark)]
    text = ""
    for encoding in (*marked, declared[1].decode() if declared else "utf-8", "utf-8", "cp1252", "latin-1"):
        try:
            text = data.decode(encoding)
            break
        except (UnicodeError, LookupError):
            continue
    text = re.sub(r"^[^<]*(<\?xml[^>]*\?>)?\s*", "", text, count=1)
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)
    return re.sub(r"&(?!(?:#\d+|#[xX][0-9a-fA-F]+|amp|lt|gt|quot|apos);)", "&amp;", text)
