"""Which pages a person should look at: those with a panel that is found with less confidence than UNSURE."""

import math
from collections.abc import Collection, Iterable, Sequence

from comicdata.records import Panel

UNSURE = 0.9  # of boxes below it two in ten are wrong on real comics, of others one in thirty: benchmarks/README.md
NAMED = 5  # pages that one line names; the others are counted


def confidences(panels: Iterable[Panel]) -> list[float]:
    """How sure the panels of a page are, lettering apart."""
    return [panel.confidence for panel in panels if panel.kind == "panel"]


def least_sure(sure: Collection[float]) -> float:
    """The least of the confidences of a page; 1 of a page without panels."""
    return min(sure, default=1.0)


def all_right(sure: Collection[float]) -> float:
    """How likely it is that all panels of a page are right: in this order pages are to be looked at."""
    return math.prod(sure)


def unsure_line(unsure: Sequence[str], pages: int, where: str) -> str:
    """The line that says how many pages are unsure, and where to look."""
    names = ", ".join(unsure[:NAMED]) + (", ..." if len(unsure) > NAMED else "")
    verb = "is" if len(unsure) == 1 else "are"
    return f"{len(unsure)} of {pages} pages {verb} unsure (a panel below {UNSURE:g}): {names}; {where}"
