"""Ids and natural order: how names from outside become slugs."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from comicdata.files import RESERVED
from comicdata.numbers import value_of

LONGEST = 60


def printable(name: str) -> str:
    """A file name as text that any file can hold: bytes that are no UTF-8 become escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


def slug(name: str, prefix: str = "e") -> str:
    """A lower-case ASCII name of [a-z0-9-] that never looks like a number and is safe in any path.

    A name that starts with a digit gets `prefix`; one that loses letters or is too long gets a hash, so that two
    names never share a slug by accident.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    text = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    lost = any(character.isalnum() and not character.isascii() for character in unicodedata.normalize("NFC", name))
    if not text or lost or len(text) > LONGEST:
        text = f"{text[:LONGEST]}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}".strip("-")
    return text if text[0].isalpha() and text not in TAKEN else f"{prefix}{'-' * (text in TAKEN)}{text}"


TAKEN = {*RESERVED, "parts"}


def unique(names: list[str], prefix: str = "e") -> list[str]:
    """Slugs of names in order; a slug that comes again gets -2, -3, ..."""
    taken: dict[str, int] = {}
    return [free_name(slug(name, prefix), taken) for name in names]


def free_name(name: str, taken: dict[str, int]) -> str:
    """The name, or with the next of -2, -3, ... that is not taken; taken from then on, with the number it went to."""
    candidate, number = name, taken.get(name, 0)
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}" if number > 1 else name
    taken[name] = max(number, 1)
    taken.setdefault(candidate, 1)
    return candidate


def episode_name(number: str, season: str, title: str) -> str:
    """A name for the id of an episode: e007, s2-e010-5 (10.5), e-minus-1; after its title where it has no number."""
    value, of_season = value_of(number), value_of(season)
    before = f"s{of_season}-" if of_season is not None and of_season.denominator == 1 else ""
    if value is None:
        return f"{before}e{number}" if number else title
    whole, _, decimals = f"{float(abs(value)):.6f}".rstrip("0").partition(".")
    return f"{before}e{'-minus-' * (value < 0)}{whole.zfill(3)}{'-' * bool(decimals)}{decimals}"


EPISODE_PAGE = [
    re.compile(r"e(?:p(?:isode)?)?[ ._-]?(\d{1,4})[ ._-]?p(?:age)?[ ._-]?(\d{1,4})(?!\d)", re.IGNORECASE),  # E17P05
    re.compile(r"ep(?:isode)?[ ._-]?(\d{1,4})[ ._-](\d{1,4})(?!\d)", re.IGNORECASE),  # ep17_005
    re.compile(r"(?<!\d)(\d{2,4})[_-](\d{2,4})(?!\d)"),  # 017-05
]
DATE = re.compile(r"(?<!\d)(?:19|20)\d\d([._-])[01]\d\1[0-3]\d(?!\d)")


def episodes_and_pages(stems: Sequence[str]) -> list[tuple[str, int] | None]:
    """`episode_and_page` of each; none where all end in one number that begins no count ("01_1280", "02_1280")."""
    found = [episode_and_page(stem) for stem in stems]
    pages = {one[1] for one in found if one}
    if len(found) > 1 and len(pages) == 1 and max(pages) > 1 and not any(map(_has_words, stems)):
        return [None] * len(found)
    return found


def _has_words(stem: str) -> bool:
    return any(pattern.search(stem) for pattern in EPISODE_PAGE[:-1])


def episode_and_page(stem: str) -> tuple[str, int] | None:
    """The digits of the episode and the number of the page in a file name, where a pattern says both."""
    plain = re.sub(r"\d", lambda digit: str(unicodedata.decimal(digit[0])), DATE.sub(" ", stem))
    for pattern in EPISODE_PAGE:
        found = pattern.search(plain)
        if found:
            return found[1], int(found[2])
    return None
