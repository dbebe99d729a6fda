"""One file per kind of source; `open_sources` decides which one a SOURCE on the command line is."""

from typing import TYPE_CHECKING

from comicdata.lazy import door

if TYPE_CHECKING:
    from comicdata.crawl.sources.opening import Source, open_recipe, open_site, open_sources, shipped_recipes

__all__ = ["Source", "open_recipe", "open_site", "open_sources", "shipped_recipes"]
__getattr__, __dir__ = door(__name__, dict.fromkeys(__all__, "comicdata.crawl.sources.opening"))
