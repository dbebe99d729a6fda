"""What is remembered of pages: what was chosen on earlier ones is a reference for later ones.

The rule of this file: only pages earlier in natural order count, so that one that is added later changes no page that
is there, and one page at a time gives the same bytes as all at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from comicdata.cli.chapter_rows import Page, Row, Store
from comicdata.episodes import natural_key
from comicdata.models.colorize.reference_files import SUFFIX, read_references, reference_bytes
from comicdata.models.colorize.references import Reference

KIND = "memory"
PANELS = 60  # remembered at most, those of the last pages


@dataclass
class Memory:
    """Of the pages of a chapter; `run` is the hash of the weights, `series` what those learned from."""

    run: str
    series: Sequence[str]
    known: dict[tuple[int, str], list[Reference]] = field(default_factory=dict)  # by store and page

    def before(self, store: Store, page: Page) -> list[Reference]:
        """What is remembered of the pages before one, the last first."""
        own = natural_key(page.stem)
        folder = page.stem.rpartition("/")[0]
        rows = store.rows()
        earlier = [one for one in rows if one.rpartition("/")[0] == folder and natural_key(one) < own]
        pages = (self._of(store, rows[stem]) for stem in sorted(earlier, key=natural_key, reverse=True))
        return list(islice(chain.from_iterable(pages), PANELS))

    def pages(self, store: Store, pages: Sequence[Page]) -> list[tuple[str, list[Reference]]]:
        """What is remembered of pages, by their names, of those of which anything is."""
        rows = store.rows()
        found = ((page.stem, self._of(store, rows[page.stem])) for page in pages if page.stem in rows)
        return [(name, kept) for name, kept in found if any(len(one.colors) for one in kept)]

    def files(self, stem: str, kept: tuple[Reference, ...]) -> list[tuple[str, bytes]]:
        """The file of a page."""
        return [(stem + SUFFIX, reference_bytes(kept, self.run, self.series))]

    def _of(self, store: Store, row: Row) -> list[Reference]:
        place = id(store), row["made_of"]
        if place not in self.known:
            paths = (store.side(KIND).out / name for name in row["sides"].get(KIND, []))
            self.known[place] = [one for path in paths for one in read_references(path, self.run)]
        return self.known[place]
