"""`comicdata crawl`: from a site, a folder or a CBZ to stored episodes."""

from collections import Counter
from pathlib import Path
from typing import Any

import click

from comicdata.cli.front import Front, command
from comicdata.errors import PolicyError, UsageError


@command(
    writes=True, example="comicdata crawl my-comic.cbz --out out/crawl --licence CC-BY-4.0 --attribution 'A. Author'"
)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The crawl folder to make or complete.")
@click.option("--episodes", default=None, help="Only these, by number or id: 1-10,15.")
@click.option("--max-episodes", type=click.IntRange(1), default=None, help="At most so many per series.")
@click.option("--licence", default=None, help="Licence of local pictures, as an SPDX id (CC-BY-4.0).")
@click.option("--attribution", default="", help="Whom to credit for local pictures.")
@click.option("--base", default=None, help="Address of the site in place of the recipe's (a mirror, the loopback).")
@click.option("--contact", default="", help="How a site's owner reaches you; part of the User-Agent.")
def crawl(
    front: Front,
    sources: tuple[str, ...],
    out: Path,
    episodes: str | None,
    max_episodes: int | None,
    licence: str | None,
    attribution: str,
    base: str | None,
    contact: str,
) -> Any:
    """Store the episodes of every SOURCE: a recipe (file or shipped name), a folder, a CBZ or ZIP, a picture.

    Bytes are kept as they came. The same command resumes; what is complete is neither requested nor written again.
    """
    from comicdata.crawl import open_sources, read_crawl, write_failures
    from comicdata.crawl.fetch import Fetcher, FetchLimits
    from comicdata.records import Licence

    fetcher = Fetcher(limits=FetchLimits(contact=contact))
    stated = Licence(licence or "unknown", "", attribution) if licence or attribution else None
    opened = [one for spec in sources for one in open_sources(spec, base=base, licence=stated, fetcher=fetcher)]
    reports = [_crawl_series(front, one, out, episodes, max_episodes) for one in opened]
    if not front.dry_run:
        write_failures(out, read_crawl(out))
    front.say(f"{fetcher.request_count} requests, {fetcher.byte_count / 1e6:.1f} MB fetched")
    return {"series": reports, "requests": fetcher.request_count, "bytes": fetcher.byte_count}


def _crawl_series(front: Front, source: Any, out: Path, pattern: str | None, most: int | None) -> dict[str, Any]:
    """Crawl one series, say what came of it, and set the exit status."""
    from comicdata.crawl import crawl as crawl_episodes
    from comicdata.crawl import select

    series = source.series()
    chosen = select(source.episodes(), pattern, most)
    if not chosen:
        raise UsageError(f"{series.title}: --episodes {pattern} names none of its episodes")
    report: dict[str, Any] = {"source": series.source, "series_id": series.series_id, "episodes": []}
    if front.dry_run:
        front.say(f"{series.title}: would store {len(chosen)} episodes in {out}")
        report["episodes"] = [{"episode_id": one.episode_id, "status": "planned"} for one in chosen]
        return report
    records, fetched = [], 0
    with front.progress(f"crawl {series.series_id}", len(chosen), "episodes") as update:
        for record, new in crawl_episodes(source, out, chosen):
            records.append(record)
            fetched += new
            update(len(records))
    _conclude(front, series, records, fetched)
    report["episodes"] = [_line(record) for record in records]
    return report


def _conclude(front: Front, series: Any, records: list[Any], fetched: int) -> None:
    """A line per series, one per episode that is not complete; status 5 when all was refused, 3 when some failed."""
    counts = Counter(record.status for record in records)
    images = sum(len(record.images) for record in records)
    words = ", ".join(f"{count} {status}" for status, count in counts.items())
    done = f"{fetched} fetched now" if fetched else "nothing new to do"
    front.say(f"{series.title}: {words}; {images} pictures; {done}")
    for record in records:
        if record.status != "ok":
            front.warn(f"{record.status}: {record.episode_id}: {record.reason}")
    if set(counts) == {"skipped_robots"}:
        raise PolicyError(f"{series.title}: robots.txt forbids every episode")
    if set(counts) - {"ok"}:
        front.status = 3


def _line(record: Any) -> dict[str, Any]:
    return {
        "episode_id": record.episode_id,
        "status": record.status,
        "reason": record.reason,
        "images": len(record.images),
        "bytes": sum(image.bytes for image in record.images),
    }


command_ = crawl
