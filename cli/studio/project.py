"""The project folder: the pages of one chapter, what was done to each, and the files that other commands take.

    OUT/studio/studio.json           the pages, in their order
    OUT/studio/pages/NAME.png        as they came
    OUT/studio/history/NAME.jsonl    every change, for ever: what the page is follows from it
    OUT/studio/hints/NAME.json       what `--hints OUT/studio/hints` takes
    OUT/studio/moods/NAME.png        what `--mood OUT/studio/moods` takes
    OUT/studio/choices/NAME.json     the other options
    OUT/studio/kept/HASH.png         pictures that were dropped as moods
    OUT/studio/references/HASH.png   what `--reference` takes
    OUT/studio/coloured/             what was made

The rule of this file: nothing is written outside the folder, and names in it are made here.
"""

import re
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from comicdata.cli.studio.changes import CHOICES, MOST_REFERENCES, Change, Document, Known, State, change_of, replayed
from comicdata.cli.studio.trained import Run
from comicdata.crawl.names import free_name, slug
from comicdata.errors import ComicDataError, IntegrityError, PartialError, UsageError
from comicdata.files import append_line, delete, json_bytes, on_disk, read_json, read_lines, sha256_bytes, write_atomic
from comicdata.flats.hints import Mark, hints_bytes, marks_from, parse_color
from comicdata.formats import EXTENSIONS, sniff
from comicdata.images import Image, encode_png, read_image
from comicdata.layers.drawings import read_drawing
from comicdata.layers.hint_files import Source
from comicdata.reading.text import UnreadableError, parse_json

LIST = "studio.json"
LONGEST_SIDE = 256  # of a picture that sets a mood: more is not looked at
PAGE_ID = re.compile(r"p[0-9a-f]{12}")


class StaleError(ComicDataError):
    """Somebody else, or another window, changed the page meanwhile: `document` is what it is now."""

    status = 2

    def __init__(self, document: Document) -> None:
        super().__init__("this page was changed in another window meanwhile")
        self.document = document


@dataclass(frozen=True)
class Page:
    """`file` in pages/, `stem` what its other files are called, `name` what a person calls it."""

    id: str
    stem: str
    file: str
    name: str
    width: int
    height: int


