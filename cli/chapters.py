"""Where coloured pages go: into a folder, or into a CBZ that is put together once all of them are there.

The rule of this file: a page that is done lies on disk at once, with a row of what it was made of, and is not made
again.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, Protocol, TypedDict

from comicdata.cli.failures import FAILURES
from comicdata.cli.inputs import Group, Picture
from comicdata.cli.targets import apart
from comicdata.crawl.sources.comic_info import PageFacts, with_pages
from comicdata.errors import PartialError, UsageError
from comicdata.files import (
    TEMPORARY_SUFFIX,
    delete,
    json_bytes,
    jsonl_bytes,
    locked,
    read_json,
    read_lines,
    read_regular,
    remove_if_empty,
    sweep_orphans,
    write_atomic,
)
from comicdata.formats import PICTURE_SUFFIXES, suffix_of
from comicdata.images import MAX_FILE_BYTES
from comicdata.outputs import CURE, Outputs, Reads, check_folder, read_list, refuse_foreign, speaks_of, write_file
from comicdata.outputs.cbz import Member, OwnCbz, is_own, open_own, write_cbz
from comicdata.reading.shapes import MisshapenError, of_shape
from comicdata.reading.text import parse_json
from comicdata.records import ColorFormat

CBZ = ".cbz"
ROWS = "colorize.jsonl"  # of a folder: what was made of what
LOCK = ".lock"
PART = ".part"  # a folder beside a CBZ that is not whole yet: pages that are done
FORMS: dict[str, ColorFormat] = {"JPEG": "jpeg", "WEBP": "webp"}  # that pages of a CBZ keep
EXTENSIONS_OF = {".png": ".png", ".webp": ".webp"} | dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), ".jpg")
_PART = re.compile(rf"[0-9a-f]{{64}}(\.json)?(\.[0-9]+)?({re.escape(TEMPORARY_SUFFIX)})?|\.lock")


class Row(TypedDict):
    """One page that is done: `file`, its name in the folder or the CBZ; `size`, width and height; `left_alone`, why it
    is as it came, or ""; `sides`, by their kind, the files beside it; `made_of`, the hash of all that decided them.
    """

    stem: str
    file: str
    size: list[int]
    panels: int
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


Beside = list[tuple[str, bytes]]  # names and bytes of files beside a page


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

    def name_of(self, page: Page, stem: str, suffix: str) -> str:
        """What a coloured page is called."""
        ...

    def samples_beside(self, samples: Beside) -> Beside:
        """Those of all samples that lie beside the page."""
        ...

    def all_samples(self, page: str, beside: list[str]) -> list[str]: ...

    def shown(self, row: Row) -> str:
        """Where a page is, for people."""
        ...

    def side(self, kind: str) -> Outputs:
        """Where the files of a kind lie that are beside the pages."""
        ...

    def known(self, stem: str, made_of: str) -> Row | None:
        """The row of a page that is there, made of the same."""
        ...

    def keep(self, row: Row, data: bytes, picture: Picture) -> None:
        """Write a page that is done."""
        ...

    def finish(self, pages: Sequence[Page], rows: Mapping[int, Row], about: Any) -> None:
        """Bring the pages together, and what is said of them; PictureError where that cannot be read."""
        ...


class Chapter(NamedTuple):
    """Pages that go to one place; `about`: the name and the bytes of what is said of them, one for each group."""

    store: Store
    pages: list[Page]
    about: list[tuple[str, Callable[[], bytes]]]


def plan_chapters(groups: Sequence[Group], out: Path) -> list[Chapter]:
    """A CBZ for each archive, and the folder for all other pictures; one CBZ where OUT is the name of one.

    UsageError where that is to hold several chapters.
    """
    numbers = iter(range(sum(len(group.pictures) for group in groups)))
    numbered = [[(next(numbers), picture) for picture in group.pictures] for group in groups]
    if out.suffix.lower() == CBZ and not out.is_dir():
        if len(groups) != 1:
            raise UsageError(f"{out}: one chapter goes into a CBZ, {len(groups)} are given; name a folder with --out")
        return [_archive(out, groups[0], numbered[0])]
    loose = [(group, own) for group, own in zip(groups, numbered, strict=True) if not group.stem]
    named = [(group.name, *one) for group, own in loose for one in own]
    stems = apart(PurePosixPath(picture.name).with_suffix("").as_posix() for *_, picture in named)
    pages = [Page(number, picture, stem, name) for (name, number, picture), stem in zip(named, stems, strict=True)]
    about = [group.about for group, _ in loose if group.about]
    folder = [Chapter(FolderPages(Outputs(out, "colorize")), pages, about)] if pages else []
    packed = [(group, own) for group, own in zip(groups, numbered, strict=True) if group.stem]
    names = apart(group.stem for group, _ in packed)
    return folder + [
        _archive(out / f"{name}{CBZ}", group, own) for name, (group, own) in zip(names, packed, strict=True)
    ]


def _archive(path: Path, group: Group, numbered: Sequence[tuple[int, Picture]]) -> Chapter:
    members = [_inside(picture.member or picture.path.name) for _, picture in numbered]
    stems = apart(name[: -len(PurePosixPath(name).suffix)] if _says_suffix(name) else name for name in members)
    pages = [Page(number, one, stem, group.name) for (number, one), stem in zip(numbered, stems, strict=True)]
    about = [(_inside(group.about[0]), group.about[1])] if group.about else []
    return Chapter(CbzPages(path), pages, about)


def _inside(name: str) -> str:
    """The name of a member that leads nowhere else."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return "/".join(part for part in parts if part not in ("/", "..")) or "page"


def _says_suffix(name: str) -> bool:
    return suffix_of(name) in PICTURE_SUFFIXES


