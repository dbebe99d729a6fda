"""`comicdata export`: pairs in the layouts of other programs."""

from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command


@command(writes=True, example="comicdata export out/pairs --to webdataset --out out/shards")
@click.argument("pairs", type=click.Path(path_type=Path), metavar="PAIRS")
@click.option(
    "--to", "target", required=True, type=click.Choice(["webdataset", "kohya", "croissant"]), help="Which layout."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write.")
@click.option("--outline", type=click.Choice(["canny", "xdog"]), default="canny", help="kohya: the conditioning.")
@click.option("--caption", default=None, help="kohya: the caption of every picture.")
@click.option("--shard-mb", type=click.IntRange(1, 2000), default=128, help="webdataset: size of a shard in MB.")
def export(front: Front, pairs: Path, target: Any, out: Path, outline: str, caption: str | None, shard_mb: int) -> Any:
    """Write tar shards (webdataset), ControlNet folders with a dataset.toml (kohya), or metadata (croissant).

    Only what was kept and not excluded goes out. The same pairs give the same bytes.
    """
    from comicdata import exports
    from comicdata.manifests import read_rows

    if front.dry_run:
        count = sum(row.kept and not row.excluded for row in read_rows(pairs))
        front.say(f"would export {count} pairs to {out}; nothing written")
        return {"pairs": count, "files": 0}
    made = exports.export_pairs(
        pairs, out, target, outline=outline, caption=caption or exports.CAPTION, shard_bytes=shard_mb * 1_000_000
    )
    front.say(f"{made.pairs} pairs in {len(made.files)} files in {out}")
    return {"pairs": made.pairs, "files": len(made.files)}


command_ = export
