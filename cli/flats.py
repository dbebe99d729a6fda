"""`comicdata flats`: line art in, flats out, without a model."""

import time
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypedDict

import click

from comicdata.cli.failures import FAILURES, Failures
from comicdata.cli.front import Front, command, reads_pictures, takes_panels
from comicdata.errors import ComicDataError, PartialError, UsageError
from comicdata.files import alike, json_bytes, sha256_bytes

FORMS = ("png", "psd", "ora", "svg", "regions")
ROWS = "flats.jsonl"  # what was made of what: the same command again goes on from it
PALETTE = ".gpl"


@command(writes=True, example="comicdata flats page.png --out out/flats --to png --to psd")
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="INPUT...")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder where the files land.")
@click.option(
    "--hints",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Colours by place: JSON, a painted layer (PNG, FILE.psd:LAYER), or a folder of these, named like the pages.",
)
@click.option(
    "--palette",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="The colours to choose from: GIMP .gpl, Adobe .ase or JSON.",
)
@click.option(
    "--gap",
    type=click.IntRange(0, 1000),
    default=None,
    help="How wide a gap in a line is closed, in pixels; by default 18 times the width of the lines.",
)
@click.option(
    "--layout",
    type=click.Choice(["auto", "page", "strip", "single"]),
    default="auto",
    help="What a picture is; single: one drawing, without panels.",
)
@takes_panels("corrected")
@click.option("--line-art", is_flag=True, help="Take every picture for line art, whatever it looks like.")
@click.option(
    "--to",
    "forms",
    type=click.Choice(FORMS),
    multiple=True,
    default=("png",),
    help="What to write: flats alone, layers for other programs, curves, numbers of regions; repeat for several.",
)
@reads_pictures
def flats(
    front: Front,
    inputs: tuple[Path, ...],
    out: Path,
    hints: tuple[Path, ...],
    palette: Path | None,
    corrected: tuple[Path, ...],
    forms: tuple[str, ...],
    **options: Any,
) -> Any:
    """Flat colours for line art: closed regions, hard edges, the size of the drawing; no model, no network.

    INPUT is a picture, FILE.psd, FILE.psd:LAYER, a folder or a CBZ. A region with a hint has exactly its colour; others
    get theirs from the hints around them, or one that is clearly apart from their neighbours'. NAME.gpl has the colours
    that were used, and is a --palette for the next page. --to svg, and reading PSD, need the extra `layers`.
    """
    from comicdata.cli.inputs import read_groups
    from comicdata.layers.forms import check_forms, suffixes
    from comicdata.layers.hint_files import read_hint_files
    from comicdata.layers.palettes import read_palette
    from comicdata.outputs import Outputs, Reads
    from comicdata.panels.corrected import read_corrected

    forms = tuple(dict.fromkeys(forms))
    check_forms(forms)
    pictures = [picture for group in read_groups(inputs, layers=True) for picture in group.pictures]
    _check_psd(pictures)
    given = read_hint_files(hints, [picture.names for picture in pictures])
    colors = read_palette(palette) if palette else None
    boxes = read_corrected(corrected, [picture.names for picture in pictures])
    ends = (*suffixes(forms), PALETTE)
    stems = _stems([picture.name for picture in pictures], ends)
    outputs = Outputs(out, "flats")
    files = [stem + end for stem in stems for end in ends]
    own = [*inputs, *(one.path for one in pictures), *given.paths, *corrected, *([palette] if palette else [])]
    outputs.check([*files, ROWS, FAILURES], Reads(own))
    for note in given.notes:
        front.warn(note)
    if front.dry_run:
        for reason in outputs.kept(files).values():
            front.warn(reason)
        front.say(f"would make flats of {len(pictures)} pictures in {out}")
        return {"outputs": [], "pictures": len(pictures)}
    failures = Failures(front, outputs, "flats", [ROWS, *(picture.name for picture in pictures)])
    work = _Work(front, outputs, failures, given, colors, boxes, forms, options)
    try:
        with front.progress("flats", len(pictures), "pictures") as update:
            for number, (picture, stem) in enumerate(zip(pictures, stems, strict=True)):
                work.make(number, picture, stem)
                update(number + 1)
    finally:
        work.save()
    failures.finish()
    again = f", {work.again} of them as they were" if work.again else ""
    counted = sum(row["regions"] for row in work.rows)
    front.say(f"flats of {len(work.rows)} of {len(pictures)} pictures, {counted:,} regions, in {out}{again}")
    return {"outputs": work.document()}


def _stems(names: list[str], ends: tuple[str, ...]) -> list[str]:
    """What the files of each picture are called, without their ends; UsageError where two pictures would meet."""
    from comicdata.cli.targets import apart

    stems = apart(PurePosixPath(name).with_suffix("").as_posix() for name in names)
    meant: dict[str, str] = {}
    for name, stem in zip(names, stems, strict=True):
        for end in ends:
            if (other := meant.setdefault(alike(stem + end), name)) is not name:
                raise UsageError(f"{other} and {name}: both would be written to {stem + end}; rename one of them")
    return stems


def _check_psd(pictures: list[Any]) -> None:
    """Ask before any work for what reads PSD, where one is among the pictures."""
    from comicdata.layers.psd_reading import PSD_SUFFIXES, check_psd_tools

    if any(picture.layer or picture.path.suffix.lower() in PSD_SUFFIXES for picture in pictures):
        check_psd_tools()


