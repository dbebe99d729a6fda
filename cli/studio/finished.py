"""What goes out of the colour room: a page in one of the forms, the chapter as a CBZ, and the command that does it."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comicdata.cli.studio.changes import SAMPLES, Document
from comicdata.cli.studio.project import Page, Project
from comicdata.cli.studio.table import Wished
from comicdata.cli.studio.trained import Run
from comicdata.errors import PictureError
from comicdata.flats.drawing import Wanted, flat_drawing
from comicdata.images import Decoded, encode
from comicdata.layers.coloured import coloured_document
from comicdata.layers.drawings import read_drawing
from comicdata.layers.flats import Flats, flats_document
from comicdata.layers.forms import FORMS as FLAT_FORMS
from comicdata.layers.openraster import openraster_bytes
from comicdata.layers.palettes import Swatch
from comicdata.layers.psd import psd_bytes
from comicdata.outputs import mark
from comicdata.outputs.cbz import Member, write_cbz

if TYPE_CHECKING:
    from comicdata.cli.studio.colour import ColourRoom

FORMS = {"png": "image/png", "psd": "image/vnd.adobe.photoshop", "ora": "image/openraster"}


def page_bytes(room: "ColourRoom", page: Page, document: Document, form: str) -> bytes:
    """A page as `colorize`, or without a run `flats`, would write it."""
    run = room.runs.get(document.state.choices["run"])
    decoded = read_drawing(room.project.picture(page), page.name)
    if run is None:
        return FLAT_FORMS[form].make(_flats(room, page, document, decoded), mark(), page.name)
    return _coloured(run, decoded, room.wished(page, document)[0], document.state.choices, page.name, form)


def _flats(room: "ColourRoom", page: Page, document: Document, decoded: Decoded) -> Flats:
    wished, _ = room.wished(page, document)
    found = flat_drawing(decoded.image, page.name, _wanted(wished, document.state.choices))
    names = {color: Swatch(color).label for color in dict.fromkeys(found.painted.given.values())}
    return Flats(found.painted.regions.labels, found.painted.colours, found.inks, names, decoded.dpi)


def _wanted(wished: Wished, chosen: Mapping[str, Any]) -> Wanted:
    return Wanted([wished.hints] if wished.hints else [], line_art=chosen["line_art"], layout=chosen["layout"])


def _coloured(run: Run, decoded: Decoded, wished: Wished, chosen: Mapping[str, Any], name: str, form: str) -> bytes:
    from comicdata.models.colorize import Colorized, colorize_picture

    options = {name: chosen[name] for name in ("recolor", "line_art", "layout")}
    wishes = replace(wished.wishes(SAMPLES if chosen["sample"] else 1), layers=form != "png")
    made = colorize_picture(run.colorizer, decoded.image, wishes, name=name, **options)
    if not isinstance(made, Colorized):
        if form == "png":
            return _as_it_came(decoded)
        raise PictureError(f"{name}: left alone: {made.why}")
    if form == "png":
        image = made.images[min(chosen["sample"], len(made.images) - 1)]
        return encode(image, "png", mark(run.name), decoded.dpi)[0]
    document = coloured_document(made.image, made.layers, decoded.dpi)
    return psd_bytes(document, mark(run.name), name) if form == "psd" else openraster_bytes(document, mark(run.name))


def write_chapter(room: "ColourRoom") -> Path:
    """All pages in colour, numbered, for readers sort them by name, as coloured/chapter.cbz of the project."""
    path, pages = room.project.folder / "coloured" / "chapter.cbz", room.project.pages.values()
    digits = len(str(len(pages)))
    write_cbz(path, [_member(room, page, f"{at:0{digits}}-{page.stem}.png") for at, page in enumerate(pages, 1)])
    return path


def _member(room: "ColourRoom", page: Page, name: str) -> Member:
    document = room.project.document(page)
    return Member(name, "", lambda: reading_bytes(room, page, document))


def reading_bytes(room: "ColourRoom", page: Page, document: Document) -> bytes:
    """A page to be read, as PNG: in flats alone with its lines; what is no line art as it came."""
    if document.state.choices["run"] in room.runs:
        return page_bytes(room, page, document, "png")
    decoded = read_drawing(room.project.picture(page), page.name)
    try:
        flats = _flats(room, page, document, decoded)
    except PictureError:
        return _as_it_came(decoded)
    return encode(flats_document(flats).merged, "png", mark(), decoded.dpi)[0]


def _as_it_came(decoded: Decoded) -> bytes:
    return encode(decoded.image, "png", dpi=decoded.dpi)[0]


def command(project: Project, page: Page, document: Document, run: Run | None) -> str:
    """What to type for the same bytes."""
    chosen, folder = document.state.choices, project.folder
    words = ["comicdata", "colorize", str(run.folder)] if run else ["comicdata", "flats"]
    words += [str(folder / "pages" / page.file), "--out", str(folder / "by-hand")]
    words += ["--hints", str(folder / "hints" / f"{page.stem}.json")] if document.state.hints else []
    words += ["--no-memory"] if run and "memory" in run.colorizer.heeds else []
    words += ["--line-art"] if chosen["line_art"] else []
    words += ["--layout", chosen["layout"]] if chosen["layout"] != "auto" else []
    if run is not None:
        words += ["--mood", str(folder / "moods" / f"{page.stem}.png")] if chosen["mood"] else []
        for one in chosen["references"] if "references" in run.colorizer.heeds else ():
            words += ["--reference", str(project.reference(one))]
        words += ["--style", chosen["style"]] if chosen["style"] else []
        words += ["--background", chosen["background"]] if chosen["background"] else []
        words += ["--samples", str(SAMPLES)] if chosen["sample"] else []
        words += ["--no-follow"] if document.state.hints and not chosen["follow"] else []
        words += ["--recolor"] if chosen["recolor"] else []
    return shlex.join(words)
