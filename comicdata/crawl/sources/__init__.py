"""One file per kind of source; `open_sources` decides which one a SOURCE on the command line is."""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Protocol

from comicdata.crawl.fetch import Fetcher
from comicdata.errors import UsageError
from comicdata.images import PICTURE_SUFFIXES
from comicdata.records import Episode, Licence, Page, Series

OTHER_ARCHIVES = frozenset({".cbr", ".cb7", ".cbt", ".rar", ".7z", ".tar"})


class Source(Protocol):
    """A comic somewhere: what there is, and the bytes of one picture."""

    def series(self) -> Series: ...

    def episodes(self) -> Sequence[Episode]: ...

    def pages(self, episode: Episode) -> Sequence[Page]: ...

    def read(self, page: Page) -> bytes: ...


def open_sources(
    spec: str, *, base: str | None = None, licence: Licence | None = None, fetcher: Fetcher | None = None
) -> list[Source]:
    """The sources behind one SOURCE: a recipe (file or shipped name), a folder, a CBZ or ZIP, a picture.

    `base` replaces the site address of a recipe; `licence` is what the user states of a local source.
    """
    from comicdata.crawl.sources.archive import ARCHIVES, open_archive
    from comicdata.crawl.sources.local import open_folder, open_picture
    from comicdata.crawl.sources.recipe import RecipeSource, load_recipe

    if spec.lower().startswith(("http://", "https://")):
        raise UsageError(f"{spec}: no recipe for this site; write one (see docs/recipes.md) and name its file instead")
    path = Path(spec)
    kind = _kind(path)
    if kind == "folder":
        return list(open_folder(path, licence))
    if path.suffix.lower() == ".toml" or spec in shipped_recipes():
        text = _recipe_text(path) if kind == "file" else shipped_recipes().get(spec)
        if text is None:
            raise UsageError(f"{spec}: no such recipe file")
        return [RecipeSource(load_recipe(text, spec), fetcher or Fetcher(), base)]
    if kind == "nothing":
        known = ", ".join(sorted(shipped_recipes()))
        raise UsageError(f"{spec}: no such file or folder, and no shipped recipe (there are: {known})")
    if path.suffix.lower() in ARCHIVES:
        return [open_archive(path, licence)]
    if path.suffix.lower() in PICTURE_SUFFIXES:
        return [open_picture(path, licence)]
    if path.suffix.lower() in OTHER_ARCHIVES:
        raise UsageError(f"{spec}: only CBZ and ZIP archives are read; convert it to CBZ")
    raise UsageError(f"{spec}: not a folder, a CBZ or ZIP, a picture (JPEG, PNG, WebP, GIF) or a recipe (.toml)")


def _kind(path: Path) -> str:
    """ "folder", "file" or "nothing"; a name that no file system takes is nothing."""
    try:
        return "folder" if path.is_dir() else "file" if path.is_file() else "nothing"
    except (OSError, ValueError):
        return "nothing"


def _recipe_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read as UTF-8 text ({error})") from error


def shipped_recipes() -> dict[str, str]:
    """Text of the recipes that come with the package, by name."""
    folder = resources.files("comicdata.recipes")
    return {
        entry.name.removesuffix(".toml"): entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".toml")
    }
