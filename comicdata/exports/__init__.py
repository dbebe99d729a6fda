"""Pairs in the layouts of other programs: tar shards, ControlNet folders, Croissant. Equal rows give equal bytes.

Only what is kept, not excluded and not forgotten goes out; what an earlier export wrote for rows that are gone, goes.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from comicdata.errors import UsageError
from comicdata.exports.folder import Plan, Summary, check_out, dry_run, read_ledger, verify_export, write_folder
from comicdata.exports.job import TARGETS, ExportOptions, Job
from comicdata.forgotten import read_forgotten
from comicdata.pairs import manifest
from comicdata.pairs.excluded import read_excluded
from comicdata.reading.text import plain
from comicdata.records import Pair

__all__ = ["TARGETS", "ExportOptions", "Job", "Summary", "export", "plan_export", "verify_export"]


def plan_export(pairs: Path, options: ExportOptions) -> Job:
    """The rows and outlines that go out; `problem` says what is wrong with the choice, "" when nothing is."""
    folder = manifest.pairs_folder(pairs)
    rows = _usable(folder)
    sized = [row for row in rows if not options.size or row.size in options.size]
    outlines = options.outline or _complete(sized)
    chosen = [row for row in sized if not _lacking(row, outlines)]
    return Job(folder, tuple(chosen), tuple(outlines), options, _problem(folder, rows, chosen, options))


def incomplete_outlines(job: Job) -> dict[str, int]:
    """Joined outlines that stay behind because some pairs lack them, and how many do."""
    further = manifest.further_outlines(job.rows)
    counts = {name: sum(_lacking(row, [name]) for row in job.rows) for name in further}
    return {name: count for name, count in counts.items() if count}


def _usable(folder: Path) -> list[Pair]:
    """Kept rows; excluded.jsonl and forgotten.jsonl count at once, before make-pairs has read them."""
    excluded, forgotten = read_excluded(folder), read_forgotten(folder)
    return [
        row
        for row in manifest.usable(manifest.read_rows(folder))
        if row.id not in excluded and (row.source, row.series_id) not in forgotten
    ]


def _complete(rows: Sequence[Pair]) -> list[str]:
    """The outlines that every row has."""
    names = manifest.outline_names(rows)
    return [name for name in names if not any(_lacking(row, [name]) for row in rows)]


def _lacking(row: Pair, outlines: Sequence[str]) -> bool:
    return not all(manifest.sha256_of(row, name) for name in outlines)


def _problem(folder: Path, rows: Sequence[Pair], chosen: Sequence[Pair], options: ExportOptions) -> str:
    sizes, names = sorted({row.size for row in rows}), manifest.outline_names(rows)
    for size in options.size if rows else ():
        if size not in sizes:
            return f"{folder}: no pairs of size {size}; there are {', '.join(map(str, sizes))}"
    for name in options.outline:
        if name not in names:
            return f"{folder}: no outline {name!r}; there are {', '.join(names)}"
    return "" if chosen else f"{folder}: no pair to export (see: comicdata show {folder})"


def export(
    job: Job,
    out: Path,
    *,
    dry: bool = False,
    on_file: Callable[[int, int], None] = lambda done, total: None,
) -> Summary:
    """Write or complete an export in `out`; `on_file(done, total)` is called as files are looked after.

    What is there and right is left alone; killed at any moment, the same call completes the folder to the same bytes.
    UsageError when `job` has a problem, unless `out` holds what this very command once wrote: a series that was
    forgotten since has to go from there, even if it was all there was. `dry` only counts.
    """
    if out.resolve().is_relative_to(job.folder.resolve()):
        raise UsageError(f"{out}: lies inside the pairs; name a folder of its own with --out")
    check_out(out, job.options.to)
    facts = {
        "to": job.options.to,
        "options": plain(asdict(job.options)),
        "data_sha256": manifest.rows_hash(job.rows),
        "pairs": job.counts,
    }
    if job.problem and read_ledger(out).get("options") != facts["options"]:
        raise UsageError(job.problem)
    plan = _plan(job)
    return dry_run(out, plan) if dry else write_folder(out, facts, plan, on_file)


def _plan(job: Job) -> Plan:
    from comicdata.exports import croissant, kohya, webdataset

    if not job.rows:
        return ()
    plans = {"webdataset": webdataset.plan, "kohya": kohya.plan, "croissant": croissant.plan}
    return plans[job.options.to](job)
