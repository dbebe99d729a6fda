"""Stage 1: from a source to episodes on disk. Lazy: an episode is yielded once it is stored."""

from typing import TYPE_CHECKING

from comicdata.lazy import door

if TYPE_CHECKING:
    from comicdata.crawl.crawling import close_crawl, crawl, failed_before, listed, plan, select, write_failures
    from comicdata.crawl.place import check_crawl, check_series
    from comicdata.crawl.sources import Source, open_sources
    from comicdata.episodes import episode_folder, iterate_crawl, read_crawl, stored_episode, verify_crawl

__all__ = [
    "Source",
    "check_crawl",
    "check_series",
    "close_crawl",
    "crawl",
    "episode_folder",
    "failed_before",
    "iterate_crawl",
    "listed",
    "open_sources",
    "plan",
    "read_crawl",
    "select",
    "stored_episode",
    "verify_crawl",
    "write_failures",
]
__getattr__, __dir__ = door(
    __name__,
    dict.fromkeys(
        ("close_crawl", "crawl", "failed_before", "listed", "plan", "select", "write_failures"),
        "comicdata.crawl.crawling",
    )
    | dict.fromkeys(("check_crawl", "check_series"), "comicdata.crawl.place")
    | dict.fromkeys(("Source", "open_sources"), "comicdata.crawl.sources")
    | dict.fromkeys(
        ("episode_folder", "iterate_crawl", "read_crawl", "stored_episode", "verify_crawl"), "comicdata.episodes"
    ),
)
