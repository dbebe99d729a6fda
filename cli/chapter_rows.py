"""The pages of a chapter and the rows of those that are done, wherever they lie."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any, NamedTuple, Protocol, TypedDict

from comicdata.cli.inputs import Picture
from comicdata.formats import PICTURE_SUFFIXES, suffix_of
from comicdata.outputs import Outputs, Reads, is_our_page
from comicdata.reading.shapes import MisshapenError, of_shape
from comicdata.records import ColorFormat

REPORT = "report.html"
BESIDE = ("samples", "layers", "suggested", "memory")  # kinds of files that lie beside a page


class Row(TypedDict):
    """One page that is done: `file`, its name in the folder or the CBZ; `size`, width and height; `panels`, how many
    were coloured; `unsure` and `doubt` as `Colorized` has them; `left_alone`, why it is as it came, or ""; `sides`, by
    their kind, the files beside it; `made_of`, the hash of all that decided them.
    """

    stem: str
    file: str
    size: list[int]
    panels: int
    unsure: int | None
    doubt: float | None
    left_alone: str
    sides: dict[str, list[str]]
    made_of: str


class Page(NamedTuple):
    """A picture of a chapter, its number among all that were given, the name of its page without a suffix, and what
    its group is called: pages of one group may be slices of a strip.
    """

    number: int
    picture: Picture
    stem: str
    group: str


class Store(Protocol):
    """Where the pages of a chapter lie. `failures`: what writes the list of those that could not be made."""

    failures: Any

    def check(self, names: Mapping[str, list[str]], reads: Reads) -> list[str]:
        """A line for each file that will be kept as it is, of those by kind ("": pages) that may be made; UsageError
        where something is in the way.
        """
        ...

    def form(self, kind: str) -> ColorFormat:
        """What a page becomes that came in this format, where nobody says it."""
        ...

    def name_of(self, page: Page, suffix: str) -> str:
        """What a coloured page is called."""
        ...

    def shown(self, row: Row) -> str:
        """Where a page is, for people."""
        ...

    def side(self, kind: str) -> Outputs:
        """Where the files of a kind lie that are beside the pages."""
        ...

    def known(self, stem: str, made_of: str) -> Row | None:
        """The row of a page that is there, made of the same."""
        ...

    def rows(self) -> Mapping[str, Row]:
        """The rows of pages that are there, by their stems."""
        ...

    def keep(self, row: Row, data: bytes, picture: Picture) -> None:
        """Write a page that is done."""
        ...

    def read(self, row: Row) -> bytes:
        """The bytes of a page that is there, once the chapter is finished."""
        ...

    def has_report(self, digest: str) -> bool:
        """Whether the report is there, made of the same."""
        ...

    def write_report(self, data: bytes) -> None: ...

    def save(self) -> None:
        """Note what is done, as far as that was not noted yet."""
        ...

    def finish(self, pages: Sequence[Page], rows: Mapping[int, Row], about: Any) -> None:
        """Bring the pages together, and what is said of them; PictureError where that cannot be read."""
        ...


def says(report: bytes | None, digest: str) -> bool:
    """Whether a report is one of ours, as it was made, and of this."""
    return report is not None and is_our_page(report) and digest.encode() in report


def own_suffix(picture: Picture) -> str:
    """How the name of a picture says that it is one; "" where it does not."""
    name = picture.member or picture.path.name
    return PurePosixPath(name).suffix if says_suffix(name) else ""


def says_suffix(name: str) -> bool:
    return suffix_of(name) in PICTURE_SUFFIXES


def rows_by_stem(values: Iterable[Any]) -> dict[str, Row]:
    """Those values that are rows."""
    found: dict[str, Row] = {}
    for value in values:
        with suppress(MisshapenError):
            row = of_shape(Row, value)
            found[row["stem"]] = row
    return found


def note_of(row: Row) -> str:
    """A row as text."""
    return json.dumps(row, sort_keys=True, ensure_ascii=False)
