"""`comicdata show`: a pairs folder or a run as one offline HTML page."""

from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command
from comicdata.errors import UsageError


@command(writes=True, example="comicdata show out/pairs --out out/pairs.html", goes_on=lambda options: False)
@click.argument("folder", type=click.Path(path_type=Path), metavar="PAIRS|RUN")
@click.option("--out", default=None, type=click.Path(path_type=Path), help="The page; <folder>.html by default.")
@click.option(
    "--crawl", default=None, type=click.Path(path_type=Path), help="PAIRS: its crawl, to show what was dropped."
)
def show(front: Front, folder: Path, out: Path | None, crawl: Path | None) -> Any:
    """Write one HTML page, pictures and all: samples, distributions, splits and reasons of PAIRS; curves, sample grids
    and settings of RUN.
    """
    from comicdata.episodes import iterate_crawl
    from comicdata.outputs import Reads, check_file, is_our_page, signed_page, write_file

    folder = folder.parent if folder.name == "manifest.parquet" else folder
    folder = folder if folder.name not in ("", "..") else folder.resolve()  # "." has no name and no folder above it
    out = out or folder.parent / f"{folder.resolve().name}.html"
    check_file(out, Reads([folder, *([crawl] if crawl else [])]), is_our_page)
    if crawl is not None and next(iterate_crawl(crawl), None) is None:
        raise UsageError(f"--crawl {crawl}: no crawl, or nothing in it; it is the folder that make-pairs was given")
    data = signed_page(_page(folder, crawl))
    if not front.dry_run:
        write_file(out, data)
    front.say(f"{out}: {len(data) / 1e6:.1f} MB{'; nothing written' if front.dry_run else ''}")
    return {"page": out.as_posix(), "bytes": len(data)}


def _page(folder: Path, crawl: Path | None) -> str:
    """What kind of folder it is decides who draws it."""
    if (folder / "manifest.parquet").is_file():
        from comicdata.cli.html import pairs as show_pairs

        return show_pairs.page(folder, crawl)
    if (folder / "config.json").is_file():
        from comicdata.cli.html import run as show_run

        return show_run.page(folder)
    raise UsageError(f"{folder}: neither a pairs folder (manifest.parquet) nor a run (config.json)")


command_ = show
