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
    help='Colours by place, JSON: [{"x", "y", "radius", "color": "#rrggbb"}, ...]',
)
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
    seed: int,
    samples: int,
    background: str | None,
    hints: Path | None,
    files: tuple[Path, ...],
    style: Any,
    layers: bool,
    device: Any,
    **options: Any,
) -> Any:
    """Colour pictures, folders and CBZ files with RUN; every output is as large as its input.

    Line art is used as it is, on paper and in ink of any colour; --line-art insists. A picture in colour or in soft
    tones is left alone unless --recolor. --samples (which numbers the files)
    and --layers need a two-step or consistent RUN, --background a consistent one. --hints is for one picture, in
    its pixels, and needs a RUN trained with hints.
    """
    from comicdata.cli.inputs import read_groups
    from comicdata.models.colorize import Wishes, load_colorizer
    from comicdata.models.memory import memory_errors
    from comicdata.outputs import Outputs, Reads, mark
    from comicdata.panels.corrected import read_corrected

    groups = list(read_groups(inputs))
    pictures = [picture for group in groups for picture in group.pictures]
    wishes = Wishes(seed, samples, _color(background), _hints(hints, len(pictures)), style)
    corrected = read_corrected(files, [picture.names for picture in pictures])
    targets = _targets([picture.name for picture in pictures])
    outputs = Outputs(out, "colorize")
    reads = Reads([run, *inputs, *(picture.path for picture in pictures), *([hints] if hints else []), *files])
    names = [name for target in targets for name in _names(target, samples, layers)]
    outputs.check(names, reads)
    if front.dry_run:
        for reason in outputs.kept(names).values():
            front.warn(reason)
        front.say(f"would colour {len(pictures)} pictures into {out}")
        return {"outputs": [], "pictures": len(pictures)}
    with memory_errors(f"while {run} was loaded; {MEMORY}"):
        colorizer = load_colorizer(run, device)
    if wishes.hints and not colorizer.takes_hints:
        raise UsageError(f"{run}: trained without hints (--hints); train one with them: comicdata train --hints ...")
    check_style(run, colorizer, style)
    if layers and not colorizer.has_layers:
        raise UsageError(f"{run}: {colorizer.config['model']} has no layers (--layers); two-step and consistent do")
    name = (run if run.is_dir() else run.parent).resolve().name
    work = _Work(front, colorizer, outputs, mark(name), wishes, corrected, options, layers)
    rows: list[dict[str, Any]] = []
    with front.progress("colorize", len(pictures), "pictures") as update:
        for done, (picture, target) in enumerate(zip(pictures, targets, strict=True), 1):
            rows += work.colorize(done - 1, picture, target)
            update(done)
    work.failures.finish()
    front.say(f"{len(rows)} of {len(pictures)} pictures coloured, in {out}")
    return {"outputs": rows}


def check_style(run: Path, colorizer: Any, style: str | None) -> None:
    """UsageError when the model has no such style."""
    if style is not None and style not in colorizer.styles:
        raise UsageError(f"{run}: {colorizer.config['model']} has no styles (--style {style}); palette has")


def _color(text: str | None) -> tuple[int, int, int] | None:
    """#88ccee as three numbers; UsageError when it is no such thing."""
    from comicdata.flats.hints import parse_color

    if text is None:
        return None
    color = parse_color("#" + text.removeprefix("#"))
    if color is None:
        raise UsageError(f"--background {text}: a colour looks like #88ccee")
    return color


def _hints(path: Path | None, pictures: int) -> Any:
    """The hints of a file, none without one; UsageError when they are for several pictures, or no hints."""
    from comicdata.flats.hints import read_hints

    if path is None:
        return ()
    if pictures != 1:
        raise UsageError(f"--hints {path}: places in one picture, but {pictures} pictures are given")
    return read_hints(path)


def _targets(names: list[str]) -> list[PurePosixPath]:
    """One PNG per input, by its place in OUT."""
    from comicdata.cli.targets import apart

    return [
        PurePosixPath(f"{stem}.png") for stem in apart(PurePosixPath(name).with_suffix("").as_posix() for name in names)
    ]


LAYERS = ("background", "low-resolution")


def _names(target: PurePosixPath, samples: int, layers: bool) -> list[str]:
    """NAME.png, or NAME-1.png, NAME-2.png, ... of several samples; NAME.background.png and the like for layers."""
    numbered = [target.with_name(f"{target.stem}-{number}.png") for number in range(1, samples + 1)]
    beside = [target.with_name(f"{target.stem}.{layer}.png") for layer in LAYERS] if layers else []
    return [path.as_posix() for path in [*(numbered if samples > 1 else [target]), *beside]]


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
                result = colorize_picture(self.colorizer, image, self.wishes, **options)
            if isinstance(result, LeftAlone):
                self._leave_alone(picture, result.why)
                return []
            self._say_unheard(picture, result)
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

    def _write(self, result: Any, target: PurePosixPath) -> dict[str, Any]:
        """Write the samples and layers; where somebody changed one since, it is kept and the rest is written."""
        from comicdata.images import encode_png

        images = [*result.images, *(result.layers[name] for name in LAYERS if self.layers and name in result.layers)]
        names = [
            name
            for name in _names(target, len(result.images), self.layers)
            if not any(name.endswith(f".{layer}.png") and layer not in result.layers for layer in LAYERS)
        ]
        self.outputs.write_all((name, encode_png(one, self.mark)) for name, one in zip(names, images, strict=True))
        return self._row(names, len(result.images))

    def _row(self, names: list[str], samples: int) -> dict[str, Any]:
        paths = [(self.outputs.out / name).as_posix() for name in names]
        row: dict[str, Any] = {"output": paths[0]} | ({"samples": paths[:samples]} if samples > 1 else {})
        layers = {path.split(".")[-2]: path for path in paths[samples:]}
        return row | ({"layers": layers} if layers else {})


command_ = colorize
