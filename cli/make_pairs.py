"""`comicdata make-pairs`: from a crawl to a manifest of pairs."""

import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from comicdata.cli.front import CORRECTED, Front, command, takes_panels
from comicdata.cli.panel_files import order_line
from comicdata.errors import UsageError
from comicdata.records import CannyPreset, PairOptions, XDoGPreset

if TYPE_CHECKING:
    from comicdata.pairs.make import Plan

DEFAULTS = PairOptions()
DOUBTS_SAID = 8  # the rest are counted: their rows have layout_evidence


@command(writes=True, example="comicdata make-pairs out/crawl --out out/pairs --size 256 --test-episodes 15-17")
@click.argument("crawl", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The pairs folder to make or complete.")
@click.option(
    "--size",
    type=click.Choice(["256", "512"]),
    multiple=True,
    default=[str(size) for size in DEFAULTS.size],
    help="Side of the square windows in pixels; repeat for both.",
)
@click.option(
    "--fit",
    type=click.Choice(["tile", "pad", "center", "stretch"]),
    default=DEFAULTS.fit,
    help="How a panel becomes square windows.",
)
@click.option(
    "--layout",
    type=click.Choice(["auto", "strip", "page", "single"]),
    default=DEFAULTS.layout,
    help="What the pictures of an episode are.",
)
@click.option(
    "--reading-order",
    type=click.Choice(["auto", "ltr", "rtl"]),
    default=DEFAULTS.reading_order,
    help="Of panels side by side; auto: as ComicInfo.xml or the language says, else left to right.",
)
@takes_panels("panels", f"{CORRECTED}; kept in PAIRS/panels.jsonl.")
@click.option(
    "--color-format",
    type=click.Choice(["png", "jpeg", "webp"]),
    default=DEFAULTS.color_format,
    help="Of the colour pictures; JPEG loses a little, WebP nothing. Outlines are always PNG.",
)
@click.option(
    "--canny",
    type=click.Choice(get_args(CannyPreset)),
    default=DEFAULTS.canny,
    help="How Canny + black is drawn; lines-only: without the black.",
)
@click.option(
    "--xdog",
    type=click.Choice(get_args(XDoGPreset)),
    default=DEFAULTS.xdog,
    help="How XDoG is drawn; pencil and classic are soft and grey.",
)
@click.option(
    "--split-by",
    type=click.Choice(["auto", "series", "episode"]),
    default=DEFAULTS.split_by,
    help="What the hash keeps together.",
)
@click.option(
    "--test-episodes",
    default=DEFAULTS.test_episodes,
    help="Episodes held out, by id or number: 15-17,e20; of one series of several: cat:3.",
)
@click.option(
    "--validation-episodes",
    default=DEFAULTS.validation_episodes,
    help="Likewise, for choosing the best; what is named in both is test.",
)
@click.option("--salt", default=DEFAULTS.salt, help="Another salt, another split.")
@click.option(
    "--include-generated",
    is_flag=True,
    default=DEFAULTS.include_generated,
    help="Also pictures that comicdata itself made.",
)
@click.option(
    "--workers", type=click.IntRange(1, 1024), default=None, help="Worker processes; one per core by default."
)
@click.option(
    "--outline", "outlines", multiple=True, metavar="NAME=DIR", help="Join outlines made elsewhere, <id>.png in DIR."
)
@click.option("--engine", type=click.Choice(["pool", "ray"]), default="pool", help="Worker processes, or Ray tasks.")
@click.option("--address", default=None, help="Of a Ray cluster; without one Ray runs on this machine.")
def make_pairs(
    front: Front,
    crawl: Path,
    out: Path,
    size: tuple[str, ...],
    workers: int | None,
    outlines: tuple[str, ...],
    engine: Any,
    address: str | None,
    panels: tuple[Path, ...],
    **rest: Any,
) -> Any:
    """Split every episode of DIR into panels, cut windows, draw outlines, and write the manifest.

    The same command again makes only what is missing; killed at any moment, it completes to the same bytes.
    """
    from comicdata import pairs

    options = PairOptions(size=tuple(sorted({int(one) for one in size})), **rest)
    elsewhere = _folders(outlines)
    plan = pairs.plan_pairs(crawl, out, options, panels)
    for name in plan.forgotten:
        front.warn(f"{name}: left out, it was forgotten (see {out / 'forgotten.jsonl'})")
    for note in plan.notes if front.dry_run else ():
        front.warn(note)
    for version, count in plan.cut_again.items():
        verb = "episode was" if count == 1 else "episodes were"
        front.say(f"{count} {verb} cut by splitter {version}: {'to be ' if front.dry_run else ''}cut again")
    if front.dry_run:
        return _planned(front, plan)
    start = time.monotonic()
    with front.progress("make-pairs", len(plan.todo), "episodes") as update:
        summary = pairs.make_pairs(
            crawl,
            out,
            options,
            workers=workers or os.cpu_count() or 1,
            engine=engine,
            outlines=elsewhere,
            panels=panels,
            address=address,
            on_episode=lambda done, total: update(done),
        )
    seconds = time.monotonic() - start
    _report(front, crawl, out, summary, seconds)
    if options.reading_order == "auto" and summary.orders:
        front.say(order_line(summary.orders))
    front.status = 3 if summary.failures else 0
    return {key: value for key, value in asdict(summary).items() if key != "failures"} | {
        "seconds": round(seconds, 3),
        "failures": len(summary.failures),
    }


def _planned(front: Front, plan: "Plan") -> dict[str, Any]:
    """The split of every episode, and whether it is still to be made."""
    todo = {task.place for task in plan.todo}
    rows = [
        {
            "source": task.record.source,
            "series_id": task.record.series_id,
            "episode_id": task.record.episode_id,
            "number": task.record.number,
            "season": task.record.season,
            "title": task.record.title,
            "split": task.split,
            "to_make": task.place in todo,
        }
        for task in plan.tasks
    ]
    columns = ("episode_id", "season", "number", "title", "split")
    shown = [[f"{row['source']}/{row['series_id']}", *(str(row[name]) for name in columns)] for row in rows]
    front.table("The plan", ["series", "episode", "season", "number", "title", "split"], shown)
    front.say(f"{len(plan.todo)} of {len(plan.tasks)} episodes to make, split by {plan.group}; nothing written")
    return {"episodes": len(plan.tasks), "to_make": len(plan.todo), "plan": rows}


def _folders(outlines: tuple[str, ...]) -> dict[str, Path]:
    """NAME=DIR by name."""
    pairs = [text.partition("=") for text in outlines]
    for name, sign, folder in pairs:
        if not (name and sign and folder):
            raise UsageError(f"--outline {name}{sign}{folder}: a name and a folder are expected, as in anime=out/anime")
    return {name: Path(folder) for name, _, folder in pairs}


def _report(front: Front, crawl: Path, out: Path, summary: Any, seconds: float) -> None:
    from comicdata.panels.unsure import unsure_line

    made = [f"{summary.episodes_new} episodes made"] if summary.episodes_new else []
    if summary.restored:
        episodes = "1 episode" if summary.restored == 1 else f"{summary.restored} episodes"
        made.append(f"lost or damaged pictures of {episodes} made again")
    done = ", ".join(made) or "nothing new to do"
    front.say(
        f"{done} in {seconds:.1f} s: {summary.panels} panels, {summary.kept} kept, {summary.pairs} pairs in {out} "
        f"(train {summary.splits['train']}, validation {summary.splits['validation']}, test {summary.splits['test']})"
    )
    if summary.excluded:
        front.say(f"{summary.excluded} pairs excluded by hand")
    if summary.corrected:
        front.say(f"boxes that you corrected, on pages or strips: {summary.corrected}, kept in {out / 'panels.jsonl'}")
    if summary.dropped:
        front.say("dropped: " + ", ".join(f"{count} {reason}" for reason, count in summary.dropped.items()))
    for doubt in summary.doubts[:DOUBTS_SAID]:
        front.warn(doubt)
    if len(summary.doubts) > DOUBTS_SAID:
        front.warn(f"{len(summary.doubts) - DOUBTS_SAID} more such episodes: see layout_evidence in the manifest")
    if summary.unsure:
        where = f"comicdata show {out} --crawl {crawl} draws them first; docs/panels.md says how to correct them"
        front.warn(unsure_line(summary.unsure, summary.pages, where))
    if summary.splits["train"] == 0:
        front.warn("no pair is left to train on")
    elif summary.splits["test"] == 0:
        front.warn(f"no window is for test, so nothing shows how good a training is; {_test_cure(summary.episodes)}")
    for failure in summary.failures:
        front.warn(f"failed: {failure.item}: {failure.error}")


def _test_cure(episodes: int) -> str:
    """How to hold pages out, for a crawl of so many episodes."""
    if episodes > 1:
        return "name episodes to hold out with --test-episodes (--dry-run shows them)"
    return (
        "all is one episode: crawl the pages anew, in a folder for each chapter or with names like E01P02, and hold "
        "one out with --test-episodes"
    )


command_ = make_pairs
