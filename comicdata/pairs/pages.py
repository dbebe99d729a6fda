"""The pages behind the rows of a manifest, by their names, and how surely their panels were found."""

from collections import defaultdict
from collections.abc import Sequence

from comicdata.panels.unsure import all_right, least_sure
from comicdata.records import Pair


def pages_by_confidence(rows: Sequence[Pair]) -> dict[str, float]:
    """How sure the least sure panel of every page, or strip, is, lettering apart.

    First comes the page whose panels are least likely to be all right.
    """
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for row in rows:
        found[page_name(row)][row.panel_id] = 1.0 if row.drop_reason == "text_only" else row.split_confidence
    ordered = sorted(found.items(), key=lambda item: (all_right(item[1].values()), item[0]))
    return {name: least_sure(sure.values()) for name, sure in ordered}


def page_name(row: Pair) -> str:
    """The page that a row was cut from as panels.jsonl calls it: a strip has the name of its episode."""
    place = f"{row.source}/{row.series_id}/{row.episode_id}"
    return place if row.layout == "strip" or len(row.source_files) != 1 else f"{place}/{row.source_files[0]}"