def own_suffix(picture: Picture) -> str:
    """How the name of a picture says that it is one; "" where it does not."""
    name = picture.member or picture.path.name
    return PurePosixPath(name).suffix if _says_suffix(name) else ""


class FolderPages:
    """Pages that lie in a folder, by its list of outputs, with their rows in colorize.jsonl."""

    def __init__(self, outputs: Outputs) -> None:
        self.outputs = self.failures = outputs
        own = ROWS in read_list(outputs.out) and not outputs.kept([ROWS])
        self._rows = {row["stem"]: row for row in _rows(read_lines(outputs.out / ROWS))} if own else {}

    def check(self, names: Mapping[str, list[str]], reads: Reads) -> list[str]:
        made = [name for of_kind in names.values() for name in of_kind]
        self.outputs.check([*made, ROWS, FAILURES], reads)
        return list(self.outputs.kept(made).values())

    def form(self, kind: str) -> ColorFormat:
        return "png"

    def name_of(self, page: Page, stem: str, suffix: str) -> str:
        return stem + suffix

    def samples_beside(self, samples: Beside) -> Beside:
        return samples[1:]

    def all_samples(self, page: str, beside: list[str]) -> list[str]:
        return [page, *beside]

    def shown(self, row: Row) -> str:
        return (self.outputs.out / row["file"]).as_posix()

    def side(self, kind: str) -> Outputs:
        return self.outputs

    def known(self, stem: str, made_of: str) -> Row | None:
        row = self._rows.get(stem)
        files = [] if row is None else [row["file"], *(name for names in row["sides"].values() for name in names)]
        return row if row and row["made_of"] == made_of and self.outputs.has(files) else None

    def keep(self, row: Row, data: bytes, picture: Picture) -> None:
        """One of its name with another suffix goes; a page that is left alone may be there: it is the input."""
        before, target = self._rows.get(row["stem"]), self.outputs.out / row["file"]
        if row["left_alone"] and target.is_file() and target.samefile(picture.path):
            return
        self.outputs.write(row["file"], data)
        if before and before["file"] != row["file"]:
            self.outputs.remove(before["file"])
        self._rows[row["stem"]] = row
        self._write_rows()

    def _write_rows(self) -> None:
        """Nothing is written where all is there; a list of outputs that was damaged is made whole."""
        if self._rows:
            self.outputs.write(ROWS, jsonl_bytes(dict(self._rows[stem]) for stem in sorted(self._rows)))

    def finish(self, pages: Sequence[Page], rows: Mapping[int, Row], about: Any) -> None:
        self._write_rows()
        out = self.outputs.out
        for name, read in about:
            folder = name.rpartition("/")[0]
            own = [page for page in pages if page.stem.rpartition("/")[0] == folder]
            there = [(at, rows[page.number]) for at, page in enumerate(own) if page.number in rows]
            facts = [PageFacts(at, (out / row["file"]).stat().st_size, *row["size"]) for at, row in there]
            self.outputs.write(name, with_pages(read(), facts))


class CbzPages:
    """Pages on their way into a CBZ, each with its row as a note: until all are there they lie in NAME.part."""

    def __init__(self, path: Path) -> None:
        self.path, self.failures = path, FailuresFile(path.with_suffix(f".{FAILURES}"))
        self.part = path.with_suffix(PART)
        self._old = open_own(path)
        self._held, self._is_held = ExitStack(), False
        notes = {} if self._old is None else {name: note for name, note in self._old.notes.items() if note}
        self._rows = {row["stem"]: row for row in _rows(parse_json(note.encode()) for note in notes.values())}
        self._sides: dict[str, Outputs] = {}

    def check(self, names: Mapping[str, list[str]], reads: Reads) -> list[str]:
        check_folder(self.path.parent)
        for path in (self.path, self.failures.path, self.part):
            reads.refuse(path)
        refuse_foreign(self.path, is_own(self.path), f"or was changed since it was made; {CURE}")
        self.failures.check()
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

    def name_of(self, page: Page, stem: str, suffix: str) -> str:
        own = own_suffix(page.picture)
        return page.stem + (own if EXTENSIONS_OF.get(own.lower()) == suffix else suffix)

    def samples_beside(self, samples: Beside) -> Beside:
        return samples if len(samples) > 1 else []

    def all_samples(self, page: str, beside: list[str]) -> list[str]:
        return beside

    def shown(self, row: Row) -> str:
        return f"{self.path.as_posix()}#{row['file']}"

    def side(self, kind: str) -> Outputs:
        """What lies beside the CBZ: NAME.layers, NAME.samples, NAME.suggested."""
        folder = kind if kind in ("samples", "suggested") else "layers"
        return self._sides.setdefault(folder, Outputs(self.path.with_suffix(f".{folder}"), "colorize"))

    def known(self, stem: str, made_of: str) -> Row | None:
        row = self._rows.get(stem)
        if row is None or row["made_of"] != made_of:
            there = _rows([read_json(path)]) if (path := self.part / f"{made_of}.json").is_file() else []
            row = there[0] if there else None
        return row if row and all(self.side(kind).has(names) for kind, names in row["sides"].items()) else None

    def keep(self, row: Row, data: bytes, picture: Picture) -> None:
        self._hold()
        write_atomic(self.part / row["made_of"], data)
        write_atomic(self.part / f"{row['made_of']}.json", json_bytes(dict(row)))

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
        members = [*said, *(Member(row["file"], _note(row), self._reads(row)) for _, _, row in in_place)]
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


def _rows(values: Any) -> list[Row]:
    """Those values that are rows."""
    found: list[Row] = []
    for value in values:
        with suppress(MisshapenError):
            found.append(of_shape(Row, value))
    return found


def _note(row: Row) -> str:
    return json.dumps(row, sort_keys=True, ensure_ascii=False)
