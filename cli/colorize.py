"""`comicdata colorize`: line art in, colour out."""

import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import click

from comicdata.cli.failures import Failures
from comicdata.cli.front import LARGEST_SEED, Front, command, reads_pictures, takes_panels
from comicdata.errors import ComicDataError, PictureError, UsageError

STYLE = "flats: one colour for each closed region; soft; by default what suits the comic. Of palette runs."
MEMORY = "take --device cpu where this was a GPU, or end what else uses the memory"


@command(writes=True, example="comicdata colorize out/run page.png --out out/colorized --recolor")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="INPUT...")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where the PNG files land.")
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
@click.option("--suggest", type=click.IntRange(0, 1000), default=0, help="Also write where so many hints would help.")
@takes_panels("files")
@click.option("--style", type=click.Choice(["flats", "soft"]), default=None, help=STYLE)
@reads_pictures
@click.option("--layers", is_flag=True, help="Also the mask of the background and the low-resolution picture.")
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
    **wished: Any,
) -> Any:
    """Colour pictures, folders and CBZ files with RUN; every output is as large as its input.

    Line art is used as it is, on paper and in ink of any colour; --line-art insists. A picture in colour or in soft
    tones is left alone unless --recolor. A RUN of palette heeds all that is wished here but --layers; --samples (which
    numbers the files) and --layers are for two-step and consistent as well, --background for consistent, --hints, in
    pixels of the picture, for a RUN trained with hints. NAME.suggested.json has the places of --suggest in the colours
    that are guessed, to be corrected and given back with --hints.
    """
    from comicdata.cli.inputs import read_groups
    from comicdata.cli.wishes import read_wishes
    from comicdata.models.colorize import load_colorizer
    from comicdata.models.memory import memory_errors
    from comicdata.outputs import Outputs, Reads, mark
    from comicdata.panels.corrected import read_corrected

    groups = list(read_groups(inputs))
    pictures = [picture for group in groups for picture in group.pictures]
    known_as = [picture.names for picture in pictures]
    wishes = read_wishes(known_as, follow=not no_follow, **wished)
    corrected = read_corrected(files, known_as)
    targets = _targets([picture.name for picture in pictures])
    outputs = Outputs(out, "colorize")
    reads = Reads([run, *inputs, *(picture.path for picture in pictures), *wishes.paths, *files])
    names = [name for target in targets for name in _names(target, wishes.plain, layers)]
    outputs.check(names, reads)
    for note in wishes.notes:
        front.warn(note)
    if front.dry_run:
        for reason in outputs.kept(names).values():
            front.warn(reason)
        front.say(f"would colour {len(pictures)} pictures into {out}")
        return {"outputs": [], "pictures": len(pictures)}
    with memory_errors(f"while {run} was loaded; {MEMORY}"):
        colorizer = load_colorizer(run, device)
    wishes = wishes.heard_by(run, colorizer)
    for note in wishes.strange_moods(colorizer):
        front.warn(note)
    if layers and not colorizer.has_layers:
        raise UsageError(f"{run}: {colorizer.config['model']} has no layers (--layers); two-step and consistent do")
    name = (run if run.is_dir() else run.parent).resolve().name
    options = {"recolor": recolor, "line_art": line_art, "layout": layout}
    work = _Work(front, colorizer, outputs, mark(name), wishes, corrected, options, layers)
    rows: list[dict[str, Any]] = []
    with front.progress("colorize", len(pictures), "pictures") as update:
        for done, (picture, target) in enumerate(zip(pictures, targets, strict=True), 1):
            rows += work.colorize(done - 1, picture, target)
            update(done)
    work.failures.finish()
    front.say(f"{len(rows)} of {len(pictures)} pictures coloured, in {out}")
    return {"outputs": rows}


def _targets(names: list[str]) -> list[PurePosixPath]:
    """One PNG per input, by its place in OUT."""
    from comicdata.cli.targets import apart

    return [
        PurePosixPath(f"{stem}.png") for stem in apart(PurePosixPath(name).with_suffix("").as_posix() for name in names)
    ]


LAYERS = ("background", "low-resolution")


def _names(target: PurePosixPath, wishes: Any, layers: bool) -> list[str]:
    """All that may be made of a picture: pictures, layers, suggestions."""
    beside = [_layer(target, layer) for layer in LAYERS] if layers else []
    return [*_pictures(target, wishes.samples), *beside, *([_suggested(target)] if wishes.suggest else [])]


def _pictures(target: PurePosixPath, samples: int) -> list[str]:
    """NAME.png, or NAME-1.png, NAME-2.png, ... of several samples."""
    if samples == 1:
        return [target.as_posix()]
    return [target.with_name(f"{target.stem}-{number}.png").as_posix() for number in range(1, samples + 1)]


