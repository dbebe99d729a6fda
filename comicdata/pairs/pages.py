"""The pages behind the rows of a manifest, by their names, and how surely their panels were found."""

from collections import defaultdict
from collections.abc import Sequence

from comicdata.records import Pair


def pages_by_confidence(rows: Sequence[Pair]) -> dict[str, float]:
    """How sure the least sure panel of every page, or strip, is, lettering apart; least sure first."""
    found: dict[str, float] = defaultdict(lambda: 1.0)
    for row in rows:
        name = page_name(row)
        found[name] = min(found[name], 1.0 if row.drop_reason == "text_only" else row.split_confidence)
    return dict(sorted(found.items(), key=lambda item: (item[1], item[0])))


def page_name(row: Pair) -> str:
    """The page that a row was cut from as panels.jsonl calls it: a strip has the name of its episode."""
    place = f"{row.source}/{row.series_id}/{row.episode_id}"
    return place if row.layout == "strip" or len(row.source_files) != 1 else f"{place}/{row.source_files[0]}"