@dataclass
class _Work:
    """Makes and writes the flats of one command; what fails for one picture is a warning, a row and status 3."""

    front: Front
    outputs: Any
    failures: Failures
    hints: Any
    palette: Any
    boxes: Any
    forms: tuple[str, ...]
    options: dict[str, Any]
    rows: list[dict[str, Any]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)  # of each row; no record, for it differs from time to time
    again: int = 0
    saved: int = 0  # of the rows

    def __post_init__(self) -> None:
        from comicdata.outputs.rows import SharedRows

        self.list = SharedRows(self.outputs, ROWS, "stem")
        self.before = {stem: row for stem, row in self.list.read().items() if _is_whole(row)}

    def make(self, number: int, picture: Any, stem: str) -> None:
        """Make the flats of one picture and write them, unless they are there, made of the same."""
        try:
            data = picture.data()
            made_of = self._made_of(number, picture, data)
            row = self.before.get(stem, {})
            seconds = 0.0
            if row.get("made_of") == made_of and self.outputs.has(row["files"].values()):
                self.again += 1
            else:
                row, seconds = self._make(number, picture, data, stem)
            self._note({**row, "input": picture.name, "made_of": made_of}, seconds)
        except ComicDataError as error:
            if error.status not in (2, 3):
                raise
            self.failures.add(picture.name, error)

    def document(self) -> list[dict[str, Any]]:
        """The rows as the command prints them."""
        out = self.outputs.out
        return [
            {
                "input": row["input"],
                "files": {form: (out / name).as_posix() for form, name in row["files"].items()},
                **{name: row[name] for name in ("regions", "hinted", "unsure")},
                "seconds": round(seconds, 3),
            }
            for row, seconds in zip(self.rows, self.seconds, strict=True)
        ]

    def _note(self, row: dict[str, Any], seconds: float) -> None:
        """Add a row to those on disk whenever these grow by a twentieth: no more is to be made again after a kill, and
        a list of many pictures is not written for every one of them.
        """
        self.rows.append(row)
        self.seconds.append(seconds)
        if 20 * (len(self.rows) - self.saved) >= len(self.rows):
            self.save()

    def save(self) -> None:
        """Write the rows to those on disk, where rows of other pictures stay."""
        new, self.saved = self.rows[self.saved :], len(self.rows)
        if new:
            try:
                self.list.change(new)
            except PartialError as error:
                self.failures.add(ROWS, error)

    def _made_of(self, number: int, picture: Any, data: bytes) -> str:
        """The hash of all that decides the bytes of a picture's files."""
        import comicdata

        rounds = [[source.digest() for source in one] for one in self.hints.of(number)]
        swatches = None if self.palette is None else [[one.hex, one.name] for one in self.palette.swatches]
        parts = {"version": comicdata.__version__, "data": sha256_bytes(data), "layer": picture.layer, "hints": rounds}
        parts["panels"] = repr(self.boxes.entries.get(number))
        return sha256_bytes(json_bytes({**parts, "palette": swatches, "forms": self.forms, **self.options}))

    def _make(self, number: int, picture: Any, data: bytes, stem: str) -> tuple[dict[str, Any], float]:
        """Find and write the flats of a picture: its row, and the seconds from pixels to colours."""
        from comicdata.flats.drawing import Wanted, flat_drawing
        from comicdata.layers.drawings import read_drawing

        drawing = read_drawing(data, picture.label, picture.layer)
        height, width = drawing.image.shape[:2]
        rounds = [[hint for one in part for hint in one.read(width, height)] for part in self.hints.of(number)]
        panels = self.boxes.panels(number, width, height)
        start = time.perf_counter()
        boxes = None if panels is None else [panel.box for panel in panels if panel.kind == "panel"]
        wanted = Wanted(rounds, self.palette and self.palette.colors, panels=boxes, **self.options)
        found = flat_drawing(drawing.image, picture.label, wanted)
        seconds = time.perf_counter() - start
        for note in (*drawing.notes, *found.notes):
            self.front.warn(f"{picture.label}: {note}")
        files = self._write(found, drawing.dpi, stem, picture.label)
        painted = found.painted
        counts = {"regions": painted.regions.count, "hinted": len(painted.hinted), "unsure": len(painted.unsure)}
        return {"stem": stem, "files": files, **counts}, seconds

    def _write(self, found: Any, dpi: float | None, stem: str, name: str) -> dict[str, str]:
        """Write all forms and the palette: their names in OUT, by form."""
        from comicdata.layers.flats import Flats, used_colors
        from comicdata.layers.forms import FORMS
        from comicdata.layers.palettes import Swatch, gpl_bytes
        from comicdata.outputs import mark

        painted, swatches = found.painted, self._swatches(found.painted)
        names = {one.color: one.label for one in swatches.values()}
        flats = Flats(painted.regions.labels, painted.colours, found.inks, names, dpi)
        files = {form: stem + FORMS[form].suffix for form in self.forms} | {"palette": stem + PALETTE}
        white = found.white.difference(painted.hinted.tolist())
        used = [swatches.get(color, Swatch(color)) for color in used_colors(flats, white)]
        made = ((files[form], FORMS[form].make(flats, mark(), name)) for form in self.forms)
        self.outputs.write_all([*made, (files["palette"], gpl_bytes(Path(stem).name, used))])
        return files

    def _swatches(self, painted: Any) -> dict[Any, Any]:
        """The colours that get a layer of their own, with their names: those of hints, then those of the palette."""
        from comicdata.layers.palettes import Swatch

        named = self.palette.by_color if self.palette else {}
        given = dict.fromkeys(painted.given.values())
        return {color: named.get(color, Swatch(color)) for color in [*given, *named]}


def _is_whole(row: Any) -> bool:
    """Whether a row of an earlier run is all there."""
    from comicdata.reading.shapes import MisshapenError, of_shape

    try:
        of_shape(_Row, row)
    except MisshapenError:
        return False
    return True


class _Row(TypedDict):
    """A line of flats.jsonl."""

    input: str
    stem: str
    files: dict[str, str]
    regions: int
    hinted: int
    unsure: int
    made_of: str


command_ = flats