def _layer(target: PurePosixPath, layer: str) -> str:
    return target.with_name(f"{target.stem}.{layer}.png").as_posix()


def _suggested(target: PurePosixPath) -> str:
    from comicdata.layers.hint_files import SUGGESTED

    return target.with_name(target.stem + SUGGESTED).as_posix()


@dataclass
class _Work:
    """Colours and writes the pictures of one command; what fails for one is a warning, a row and status 3."""

    front: Front
    colorizer: Any
    outputs: Any
    mark: Any
    wishes: Any
    corrected: Any
    options: dict[str, Any]
    layers: bool

    def __post_init__(self) -> None:
        self.failures = Failures(self.front, self.outputs, "colorize")

    def colorize(self, number: int, picture: Any, target: PurePosixPath) -> list[dict[str, Any]]:
        """Colour and write one picture, the one of this number from 0: its row, or none."""
        from comicdata.models.colorize.pages import LeftAlone, colorize_picture
        from comicdata.models.memory import memory_errors

        start = time.monotonic()
        try:
            with memory_errors(f"on {picture.name}; cut it into smaller pictures, take fewer --samples, {MEMORY}"):
                image = picture.read()
                options = {"name": picture.name, "panels": self._panels(number, image), **self.options}
                result = colorize_picture(self.colorizer, image, self.wishes.of(number, image), **options)
            if isinstance(result, LeftAlone):
                self._leave_alone(picture, result.why)
                return []
            self._say_unheard(picture, result)
            self._say_less(picture, result)
            files = self._write(result, target)
        except ComicDataError as error:
            if error.status != 3:
                raise
            self.failures.add(picture.name, error)
            return []
        seconds = round(time.monotonic() - start, 3)
        return [{"input": picture.name, **files, "panels": len(result.panels), "seconds": seconds}]

    def _panels(self, number: int, image: Any) -> Any:
        """The panels that a person gave; those that do not fit are a fault of this picture alone."""
        try:
            return self.corrected.panels(number, image.shape[1], image.shape[0])
        except UsageError as error:
            raise PictureError(str(error)) from None

    def _leave_alone(self, picture: Any, why: str) -> None:
        knows = f"this run knows {self.colorizer.outline} line art"
        cure = "--recolor draws its outline first" if self.colorizer.draws else knows
        self.front.warn(f"{picture.name}: left alone: {why}; {cure}; --line-art takes it as line art")

    def _say_unheard(self, picture: Any, result: Any) -> None:
        if result.unheard:
            numbers = ", ".join(map(str, result.unheard))
            self.front.warn(
                f"{picture.name}: between the panels, so without effect: hint {numbers}; move it into a panel, or take "
                "the picture as one panel with --layout single"
            )

    def _say_less(self, picture: Any, result: Any) -> None:
        """What could not be as it was wished for."""
        wished = self.wishes.plain
        for note in result.notes:
            self.front.warn(f"{picture.name}: {note}")
        if len(result.images) < wished.samples:
            self.front.warn(f"{picture.name}: only {len(result.images)} different colourings (--samples)")
        if wished.background is not None and not result.layers["background"].any():
            self.front.warn(f"{picture.name}: nothing in it was found to be background (--background)")
        if len(result.suggested) < wished.suggest:
            self.front.warn(f"{picture.name}: only {len(result.suggested)} places where a hint would help (--suggest)")

    def _write(self, result: Any, target: PurePosixPath) -> dict[str, Any]:
        """Write samples, layers and suggestions; where somebody changed one since, it is kept and the rest is
        written. What is where, for the row.
        """
        from comicdata.flats.hints import hints_bytes
        from comicdata.images import encode_png

        pictures = _pictures(target, self.wishes.plain.samples)[: len(result.images)]
        layers = {name: _layer(target, name) for name in LAYERS if self.layers and name in result.layers}
        pixels = [*zip(pictures, result.images, strict=True), *((layers[name], result.layers[name]) for name in layers)]
        files = [(name, encode_png(image, self.mark)) for name, image in pixels]
        places = {_suggested(target): hints_bytes(result.suggested)} if self.suggests else {}
        self.outputs.write_all([*files, *places.items()])
        out = self.outputs.out
        row: dict[str, Any] = {"output": (out / pictures[0]).as_posix()}
        row |= {"samples": [(out / name).as_posix() for name in pictures]} if len(pictures) > 1 else {}
        row |= {"layers": {kind: (out / name).as_posix() for kind, name in layers.items()}} if layers else {}
        return row | ({"suggested": (out / _suggested(target)).as_posix()} if places else {})

    @property
    def suggests(self) -> bool:
        return bool(self.wishes.plain.suggest)


command_ = colorize
