"""`comicdata colorize`: line art in, colour out."""

import time
from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command, reads_pictures
from comicdata.errors import ComicDataError, UsageError

MEMORY = "take --device cpu where this was a GPU, or end what else uses the memory"


@command(writes=True, example="comicdata colorize out/run page.png --out out/colorized --recolor")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="INPUT...")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Where the PNG files land.")
@click.option("--recolor", is_flag=True, help="Also pictures that have colour: draws their outline first.")
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
@reads_pictures
@click.option("--layers", is_flag=True, help="Also the mask of the background and the low-resolution picture.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=0, help="Same seed, same colours.")
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
    layers: bool,
    device: Any,
    **options: Any,
) -> Any:
    """Colour pictures, folders and CBZ files with RUN; every output is as large as its input.

    Line art is used as it is. A picture in colour is left alone unless --recolor. --samples needs a two-step or
    consistent RUN and numbers the files; --background needs a consistent one, --layers is about both.
    --hints is for one picture, in its pixels, and needs a RUN trained with hints.
    """
    from comicdata.cli.inputs import read_groups
    from comicdata.models.colorize import Wishes, load_colorizer
    from comicdata.models.memory import memory_errors

    color = _color(background)
    groups = list(read_groups(inputs))
    pictures = [picture for group in groups for picture in group.pictures]
    wishes = Wishes(seed, samples, color, _hints(hints, len(pictures)))
    if front.dry_run:
        front.say(f"would colour {len(pictures)} pictures into {out}")
        return {"outputs": [], "pictures": len(pictures)}
    with memory_errors(f"while {run} was loaded; {MEMORY}"):
        colorizer = load_colorizer(run, device)
    if wishes.hints and not colorizer.takes_hints:
        raise UsageError(f"{run}: trained without hints (--hints); train one with them: comicdata train --hints ...")
    outputs, targets = [], _targets([picture.name for picture in pictures], out)
    with front.progress("colorize", len(pictures), "pictures") as update:
        for done, (picture, target) in enumerate(zip(pictures, targets, strict=True), 1):
            outputs += _colorize_one(front, colorizer, picture, target, wishes, options, layers)
            update(done)
    front.say(f"{len(outputs)} of {len(pictures)} pictures coloured, in {out}")
    return {"outputs": outputs}


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


def _targets(names: list[str], out: Path) -> list[Path]:
    """One PNG per input, none named twice."""
    targets: list[Path] = []
    taken: set[str] = set()
    for name in names:
        stem = Path(name).with_suffix("").as_posix()
        number, unique = 1, stem
        while unique.lower() in taken:
            number += 1
            unique = f"{stem}-{number}"
        taken.add(unique.lower())
        targets.append(out / f"{unique}.png")
    return targets


def _colorize_one(
    front: Front, colorizer: Any, picture: Any, target: Path, wishes: Any, options: dict[str, Any], layers: bool
) -> list[dict[str, Any]]:
    """Colour and write one picture; what cannot be read is a warning and status 3."""
    from comicdata.models.colorize.pages import colorize_picture
    from comicdata.models.memory import memory_errors

    start = time.monotonic()
    try:
        with memory_errors(f"on {picture.name}; cut it into smaller pictures, take fewer --samples, {MEMORY}"):
            result = colorize_picture(colorizer, picture.read(), wishes, name=picture.name, **options)
    except ComicDataError as error:
        if error.status != 3:
            raise
        front.warn(f"failed: {error}")
        front.status = 3
        return []
    if result is None:
        knows = f"this run knows {colorizer.outline} line art"
        cure = "--recolor draws its outline first" if colorizer.draws else knows
        front.warn(f"{picture.name}: has colour already, left alone; {cure}")
        return []
    if result.unheard:
        numbers = ", ".join(map(str, result.unheard))
        front.warn(
            f"{picture.name}: between the panels, so without effect: hint {numbers}; move it into a panel, or take the "
            "picture as one panel with --layout single"
        )
    files = _write(result, target, layers)
    seconds = round(time.monotonic() - start, 3)
    return [{"input": picture.name, **files, "panels": len(result.panels), "seconds": seconds}]


def _write(result: Any, target: Path, layers: bool) -> dict[str, Any]:
    """NAME.png, or NAME-1.png, NAME-2.png, ... of several samples; NAME.background.png and the like for layers."""
    from comicdata.files import write_atomic
    from comicdata.images import encode_png

    several = len(result.images) > 1
    samples = [
        target.with_name(f"{target.stem}-{number}.png") if several else target
        for number in range(1, len(result.images) + 1)
    ]
    beside = {name: target.with_name(f"{target.stem}.{name}.png") for name in result.layers} if layers else {}
    pictures = [*zip(samples, result.images, strict=True), *((beside[name], result.layers[name]) for name in beside)]
    for path, image in pictures:
        write_atomic(path, encode_png(image))
    files: dict[str, Any] = {"output": samples[0].as_posix()}
    files |= {"samples": [path.as_posix() for path in samples]} if several else {}
    return files | ({"layers": {name: path.as_posix() for name, path in beside.items()}} if beside else {})


command_ = colorize
