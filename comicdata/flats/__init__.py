"""Line art to flats: `find_regions` closes gaps and numbers the regions, `paint` colours them by a person's hints."""

from typing import TYPE_CHECKING

from comicdata.lazy import door

if TYPE_CHECKING:
    from comicdata.flats.hints import read_hints
    from comicdata.flats.painting import Painted, paint
    from comicdata.flats.regions import Regions, find_regions

__all__ = ["Painted", "Regions", "find_regions", "paint", "read_hints"]
__getattr__, __dir__ = door(
    __name__,
    dict.fromkeys(("Painted", "paint"), "comicdata.flats.painting")
    | dict.fromkeys(("Regions", "find_regions"), "comicdata.flats.regions")
    | {"read_hints": "comicdata.flats.hints"},
)
