"""One file per kind of source; `open_sources` decides which one a SOURCE on the command line is."""

import tomllib
from collections.abc import Sequence
from importlib import import_module, resources
from pathlib import Path
from typing import Protocol

from comicdata.crawl.fetch import Answer
from comicdata.crawl.sources.site import SiteSource
from comicdata.crawl.web import Find, Visit
from comicdata.errors import UsageError
from comicdata.images import PICTURE_SUFFIXES
from comicdata.records import Episode, ImageRecord, Licence, Page, Series

OTHER_ARCHIVES = frozenset({".cbr", ".cb7", ".cbt", ".rar", ".7z", ".tar"})


class Source(Protocol):
    """A comic somewhere: what there is, and the bytes of one picture.

    `key` is (source, series_id), known without a request. `host` is the site that is asked, "" on this machine.
    `facts_sha256` is of the recipe or of the facts of the site; "" where the list costs nothing to read anew.
    `own_ids`: the ids are keys of the site, so that no other list can change them.
    """

    own_ids: bool

    @property
    def key(self) -> tuple[str, str]: ...

    @property
    def host(self) -> str: ...

    @property
    def facts_sha256(self) -> str: ...

    @property
    def finds(self) -> Sequence[Find]:
        """What the selectors found so far, for a probe."""
        ...

    def series(self) -> Series:
        """What the source says of the series; may ask the site, once."""
        ...

    def described(self, series: Series) -> Series:
        """The series again after a crawl, with what was learned on the way: robots.txt, opt-outs."""
        ...

    def episodes(self) -> Sequence[Episode]:
        """All episodes in reading order; may ask the site, once."""
        ...

    def pages(self, episode: Episode) -> Sequence[Page]:
        """The pictures of an episode in reading order; UnavailableError says what is wrong with it."""
        ...

    def read(self, page: Page, known: ImageRecord | None = None) -> Answer:
        """The bytes of a picture; with `known`, an Answer of status 304 where they did not change since. Called from
        several threads.
        """
        ...


def open_sources(
    spec: str, *, base: str | None = None, licence: Licence | None = None, visit: Visit | None = None
) -> list[Source]:
    """The sources behind one SOURCE: a URL, a recipe (file or shipped name), a folder, a CBZ or ZIP, a picture.

    `base` replaces the site address of a recipe; `licence` is what the user states of a source that names none.
    """
    from comicdata.crawl.sources.archive import ARCHIVES, open_archive
    from comicdata.crawl.sources.local import open_folder, open_picture

    path = Path(spec)
    kind = _kind(path)
    if spec.lower().startswith(("http://", "https://")):
        return [open_site(spec, visit or Visit(), licence)]
    if kind == "folder":
        return list(open_folder(path, licence))
    if path.suffix.lower() == ".toml" or spec in shipped_recipes():
        text = _recipe_text(path) if kind == "file" else shipped_recipes().get(spec)
        if text is None:
            raise UsageError(f"{spec}: no such recipe file")
        return [open_recipe(text, spec, visit or Visit(), base, licence)]
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


SITES = (
    "naver",
    "webtoons",
    "peppercarrot",
    "xkcd",
)  # modules beside this one: each has FACTS and open_url(url, visit, licence)


def open_site(url: str, visit: Visit, licence: Licence | None = None) -> SiteSource:
    """The source of the site that knows this URL; UsageError where none does."""
    for name in SITES:
        found: SiteSource | None = import_module(f"comicdata.crawl.sources.{name}").open_url(url, visit, licence)
        if found is not None:
            return found
    raise UsageError(
        f"{url}: no adapter for this site (there are: {', '.join(SITES)}); write a recipe (see docs/recipes.md) and "
        "name its file instead"
    )


def open_recipe(text: str, name: str, visit: Visit, base: str | None, licence: Licence | None) -> Source:
    """The source of a recipe: of a site that it describes, or of a comic that it points at ([source])."""
    from comicdata.crawl.sources.recipe import RecipeSource, load_recipe

    return _pointed_at(text, name, visit, licence) or RecipeSource(load_recipe(text, name), visit, base)


def _pointed_at(text: str, name: str, visit: Visit, licence: Licence | None) -> Source | None:
    """The comic behind [source]; None where the recipe has no such table, or is no TOML."""
    from comicdata.crawl.sources.pointer import Pointer
    from comicdata.crawl.sources.recipe import check_toml

    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    if "source" not in value:
        return None
    block = check_toml(Pointer, value, name).source
    stated = Licence(**block.licence.model_dump()) if block.licence else licence
    source = open_site(block.url, visit, stated)
    source.narrow(block.episodes)
    return source


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
