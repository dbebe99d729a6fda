"""The work of `comicdata colorize`: the pages of a chapter one after the other, a strip as a whole."""

import time
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import groupby

from comicdata import __version__
from comicdata.cli.chapter_rows import Page, Row, Store, note_of
from comicdata.cli.chapters import Chapter
from comicdata.cli.coloured_strips import is_strip, slice_rows
from comicdata.cli.failures import Failures
from comicdata.cli.html import coloured as report
from comicdata.cli.inputs import Picture
from comicdata.cli.making import Maker
from comicdata.errors import ComicDataError, PartialError
from comicdata.files import sha256_bytes
from comicdata.images import Image, decode
from comicdata.outputs import signed_page


def colorize_chapter(maker: Maker, chapter: Chapter) -> None:
    """Colour and write the pages of one chapter, those that are there already left as they are; what fails for one is a
    warning, a row and status 3.
    """
    failures = Failures(maker.front, chapter.store.failures, "colorize")
    rows: dict[int, Row] = {}
    start = time.monotonic()
    try:
        for one, row in _rows(maker, chapter):
            if isinstance(row, ComicDataError):
                failures.add(one.picture.name, row)
            else:
                rows[one.number] = row
                maker.told.note(chapter.store, one, row, time.monotonic() - start)
            start = time.monotonic()
            maker.done += 1
            maker.update(maker.done)
    finally:
        chapter.store.save()
    maker.write_cast(chapter.store, chapter.pages)
    maker.told.left_alone_lines()
    try:
        chapter.store.finish(chapter.pages, rows, chapter.about)
    except PartialError as error:
        failures.add(chapter.about[0][0] if chapter.about else "the CBZ", error)
        chapter.store.finish(chapter.pages, rows, [])
    failures.finish()
    _report(maker, chapter, rows, failures)


def _report(maker: Maker, chapter: Chapter, rows: Mapping[int, Row], failures: Failures) -> None:
    """Write what became of the chapter as a page for people, unless it is there."""
    noted = [(number, note_of(row)) for number, row in rows.items()]
    digest = sha256_bytes(repr([__version__, noted, failures.found, maker.told.cure]).encode())
    if chapter.store.has_report(digest) or not rows:
        return
    of = {one.number: one for one in chapter.pages}
    made = [(of[number].picture, row) for number, row in rows.items()]
    coloured = [
        report.Coloured(
            *(one.label, row["panels"], row["unsure"], row["doubt"]),
            partial(_before, one),
            partial(_after, chapter.store, row),
        )
        for one, row in made
        if not row["left_alone"]
    ]
    alone = [(one.label, row["left_alone"]) for one, row in made if row["left_alone"]]
    title = f"{chapter.name}, coloured with {maker.recipe.name}"
    words = report.page(title, coloured, alone, failures.found, maker.told.cure, digest)
    chapter.store.write_report(signed_page(words))


def _before(picture: Picture) -> Image:
    return decode(picture.data(), picture.label)


def _after(store: Store, row: Row) -> Image:
    return decode(store.read(row), row["file"])


def _rows(maker: Maker, chapter: Chapter) -> Iterator[tuple[Page, Row | ComicDataError]]:
    """The row of each page that is there or has been made, or what failed, in their order; a strip as a whole."""
    for _, group in groupby(chapter.pages, key=lambda page: page.group):
        pages = list(group)
        given = any(page.number in maker.recipe.corrected.entries for page in pages)
        if not given and is_strip(maker, pages):
            yield from slice_rows(maker, chapter.store, pages)
            continue
        for page in pages:
            try:
                yield page, maker.page(chapter.store, page)
            except PartialError as error:
                yield page, error
