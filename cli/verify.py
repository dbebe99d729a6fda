"""`comicdata verify`: re-hash what is on disk."""

from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command
from comicdata.errors import UsageError


@command(writes=False, example="comicdata verify out/pairs")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
def verify(front: Front, folder: Path) -> Any:
    """Hash every file of a crawl, pairs, a run, an export or an output folder.

    Names what is missing, changed, or belongs to nothing, and the command that makes it again.
    """
    found = _verify(front, folder)
    report_found(front, found)
    return found


def report_found(front: Front, found: dict[str, Any]) -> None:
    """Name every fault; status 6 when there is any."""
    for name in ("missing", "changed", "orphans"):
        for path in found[name]:
            front.warn(f"{name.rstrip('s')}: {path}")
    for cure in found.get("cures", ()):
        front.say(f"cure: {cure}")
    if unproved := found.get("unproved"):
        front.say(
            f"without a hash, as version 0.1.0 wrote them, and so only looked at as far as they go: "
            f"{', '.join(unproved)}"
        )
    wrong = any(found[name] for name in ("missing", "changed", "orphans"))
    front.say(f"{found['checked']} files checked, {'see above' if wrong else 'all as recorded'}")
    front.status = max(front.status, 6 if wrong else 0)


def _verify(front: Front, folder: Path) -> dict[str, Any]:
    """What kind of folder it is decides who verifies it."""
    from comicdata.episodes import INDEX, verify_crawl
    from comicdata.forgotten import read_forgotten
    from comicdata.outputs import LIST
    from comicdata.outputs.findings import verify_outputs

    if folder.name == "manifest.parquet" or (folder / "manifest.parquet").is_file():
        from comicdata.pairs.verify import verify_pairs

        return verify_pairs(folder)
    if any((folder / name).exists() for name in ("config.json", "weights.safetensors", "state")):
        from comicdata.models.runs.verify import verify_run

        return verify_run(folder)
    if (folder / "export.json").is_file():
        from comicdata.exports import verify_export

        return verify_export(folder)
    if any(folder.glob("*/*/series.json")) or any(folder.glob("*/*/*/episode.json")):
        return verify_crawl(folder)
    if (folder / INDEX).is_file() and read_forgotten(folder):
        front.say(
            f"{folder}: a crawl of which every series was forgotten: {', '.join(map('/'.join, read_forgotten(folder)))}"
        )
        return verify_crawl(folder)
    if (folder / LIST).is_file():
        return verify_outputs(folder)
    raise UsageError(
        f"{folder}: neither a crawl (series.json), a pairs folder (manifest.parquet), a run (config.json), "
        "an export (export.json) nor an output folder (.comicdata.json)"
    )


command_ = verify
