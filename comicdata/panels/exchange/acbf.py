"""ACBF, the Advanced Comic Book Format 1.1 (http://acbf.info): pages with `<frame points="x,y ...">` in reading order.

XML of others is read without entities, without a network, and bounded.
"""

import re
from collections.abc import Iterator
from typing import Any

from comicdata.errors import UsageError
from comicdata.panels.exchange.entries import Corners, Entry, Leaf, Region, Written

NAMESPACE = "http://www.acbf.info/xml/acbf/1.1"
NAMESPACES = re.compile(r"http://www\.(acbf\.info|fictionbook-lib\.org)/xml/acbf/1\.[0-9]")
POINT = re.compile(r"(-?[0-9]{1,9}(?:\.[0-9]{1,9})?),(-?[0-9]{1,9}(?:\.[0-9]{1,9})?)")


def write_acbf(book: Written) -> bytes:
    """A whole document: the first page is the cover page, as the format wants one, and the others are the body."""
    from lxml import etree

    root = etree.Element("ACBF", xmlns=NAMESPACE)
    info = etree.SubElement(etree.SubElement(root, "meta-data"), "book-info")
    for author in book.authors or ("unknown",):
        etree.SubElement(etree.SubElement(info, "author"), "nickname").text = author
    etree.SubElement(info, "book-title").text = book.title
    etree.SubElement(info, "genre").text = "manga" if book.right_to_left else "other"
    cover, *rest = book.leaves
    _write_leaf(etree.SubElement(info, "coverpage"), cover)
    body = etree.SubElement(root, "body")
    for leaf in rest or [cover]:
        _write_leaf(etree.SubElement(body, "page"), leaf)
    written: bytes = etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="utf-8")
    return written


def _write_leaf(page: Any, leaf: Leaf) -> None:
    from lxml import etree

    etree.SubElement(page, "image", href=leaf.name)
    for panel in leaf.panels:
        x0, y0, x1, y1 = panel.box.as_list()
        etree.SubElement(page, "frame", points=f"{x0},{y0} {x1},{y0} {x1},{y1} {x0},{y1}")


def read_acbf(data: bytes, place: str) -> list[Entry]:
    """The cover page and the pages of a document with the boxes around their frames; UsageError where it is none."""
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UsageError(f"{place}: no XML ({' '.join(str(error).split())})") from None
    tag = etree.QName(root.tag)
    if tag.localname != "ACBF" or not NAMESPACES.fullmatch(tag.namespace or ""):
        raise UsageError(f"{place}: XML, but no ACBF; its root is <{tag.localname}>")
    pages: dict[str, Entry] = {}
    for number, (page, name) in enumerate(_pages(root), 1):
        where = f"{place}: page {number}"
        frames = [one for one in page if _name(one) == "frame"]
        regions = tuple(Region(_corners(frame.get("points", ""), where)) for frame in frames)
        if name not in pages or regions:
            pages[name] = Entry(name, regions, place=where)
    return list(pages.values())


def _pages(root: Any) -> Iterator[tuple[Any, str]]:
    """The elements that are pages, the cover page first, with the name of their image; none inside the document."""
    for page in root.iter():
        if _name(page) in ("coverpage", "page"):
            images = [one.get("href", "") for one in page if _name(one) == "image"]
            if images and images[0] and not images[0].startswith("#"):
                yield page, images[0].removeprefix("file://")


def _name(element: Any) -> str:
    """The name of an element without its namespace; "" for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _corners(points: str, place: str) -> Corners:
    """The box around the points of a frame, which may be any polygon."""
    found = [POINT.fullmatch(point) for point in re.sub(r"\s*,\s*", ",", points.strip()).split()]
    if len(found) < 3 or None in found:
        raise UsageError(f'{place}: <frame points="{points[:60]}"> has no three points like 10,10 200,10 200,300')
    across, down = zip(*((float(one[1]), float(one[2])) for one in found if one), strict=True)
    if not (min(across) < max(across) and min(down) < max(down)):
        raise UsageError(f'{place}: <frame points="{points[:60]}"> has no area')
    return min(across), min(down), max(across), max(down)
