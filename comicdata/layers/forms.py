"""The forms in which flats are handed over, by the names that a person gives them: one row each.

The rule of this file: what a form needs is asked before any work.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from comicdata.layers.flats import Flats, flats_document, flats_png, regions_png
from comicdata.layers.openraster import openraster_bytes
from comicdata.layers.psd import psd_bytes
from comicdata.layers.svg import check_vtracer, svg_bytes
from comicdata.outputs.marks import Mark


@dataclass(frozen=True)
class Form:
    """The suffix of a form's files, and its bytes: `make(flats, mark, name)`, `name` of the drawing for messages."""

    suffix: str
    make: Callable[[Flats, Mark, str], bytes]
    check: Callable[[], None] = lambda: None


FORMS = {
    "png": Form(".png", lambda flats, mark, name: flats_png(flats, mark)),
    "psd": Form(".psd", lambda flats, mark, name: psd_bytes(flats_document(flats), mark, name)),
    "ora": Form(".ora", lambda flats, mark, name: openraster_bytes(flats_document(flats), mark)),
    "svg": Form(".svg", lambda flats, mark, name: svg_bytes(flats, mark, name), check_vtracer),
    "regions": Form(".regions.png", lambda flats, mark, name: regions_png(flats, name, mark)),
}


def check_forms(forms: Iterable[str]) -> None:
    """UsageError, with the command that brings it, for a form whose library is not installed."""
    for form in forms:
        FORMS[form].check()


def suffixes(forms: Sequence[str]) -> tuple[str, ...]:
    """How the files of these forms end."""
    return tuple(FORMS[form].suffix for form in forms)