class Project:
    """One chapter. All methods may be called from several threads."""

    def __init__(self, folder: Path) -> None:
        """UsageError where the folder holds something else."""
        self.folder = folder
        self.run = ""  # what pages are coloured by until somebody chooses
        self.runs: Sequence[str] = ()
        self.remembered: list[str] = []  # the folders of the runs it was opened with last
        self._lock = threading.RLock()
        self._documents: dict[str, Document] = {}
        self.pages = {page.id: page for page in self._read()}

    def _read(self) -> Iterator[Page]:
        path = self.folder / LIST
        if not path.exists():
            if self.folder.is_dir() and any(one.name != ".lock" for one in self.folder.iterdir()):
                raise UsageError(
                    f"{self.folder}: holds no project of the studio but something else; name another --out"
                )
            return
        try:
            found = read_json(path)
            self.remembered = [str(one) for one in found.get("runs", ())]
            for one in found["pages"]:
                page = Page(**one)
                if not PAGE_ID.fullmatch(page.id) or PurePath(page.file).name != page.file or "/" in page.stem:
                    raise ValueError(page.file)
                yield page
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise IntegrityError(f"{path}: not what the studio writes; take it away, pages/ has its pages") from error

    def add(self, name: str, data: bytes) -> Page:
        """Take in a drawing, its bytes as they are; PictureError for what is none. One that is there already stays."""
        decoded = read_drawing(data, name)
        digest = sha256_bytes(data)
        with self._lock:
            found = self.pages.get(f"p{digest[:12]}")
            if found is not None:
                return found
            stem = free_name(
                slug(PurePath(name.replace("\\", "/")).stem, "p"), {one.stem: 1 for one in self.pages.values()}
            )
            kept = EXTENSIONS.get(sniff(data) or "")
            file = f"{stem}{kept or '.png'}"
            write_atomic(self.folder / "pages" / file, data if kept else encode_png(decoded.image, dpi=decoded.dpi))
            height, width = decoded.image.shape[:2]
            page = Page(f"p{digest[:12]}", stem, file, name[:200], width, height)
            self.pages[page.id] = page
            self._save()
            return page

    def remove(self, page: Page) -> None:
        """Take a page out. Its files move to removed/, so that nothing is lost."""
        with self._lock:
            for place in self._files(page):
                if place.exists():
                    kept = self.folder / "removed" / place.relative_to(self.folder)
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    place.replace(kept)
            self._documents.pop(page.id, None)
            del self.pages[page.id]
            self._save()

    def _files(self, page: Page) -> list[Path]:
        stem = page.stem
        names = [f"pages/{page.file}", f"history/{stem}.jsonl", f"hints/{stem}.json", f"moods/{stem}.png"]
        return [self.folder / name for name in [*names, f"choices/{stem}.json"]]

    def _save(self) -> None:
        pages = [asdict(page) for page in self.pages.values()]
        write_atomic(self.folder / LIST, json_bytes({"runs": self.remembered, "pages": pages}))

    def use(self, runs: Sequence[Run]) -> None:
        """Colour by these runs, the first of them unless somebody chooses, and open them the next time too."""
        self.run = next((run.id for run in runs if run.is_trained), "")
        self.runs = [run.id for run in runs]
        folders = [str(run.folder.resolve()) for run in runs]
        if folders and folders != self.remembered:
            self.remembered = folders
            self._save()

    def picture(self, page: Page) -> bytes:
        """The bytes of a page; PartialError where somebody took it away."""
        data = on_disk(self.folder / "pages" / page.file)
        if data is None:
            raise PartialError(f"pages/{page.file} of the project is gone")
        return data

    def document(self, page: Page) -> Document:
        """What a page is. Hints that somebody wrote into its file by hand are a change like any other."""
        with self._lock:
            if page.id not in self._documents:
                start = State(choices={**CHOICES, "run": self.run})
                try:
                    found = replayed(read_lines(self._history(page)), start)
                except (LookupError, TypeError, ValueError) as error:
                    path = self._history(page)
                    raise IntegrityError(f"{path}: not what the studio writes; take it away, hints stay") from error
                self._documents[page.id] = found
                self._take_by_hand(page)
            return self._documents[page.id]

    def _take_by_hand(self, page: Page) -> None:
        path = self.folder / "hints" / f"{page.stem}.json"
        data, state = on_disk(path), self._documents[page.id].state
        if data is None or data == _hint_file(state.hints):
            return
        try:
            entries = parse_json(data, by_hand=True)
        except UnreadableError as error:
            raise UsageError(f"{path}: cannot be read as hints ({error})") from error
        wished = {"at": 0, "remove": len(state.hints), "add": entries}
        self._append(page, change_of(state, wished, Known()))

    def change(self, page: Page, version: int, wished: Any) -> Document:
        """Make a change to a page of this version; StaleError where it is another by now, UsageError for no change."""
        with self._lock:
            document = self._fresh(page, version)
            known = Known(self.runs, self.kept("kept"), self.kept("references"))
            return self._append(page, change_of(document.state, wished, known))

    def choose_everywhere(self, chosen: dict[str, Any]) -> int:
        """Choose this for every page; how many had chosen something else. UsageError where it cannot be chosen."""
        with self._lock:
            documents = {id: self.document(page) for id, page in self.pages.items()}
            others = [
                (self.pages[id], one.version)
                for id, one in documents.items()
                if any(one.state.choices.get(name) != value for name, value in chosen.items())
            ]
            for page, version in others:
                self.change(page, version, {"choose": chosen})
            return len(others)

    def refer_others(self, page: Page, reference: str) -> int:
        """Switch a reference on for all pages but one; for how many it was not on, and had room."""
        with self._lock:
            count = 0
            for other in self.pages.values():
                document = self.document(other)
                there = document.state.choices["references"]
                if other.id != page.id and reference not in there and len(there) < MOST_REFERENCES:
                    self.change(other, document.version, {"choose": {"references": [*there, reference]}})
                    count += 1
            return count

    def step(self, page: Page, version: int, way: str) -> Document:
        """Undo or redo; nothing happens where there is nothing to."""
        with self._lock:
            document = self._fresh(page, version)
            there = document.done if way == "undo" else document.undone
            return self._append(page, {way: True}) if there else document

    def _fresh(self, page: Page, version: int) -> Document:
        document = self.document(page)
        if version != document.version:
            raise StaleError(document)
        return document

    def _history(self, page: Page) -> Path:
        return self.folder / "history" / f"{page.stem}.jsonl"

    def _append(self, page: Page, row: Change) -> Document:
        """History first: what else lies there follows from it."""
        document = self.document(page).after(row)
        append_line(self._history(page), row)
        self._documents[page.id] = document
        self._write_files(page, document.state)
        return document

    def _write_files(self, page: Page, state: State) -> None:
        mood = None if state.choices["mood"] is None else encode_png(self.mood(state.choices["mood"]))
        files = {
            f"hints/{page.stem}.json": _hint_file(state.hints) if state.hints else None,
            f"moods/{page.stem}.png": mood,
            f"choices/{page.stem}.json": json_bytes(dict(state.choices)),
        }
        for name, data in files.items():
            path = self.folder / name
            if data is None:
                delete(self.folder, path, record=True)
            elif on_disk(path) != data:
                write_atomic(path, data, durable=False)

    def hints(self, page: Page, state: State) -> tuple[tuple[Mark, ...], tuple[str, ...]]:
        """The hints, as `--hints` reads them, and what is worth a word."""
        source = Source.of_json(Path(page.stem), list(state.hints), page.name)
        return source.marks or (), source.notes

    def keep_mood(self, data: bytes, name: str) -> str:
        """Keep so much of a picture as a mood needs; its id."""
        picture = read_drawing(data, name).image
        step = -(-max(picture.shape[:2]) // LONGEST_SIDE)
        kept = encode_png(picture[::step, ::step].copy())
        return self._keep("kept", kept)

    def keep_reference(self, data: bytes, name: str) -> str:
        """Keep a picture in colour whose colours may be taken over; its id."""
        return self._keep("references", encode_png(read_drawing(data, name).image))

    def _keep(self, place: str, png: bytes) -> str:
        digest = sha256_bytes(png)[:16]
        write_atomic(self.folder / place / f"{digest}.png", png)
        return digest

    def kept(self, place: str) -> list[str]:
        """The ids of pictures in kept/, which set moods, or in references/."""
        return [path.stem for path in sorted((self.folder / place).glob("*.png"))]

    def reference(self, reference: str) -> Path:
        """Where a kept picture lies."""
        return self.folder / "references" / f"{reference}.png"

    def mood(self, mood: str) -> Image:
        """A colour, or a kept picture: (H, W, 3)."""
        color = parse_color(mood)
        return np.array([[color]], np.uint8) if color else read_image(self.folder / "kept" / f"{mood}.png")


def _hint_file(hints: Sequence[Any]) -> bytes:
    return hints_bytes(marks_from(list(hints), "hints"))
