"""Coloured pages on their way into a CBZ, which is put together once all of them are there.

The rule of this file: a page that is done lies on disk at once, with a row of what it was made of, and is not made
again.
"""

import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from comicdata.cli.chapter_rows import REPORT, Page, Row, note_of, own_suffix, rows_by_stem, says
from comicdata.cli.failures import FAILURES
from comicdata.cli.inputs import Picture
from comicdata.crawl.sources.comic_info import PageFacts, with_pages
from comicdata.errors import PartialError, UsageError
from comicdata.files import (
    TEMPORARY_SUFFIX,
    delete,
    json_bytes,
    locked,
    on_disk,
    read_json,
    read_regular,
    remove_if_empty,
    sweep_orphans,
    write_atomic,
)
from comicdata.images import MAX_FILE_BYTES
from comicdata.outputs import CURE, Outputs, Reads, check_folder, is_our_page, refuse_foreign, speaks_of, write_file
from comicdata.outputs.cbz import Member, OwnCbz, is_own, open_own, write_cbz
from comicdata.reading.text import parse_json
from comicdata.records import ColorFormat

LOCK = ".lock"
PART = ".part"  # a folder beside a CBZ that is not whole yet: pages that are done
FORMS: dict[str, ColorFormat] = {"JPEG": "jpeg", "WEBP": "webp"}  # that pages of a CBZ keep
EXTENSIONS_OF = {".png": ".png", ".webp": ".webp"} | dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), ".jpg")
_PART = re.compile(rf"[0-9a-f]{{64}}(\.json)?(\.[0-9]+)?({re.escape(TEMPORARY_SUFFIX)})?|\.lock")


