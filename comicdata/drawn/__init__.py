"""The comic the project draws itself, with its truth."""

from comicdata.drawn.comic import DrawnEpisode, DrawnPanel, cut_slices, draw_episode, write_site

__all__ = ["DrawnEpisode", "DrawnPanel", "cut_slices", "draw_episode", "write_site"]
