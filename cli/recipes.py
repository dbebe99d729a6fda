"""What decides the bytes of coloured pages: by its hash it is told whether a page is there already."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from comicdata import __version__
from comicdata.cli.chapter_rows import Page
from comicdata.cli.wishes import PageWishes
from comicdata.errors import PartialError
from comicdata.files import json_bytes, sha256_bytes, sha256_file
from comicdata.models.runs.records import CONFIG, read_config


@dataclass(frozen=True)
class Recipe:
    """All but the pictures: the run, what is wished, the panels that a person gave, and the options of the command."""

    run: Path
    wishes: PageWishes
    corrected: Any
    options: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Of the run."""
        return (self.run if self.run.is_dir() else self.run.parent).resolve().name

    @property
    def series(self) -> Sequence[str]:
        """Those that the run learned from."""
        folder = self.run if self.run.is_dir() else self.run.parent
        return read_config(folder).get("series", []) if (folder / CONFIG).is_file() else []

    @cached_property
    def weights(self) -> str:
        """What tells them from others."""
        return weights_digest(self.run)

    @cached_property
    def _parts(self) -> dict[str, Any]:
        return {"version": __version__, "run": self.weights, "name": self.name, **self.options}

    def of_page(self, page: Page, data: bytes) -> str:
        """The hash of all that decides the bytes of a page."""
        panels = repr(self.corrected.entries.get(page.number))
        wished = self.wishes.digest(page.number)
        own = {"stem": page.stem, "data": sha256_bytes(data), "wishes": wished, "panels": panels}
        return sha256_bytes(json_bytes({**self._parts, **own}))

    def of_slices(self, pages: Sequence[Page]) -> list[str]:
        """That of each slice of a strip: all of them decide what becomes of each."""
        parts = []
        for page in pages:
            try:
                parts.append(self.of_page(page, page.picture.data()))
            except PartialError:
                parts.append("")
        whole = sha256_bytes(repr(parts).encode())
        return [sha256_bytes(f"{whole}:{page.stem}".encode()) for page in pages]


def weights_digest(run: Path) -> str:
    """What tells the weights of a run from others: of its file, or of those of the folder and its stages."""
    files = [run] if run.is_file() else sorted(run.glob("weights.safetensors")) + sorted(run.glob("stages/*/weights.*"))
    return sha256_bytes(repr([sha256_file(path) for path in files]).encode())
