"""One page in colour: made, unless it is there, made of the same; and what is made of it written where it belongs."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from comicdata.cli.cast_files import NAME as CAST
from comicdata.cli.cast_files import cast_bytes
from comicdata.cli.chapter_rows import Page, Row, Store, own_suffix
from comicdata.cli.coloured import Told
from comicdata.cli.front import Front
from comicdata.cli.page_forms import Files, Forms
from comicdata.cli.recipes import Recipe
from comicdata.cli.remembering import KIND, Memory
from comicdata.errors import PictureError, UsageError
from comicdata.formats import EXTENSIONS
from comicdata.images import Decoded, Image, read_picture
from comicdata.models.colorize import Colorized, Colorizer, LeftAlone, PaletteColorizer, Wishes, colorize_picture
from comicdata.models.colorize.pages import references_of
from comicdata.models.colorize.references import Reference
from comicdata.models.memory import memory_errors
from comicdata.outputs import mark

MEMORY = "take --device cpu where this was a GPU, or end what else uses the memory"


class Source(NamedTuple):
    """What a page came as: its bytes, when they are asked for, its width and height, its format, its resolution."""

    data: Callable[[], bytes]
    size: tuple[int, int]
    format: str
    dpi: float | None

    @classmethod
    def of(cls, data: Callable[[], bytes], decoded: Decoded) -> "Source":
        height, width = decoded.image.shape[:2]
        return cls(data, (width, height), decoded.format, decoded.dpi)


@dataclass
class Maker:
    """Colours pages; `options` are those of `colorize_picture`. `done`: pages of the command so far; `again`: how many
    of those that were coloured were there already.
    """

    front: Front
    colorizer: Colorizer
    recipe: Recipe
    forms: Forms
    options: dict[str, Any]
    told: Told
    update: Any
    memory: Memory | None = None
    done: int = 0
    again: int = 0

    def __post_init__(self) -> None:
        self.wishes, self._mark = self.recipe.wishes, mark(self.recipe.name)

    def page(self, store: Store, page: Page) -> Row:
        """The row of a page that is there or has been made."""
        data = page.picture.data()
        made_of = self.recipe.of_page(page, data)
        row = store.known(page.stem, made_of)
        if row is not None:
            self.again += not row["left_alone"]
            return row
        decoded = self.decoded(page, data)
        result = self._colored(store, page, decoded)
        if isinstance(result, LeftAlone) and self.memory is not None:
            result = replace(result, kept=self._seen(decoded.image))
        return self.kept(store, page, Source.of(lambda: data, decoded), result, made_of)

    def decoded(self, page: Page, data: bytes) -> Decoded:
        decoded = read_picture(data, page.picture.label)
        for note in decoded.notes:
            self.front.warn(f"{page.picture.label}: {note}")
        return decoded

    def kept(self, store: Store, page: Page, source: Source, result: Colorized | LeftAlone, made_of: str) -> Row:
        """Write what became of a page: its row."""
        row = Row(
            stem=page.stem,
            file=page.stem + (own_suffix(page.picture) or EXTENSIONS[source.format]),
            size=[*source.size],
            panels=0,
            unsure=None,
            doubt=None,
            left_alone=result.why if isinstance(result, LeftAlone) else "",
            sides={},
            made_of=made_of,
        )
        remembered: dict[str, Files] = {}
        if self.memory is not None and result.kept:
            remembered[KIND] = self.memory.files(page.stem, result.kept)
            store.side(KIND).write_all(remembered[KIND])
        if isinstance(result, LeftAlone):
            row |= {"sides": {kind: [name for name, _ in files] for kind, files in remembered.items()}}
            store.keep(row, source.data(), page.picture)
            return row
        self.told.say(page.picture.label, result)
        kind = self.forms.page or store.form(source.format)
        data, suffix, sides = self.forms.made(page.stem, result, kind, self._mark, source.dpi)
        for name, files in sides.items():
            store.side(name).write_all(files)
        beside = {kind: [name for name, _ in files] for kind, files in (sides | remembered).items()}
        row |= {"file": store.name_of(page, suffix), "panels": len(result.panels), "sides": beside}
        row |= {"unsure": result.unsure, "doubt": result.doubt}
        store.keep(row, data, page.picture)
        return row

    def write_cast(self, store: Store, pages: Sequence[Page]) -> None:
        """The cast of a chapter, unless a person changed what is there."""
        kept = self.memory.pages(store, pages) if self.memory else []
        side = store.side(KIND)
        if kept and not side.kept([CAST]):
            side.write(CAST, cast_bytes(kept, self.recipe.weights, self.recipe.series))

    def wishes_of(self, store: Store, page: Page, image: Image) -> Wishes:
        """What is wished for a page, and what is remembered of those before it."""
        wishes = self.wishes.of(page.number, image)
        if self.memory is None:
            return wishes
        return replace(wishes, memory=self.memory.before(store, page), remember=True)

    def _seen(self, image: Image) -> tuple[Reference, ...]:
        """What is remembered of a page that came in colour."""
        if isinstance(self.colorizer, PaletteColorizer):
            with suppress(PictureError):
                return tuple(references_of(self.colorizer, image))
        return ()

    def _colored(self, store: Store, page: Page, decoded: Decoded) -> Colorized | LeftAlone:
        name, image = page.picture.label, decoded.image
        with memory_errors(f"on {name}; cut it into smaller pictures, take fewer --samples, {MEMORY}"):
            panels = self._panels(page.number, decoded)
            wishes = self.wishes_of(store, page, image)
            return colorize_picture(
                self.colorizer, image, wishes, name=name, panels=panels, told=self.panel_done, **self.options
            )

    def panel_done(self, number: int, of: int) -> None:
        """Move the bar by a panel of a page, or, where nobody knows of how many it is, say which it is."""
        share = number / (of + 1) if of else 0
        self.update(self.done + share, f"panel {number} of {of}" if of else f"panel {number}")

    def _panels(self, number: int, decoded: Decoded) -> Any:
        """The panels that a person gave; those that do not fit are a fault of this picture alone."""
        try:
            return self.recipe.corrected.panels(number, decoded.image.shape[1], decoded.image.shape[0])
        except UsageError as error:
            raise PictureError(str(error)) from None
