"""`comicdata colorize`: line art in, colour out."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import LARGEST_SEED, Front, command, reads_pictures, takes_panels

STYLE = "flats: one colour for each closed region; soft; by default what suits the comic. Of palette runs."


@command(writes=True, example="comicdata colorize out/run page.png --out out/colorized --recolor")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="INPUT...")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder, or for one chapter the CBZ, that is made.",
)
@click.option("--recolor", is_flag=True, help="Also pictures that have colour: draws their outline first.")
@click.option("--line-art", is_flag=True, help="Take every picture as line art, whatever it looks like.")
@click.option(
    "--layout",
    type=click.Choice(["auto", "strip", "page", "single"]),
    default="auto",
    help="What a picture is; single: one panel.",
)
@click.option("--samples", type=click.IntRange(1, 64), default=1, help="So many different colourings; likeliest first.")
@click.option("--background", default=None, metavar="#RRGGBB", help="The colour of every panel's background.")
@click.option(
    "--hints",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE|FOLDER",
    help="Colours by place: JSON, a painted layer (PNG, FILE.psd:LAYER), or a folder of these, named like the pages.",
)
@click.option("--no-follow", is_flag=True, help="Hints colour their own regions alone, and change no other.")
@click.option(
    "--mood",
    "moods",
    multiple=True,
    metavar="COLOR|PICTURE",
    help="Colours for a scene: #34506e, a picture, or a folder of pictures named like the pages; repeat to mix.",
)
@click.option(
    "--palette",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="c00, c01, ... in place of RUN/palette.gpl's; colours of other names are all there may be. .gpl, .ase, JSON.",
)
@click.option(
    "--reference",
    "references",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="PICTURE",
    help="Coloured pages or panels, folders, archives or PAIRS: what is the same thing takes its colours (repeat).",
)
@click.option("--near-copies", is_flag=True, help="Also references that are near copies of the drawing itself.")
@click.option(
    "--cast",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE",
    help="OUT/memory/cast.json of an earlier chapter, names and colours changed at will, as a reference.",
)
@click.option("--no-memory", is_flag=True, help="Forget what earlier pages were coloured in.")
@click.option("--suggest", type=click.IntRange(0, 1000), default=0, help="Also write where so many hints would help.")
@click.option(
    "--to",
    "to",
    type=click.Choice(["png", "jpeg", "webp", "psd", "ora"]),
    multiple=True,
    help="What the pages are, else PNG, in a CBZ also JPEG or WebP where the page was one; psd, ora: also as layers.",
)
@takes_panels("files")
@click.option("--style", type=click.Choice(["flats", "soft"]), default=None, help=STYLE)
@reads_pictures
@click.option("--layers", is_flag=True, help="Also every layer as a picture of its own.")
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), default=0, help="Same seed, same colours.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="auto: CUDA when present.")
def colorize(
    front: Front,
    run: Path,
    inputs: tuple[Path, ...],
    out: Path,
    recolor: bool,
    line_art: bool,
    layout: Any,
    device: Any,
    files: tuple[Path, ...],
    layers: bool,
    no_follow: bool,
    references: tuple[Path, ...],
    cast: Path | None,
    no_memory: bool,
    to: tuple[str, ...],
    **wished: Any,
) -> Any:
    """Colour pictures, folders, CBZ, CBR, CB7 and PDF with RUN; every page is as large as its input.

    A folder gives a folder, an archive a CBZ: OUT/NAME.cbz, or OUT where that ends in .cbz. Pages keep their names and
    their order; the same command again makes only what is missing.

    Line art is used as it is, on paper and in ink of any colour; --line-art insists. A picture in colour or in soft
    tones is left alone unless --recolor: it lies among the others as it came. A RUN of palette heeds all that is wished
    here; --samples is for two-step and consistent as well, --background for consistent, --hints, in pixels of the
    picture, for a RUN trained with hints. NAME.samples beside a CBZ, samples in a folder, has all of --samples, layers
    what --to psd, --to ora and --layers make. NAME.suggested.json has the places of --suggest in the colours that are
    guessed, to be corrected and given back with --hints.
    """
    from comicdata.cli.cast_files import read_cast
    from comicdata.cli.chapters import plan_chapters
    from comicdata.cli.coloured import Told
    from comicdata.cli.colouring import colorize_chapter
    from comicdata.cli.inputs import read_groups
    from comicdata.cli.making import MEMORY, Maker
    from comicdata.cli.page_forms import Forms
    from comicdata.cli.recipes import Recipe, weights_digest
    from comicdata.cli.reference_inputs import read_references
    from comicdata.cli.remembering import Memory
    from comicdata.cli.wishes import read_wishes
    from comicdata.models.colorize import PaletteColorizer, load_colorizer
    from comicdata.models.memory import memory_errors
    from comicdata.outputs import Reads
    from comicdata.panels.corrected import read_corrected

    forms = Forms.asked(to, layers, wished["samples"], wished["suggest"])
    groups = list(read_groups(inputs, every=True))
    pictures = [picture for group in groups for picture in group.pictures]
    known_as = [picture.names for picture in pictures]
    wishes = read_wishes(known_as, follow=not no_follow, layers=bool(layers or forms.documents), **wished)
    corrected = read_corrected(files, known_as)
    chapters = plan_chapters(groups, out)
    shown = [*references, *([cast] if cast else [])]
    reads = Reads([run, *inputs, *(picture.path for picture in pictures), *wishes.paths, *shown, *files])
    kept = [why for one in chapters for why in one.store.check(forms.names(one.pages), reads)]
    for note in wishes.notes:
        front.warn(note)
    if front.dry_run:
        for reason in kept:
            front.warn(reason)
        front.say(f"would colour {len(pictures)} pictures into {out}")
        return {"outputs": [], "left_alone": [], "pictures": len(pictures)}
    with memory_errors(f"while {run} was loaded; {MEMORY}"):
        colorizer = load_colorizer(run, device)
    wishes = wishes.heard_by(colorizer, shown)
    if isinstance(colorizer, PaletteColorizer):
        people = [read_cast(cast, weights_digest(run))] if cast else []
        wishes = wishes.shown([*people, *read_references(front, colorizer, references)])
    for note in wishes.notes_for(colorizer):
        front.warn(note)
    options = {"recolor": recolor, "line_art": line_art, "layout": layout}
    memory = not no_memory and "memory" in colorizer.heeds
    recipe = Recipe(run, wishes, corrected, {**options, "forms": asdict(forms), "memory": memory})
    told = Told(front, colorizer, wishes.plain)
    with front.progress("colorize", len(pictures), "pictures") as update:
        known = Memory(recipe.weights, recipe.series) if memory else None
        maker = Maker(front, colorizer, recipe, forms, options, told, update, known)
        for chapter in chapters:
            colorize_chapter(maker, chapter)
    alone = f", {len(told.left_alone)} left alone" if told.left_alone else ""
    again = f", {maker.again} of them as they were" if maker.again else ""
    count = len(pictures) - len(told.rows) - len(told.left_alone)
    failed = f", {count} failed (failures.jsonl says why)" if count else ""
    style = f" in {wishes.plain.style or colorizer.style}" if colorizer.styles and told.rows else ""
    front.say(f"{len(told.rows)} of {len(pictures)} pictures coloured{style}{alone}{failed}, in {out}{again}")
    return {"outputs": told.rows, "left_alone": told.left_alone}


command_ = colorize
