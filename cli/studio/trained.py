"""The runs that the studio was given: found at the start, their weights loaded when somebody colours with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comicdata.crawl.names import unique
from comicdata.errors import UsageError
from comicdata.flats.hints import hex_of

if TYPE_CHECKING:
    from comicdata.models.colorize import Colorizer

# To begin with where no run has colours: skin, hair, cloth, sky, leaves, earth, night.
PLAIN = (
    *("#ffffff", "#fbe3d0", "#f3c6a5", "#d99b73", "#9a6243", "#5b3a29", "#f6d55c", "#f2a541", "#e4572e", "#b3202c"),
    *("#f4b6c2", "#c77dba", "#7b4b94", "#3c2a6b", "#88ccee", "#4a90d9", "#23527c", "#14263f", "#bfe3b4", "#6aa84f"),
    *("#2f6b3a", "#c9c9c9", "#7a7f87", "#2b2d33"),
)


@dataclass
class Run:
    """A run folder; `id` is what choices call it: the same for the same name of a folder."""

    id: str
    folder: Path
    device: str = "auto"

    @property
    def name(self) -> str:
        return self.folder.resolve().name

    @property
    def is_trained(self) -> bool:
        """Whether there are weights: a training may have just begun."""
        return (self.folder / "weights.safetensors").is_file() or (self.folder / "stages").is_dir()

    @cached_property
    def colorizer(self) -> "Colorizer":
        from comicdata.models.colorize import load_colorizer

        return load_colorizer(self.folder, self.device)

    def told(self) -> dict[str, Any]:
        """What a browser has to know to offer what this run can do."""
        colorizer = self.colorizer
        colors = _by_share(colorizer) if hasattr(colorizer, "palette") else PLAIN
        heeds = {name: name in colorizer.heeds for name in HEEDS}
        return {"colors": colors, "styles": colorizer.styles, "style": colorizer.style, **heeds}


HEEDS = ("hints", "moods", "follow", "samples", "background", "suggest", "references")
FLATS = {"colors": PLAIN, "styles": (), "style": "flats", **{name: name in ("hints", "suggest") for name in HEEDS}}


def _by_share(colorizer: Any) -> list[str]:
    from comicdata.models.runs.palette import palette_shares

    shares = palette_shares(colorizer.chooser.palette, colorizer.chooser.share)
    return [hex_of(one.color) for one in sorted(shares, key=lambda one: -shares[one])]


def find_runs(folders: Sequence[Path], device: str) -> list[Run]:
    """The runs in folders; UsageError for a folder that is none."""
    for folder in folders:
        if not (folder / "config.json").is_file():
            raise UsageError(f"{folder}: no run here (no config.json); make one with comicdata train")
    ids = unique([folder.resolve().name for folder in folders], "r")
    return [Run(name, folder, device) for name, folder in zip(ids, folders, strict=True)]
