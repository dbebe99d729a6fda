"""The picture that an element of a viewer stands for: viewers that load late put a placeholder in `src`. Pure.

A placeholder is never taken for the picture where the page says the true address anywhere near it.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from comicdata.crawl.web import UnavailableError
from comicdata.formats import PICTURE_SUFFIXES

ATTRIBUTES = (
    *("data-url", "data-src", "data-lazy-src", "data-original", "data-lazy", "data-srcset", "data-lazy-srcset"),
    *("src", "srcset"),
)
PLACEHOLDER = re.compile(
    r"(?<![a-z0-9])(?:1x1|blank|spacer|placeholder|trans|transparent|loading|loader|lazy|lazyload|pixel|empty)(?![a-z0-9])"
)
SMALLER = re.compile("thumb|low|small|tiny|blur|preview|fallback|placeholder|error|avatar|icon")
OTHER_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
FEW = 3  # from so many on, one address for most elements is a placeholder and not a picture for two sorts of readers


def addresses(elements: Sequence[Any], url: str, names: Sequence[str], *, guess: bool) -> list[str]:
    """The absolute address of every element, "" where none is said; `names` are the attributes that hold it.

    With `guess`, where that looks like a placeholder, the address in a <noscript> behind it, in another data-*
    attribute, or in the sources of a <picture>.
    """
    links = [_first(element, url, names) for element in elements]
    counts = Counter(links)
    if not guess:
        return links
    return [
        next(_further(element, url, names), link) if counts[link] > 1 or looks_empty(link) else link
        for element, link in zip(elements, links, strict=True)
    ]


def check_placeholders(links: Sequence[str], url: str) -> None:
    """UnavailableError where most elements of a viewer share one address or have none: their pictures are not there."""
    if not links:
        return
    link, count = Counter(links).most_common(1)[0]
    few = 2 if link and (looks_empty(link) or link.lower().partition("?")[0].endswith(".gif")) else FEW
    if count >= few and 2 * count > len(links):
        what = f"the placeholder {link}" if link else "no address"
        raise UnavailableError(
            "layout_changed", f"{url}: {count} of {len(links)} pictures have {what}; name their attribute in `attr`"
        )


def absolute(url: str, address: Any) -> str:
    """The http(s) address that a link or picture on the page `url` means, without fragment; "" for anything else
    (data:, javascript:). One that cannot be parsed is given as it stands: whoever asks for it says so.
    """
    text = str(address or "").strip()
    try:
        link = urldefrag(urljoin(url, text)).url if text else ""
        return link if urlsplit(link).scheme in ("http", "https") else ""
    except ValueError:
        return "" if OTHER_SCHEME.match(text) else text


def parses(link: str) -> bool:
    """Whether an address is one."""
    try:
        return bool(urlsplit(link))
    except ValueError:
        return False


def _first(element: Any, url: str, names: Sequence[str]) -> str:
    """The first attribute that holds an address; one that cannot be parsed where no other is said."""
    found = [link for link in (_value(element, url, name) for name in names) if link]
    return next(filter(parses, found), next(iter(found), ""))


def _value(element: Any, url: str, name: str) -> str:
    """The address in an attribute: of several in a `srcset` that of the largest picture."""
    text = str(element.get(name) or "")
    if not name.endswith("srcset"):
        return absolute(url, text)
    found = [part.split() for part in re.split(r",\s", text) if part.strip()]
    sized = [(_size(words[-1]) if len(words) > 1 else 1.0, words[0].rstrip(",")) for words in found]
    return absolute(url, max(sized, key=lambda one: one[0])[1]) if sized else ""


def _size(text: str) -> float:
    """What a descriptor such as 800w or 2x is worth."""
    return float(text[:-1]) if re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,3})?[wx]", text) else 0.0


def looks_empty(link: str) -> bool:
    """No address, or one named like a placeholder."""
    return not link or bool(PLACEHOLDER.search(link.lower().rpartition("/")[2]))


def _further(element: Any, url: str, names: Sequence[str]) -> Iterator[str]:
    """Further addresses for what an element stands for, the surest first."""
    behind = element.find_next_sibling()
    if behind is not None and behind.name == "noscript":
        yield from filter(None, (_first(one, url, names) for one in behind.select("img")))
    for name in element.attrs:
        link = _value(element, url, name) if name.startswith("data-") and not SMALLER.search(name) else ""
        named = link.lower().partition("?")[0].endswith(tuple(PICTURE_SUFFIXES))
        if named and parses(link) and not looks_empty(link):
            yield link
    picture = element.find_parent("picture")
    if picture is not None:
        sources = picture.select("source")
        yield from filter(None, (_first(one, url, ("data-srcset", "srcset")) for one in sources))
