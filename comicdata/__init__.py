"""comicdata: from webtoons to trained colorizers. docs/python.md walks the whole road."""

from typing import TYPE_CHECKING

from comicdata.lazy import door

if TYPE_CHECKING:
    from comicdata.flats.regions import find_flats
    from comicdata.outlines import canny_black, xdog
    from comicdata.pairs.make import make_pairs
    from comicdata.pairs.manifest import read_manifest
    from comicdata.panels import find_panels

__version__ = "0.1.0"
__all__ = ["canny_black", "find_flats", "find_panels", "make_pairs", "read_manifest", "xdog"]
ROOMS = (
    *("crawl", "drawn", "episodes", "errors", "exports", "files", "flats", "forget", "images", "models"),
    *("outlines", "outputs", "pairs", "panels", "records"),
)
NAMES = {
    "canny_black": "comicdata.outlines",
    "find_flats": "comicdata.flats.regions",
    "find_panels": "comicdata.panels",
    "make_pairs": "comicdata.pairs.make",
    "read_manifest": "comicdata.pairs.manifest",
    "xdog": "comicdata.outlines",
}
__getattr__, __dir__ = door(__name__, NAMES, ROOMS)
