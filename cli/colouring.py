"""The work of `comicdata colorize`: one page after the other coloured and handed to where it belongs."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from comicdata import __version__
from comicdata.cli.chapters import Chapter, Page, Row, Store, own_suffix
from comicdata.cli.failures import Failures
from comicdata.cli.front import Front
from comicdata.cli.wishes import PageWishes
from comicdata.errors import ComicDataError, PartialError, PictureError, UsageError
from comicdata.files import json_bytes, sha256_bytes, sha256_file
from comicdata.flats.hints import hints_bytes
from comicdata.formats import EXTENSIONS
from comicdata.images import Decoded, Image, encode, encode_png, read_picture
from comicdata.layers.hint_files import SUGGESTED
from comicdata.models.colorize import Colorized, Colorizer, Wishes
from comicdata.models.colorize.pages import LeftAlone, check_places, colorize_picture
from comicdata.models.colorize.strips import NOTHING, Slices, colorize_strip
from comicdata.models.memory import memory_errors
from comicdata.outputs import mark
from comicdata.panels.layout import weigh_looks
from comicdata.panels.looks import Look, look_at
from comicdata.records import ColorFormat

MEMORY = "take --device cpu where this was a GPU, or end what else uses the memory"
LAYERS = ("background", "low-resolution")
SUFFIX = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
LOOKED_AT = 60  # pictures of a chapter by which it is told whether it is a strip
SAID_ALONE = 3  # pages that are left alone for which there is a line each
Sides = dict[str, list[tuple[str, bytes]]]  # by kind: names and bytes of files beside a page


def names_of(chapter: Chapter, wishes: Wishes, layers: bool, form: ColorFormat | None) -> dict[str, list[str]]:
    """All that may be made of a chapter in a folder, by its kind; "" is the pages themselves."""
    suffix = SUFFIX[form or "png"]
    names: dict[str, list[str]] = {}
    for page in chapter.pages:
        first, *others = _pictures(page.stem, wishes.samples)
        made = {"": [first], "samples": others, "layers": _layers(page.stem) if layers else []}
        made["suggested"] = [page.stem + SUGGESTED] if wishes.suggest else []
        for kind, stems in made.items():
            ends = suffix if kind in ("", "samples") else ""
            names.setdefault(kind, []).extend(f"{stem}{ends}" for stem in stems)
    return names


def _pictures(stem: str, samples: int) -> list[str]:
    """NAME, or NAME-1, NAME-2, ... of several samples."""
    return [stem] if samples == 1 else [f"{stem}-{number}" for number in range(1, samples + 1)]


def _layers(stem: str) -> list[str]:
    return [f"{stem}.{layer}.png" for layer in LAYERS]


def run_digest(run: Path) -> str:
    """What tells the weights of a run from others: of its file, or of those of the folder and its stages."""
    files = [run] if run.is_file() else sorted(run.glob("weights.safetensors")) + sorted(run.glob("stages/*/weights.*"))
    return sha256_bytes(repr([sha256_file(path) for path in files]).encode())


@dataclass
class Work:
    """Colours the pages of one command; what fails for one is a warning, a row and status 3."""

    front: Front
    run: Path
    colorizer: Colorizer
    wishes: PageWishes
    corrected: Any
    options: dict[str, Any]
    layers: bool
    form: ColorFormat | None
    rows: list[dict[str, Any]] = field(default_factory=list)
    left_alone: list[dict[str, Any]] = field(default_factory=list)
    again: int = 0
    done: int = 0

    def __post_init__(self) -> None:
        name = (self.run if self.run.is_dir() else self.run.parent).resolve().name
        self._mark = mark(name)
        made_by = {"version": __version__, "run": run_digest(self.run), "name": name}
        self._made_by = {**made_by, "form": self.form, "layers": self.layers, **self.options}

    def colorize(self, chapter: Chapter, update: Any) -> None:
        """Colour and write the pages of one chapter, those that are there already left as they are."""
        failures = Failures(self.front, chapter.store.failures, "colorize")
        rows: dict[int, Row] = {}
        alone: list[tuple[str, str]] = []
        start = time.monotonic()
        for page, row in self._rows(chapter):
            if isinstance(row, ComicDataError):
                failures.add(page.picture.name, row)
            else:
                rows[page.number] = row
                self._note(chapter.store, page, row, time.monotonic() - start)
                if row["left_alone"] not in ("", NOTHING):
                    alone.append((page.picture.name, row["left_alone"]))
            start = time.monotonic()
            self.done += 1
            update(self.done)
        self._say_left_alone(alone)
        try:
            chapter.store.finish(chapter.pages, rows, chapter.about)
        except PartialError as error:
            failures.add(chapter.about[0][0] if chapter.about else "the CBZ", error)
            chapter.store.finish(chapter.pages, rows, [])
        failures.finish()

    def _rows(self, chapter: Chapter) -> Iterator[tuple[Page, Row | ComicDataError]]:
        """The row of each page that is there or has been made, or what failed, in their order; a strip as a whole."""
        for _, group in groupby(chapter.pages, key=lambda page: page.group):
            pages = list(group)
            strip = self._strip_hash(pages)
            if strip and (all(self._known(chapter.store, page, strip) for page in pages) or self._is_strip(pages)):
                yield from self._strip_rows(chapter.store, pages, strip)
                continue
            for page in pages:
                try:
                    yield page, self._page(chapter.store, page)
                except PartialError as error:
                    yield page, error

    def _page(self, store: Store, page: Page) -> Row:
        """The row of a page that is there or has been made."""
        data = page.picture.data()
        made_of = self._made_of(page, sha256_bytes(data))
        row = store.known(page.stem, made_of)
        if row is not None:
            self.again += not row["left_alone"]
            return row
        decoded = self._decoded(page, data)
        return self._kept(store, page, data, decoded, self._colored(page, decoded), made_of)

    def _decoded(self, page: Page, data: bytes) -> Decoded:
        decoded = read_picture(data, page.picture.label)
        for note in decoded.notes:
            self.front.warn(f"{page.picture.label}: {note}")
        return decoded

    def _kept(
        self, store: Store, page: Page, data: bytes, decoded: Decoded, result: Colorized | LeftAlone, made_of: str
    ) -> Row:
        """Write what became of a page: its row."""
        size = [decoded.image.shape[1], decoded.image.shape[0]]
        plain = Row(stem=page.stem, file="", size=size, panels=0, left_alone="", sides={}, made_of=made_of)
        if isinstance(result, LeftAlone):
            suffix = own_suffix(page.picture) or EXTENSIONS[decoded.format]
            row = Row({**plain, "file": page.stem + suffix, "left_alone": result.why})
            store.keep(row, data, page.picture)
            return row
        self._say(page.picture.name, result)
        form = self.form or store.form(decoded.format)
        names = _pictures(page.stem, self.wishes.plain.samples)
        made = [encode(image, form, self._mark, decoded.dpi) for image in result.images]
        file = store.name_of(page, names[0], made[0][1])
        samples = [(name + suffix, data) for name, (data, suffix) in zip(names, made, strict=False)]
        sides = {"samples": store.samples_beside(samples), **self._sides(page.stem, result, decoded.dpi)}
        sides = {kind: files for kind, files in sides.items() if files}
        for kind, files in sides.items():
            store.side(kind).write_all(files)
        beside = {kind: [name for name, _ in files] for kind, files in sides.items()}
        row = Row({**plain, "file": file, "panels": len(result.panels), "sides": beside})
        store.keep(row, made[0][0], page.picture)
        return row

    def _made_of(self, page: Page, data: str) -> str:
        """The hash of all that decides the bytes of a page, with that of the pictures it is made of."""
        panels = repr(self.corrected.entries.get(page.number))
        parts = {"stem": page.stem, "data": data, "wishes": self.wishes.digest(page.number), "panels": panels}
        return sha256_bytes(json_bytes({**self._made_by, **parts}))

    def _colored(self, page: Page, decoded: Decoded) -> Colorized | LeftAlone:
        name, image = page.picture.name, decoded.image
        with memory_errors(f"on {name}; cut it into smaller pictures, take fewer --samples, {MEMORY}"):
            panels = self._panels(page.number, decoded)
            wishes = self.wishes.of(page.number, image)
            return colorize_picture(self.colorizer, image, wishes, name=name, panels=panels, **self.options)

    def _strip_hash(self, pages: Sequence[Page]) -> str:
        """That of all that decides the bytes of a strip; "" where the pages are none, by what a person said."""
        layout = self.options["layout"]
        given = any(page.number in self.corrected.entries for page in pages)
        if len(pages) < 2 or layout not in ("auto", "strip") or given:
            return ""
        parts = []
        for page in pages:
            try:
                parts.append(self._made_of(page, sha256_bytes(page.picture.data())))
            except PartialError:
                parts.append("")
        return sha256_bytes(repr(parts).encode())

    def _known(self, store: Store, page: Page, strip: str) -> Row | None:
        return store.known(page.stem, sha256_bytes(f"{strip}:{page.stem}".encode()))

    def _is_strip(self, pages: Sequence[Page]) -> bool:
        """Whether pictures are surely slices of one strip, by the first of them."""
        if self.options["layout"] == "strip":
            return True
        looks: list[Look | None] = []
        for page in pages[:LOOKED_AT]:
            try:
                looks.append(look_at(read_picture(page.picture.data(), page.picture.label).image))
            except PictureError:
                looks.append(None)
        evidence = weigh_looks(looks)
        return evidence.layout == "strip" and not evidence.doubt

    def _strip_rows(
        self, store: Store, pages: Sequence[Page], strip: str
    ) -> Iterator[tuple[Page, Row | ComicDataError]]:
        """The rows of slices of one strip; one that cannot be read parts it in two."""
        there = [self._known(store, page, strip) for page in pages]
        if all(there):
            self.again += sum(not row["left_alone"] for row in there if row)
            yield from ((page, row) for page, row in zip(pages, there, strict=True) if row)
            return
        sizes: dict[int, tuple[int, int]] = {}
        faults: dict[int, PartialError] = {}
        for page in pages:
            try:
                image = self._decoded(page, page.picture.data()).image
                check_places(self.wishes.of(page.number, image).hints, image, page.picture.name)
                sizes[page.number] = image.shape[1], image.shape[0]
            except PartialError as error:
                faults[page.number] = error
        widths = Counter(width for width, _ in sizes.values())
        for is_whole, run in groupby(pages, key=lambda page: page.number in sizes):
            if is_whole:
                yield from self._stretch(store, list(run), sizes, widths.most_common(1)[0][0], strip)
            else:
                yield from ((page, faults[page.number]) for page in run)

    def _stretch(
        self, store: Store, pages: list[Page], sizes: Mapping[int, tuple[int, int]], width: int, strip: str
    ) -> Iterator[tuple[Page, Row | ComicDataError]]:
        """The rows of slices that follow each other without a gap."""

        def read() -> Iterator[Image]:
            return (read_picture(page.picture.data(), page.picture.label).image for page in pages)

        slices = Slices(read, [sizes[page.number] for page in pages], [page.picture.name for page in pages], width)
        chosen = {name: self.options[name] for name in ("recolor", "line_art")}
        made = colorize_strip(
            self.colorizer, slices, lambda at, image: self.wishes.of(pages[at].number, image), **chosen
        )
        for page in pages:
            try:
                with memory_errors(f"on {page.picture.name}; take fewer --samples, {MEMORY}"):
                    result = next(made)
                data = page.picture.data()
                decoded = read_picture(data, page.picture.label)
                made_of = sha256_bytes(f"{strip}:{page.stem}".encode())
                yield page, self._kept(store, page, data, decoded, result, made_of)
            except StopIteration:
                yield page, PartialError(f"{page.picture.name}: not coloured, for the strip ends above it")
            except PartialError as error:
                yield page, error

    def _panels(self, number: int, decoded: Decoded) -> Any:
        """The panels that a person gave; those that do not fit are a fault of this picture alone."""
        try:
            return self.corrected.panels(number, decoded.image.shape[1], decoded.image.shape[0])
        except UsageError as error:
            raise PictureError(str(error)) from None

    def _sides(self, stem: str, result: Colorized, dpi: float | None) -> Sides:
        """Layers and suggestions, which lie beside a page."""
        layers = zip(LAYERS, _layers(stem), strict=True) if self.layers else ()
        there = [(name, result.layers[layer]) for layer, name in layers if layer in result.layers]
        places = [(stem + SUGGESTED, hints_bytes(result.suggested))] if self.wishes.plain.suggest else []
        return {
            "layers": [(name, encode_png(layer, self._mark, dpi=dpi)) for name, layer in there],
            "suggested": places,
        }

    def _note(self, store: Store, page: Page, row: Row, seconds: float) -> None:
        """Add a page to what the command prints."""
        shown: dict[str, Any] = {"input": page.picture.name, "output": store.shown(row)}
        if row["left_alone"]:
            self.left_alone.append({**shown, "why": row["left_alone"]})
            return
        beside = {
            kind: [(store.side(kind).out / name).as_posix() for name in names] for kind, names in row["sides"].items()
        }
        if samples := beside.get("samples"):
            shown["samples"] = store.all_samples(shown["output"], samples)
        if layers := beside.get("layers"):
            shown["layers"] = {layer: name for layer in LAYERS for name in layers if name.endswith(f".{layer}.png")}
        if suggested := beside.get("suggested"):
            shown["suggested"] = suggested[0]
        self.rows.append({**shown, "panels": row["panels"], "seconds": round(seconds, 3)})

    def _say_left_alone(self, alone: list[tuple[str, str]]) -> None:
        """A line for each, or one for all where they are many."""
        knows = f"this run knows {self.colorizer.outline} line art"
        cure = "--recolor draws its outline first" if self.colorizer.draws else knows
        cure += "; --line-art takes it as line art"
        if len(alone) > SAID_ALONE:
            (first, why), (last, _) = alone[0], alone[-1]
            self.front.warn(f"{first} to {last}, {len(alone)} pages: left alone, the first for it is {why}; {cure}")
            return
        for name, why in alone:
            self.front.warn(f"{name}: left alone: {why}; {cure}")

    def _say(self, name: str, result: Colorized) -> None:
        """What was without effect, or could not be as it was wished for."""
        wished = self.wishes.plain
        if result.unheard:
            numbers = ", ".join(map(str, result.unheard))
            self.front.warn(
                f"{name}: between the panels, so without effect: hint {numbers}; move it into a panel, or take "
                "the picture as one panel with --layout single"
            )
        for note in result.notes:
            self.front.warn(f"{name}: {note}")
        if len(result.images) < wished.samples:
            self.front.warn(f"{name}: only {len(result.images)} different colourings (--samples)")
        if wished.background is not None and not result.layers["background"].any():
            self.front.warn(f"{name}: nothing in it was found to be background (--background)")
        if len(result.suggested) < wished.suggest:
            self.front.warn(f"{name}: only {len(result.suggested)} places where a hint would help (--suggest)")
