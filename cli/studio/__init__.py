"""`comicdata studio`: the local web page where line art is coloured. The rule of this room: what a browser sends is
checked, names nothing by its path, and changes nothing outside the project folder but the overlays of pairs.
"""

from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command, reads_pictures
from comicdata.errors import UsageError

LOCAL = "127.0.0.1"


@command(writes=False, example="comicdata studio out/run --open page.png --out out/chapter1")
@click.argument("runs", nargs=-1, type=click.Path(path_type=Path), metavar="[RUN]...")
@click.option("--pairs", type=click.Path(path_type=Path), default=None, help="Pairs to look through and to correct.")
@click.option(
    "--crawl",
    type=click.Path(path_type=Path),
    default=None,
    help="The crawl of the pairs, to correct boxes.",
)
@click.option(
    "--open",
    "opened",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE|FOLDER",
    help="A drawing, a CBZ or a folder of pages to begin with.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out"),
    help="Where the work is kept: OUT/studio is one chapter, and is opened again as it was left.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0: any that is free.")
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
@click.option("--host", default=LOCAL, help="Another address of this machine, for a tablet say; needs --i-know.")
@click.option("--i-know", is_flag=True, help="Whoever has address and token works here; nothing is encrypted.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", help="auto: CUDA when present.")
@reads_pictures
def studio(
    front: Front,
    runs: tuple[Path, ...],
    pairs: Path | None,
    crawl: Path | None,
    opened: Path | None,
    out: Path,
    port: int,
    no_browser: bool,
    host: str,
    i_know: bool,
    device: str,
) -> Any:
    """Colour line art in the browser: dots, strokes and areas, moods and backgrounds, at once on the whole panel.

    It serves this machine alone; nothing leaves it. Without a RUN colours are those of `flats`. Whatever you do is kept
    in OUT/studio as you do it: pages, hints and moods are files that `colorize --hints --mood` takes. Ctrl-C ends it.
    Needs the extra `studio`.
    """
    if host != LOCAL and not i_know:
        raise UsageError(f"--host {host}: others could reach it there, and nothing is encrypted; if so be it: --i-know")
    check_installed()
    from comicdata.cli.studio.serve import Begun, serve

    begun = Begun(runs, device, pairs, crawl, opened, out)
    return serve(front, begun, host, port, browser=not no_browser)


def check_installed() -> None:
    """UsageError, with the command that brings it, where the extra is missing."""
    try:
        import jinja2  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise UsageError(f"{error.name} is missing: pip install 'comicdata[studio]'") from error


command_ = studio
