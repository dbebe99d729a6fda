"""What `comicdata colorize` says of its pages: in its JSON document, and in lines for people."""

from dataclasses import dataclass, field
from typing import Any

from comicdata.cli.chapter_rows import Page, Row, Store
from comicdata.cli.front import Front
from comicdata.cli.page_forms import DOCUMENTS, LAYERS
from comicdata.models.colorize import Colorized, Colorizer, Wishes
from comicdata.models.colorize.pages import EMPTY
from comicdata.models.colorize.strips import NOTHING

SAID_ALONE = 3  # pages that are left alone for which there is a line each


@dataclass
class Told:
    """`rows` and `left_alone`: what the command prints."""

    front: Front
    colorizer: Colorizer
    wished: Wishes
    rows: list[dict[str, Any]] = field(default_factory=list)
    left_alone: list[dict[str, Any]] = field(default_factory=list)
    _alone: list[tuple[str, str]] = field(default_factory=list)

    def note(self, store: Store, page: Page, row: Row, seconds: float) -> None:
        """Add a page to what the command prints."""
        output = store.shown(row)
        shown: dict[str, Any] = {"input": page.picture.name, "output": output}
        if row["left_alone"]:
            self.left_alone.append({**shown, "why": row["left_alone"]})
            if row["left_alone"] not in (NOTHING, EMPTY):
                self._alone.append((page.picture.label, row["left_alone"]))
            return
        beside = {
            kind: [(store.side(kind).out / name).as_posix() for name in names] for kind, names in row["sides"].items()
        }
        layers = beside.get("layers", [])
        documents = {form: name for form in DOCUMENTS for name in layers if name.endswith(f".{form}")}
        shown["files"] = {_form(output): output, **documents}
        if samples := beside.get("samples"):
            shown["samples"] = samples
        if own := {layer: name for layer in LAYERS for name in layers if name.endswith(f".{layer}.png")}:
            shown["layers"] = own
        if suggested := beside.get("suggested"):
            shown["suggested"] = suggested[0]
        self.rows.append({**shown, "panels": row["panels"], "unsure": row["unsure"], "seconds": round(seconds, 3)})

    @property
    def cure(self) -> str:
        """What to do for pages that are left alone."""
        knows = f"this run knows {self.colorizer.outline} line art"
        draws = "--recolor draws its outline first" if self.colorizer.draws else knows
        return f"{draws}; --line-art takes it as line art"

    def left_alone_lines(self) -> None:
        """A line for each page of a chapter that was left alone, or one for all where they are many."""
        alone, self._alone, cure = self._alone, [], self.cure
        if len(alone) > SAID_ALONE:
            (first, why), (last, _) = alone[0], alone[-1]
            self.front.warn(f"{first} to {last}, {len(alone)} pages: left alone, the first for it is {why}; {cure}")
            return
        for name, why in alone:
            self.front.warn(f"{name}: left alone: {why}; {cure}")

    def say(self, name: str, result: Colorized) -> None:
        """What was without effect, or could not be as it was wished for."""
        wished = self.wished
        if result.unheard:
            numbers = ", ".join(map(str, result.unheard))
            self.front.warn(
                f"{name}: between the panels, so without effect: hint {numbers}; move it into a panel, or take "
                "the picture as one panel with --layout single"
            )
        for note in dict.fromkeys(result.notes):
            self.front.warn(f"{name}: {note}")
        if len(result.images) < wished.samples:
            self.front.warn(f"{name}: only {len(result.images)} different colourings (--samples)")
        if wished.background is not None and not result.layers["background"].any():
            self.front.warn(f"{name}: nothing in it was found to be background (--background)")
        if len(result.suggested) < wished.suggest:
            self.front.warn(f"{name}: only {len(result.suggested)} places where a hint would help (--suggest)")


def _form(output: str) -> str:
    """The form of a picture, by its name, as --to has it."""
    suffix = output.rpartition(".")[2].lower()
    return {"webp": "webp", "png": "png"}.get(suffix, "jpeg")
