"""`comicdata export`: pairs in the layouts of other programs."""

from functools import cache, partial
from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command
from comicdata.exports.job import TARGETS, ExportOptions

DEFAULTS = ExportOptions()


@command(writes=True, example="comicdata export out/pairs --to webdataset --out out/shards")
@click.argument("pairs", type=click.Path(path_type=Path), metavar="PAIRS")
@click.option("--to", required=True, type=click.Choice(TARGETS), help="Which layout.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to make or complete.")
@click.option("--size", type=click.Choice(["256", "512"]), multiple=True, help="Only this size; repeat for both.")
@click.option(
    "--outline",
    multiple=True,
    metavar="NAME",
    help="Only this outline and pairs that have it (repeat); all that every pair has by default.",
)
@click.option(
    "--shard-mb", type=click.IntRange(1, 2000), default=DEFAULTS.shard_mb, help="webdataset: largest shard in MB."
)
@click.option(
    "--caption",
    default=DEFAULTS.caption,
    help="kohya: what is written beside a picture; {series_id}, {episode_id}, ... are filled in.",
)
@click.option("--name", default=DEFAULTS.name, help="croissant: name of the data set.")
@click.option("--url", default=DEFAULTS.url, show_default=False, help="croissant: where it is published.")
@click.option(
    "--published", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="croissant: since which day."
)
def export(
    front: Front, pairs: Path, out: Path, size: tuple[str, ...], outline: tuple[str, ...], published: Any, **rest: Any
) -> Any:
    """Write pairs as tar shards (webdataset), ControlNet folders (kohya-ss/sd-scripts), or pictures with a Croissant
    description; a README says licences and credits.

    Only what is kept and not excluded goes out. The same command again writes what is missing or has changed, and
    removes what it wrote for rows that are gone: run it after exclusions and `forget`. Equal pairs give equal bytes.
    """
    from comicdata import exports

    sizes, outlines = tuple(sorted({int(one) for one in size})), tuple(dict.fromkeys(outline))
    day = published.date().isoformat() if published else DEFAULTS.published
    options = ExportOptions(size=sizes, outline=outlines, published=day, **rest)
    job = exports.plan_export(pairs, options)
    with front.bars("files") as add:
        bar = cache(partial(add, f"export to {options.to}"))  # how many there are to write is known with the first
        done = exports.export(job, out, dry=front.dry_run, on_file=lambda done, total: bar(total)(done))
    _report(front, job, out, done)
    found = {"to": options.to, "pairs": len(job.rows), "splits": job.counts, "outlines": list(job.outlines)}
    return found | {"files": done.files, "bytes": done.bytes, "written": done.written, "removed": done.removed}


def _report(front: Front, job: Any, out: Path, done: Any) -> None:
    from comicdata.exports import incomplete_outlines

    pairs = f"{len(job.rows)} pairs with {', '.join(job.outlines)} in {done.files} files"
    if front.dry_run:
        front.say(f"would write {done.written} files and remove {done.removed} in {out}: {pairs}; nothing written")
    elif done.written or done.removed:
        front.say(f"{pairs}, {done.bytes / 1e6:.1f} MB, in {out}; {done.written} written, {done.removed} removed")
    else:
        front.say(f"nothing new to do: {pairs} in {out}")
    for path in done.kept:
        front.warn(f"failed: {out / path}: changed since it was made, so it is kept; to have it anew, move it away")
        front.status = 3
    if job.problem:
        front.warn(f"{job.problem}; {out} follows")
    for name, count in {} if job.options.outline else incomplete_outlines(job).items():
        front.warn(f"{name}: {count} pairs lack it, so it stays behind; --outline {name} takes the others")
    unknown = sorted({row.series_id for row in job.rows if row.licence == "unknown"})
    if unknown:
        front.warn(f"no known licence, not for publishing: {', '.join(unknown[:5])}{' ...' if unknown[5:] else ''}")
    if job.options.to == "croissant" and not (job.options.url and job.options.published):
        front.say("to publish it, say where and when with --url and --published: Croissant asks for both")


command_ = export
