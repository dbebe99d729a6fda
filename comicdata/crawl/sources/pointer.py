"""A TOML file that points at a comic of a site that an adapter knows, and says which episodes make a data set."""

from pydantic import Field

from comicdata.crawl.sources.recipe import LicenceBlock, Strict


class SourceBlock(Strict):
    """`url` as on the command line, `episodes` such as "1-238"; `note` is for people."""

    url: str = Field(pattern="^https?://")
    episodes: str | None = None
    licence: LicenceBlock | None = None
    note: str = ""


class Pointer(Strict):
    """A whole pointer file."""

    source: SourceBlock
