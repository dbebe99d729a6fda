"""What became of a chapter, as one offline page: coloured, left as it came, unsure; before and after, worst first."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from comicdata.cli.html import pieces as report
from comicdata.images import Image
from comicdata.records import Failure

SHOWN, WIDTH = 40, 420  # pages, pixels


class Coloured(NamedTuple):
    """A page in colour: how many panels of it, regions in doubt and their share of it, None where nobody knows; and
    what reads it before and after.
    """

    name: str
    panels: int
    unsure: int | None
    doubt: float | None
    before: Callable[[], Image]
    after: Callable[[], Image]


def page(
    title: str,
    coloured: Sequence[Coloured],
    alone: Sequence[tuple[str, str]],
    failed: Sequence[Failure],
    cure: str,
    digest: str,
) -> str:
    """The whole page, every picture inlined; `alone`: the pages that were left as they came, and why; `cure`: what to
    do for them; `digest`, in it, tells what it was made of.
    """
    unsure = sum(one.unsure or 0 for one in coloured)
    facts = [("pages in colour", str(len(coloured))), ("left as they came", str(len(alone)))]
    facts += [("not made", str(len(failed))), ("regions in doubt", str(unsure))]
    sections = [("In short", report.cards(facts))]
    if failed:
        cells = [[one.item, one.error] for one in failed]
        sections.append(("Not made", report.table(["page", "why"], cells)))
    if coloured:
        sections.append(("In colour, the most doubtful first", _pictures(coloured)))
    if alone:
        table = report.table(["page", "why"], [[name, why] for name, why in alone])
        sections.append(("Left as they came", table + report.paragraph(cure)))
    return report.page(title, sections).replace("<body>", f'<body data-made-of="{digest}">', 1)


def _pictures(coloured: Sequence[Coloured]) -> str:
    ordered = sorted(coloured, key=lambda one: -(one.doubt or 0))
    rows = (
        report.heading(one.name)
        + report.paragraph(_words(one))
        + report.row(
            [report.picture(one.before(), "before", width=WIDTH), report.picture(one.after(), "after", width=WIDTH)]
        )
        for one in ordered[:SHOWN]
    )
    left = len(ordered) - SHOWN
    return "".join(rows) + (report.paragraph(f"and {left} more, which are surer") if left > 0 else "")


def _words(one: Coloured) -> str:
    panels = f"{one.panels} panel{'s' if one.panels != 1 else ''} coloured"
    if one.unsure is None or one.doubt is None:
        return panels
    if not one.unsure:
        return f"{panels}, no region in doubt"
    regions = f"{one.unsure} region{'s' if one.unsure != 1 else ''}"
    return f"{panels}; {regions} in doubt, {100 * one.doubt:.0f} % of the area: --suggest names places for hints"
