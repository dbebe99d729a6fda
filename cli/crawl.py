"""`comicdata crawl`: from a site, a folder or a CBZ to stored episodes."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from comicdata.cli.front import Front, command, reads_pictures
from comicdata.errors import ComicDataError, PartialError, PolicyError, UsageError

if TYPE_CHECKING:
    from comicdata.crawl import Source
    from comicdata.crawl.web import Visit

HOSTS_AT_ONCE = 4
REFUSED = {"skipped_robots", "skipped_optout"}
FAILED = {"partial", "failed", "layout_changed"}


@command(
    writes=True, example="comicdata crawl my-comic.cbz --out out/crawl --licence CC-BY-4.0 --attribution 'A. Author'"
)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--out", type=click.Path(path_type=Path), help="The crawl folder to make or complete.")
@click.option("--episodes", default=None, help="Only these, by number or id: 1-10,10.5,s2:3,bonus.")
@click.option("--max-episodes", type=click.IntRange(1), default=None, help="At most so many per series.")
@click.option("--update", is_flag=True, help="Look for new episodes, and ask again for what was refused.")
@click.option("--refresh", is_flag=True, help="Ask of every stored picture whether it changed; nothing is deleted.")
@click.option("--retry-failed", is_flag=True, help="Only episodes that an earlier crawl did not get.")
@click.option("--verify", is_flag=True, help="Hash and decode what is stored; no request.")
@click.option("--probe", is_flag=True, help="Look at one episode, show what each selector finds, write nothing.")
@click.option("--licence", default=None, help="Licence of pictures whose source names none, as an SPDX id (CC-BY-4.0).")
@click.option("--attribution", default="", help="Whom to credit for them.")
@click.option("--contact", default="", help="How a site's owner reaches you; part of the User-Agent.")
@click.option(
    "--pause", type=click.FloatRange(0.2, 120), default=None, help="Seconds between two pages of a host (default 1)."
)
@click.option("--base", default=None, help="Address of the site in place of the recipe's.")
@click.option("--mirror", multiple=True, metavar="ORIGIN=ORIGIN", help="Ask the second where the first is meant.")
@reads_pictures
@click.option("--ignore-robots", is_flag=True, help="You own the site, or its owner allows it: recorded.")
@click.option("--ignore-optouts", is_flag=True, help="The rights holder allows you what the site denies: recorded.")
@click.option(
    "--include-generated", is_flag=True, help="Also pictures that comicdata made: they are left out otherwise."
)
@click.option("--i-am-adult", is_flag=True, help="Pass age gates that ask for no account: recorded.")
def crawl(front: Front, sources: tuple[str, ...], out: Path | None, **options: Any) -> Any:
    """Store the episodes of every SOURCE: a URL, a recipe (file or shipped name), a folder, an archive, a picture.

    Bytes are kept as they came. The same command resumes; what is complete is neither requested nor written again.
    robots.txt and opt-outs are obeyed: see docs/what-may-i-crawl.md.
    """
    from comicdata.crawl import open_sources
    from comicdata.records import Licence

    if out is None and not options["probe"]:
        raise UsageError("--out DIR is missing: the crawl folder to make or complete")
    visit = _visit(options)
    licence, attribution = options["licence"], options["attribution"]
    stated = Licence(licence or "unknown", "", attribution) if licence or attribution else None
    opened = [one for spec in sources for one in open_sources(spec, base=options["base"], licence=stated, visit=visit)]
    if options["probe"]:
        return {"series": [_probe(front, one, options) for one in opened]}
    assert out is not None
    if options["verify"]:
        return _verify(front, opened, out)
    _check(sources, out)
    return _crawl(front, opened, out, visit, options)


def _check(sources: tuple[str, ...], out: Path) -> None:
    """Refuse an OUT that is a source, or something else than a crawl."""
    from comicdata.crawl import check_crawl
    from comicdata.outputs import Reads

    check_crawl(out, Reads(Path(spec) for spec in sources if "://" not in spec))


def _visit(options: dict[str, Any]) -> "Visit":
    """The fetcher and the overrides that all sources share."""
    from comicdata.crawl.fetch import Fetcher, FetchLimits
    from comicdata.crawl.web import Overrides, Visit

    pause = options["pause"]
    pauses = {"pause_s": pause, "picture_pause_s": max(0.4 * pause, 0.2)} if pause else {}
    pairs = [text.partition("=")[::2] for text in options["mirror"]]
    for meant, asked in pairs:
        if not all(one.startswith(("http://", "https://")) and one.count("/") == 2 for one in (meant, asked)):
            raise UsageError(
                f"--mirror {meant}={asked}: two origins are expected, as in https://a.example=https://b.example"
            )
    fetcher = Fetcher(limits=FetchLimits(contact=options["contact"], **pauses), mirrors=dict(pairs))
    return Visit(fetcher, Overrides(options["ignore_robots"], options["ignore_optouts"], options["i_am_adult"]))


@dataclass
class _Lane:
    """Sources of one host, crawled one after the other; lanes run side by side."""

    front: Front
    out: Path
    options: dict[str, Any]
    add_bar: Callable[..., Any]
    stopped: threading.Event

    def run(self, sources: "Sequence[Source]") -> list[dict[str, Any]]:
        return [self._series(one) for one in sources if not self.stopped.is_set()]

    def _series(self, source: "Source") -> dict[str, Any]:
        """Crawl one series; what ends it early is part of its report."""
        report: dict[str, Any] = {"source": source.key[0], "series_id": source.key[1], "episodes": [], "fetched": 0}
        try:
            chosen = self._chosen(source)
            report["title"] = source.key[1]
            if self.front.dry_run:
                report["episodes"] = [self._planned(source, one) for one in chosen]
            else:
                self._store(source, chosen, report)
            if source.cut_short:
                report["error"], report["exit"] = source.cut_short, PartialError.status
        except ComicDataError as error:
            report["error"], report["exit"] = str(error), error.status
        return report

    def _chosen(self, source: "Source") -> list[Any]:
        """The episodes that are meant; UsageError, with what there is, where none is, and a word for a name in vain."""
        from comicdata.crawl import check_series, failed_before, listed, select
        from comicdata.episodes import unnamed, what_there_is

        options = self.options
        every = listed(source, self.out, update=options["update"] or options["refresh"])
        pattern = options["episodes"]
        chosen = select(every, pattern, options["max_episodes"])
        check_series(self.out, source.key, chosen)
        wrong = unnamed(every, pattern) if pattern is not None else []
        if wrong and not options["retry_failed"]:
            why = f"--episodes {','.join(wrong)} names none of its episodes; there are {what_there_is(every)}"
            if not chosen:
                raise UsageError(why)
            self.front.warn(f"{'/'.join(source.key)}: {why}")
        if not chosen and not options["retry_failed"]:
            raise UsageError("there is no episode")
        return failed_before(source, self.out, chosen) if options["retry_failed"] else chosen

    def _store(self, source: "Source", chosen: Sequence[Any], report: dict[str, Any]) -> None:
        from comicdata.crawl import crawl as crawl_episodes

        update = self.add_bar("/".join(source.key), len(chosen))
        done = 0
        stored = crawl_episodes(
            source,
            self.out,
            chosen,
            update=self.options["update"] or self.options["refresh"],
            refresh=self.options["refresh"],
            retry=self.options["retry_failed"],
            include_generated=self.options["include_generated"],
            on_image=lambda episode, image, total: update(done, f"{episode.episode_id} {image}/{total}"),
        )
        for record, new in stored:
            report["episodes"].append(_line(record))
            report["fetched"] += new
            done += 1
            update(done)
            if self.stopped.is_set():
                break

    def _planned(self, source: "Source", episode: Any) -> dict[str, Any]:
        """What a crawl would do with an episode: "planned", or the status that it has already."""
        from comicdata.episodes import stored_episode

        record = stored_episode(self.out, *source.key, episode.episode_id)
        settled = record is not None and record.status not in ("partial", "failed") and not self.options["refresh"]
        status = record.status if record and settled else episode.status or "planned"
        called = {name: getattr(episode, name) for name in ("episode_id", "number", "season", "title")}
        return {**called, "status": status}


def _crawl(
    front: Front, opened: "Sequence[Source]", out: Path, visit: "Visit", options: dict[str, Any]
) -> dict[str, Any]:
    """Crawl all sources, the hosts side by side; then the lists that are derived from the records."""
    from comicdata.crawl import close_crawl

    hosts: dict[str, list[Source]] = {}
    for source in opened:
        hosts.setdefault(source.host, []).append(source)
    stopped = threading.Event()
    with front.bars("episodes") as add_bar, ThreadPoolExecutor(HOSTS_AT_ONCE) as pool:
        lane = _Lane(front, out, options, add_bar, stopped)
        futures = [pool.submit(lane.run, group) for group in hosts.values()]
        try:
            reports = [report for future in futures for report in future.result()]
        except BaseException:  # Ctrl-C: the threads end at once, and the store is whole at any moment
            stopped.set()
            visit.fetcher.stop()
            raise
    if not front.dry_run:
        close_crawl(out)
    for report in reports:
        _conclude(front, report)
    if len(reports) > 1:
        _summary(front, reports)
    fetcher = visit.fetcher
    front.say(f"{fetcher.request_count} requests, {fetcher.byte_count / 1e6:.1f} MB fetched")
    return {"series": reports, "requests": fetcher.request_count, "bytes": fetcher.byte_count}


def _conclude(front: Front, report: dict[str, Any]) -> None:
    """A line per series, one per episode that is not complete, and the exit status."""
    name = f"{report['source']}/{report['series_id']}"
    episodes = report["episodes"]
    counts = Counter(episode["status"] for episode in episodes)
    words = ", ".join(f"{count} {status}" for status, count in counts.items()) or "no episode"
    if front.dry_run:
        columns = ("episode_id", "season", "number", "title", "status")
        shown = [[str(one[column]) for column in columns] for one in episodes]
        if shown:
            front.table(name, ["episode", "season", "number", "title", "plan"], shown)
        front.say(f"{name}: {len(episodes)} episodes: {words}; nothing written")
    else:
        pictures = sum(episode["images"] for episode in episodes)
        fetched = report.pop("fetched")
        done = f"{fetched} fetched now" if fetched else "nothing new to do (--update looks for new episodes)"
        front.say(f"{name}: {words}; {pictures} pictures; {done}")
        for episode in episodes:
            if episode["status"] != "ok":
                front.warn(f"{episode['status']}: {episode['episode_id']}: {episode['reason']}")
    if set(counts) & FAILED:
        front.status = max(front.status, 3)
    if "error" in report:
        front.warn(f"{name}: {report['error']}")
        front.status = max(front.status, report["exit"])
    elif counts and set(counts) <= REFUSED and not front.dry_run:
        report["error"], report["exit"] = f"{name}: robots.txt or an opt-out forbids every episode", PolicyError.status
        front.status = max(front.status, PolicyError.status)


def _summary(front: Front, reports: Sequence[dict[str, Any]]) -> None:
    """One row per series, one column per status that occurs."""
    counts = [Counter(episode["status"] for episode in report["episodes"]) for report in reports]
    statuses = sorted(set().union(*counts))
    rows = []
    for report, count in zip(reports, counts, strict=True):
        size = sum(episode.get("bytes", 0) for episode in report["episodes"])
        shown = [str(count[status] or "") for status in statuses]
        rows.append([f"{report['source']}/{report['series_id']}", *shown, f"{size / 1e6:.1f} MB"])
    front.table("Episodes", ["series", *statuses, "size"], rows)


def _line(record: Any) -> dict[str, Any]:
    return {
        "episode_id": record.episode_id,
        "number": record.number,
        "season": record.season,
        "status": record.status,
        "reason": record.reason,
        "images": len(record.images),
        "bytes": sum(image.bytes for image in record.images),
    }


def _verify(front: Front, opened: "Sequence[Source]", out: Path) -> dict[str, Any]:
    """Hash and decode what is stored of each source."""
    from comicdata.cli.verify import report_found
    from comicdata.episodes import verify_crawl

    reports = []
    for source in opened:
        found = verify_crawl(out, "/".join(source.key), decoded=True)
        report_found(front, found)
        reports.append({"source": source.key[0], "series_id": source.key[1], **found})
    return {"series": reports, "requests": 0, "bytes": 0}


def _probe(front: Front, source: "Source", options: dict[str, Any]) -> dict[str, Any]:
    """Look at the first episode that is meant: what was listed, what each selector found, whether a picture decodes."""
    from comicdata.crawl import select
    from comicdata.images import decode

    series, episodes = source.series(), source.episodes()
    chosen = [one for one in select(episodes, options["episodes"]) if not one.status]
    if not chosen:
        raise UsageError(f"{'/'.join(source.key)}: none of its {len(episodes)} episodes can be looked at")
    pages, problem = _pages_of(source, chosen[0])
    if problem:
        front.warn(str(problem))
        front.status = problem.status
    finds = [asdict(one) for one in source.finds]
    front.say(f"{series.title}: {len(episodes)} episodes, licence {series.licence.id}; looked at {chosen[0].title!r}")
    rows = [[one["what"], one["selector"], str(one["count"]), one["example"]] for one in finds]
    front.table("What the selectors find", ["what", "selector", "found", "the first"], rows)
    height, width = decode(source.read(pages[0]).body, pages[0].url).shape[:2] if pages else (0, 0)
    front.say(f"first picture: {width} x {height}; nothing was written")
    return {
        "source": source.key[0],
        "series_id": source.key[1],
        "title": series.title,
        "episode_id": chosen[0].episode_id,
        "episodes": len(episodes),
        "pages": [page.url for page in pages],
        "first_picture": [width, height],
        "finds": finds,
    }


def _pages_of(source: "Source", episode: Any) -> tuple[Sequence[Any], ComicDataError | None]:
    """The pictures of an episode, or what is wrong with it: what the selectors found is shown either way."""
    try:
        return source.pages(episode), None
    except ComicDataError as error:
        return [], error


command_ = crawl
