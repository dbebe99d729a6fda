"""Which pages a person should look at: those with a panel that is found with less confidence than UNSURE."""

from collections.abc import Iterable, Sequence

from comicdata.records import Panel

UNSURE = 0.5
NAMED = 5  # pages that one line names; the others are counted


def page_confidence(panels: Iterable[Panel]) -> float:
    """How sure the least sure panel of a page is, lettering apart; 1 of a page without panels."""
    return min((panel.confidence for panel in panels if panel.kind == "panel"), default=1.0)


def unsure_line(unsure: Sequence[str], pages: int, where: str) -> str:
    """The line that says how many pages are unsure, and where to look."""
    names = ", ".join(unsure[:NAMED]) + (", ..." if len(unsure) > NAMED else "")
    verb = "is" if len(unsure) == 1 else "are"
    return f"{len(unsure)} of {pages} pages {verb} unsure (a panel below {UNSURE:g}): {names}; {where}"