class CbzPages:
    """Pages on their way into a CBZ, each with its row as a note: until all are there they lie in NAME.part."""

    def __init__(self, path: Path) -> None:
        self.path, self.failures = path, FailuresFile(path.with_suffix(f".{FAILURES}"))
        self.part, self._report = path.with_suffix(PART), path.with_suffix(f".{REPORT}")
        self._old = open_own(path)
        self._held, self._is_held = ExitStack(), False
        notes = {} if self._old is None else {name: note for name, note in self._old.notes.items() if note}
        self._rows = rows_by_stem(parse_json(note.encode()) for note in notes.values())
        self._done: dict[str, Row] = {}  # that lie in NAME.part

    def check(self, names: Mapping[str, list[str]], reads: Reads) -> list[str]:
        check_folder(self.path.parent)
        for path in (self.path, self.failures.path, self._report, self.part):
            reads.refuse(path)
        refuse_foreign(self.path, is_own(self.path), f"or was changed since it was made; {CURE}")
        self.failures.check()
        refuse_foreign(self._report, is_our_page(on_disk(self._report) or b""))
        if self.part.is_symlink() or (self.part.exists() and not self._is_part()):
            raise UsageError(f"{self.part}: pages that are done lie there until all are, and it is not ours; {CURE}")
        kept: list[str] = []
        for kind, made in names.items():
            if kind and made:
                self.side(kind).check(made, reads)
                kept += self.side(kind).kept(made).values()
        return kept

    def _is_part(self) -> bool:
        return self.part.is_dir() and all(_PART.fullmatch(path.name) for path in self.part.iterdir())

    def form(self, kind: str) -> ColorFormat:
        return FORMS.get(kind, "png")

    def name_of(self, page: Page, suffix: str) -> str:
        own = own_suffix(page.picture)
        return page.stem + (own if EXTENSIONS_OF.get(own.lower()) == suffix else suffix)

    def shown(self, row: Row) -> str:
        return f"{self.path.as_posix()}#{row['file']}"

    def side(self, kind: str) -> Outputs:
        """NAME.layers, NAME.samples, NAME.suggested."""
        return Outputs(self.path.with_suffix(f".{kind}"), "colorize")

    def known(self, stem: str, made_of: str) -> Row | None:
        row = self._rows.get(stem)
        if row is None or row["made_of"] != made_of:
            path = self.part / f"{made_of}.json"
            row = rows_by_stem([read_json(path)] if path.is_file() else []).get(stem)
            self._done |= {stem: row} if row else {}
        return row if row and all(self.side(kind).has(names) for kind, names in row["sides"].items()) else None

    def rows(self) -> Mapping[str, Row]:
        return self._rows | self._done

    def keep(self, row: Row, data: bytes, picture: Picture) -> None:
        self._hold()
        self._done[row["stem"]] = row
        write_atomic(self.part / row["made_of"], data)
        write_atomic(self.part / f"{row['made_of']}.json", json_bytes(dict(row)))

    def read(self, row: Row) -> bytes:
        with zipfile.ZipFile(self.path) as archive:
            return archive.read(row["file"])

    def has_report(self, digest: str) -> bool:
        return says(on_disk(self._report), digest)

    def write_report(self, data: bytes) -> None:
        write_file(self._report, data)

    def save(self) -> None:
        """Every page has its note."""

    def _hold(self) -> None:
        """Take the lock of the folder of pages, for as long as there are any."""
        if not self._is_held:
            self._held.enter_context(locked(self.part))
            sweep_orphans(self.part, deep=False)
            self._is_held = True

    def finish(self, pages: Sequence[Page], rows: Mapping[int, Row], about: Any) -> None:
        """Pack the pages, unless the CBZ is what it would be, and let go of those that were put by."""
        there = [(at, page, rows[page.number]) for at, page in enumerate(pages) if page.number in rows]
        facts = [PageFacts(at, self._size(row), *row["size"]) for at, _, row in there]
        said = [Member(name, "", partial(with_pages, read(), facts)) for name, read in about]
        in_place = sorted(there, key=lambda one: (one[1].picture.at, one[0]))
        members = [*said, *(Member(row["file"], note_of(row), self._reads(row)) for _, _, row in in_place)]
        if there and not self._holds(members, len(said)):
            write_cbz(self.path, members)
        if self._old is not None:
            self._old.close()
        self._let_go()

    def _holds(self, members: Sequence[Member], said: int) -> bool:
        old = self._old
        return old is not None and (
            [*old.notes.items()] == [(one.name, one.note) for one in members]
            and all(old.read(one.name) == one.read() for one in members[:said])
        )

    def _size(self, row: Row) -> int:
        old = self._old_with(row)
        return old.size(row["file"]) if old else (self.part / row["made_of"]).stat().st_size

    def _reads(self, row: Row) -> Callable[[], bytes]:
        old = self._old_with(row)
        return (
            partial(old.read, row["file"]) if old else partial(read_regular, self.part / row["made_of"], MAX_FILE_BYTES)
        )

    def _old_with(self, row: Row) -> OwnCbz | None:
        """The CBZ as it was, where this page is in it."""
        return self._old if self._rows.get(row["stem"]) == row else None

    def _let_go(self) -> None:
        """Delete the folder of pages that are in the CBZ now; what is not ours in it stays, and it with that."""
        if self.part.is_dir() and not self.part.is_symlink():
            self._hold()
            root = self.path.parent
            for path in [*self.part.iterdir()]:
                if _PART.fullmatch(path.name) and path.name != LOCK:
                    delete(root, path, record=True)
            self._held.close()
            self._is_held = False
            delete(root, self.part / LOCK, record=True)
            remove_if_empty(root, self.part)


class FailuresFile:
    """The list of failures beside a CBZ: a file that stands alone."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check(self) -> None:
        refuse_foreign(self.path, self._is_own())

    def _is_own(self) -> bool:
        return speaks_of(self.path, "stage", "colorize")

    def write(self, name: str, data: bytes) -> None:
        if self.path.exists() and not self._is_own():
            raise PartialError(f"{self.path}: not made by this command, so it is kept as it is; {CURE}")
        write_file(self.path, data)

    def remove(self, name: str) -> None:
        if self._is_own():
            delete(self.path.parent, self.path, record=True)
