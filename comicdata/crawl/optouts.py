"""Opt-outs: what a site says about the use of its pictures for data sets, in headers, pages and well-known files.

Pure functions from text to a list of signals, each a short string that a record can keep; [] means none. Where a draft
is still moving we read leniently and take a doubtful "no" for a no.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from bs4 import BeautifulSoup, SoupStrainer  # type: ignore[attr-defined]

from comicdata.reading.text import UnreadableError, parse_json

AGENT = "comicdata"
META_WORDS = frozenset({"noai", "noimageai"})  # a page that is not to be found by search may still list its pictures
HEADER_WORDS = META_WORDS | {"noindex", "noimageindex", "none"}  # none is noindex, nofollow
VALUED = frozenset({"max-snippet", "max-image-preview", "max-video-preview", "unavailable_after"})  # rules with a colon
USES = frozenset({"train-ai", "train-genai", "genai", "ai", "tdm", "bots", "all"})
ROBOT_NAMES = frozenset({"robots", "x-robots-tag", AGENT})
YES = frozenset({"1", "01", "1.0", "?1", "true", "yes"})  # 1 is what TDMRep writes; the others mean nothing else


def header_signals(headers: Mapping[str, str]) -> list[str]:
    """Signals in response headers, names in lower case; a header that came several times has a line for each.

    Sources: X-Robots-Tag (with or without the name of a robot), TDMRep 2024-05-10 section 4.1, AIPREF attach-04.
    """
    words = sorted(_robots_words(headers.get("x-robots-tag", "")) & HEADER_WORDS)
    found = [f"X-Robots-Tag: {word}" for word in words]
    if _reserves(headers.get("tdm-reservation", "")):
        found.append("tdm-reservation: 1")
    return found + [f"Content-Usage: {use}" for use in usage_refusals(headers.get("content-usage", ""))]


def _reserves(value: Any) -> bool:
    """Whether a value of tdm-reservation, from a header, an element or JSON, is a yes in any spelling."""
    return any(word.strip("\"'") in YES for word in re.split(r"[\s,;]+", str(value).lower()))


def _robots_words(text: str) -> set[str]:
    """The rules of an X-Robots-Tag or robots meta element that are meant for everybody or for us, in lower case.

    `otherbot: noai, nofollow` speaks to otherbot until the next name, or the next line; `max-snippet:10` is a rule.
    Quotes, hyphens and the stroke of an unquoted `content=noai/>` make no other word of it.
    """
    words: set[str] = set()
    for line in re.sub("[\"']", " ", text.lower()).splitlines():
        meant = True
        for part in re.split("[,;]", line):
            name, colon, rest = (piece.strip() for piece in part.partition(":"))
            if colon and name not in VALUED and re.fullmatch(r"[^\s0-9]\S*|", name):  # dates hold colons, too
                meant = name.partition("/")[0] in (AGENT, "*", "")
                part = rest
            if meant:
                words.update(re.sub("[-_/]", "", word) for word in part.split())
    return words


def usage_refusals(text: str) -> list[str]:
    """The uses that a Content-Usage value refuses, such as "train-ai=n". Source: AIPREF vocab-06, attach-04."""
    plain = " ".join(text.lower().split()).replace(" =", "=").replace("= ", "=")
    pairs = [part.partition("=")[::2] for part in re.split("[,; ]", plain)]
    return [f"{use}={value}" for use, value in pairs if use in USES and value.strip('"') in ("n", "no", "?0", "0")]


def page_signals(text: str | bytes) -> list[str]:
    """Signals in the meta elements of an HTML page. Sources: robots meta element, TDMRep section 4.2."""
    found = []
    for element in BeautifulSoup(text, "lxml", parse_only=SoupStrainer("meta")).find_all("meta"):
        names = {str(element.get(key) or "").strip().lower() for key in ("name", "http-equiv", "property")}
        content = " ".join(str(element.get("content") or "").split())
        for name in sorted(names & ROBOT_NAMES):
            found += [f"meta {name}: {word}" for word in sorted(_robots_words(content) & META_WORDS)]
        if "tdm-reservation" in names and _reserves(content):
            found.append("meta tdm-reservation: 1")
        if "content-usage" in names:
            found += [f"meta content-usage: {use}" for use in usage_refusals(content)]
    return found


def policy_text(body: bytes) -> str:
    """The text of robots.txt or tdmrep.json, whatever Unicode form an editor has saved it in; what is none of it does
    not hide the rest.
    """
    return body.decode(json.detect_encoding(body), "replace").removeprefix("\ufeff")


def read_tdmrep(body: bytes) -> list[tuple[str, bool]]:
    """The rules of /.well-known/tdmrep.json as (path pattern, reserved), in order; [] for a file that is none.

    Source: TDMRep 2024-05-10, section 4.3.
    """
    try:
        rules = parse_json(policy_text(body))
    except UnreadableError:
        return []
    rows = rules if isinstance(rules, list) else [rules]
    return [(str(row["location"]), _reserves(row.get("tdm-reservation"))) for row in rows if _has_location(row)]


def _has_location(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("location"), str)


def tdmrep_signals(rules: Iterable[tuple[str, bool]], url: str) -> list[str]:
    """Whether the first rule that matches the path of `url` reserves it."""
    path = urlsplit(url).path or "/"
    for pattern, reserved in rules:
        if _fits(pattern, path):
            return [f"tdmrep.json: {pattern}"] if reserved else []
    return []


def _fits(pattern: str, path: str) -> bool:
    """Whether a pattern of RFC 9309, section 2.2.3, fits a path: * is any text, $ at the end the end of the path; in
    linear time, for a pattern may have as many stars as it likes.
    """
    first, *parts = pattern.removesuffix("$").split("*")
    last = parts.pop() if parts and pattern.endswith("$") else None
    if not path.startswith(first) or (pattern.endswith("$") and last is None and path != first):
        return False
    place = len(first)
    for part in parts:
        found = path.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return last is None or (path.endswith(last) and len(path) - len(last) >= place)


def robots_usage(text: str) -> list[tuple[str, list[str]]]:
    """Content-Usage lines of a robots.txt that are meant for us, as (path prefix, refused uses).

    A group of our own name goes before the group of everybody. Source: AIPREF attach-04, section 5.
    """
    groups: dict[str, list[tuple[str, list[str]]]] = {}
    names: list[str] = []
    in_rules = False
    for line in text.splitlines():
        key, _, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if key == "user-agent":
            names = [value.lower()] if in_rules else [*names, value.lower()]
            in_rules = False
        elif key:
            in_rules = True
        if key == "content-usage":
            path, _, uses = value.partition(" ") if value.startswith("/") else ("/", "", value)
            for name in names or ["*"]:
                groups.setdefault(name, []).append((path, usage_refusals(uses)))
    return groups.get(AGENT, groups.get("*", []))


def robots_usage_signals(rules: Iterable[tuple[str, list[str]]], url: str) -> list[str]:
    """What the longest matching Content-Usage line refuses for `url`."""
    path = urlsplit(url).path or "/"
    matching = [(len(prefix), uses) for prefix, uses in rules if path.startswith(prefix)]
    if not matching:
        return []
    return [f"robots.txt Content-Usage: {use}" for use in max(matching, key=lambda one: one[0])[1]]
