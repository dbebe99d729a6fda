"""What a SOURCE on the command line is, and what every source offers."""

from collections.abc import Sequence
from importlib import import_module, resources
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from comicdata.crawl.fetch import Answer
from comicdata.crawl.sources.site import SiteSource
from comicdata.crawl.web import Find, Visit
from comicdata.errors import UsageError
from comicdata.files import open_regular, read_regular
from comicdata.formats import ARCHIVES, HEAD, READ, sniff
from comicdata.reading.text import LARGEST_TOML, UnreadableError, parse_toml
from comicdata.records import Episode, ImageRecord, Licence, Page, Series


class Source(Protocol):
    """A comic somewhere: what there is, and the bytes of one picture.

    `key` is (source, series_id), known without a request. `host` is the site that is asked, "" on this machine.
    `facts_sha256` is of the recipe or of the facts of the site; "" where the list costs nothing to read anew.
    `own_ids`: the ids are keys of the site, so that no other list can change them. `cut_short` says after `episodes`
    why the list is not all that there is, "" where it is: such a list is not remembered.
    """

    own_ids: bool
    cut_short: str

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
    """The sources behind one SOURCE: a URL, a recipe (file or shipped name), a folder, an archive, a picture.

    `base` replaces the site address of a recipe; `licence` is what the user states of a source that names none.
    """
    if not spec.strip():
        raise UsageError("an empty text is no source; a folder is named by its path, this one by .")
    path = Path(spec)
    kind = _kind(path)
    if spec.lower().startswith(("http://", "https://")):
        return [open_site(spec, visit or Visit(), licence)]
    if kind == "folder":
        from comicdata.crawl.sources.local import open_folder

        return list(open_folder(path, licence))
    if path.suffix.lower() == ".toml" or spec in shipped_recipes():
        text = _recipe_text(path) if kind == "file" else shipped_recipes().get(spec)
        if text is None:
            raise UsageError(f"{spec}: no such recipe file")
        return [open_recipe(text, spec, visit or Visit(), base, licence)]
    if kind == "nothing":
        known = ", ".join(sorted(shipped_recipes()))
        raise UsageError(f"{spec}: no such file or folder, and no shipped recipe (there are: {known})")
    return _open_file(path, licence)


def _open_file(path: Path, licence: Licence | None) -> "list[Source]":
    """The source in one file, told by its content, or by its name where it holds neither a picture nor an archive."""
    from comicdata.crawl.sources.archive import kind_of
    from comicdata.crawl.sources.local import open_archive, open_picture

    try:
        with open_regular(path) as file:
            head = file.read(HEAD)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from error
    what = kind_of(path.name, head)
    if what == "page":
        return [open_picture(path, licence)]
    if what == "archive" or sniff(head) in ARCHIVES:
        opened: list[Source] = list(open_archive(path, licence))
        return opened
    taken = f"a folder, an archive (CBZ, CBR, CB7, CBT, PDF), a picture ({READ}) or a recipe (.toml)"
    what = f"{sniff(head)}, which is not read as a picture; save it as PNG or JPEG" if what else f"not {taken}"
    raise UsageError(f"{path}: {what}")


SITES = (
    "naver",
    "webtoons",
    "peppercarrot",
    "xkcd",
)  # modules beside this one: each has FACTS and open_url(url, visit, licence)


def open_site(url: str, visit: Visit, licence: Licence | None = None) -> SiteSource:
    """The source of the site that knows this URL; UsageError where none does, and for what is no address."""
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        raise UsageError(f"{url}: not a valid address ({error})") from None
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
        value = parse_toml(text)
    except UnreadableError:
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
        return "folder" if path.is_dir() else "file" if path.exists() else "nothing"
    except (OSError, ValueError):
        return "nothing"


def _recipe_text(path: Path) -> str:
    try:
        return read_regular(path, LARGEST_TOML).decode("utf-8")
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
