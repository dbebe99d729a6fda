"""The work of `comicdata colorize`: the pages of a chapter one after the other, a strip as a whole."""

import time
from collections.abc import Iterator
from itertools import groupby

from comicdata.cli.chapter_rows import Page, Row
from comicdata.cli.chapters import Chapter
from comicdata.cli.coloured_strips import is_strip, slice_rows
from comicdata.cli.failures import Failures
from comicdata.cli.making import Maker
from comicdata.errors import ComicDataError, PartialError


def colorize_chapter(maker: Maker, chapter: Chapter) -> None:
    """Colour and write the pages of one chapter, those that are there already left as they are; what fails for one is a
    warning, a row and status 3.
    """
    failures = Failures(maker.front, chapter.store.failures, "colorize")
    rows: dict[int, Row] = {}
    start = time.monotonic()
    try:
        for page, row in _rows(maker, chapter):
            if isinstance(row, ComicDataError):
                failures.add(page.picture.name, row)
            else:
                rows[page.number] = row
                maker.told.note(chapter.store, page, row, time.monotonic() - start)
            start = time.monotonic()
            maker.done += 1
            maker.update(maker.done)
    finally:
        chapter.store.save()
    maker.told.left_alone_lines()
    try:
        chapter.store.finish(chapter.pages, rows, chapter.about)
    except PartialError as error:
        failures.add(chapter.about[0][0] if chapter.about else "the CBZ", error)
        chapter.store.finish(chapter.pages, rows, [])
    failures.finish()


def _rows(maker: Maker, chapter: Chapter) -> Iterator[tuple[Page, Row | ComicDataError]]:
    """The row of each page that is there or has been made, or what failed, in their order; a strip as a whole."""
    for _, group in groupby(chapter.pages, key=lambda page: page.group):
        pages = list(group)
        given = any(page.number in maker.recipe.corrected.entries for page in pages)
        if not given and is_strip(pages, maker.options["layout"]):
            yield from slice_rows(maker, chapter.store, pages)
            continue
        for page in pages:
            try:
                yield page, maker.page(chapter.store, page)
            except PartialError as error:
                yield page, error
