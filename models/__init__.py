"""From pairs to pictures in colour."""

from typing import TYPE_CHECKING

from comicdata.lazy import door

if TYPE_CHECKING:
    from comicdata.models.colorize import Colorizer, Wishes, colorize_picture, load_colorizer

__all__ = ["Colorizer", "Wishes", "colorize_picture", "load_colorizer"]
__getattr__, __dir__ = door(
    __name__,
    dict.fromkeys(__all__, "comicdata.models.colorize"),
    rooms=("networks", "data", "runs", "colorize", "evaluate", "train", "memory"),
)
