"""Which file, or entry of a file, is for which page: by its name."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple, TypeVar

from comicdata.errors import UsageError
from comicdata.formats import PICTURE_SUFFIXES, suffix_of
from comicdata.layers.psd_reading import PSD_SUFFIXES

MOST_FILES = 100_000  # in a folder
SHOWN = 5  # names of a note
T = TypeVar("T")
Pages = Sequence[Sequence[str]]  # all the names that each is known by, the first as what is made of it is called


class Of(NamedTuple):
    """A thing for a page: `key`, the page as the file calls it; `name`, what people call the thing."""

    key: str
    name: str


def match_pages(
    option: str, keyed: Sequence[tuple[Of, T]], pages: Pages
) -> tuple[Mapping[int, tuple[T, ...]], list[str]]:
    """What there is for each page, by its number from 0, in the order given, and notes for people: names that are of no
    page, and pages that have several. UsageError, that begins with `option`, for a name of two pages, and where no
    name is that of a page.
    """
    known = _Names(pages)
    found: dict[int, list[tuple[Of, T]]] = {}
    unmatched = []
    for of, thing in keyed:
        fits = known.called(of.key)
        if len(fits) > 1:
            one, other = (_told_apart(pages[number], [pages[at] for at in fits]) for number in fits[:2])
            raise UsageError(f"{option}: {of.key!r} may be {one!r} or {other!r}; call it so")
        if fits:
            found.setdefault(fits[0], []).append((of, thing))
        else:
            unmatched.append(of.key)
    if not found:
        has = f"it has {keyed[0][0].key!r}, the first page is {pages[0][0]!r}" if keyed and pages else "it is empty"
        raise UsageError(f"{option}: no name in it is that of a page; {has}")
    notes = [f"{option}: for no page that is given, left out: {_shown(unmatched)}"] if unmatched else []
    twice = [f"{pages[at][0]} ({_shown([of.name for of, _ in some])})" for at, some in found.items() if len(some) > 1]
    if twice:
        notes.append(f"{option}: several for one page, all of them count: {_shown(twice)}")
    return {at: tuple(thing for _, thing in some) for at, some in found.items()}, notes


def _shown(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (" and more" if len(names) > SHOWN else "")


def _told_apart(names: Sequence[str], all_names: Pages) -> str:
    """That name of a page which no other page has, if there is one."""
    return next((one for one in names if sum(one in other for other in all_names) == 1), names[0])


class _Names:
    """Pages by their names: the whole, without its suffix, and the end of it alone, also as its archive or its folder
    on disk calls it. Those that several pages have are given back with all of these.
    """

    def __init__(self, pages: Pages) -> None:
        self._exact: dict[str, list[int]] = {}
        self._others: dict[str, list[int]] = {}
        for number, (name, *others) in enumerate(pages):
            for one in _with_and_without_suffix(name):
                self._exact.setdefault(one, []).append(number)
            ends = [PurePosixPath(one).name for one in (name, *others)]
            for one in dict.fromkeys(word for other in (*others, *ends) for word in _with_and_without_suffix(other)):
                self._others.setdefault(one, []).append(number)

    def called(self, key: str) -> list[int]:
        """The numbers of the pages that a name may be of."""
        for names in (self._exact, self._others):
            for name in _with_and_without_suffix(key):
                if name in names:
                    return names[name]
        return []


def _with_and_without_suffix(name: str) -> Iterator[str]:
    yield name
    if suffix_of(name) in (*PICTURE_SUFFIXES, *PSD_SUFFIXES):
        yield name[: -len(PurePosixPath(name).suffix)]
