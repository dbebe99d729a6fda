"""Stage 4: from episodes to windows, splits and the manifest."""

from typing import TYPE_CHECKING

from comicdata.lazy import door

if TYPE_CHECKING:
    from comicdata.pairs.make import Summary, make_pairs, plan_pairs
    from comicdata.pairs.manifest import read_manifest, read_rows

__all__ = ["Summary", "make_pairs", "plan_pairs", "read_manifest", "read_rows"]
__getattr__, __dir__ = door(
    __name__,
    dict.fromkeys(("Summary", "make_pairs", "plan_pairs"), "comicdata.pairs.make")
    | dict.fromkeys(("read_manifest", "read_rows"), "comicdata.pairs.manifest"),
)
