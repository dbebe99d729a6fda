"""Readium Guided Navigation Documents (https://readium.org/guided-navigation): panels as regions of pictures, in order.

A region is a media fragment of an image: `page1.jpg#xywh=76,19,814,635`, or `#xywh=percent:...`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote

from comicdata.errors import UsageError
from comicdata.panels.exchange.entries import Entry, Leaf, Region, Written
from comicdata.records import Panel

NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
FRAGMENT = re.compile(f"xywh=(pixel:|percent:)?{NUMBER},{NUMBER},{NUMBER},{NUMBER}")
ROLES = {"panel": "panel", "text": "caption"}  # by kind
CONTAINERS = frozenset({"page", "spread", "panelGroup", "chapter", "section", "part"})
TEXTS = frozenset({"caption", "header", "heading"})


def write_guided(book: Written) -> bytes:
    """A guided.json: one object per panel; a picture without panels is one of itself."""
    objects = [one for leaf in book.leaves for one in _objects(leaf)]
    return (json.dumps({"guided": objects}, ensure_ascii=False, indent=2) + "\n").encode()


def _objects(leaf: Leaf) -> Iterator[dict[str, Any]]:
    name = quote(leaf.name)
    for panel in leaf.panels:
        yield {"imgref": f"{name}#{_fragment(panel)}", "role": [ROLES[panel.kind]]}
    if not leaf.panels:
        yield {"imgref": name, "role": ["image"]}


def _fragment(panel: Panel) -> str:
    box = panel.box
    return f"xywh={box.x0},{box.y0},{box.width},{box.height}"


def read_guided(value: Mapping[str, Any], place: str) -> list[Entry]:
    """The pages of a document; UsageError where a region is none. Balloons in panels are left out."""
    regions: dict[str, list[Region]] = {}
    places: dict[str, str] = {}
    for where, one in _panels(value["guided"], f"{place}: guided"):
        name, _, fragment = str(one["imgref"]).partition("#")
        name = unquote(name)
        places.setdefault(name, where)
        found = regions.setdefault(name, [])
        if fragment:
            found.append(_region(fragment, _roles(one), where))
    return [Entry(name, tuple(found), place=places[name]) for name, found in regions.items()]


def _panels(objects: Any, place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The objects that are pictures or regions of them; the children of a panel are its parts, and none."""
    if not isinstance(objects, list):
        raise UsageError(f"{place}: a list of objects is expected")
    for number, one in enumerate(objects, 1):
        where = f"{place} {number}"
        if not isinstance(one, Mapping):
            raise UsageError(f"{where}: an object is expected")
        image = one.get("imgref")
        is_region = isinstance(image, str) and "#" in image and not CONTAINERS & _roles(one)
        if isinstance(image, str) and (is_region or "#" not in image):
            yield where, one
        if not is_region and "children" in one:
            yield from _panels(one["children"], f"{where}: children")


def _roles(one: Mapping[str, Any]) -> set[str]:
    roles = one.get("role", [])
    return {role for role in roles if isinstance(role, str)} if isinstance(roles, list) else set()


def _region(fragment: str, roles: set[str], place: str) -> Region:
    found = FRAGMENT.fullmatch(unquote(fragment))
    if not found:
        raise UsageError(f"{place}: #{fragment[:60]} is no region like #xywh=76,19,814,635 or #xywh=percent:5,4,90,40")
    x, y, width, height = (float(number) for number in found.groups()[1:])
    if not (width > 0 and height > 0):
        raise UsageError(f"{place}: #{fragment[:60]} has no area")
    kind = "text" if TEXTS & roles else "panel" if "panel" in roles else ""
    return Region((x, y, x + width, y + height), found[1] == "percent:", kind)  # type: ignore[arg-type]
