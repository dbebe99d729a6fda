"""The comic the project draws itself, with its truth; and others like it, each with a cast of its own."""

from comicdata.drawn.cast import CAST, Cast, any_cast
from comicdata.drawn.comic import DrawnEpisode, DrawnPanel, cut_slices, draw_episode, write_site

__all__ = ["CAST", "Cast", "DrawnEpisode", "DrawnPanel", "any_cast", "cut_slices", "draw_episode", "write_site"]
