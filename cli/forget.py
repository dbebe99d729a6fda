"""`comicdata forget`: take a series out of a crawl and its pairs, and name the runs that were trained on it."""

import sys
from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command
from comicdata.errors import UsageError

FOLDERS = click.Path(path_type=Path)


@command(writes=True, example="comicdata forget drawn/the-drawn-comic --crawl out/crawl --pairs out/pairs --dry-run")
@click.argument("series", metavar="SERIES")
@click.option("--crawl", "crawls", multiple=True, type=FOLDERS, help="A crawl to take it out of (repeat for more).")
@click.option("--pairs", "pairs", multiple=True, type=FOLDERS, help="A pairs folder to take it out of.")
@click.option(
    "--runs",
    "runs",
    multiple=True,
    type=FOLDERS,
    help="A run, or a folder with runs, or with what colorize made, to look through.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(
    front: Front, series: str, crawls: tuple[Path, ...], pairs: tuple[Path, ...], runs: tuple[Path, ...], yes: bool
) -> Any:
    """Delete a series from crawls and pairs for good: SERIES is source/series or the series alone.

    The folder remembers it (forgotten.jsonl) and does not take it in again. Runs that were trained on it are listed,
    weights that lie alone, too, and what colorize remembers with their help: weights cannot forget, so delete them or
    train again without it. Exports are not known: run `comicdata export` again for each. Killed, the same command
    goes on.
    """
    from comicdata import forget as forgetting
    from comicdata.forgotten import memories_of, runs_trained_on
    from comicdata.pairs.manifest import data_hash

    if not crawls and not pairs:
        raise UsageError("name what to take it out of: --crawl DIR, --pairs DIR or both")
    key = forgetting.find_series(series, crawls, pairs)
    traces = [forgetting.crawl_traces(one, key) for one in crawls]
    traces += [forgetting.pairs_traces(one, key) for one in pairs]
    hashes = frozenset(data_hash(one) for one in pairs)
    trained, memories = runs_trained_on(runs, key, hashes), memories_of(runs, key)
    name = "/".join(key)
    for one in traces:
        front.say(f"{one.folder}: {one.episodes} episodes, {one.pictures} pictures, {one.bytes / 1e6:.1f} MB of {name}")
    forgetting.check_whole([*crawls, *(one.folder for one in traces[len(crawls) :])], key)
    stays: list[Any] = []
    if not front.dry_run:
        _confirm(name, yes)
        stays = [path for crawl in crawls for path in forgetting.forget_in_crawl(crawl, key)]
        stays += [path for folder in pairs for path in forgetting.forget_in_pairs(folder, key)]
        for one in stays:
            why = "a picture of it that is not as it was stored" if one.ours else "not stored by comicdata"
            front.warn(f"{one.path}: stays, for it is {why}; look at it")
        front.say(f"{name}: forgotten")
        front.status = 3 if any(one.ours for one in stays) else 0
    for run in trained:
        words = "was trained on it" if run["trained_on_it"] else "may have been trained on it (it does not say)"
        front.warn(f"{run['run']} {words}: delete it, or train again without the series")
    for kept in memories:
        front.warn(f"{kept['folder']}: {kept['files']} files kept by a run that was trained on it: delete them")
    removed = [forgetting.as_dict(one) for one in traces]
    left = [one.path.as_posix() for one in stays]
    return {"series": name, "removed": removed, "stays": left, "runs": trained, "memories": memories}


def _confirm(name: str, yes: bool) -> None:
    """Ask on a terminal; elsewhere --yes has to be given."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{name} would be deleted for good; say --yes (or look first, with --dry-run)")
    click.confirm(f"Delete {name} for good?", abort=True, err=True)


command_ = forget
