"""`comicdata verify`: re-hash what is on disk."""

from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command
from comicdata.errors import UsageError


@command(writes=False, example="comicdata verify out/pairs")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def verify(front: Front, folder: Path) -> Any:
    """Hash every file of a crawl, pairs, a run or an export; name what is missing, changed, or belongs to nothing."""
    found = _verify(folder)
    report_found(front, found)
    return found


def report_found(front: Front, found: dict[str, Any]) -> None:
    """Name every fault; status 6 when there is any."""
    for name in ("missing", "changed", "orphans"):
        for path in found[name]:
            front.warn(f"{name.rstrip('s')}: {path}")
    wrong = any(found[name] for name in ("missing", "changed", "orphans"))
    front.say(f"{found['checked']} files checked, {'see above' if wrong else 'all as recorded'}")
    front.status = max(front.status, 6 if wrong else 0)


def _verify(folder: Path) -> dict[str, Any]:
    """What kind of folder it is decides who verifies it."""
    if folder.name == "manifest.parquet" or (folder / "manifest.parquet").is_file():
        from comicdata.pairs.manifest import verify_pairs

        return verify_pairs(folder)
    if (folder / "config.json").is_file():
        from comicdata.models.runs.checkpoint import verify_run

        return verify_run(folder)
    if (folder / "export.json").is_file():
        from comicdata.exports import verify_export

        return verify_export(folder)
    if any(folder.glob("*/*/series.json")):
        from comicdata.episodes import verify_crawl

        return verify_crawl(folder)
    raise UsageError(
        f"{folder}: neither a crawl (series.json), a pairs folder (manifest.parquet), a run (config.json) "
        "nor an export (export.json)"
    )


command_ = verify
