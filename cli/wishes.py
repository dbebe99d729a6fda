"""What a person wishes of a colouring, as the options of `colorize` say it: for all pages, and for each."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from comicdata.errors import UsageError
from comicdata.files import sha256_bytes
from comicdata.flats.colours import lab_of_colours
from comicdata.flats.hints import parse_color
from comicdata.images import Image
from comicdata.layers.hint_files import HintFiles, read_hint_files
from comicdata.layers.mood_files import MoodFiles, read_mood_files
from comicdata.layers.page_files import Pages
from comicdata.layers.palettes import Palette, read_palette
from comicdata.models.colorize import Colorizer, PaletteColorizer, Wishes
from comicdata.models.colorize.recoloured import recoloured
from comicdata.models.colorize.references import Reference

UNLIKE = 20.0  # CIELAB: as far as this from the nearest a colour is another one


@dataclass(frozen=True)
class PageWishes:
    """`plain`: what is wished for every page, but for what the files say."""

    plain: Wishes
    hints: HintFiles
    moods: MoodFiles
    palette: Palette | None
    paths: tuple[Path, ...]

    @property
    def notes(self) -> list[str]:
        """What is worth a word before any work."""
        alone = not self.plain.follow and not self.hints.rounds
        words = ["--no-follow: without --hints there is nothing that anything could follow"] if alone else []
        return [*self.hints.notes, *self.moods.notes, *words]

    def heard_by(self, colorizer: Colorizer, references: Sequence[Path] = ()) -> "PageWishes":
        """The same, of the colours of this run; UsageError where its model cannot do what is wished."""
        moods = self.moods.paths or self.moods.everywhere
        files: dict[str, Any] = {
            "hints": self.hints.rounds,
            "moods": moods,
            "palette": self.palette and self.paths,
            "references": references,
        }
        colorizer.check(replace(self.plain, **files))
        if self.palette is None or not isinstance(colorizer, PaletteColorizer):
            return self
        colors = recoloured(colorizer.palette, self.palette, str(self.paths[-1]))
        return replace(self, plain=replace(self.plain, palette=colors))

    def shown(self, references: Sequence[Reference]) -> "PageWishes":
        """The same with references for every page."""
        return replace(self, plain=replace(self.plain, references=references))

    def notes_for(self, colorizer: Colorizer) -> list[str]:
        """What is worth a word of the colours that are wished, beside those of this run."""
        if not isinstance(colorizer, PaletteColorizer):
            return []
        return [*self._strange_moods(colorizer), *self._lost_colours()]

    def _strange_moods(self, colorizer: PaletteColorizer) -> list[str]:
        """A word on every mood of one colour that is unlike all colours of the run."""
        said, palette = [], colorizer.palette
        for mood in (one.reshape(3) for one in self.moods.everywhere if one.size == 3):
            far = np.linalg.norm(lab_of_colours(palette) - lab_of_colours(mood), axis=1)
            if far.min() > UNLIKE:
                wished, nearest = (f"#{bytes(one).hex()}" for one in (mood, palette[far.argmin()]))
                said.append(f"--mood {wished}: this run has no colour like it; the nearest, {nearest}, is taken")
        return said

    def _lost_colours(self) -> list[str]:
        """A word on a palette of one colour, and on one with more than a run can paint."""
        if self.palette is None or self.plain.palette is None:
            return []
        given, used = len(self.palette.colors), len(np.unique(self.plain.palette, axis=0))
        if used == 1:
            return [f"--palette {self.paths[-1]}: everything but hints gets its one colour"]
        few = f"--palette {self.paths[-1]}: {used} of its {given} colours are used, those nearest to the run's"
        return [few] if given > len(self.plain.palette) else []

    def of(self, page: int, picture: Image) -> Wishes:
        """What is wished for one page, by its number from 0; PictureError for a file of its own that is not right."""
        height, width = picture.shape[:2]
        sources = [source for one in self.hints.of(page) for source in one]
        hints = [hint for source in sources for hint in source.read(width, height)]
        return replace(self.plain, hints=hints, moods=self.moods.of(page))

    def digest(self, page: int) -> str:
        """What tells whether the wishes for a page are the same as before."""
        hints = [[source.digest() for source in one] for one in self.hints.of(page)]
        plain = [_told(getattr(self.plain, one.name)) for one in fields(self.plain)]
        return sha256_bytes(repr([plain, hints, _told(self.moods.of(page))]).encode())


def _told(value: Any) -> Any:
    """A value whose text tells it from all others."""
    if isinstance(value, np.ndarray):
        return value.shape, sha256_bytes(value.tobytes())
    if isinstance(value, Reference):
        return value.look, _told(value.colors)  # its keys follow from these and the run
    return [_told(one) for one in value] if isinstance(value, list | tuple) else value


def read_wishes(
    pages: Pages, hints: Path | None, moods: Sequence[str], palette: Path | None, background: str | None, **others: Any
) -> PageWishes:
    """The wishes that options and their files hold, for pages given by all their names; UsageError for what is none."""
    given, felt = read_hint_files([hints] if hints else [], pages), read_mood_files(moods, pages)
    plain = Wishes(background=_color(background), **others)
    paths = (*given.paths, *felt.paths, *([palette] if palette else []))
    return PageWishes(plain, given, felt, read_palette(palette) if palette else None, paths)


def _color(text: str | None) -> tuple[int, int, int] | None:
    """#88ccee as three numbers; UsageError when it is no such thing."""
    if text is None:
        return None
    color = parse_color("#" + text.removeprefix("#"))
    if color is None:
        raise UsageError(f"--background {text}: a colour looks like #88ccee")
    return color
