"""From stored episodes to pairs of colour and line art: which parts are to be made, and what a second pass over all
parts decides: duplicates, splits, the manifest.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from comicdata.episodes import read_crawl, series_facts
from comicdata.errors import ComicDataError, IntegrityError, PartialError, PolicyError, UsageError
from comicdata.files import below, delete, locked, sha256_file, sweep_orphans, write_jsonl
from comicdata.forgotten import FORGOTTEN, read_forgotten
from comicdata.formats import PICTURE_SUFFIXES
from comicdata.outputs import Reads, free_folder
from comicdata.pairs import manifest
from comicdata.pairs.card import dropped_counts, write_card
from comicdata.pairs.copies import drop_duplicates
from comicdata.pairs.corrections import plan_corrections, write_overlay
from comicdata.pairs.episode import cut_by, is_done, make_part, read_part
from comicdata.pairs.excluded import read_excluded, read_exclusions
from comicdata.pairs.joined import find_outlines, join_outlines
from comicdata.pairs.manifest import FAILURES
from comicdata.pairs.pages import pages_by_confidence
from comicdata.pairs.parts import JOURNAL, noted_files
from comicdata.pairs.place import check_pairs, keep_changed
from comicdata.pairs.splits import Key, assign_splits, group_by, named_keys
from comicdata.pairs.task import Task, outlines_of, part_path
from comicdata.pairs.workers import Engine, run
from comicdata.panels.splitter import SPLITTER
from comicdata.panels.unsure import UNSURE
from comicdata.reading.shapes import of_shape
from comicdata.records import Failure, Pair, PairOptions

log = logging.getLogger("comicdata")


@dataclass(frozen=True)
class Summary:
    """What make_pairs did: counts over the whole folder, and how many episodes were made new by this run.

    `panels` counts all, `kept` those of which a pair is left to train on. `doubts`: a line for every episode whose
    layout was decided on thin evidence. `pages` (a strip is one) and those of them with an unsure panel, least sure
    first. `orders`: which way episodes are read, and why, with their number. `cut_again`: episodes by the older version
    of the splitter that had cut them. `corrected` pages have boxes that a person gave.
    `restored` episodes had pictures that were deleted or damaged. `episodes` counts all.
    """

    panels: int
    kept: int
    pairs: int
    excluded: int
    dropped: dict[str, int]
    splits: dict[str, int]
    episodes_new: int
    failures: list[Failure]
    doubts: list[str] = field(default_factory=list)
    pages: int = 0
    unsure: list[str] = field(default_factory=list)
    orders: dict[str, int] = field(default_factory=dict)
    cut_again: dict[int, int] = field(default_factory=dict)
    corrected: int = 0
    restored: int = 0
    episodes: int = 0


@dataclass(frozen=True)
class Plan:
    """All tasks of a crawl in order, those still to do, what a split groups by, and series forgotten in `out`.

    `cut_again` as in Summary; `overlay` is what panels.jsonl is to say, `notes` what is to be said of it.
    """

    tasks: list[Task]
    todo: list[Task]
    group: str
    forgotten: list[str]
    cut_again: dict[int, int]
    overlay: bytes
    notes: list[str]


def plan_pairs(crawl: Path, out: Path, options: PairOptions, panels: Sequence[Path] = ()) -> Plan:
    """Which episodes still have to be made; `panels` are files of corrected boxes.

    UsageError when the crawl is missing, empty or fits no option, and for boxes that do not fit their page.
    """
    records = [record for record in read_crawl(crawl) if record.images]
    if not records:
        raise UsageError(f"{crawl}: {_advice(crawl)}")
    check_pairs(out, Reads([crawl, *panels]))
    forgotten = read_forgotten(out)
    left_out = sorted({f"{one.source}/{one.series_id}" for one in records if (one.source, one.series_id) in forgotten})
    records = [one for one in records if (one.source, one.series_id) not in forgotten]
    if not records:
        raise PolicyError(f"{', '.join(left_out)}: forgotten in {out}; see {out / FORGOTTEN}")
    keys: list[Key] = [(one.source, one.series_id, one.episode_id) for one in records]
    splits = assign_splits(
        keys,
        salt=options.salt,
        split_by=options.split_by,
        test=named_keys(records, options.test_episodes, "--test-episodes"),
        validation=named_keys(records, options.validation_episodes, "--validation-episodes"),
    )
    if "train" not in splits.values():
        raise UsageError("no episode is left to train on; name fewer in --test-episodes and --validation-episodes")
    corrections = plan_corrections(out, panels, records)
    facts = {key[:2]: series_facts(crawl, *key[:2]) for key in keys}
    tasks = [
        Task(record, crawl, out, options, splits[key], corrected, *facts[key[:2]])
        for record, key, corrected in zip(records, keys, corrections.by_episode, strict=True)
    ]
    todo = [task for task in tasks if not is_done(task)]
    versions = Counter(cut_by(task) for task in todo)
    again = {version: count for version, count in versions.items() if version not in (None, SPLITTER)}
    grouped, again = group_by(keys, options.split_by), dict(sorted(again.items()))
    return Plan(tasks, todo, grouped, left_out, again, corrections.overlay, corrections.notes)


def _advice(folder: Path) -> str:
    """What to do with a folder that is no crawl; nobody is told to crawl into the folder of his own files."""
    out = free_folder(folder, "crawl")
    if any(path.suffix.lower() in (*PICTURE_SUFFIXES, ".cbz", ".zip") for path in below(folder)):
        return f"this is a folder of pictures, not a crawl; make one first: comicdata crawl {folder} --out {out}"
    return f"no episode with pictures here; make a crawl with: comicdata crawl SOURCE --out {out}"


def make_pairs(
    crawl: Path | str,
    out: Path | str,
    options: PairOptions | None = None,
    *,
    workers: int = 1,
    engine: Engine = "pool",
    address: str | None = None,
    outlines: Mapping[str, Path] | None = None,
    panels: Sequence[Path] = (),
    on_episode: Callable[[int, int], None] = lambda done, total: None,
) -> Summary:
    """Make or complete a pairs folder. `on_episode(done, total)` is called as episodes finish.

    More than one of `workers` are processes that load the script anew: it then works under `if __name__ == "__main__"`.
    `outlines` are folders of line art made elsewhere, by name: they join as further columns (see join_outlines).
    `panels` are files of boxes that a person corrected; they are laid over PAIRS/panels.jsonl and count from then on.
    Parts that exist and fit are left alone; the second pass over all parts decides duplicates and writes the manifest.
    Killed at any moment, the same call completes the folder to the same bytes.
    """
    crawl, out, options = Path(crawl), Path(out), options or PairOptions()
    found = find_outlines(outlines or {}, out)
    how: dict[str, Any] = {"workers": workers, "engine": engine, "address": address}
    with locked(out):
        sweep_orphans(out)
        plan = plan_pairs(crawl, out, options, panels)
        for note in plan.notes:
            log.warning("%s", note)
        write_overlay(out, plan.overlay)
        keep_changed(plan.todo)
        failures = _run_tasks(plan.todo, on_episode, **how)
        decided = _decided_rows(plan, out, failures)
        lost = _tasks_with_lost_pictures(plan, out, decided.rows)
        if lost:  # a copy whose original went away, or pictures that were deleted or damaged
            keep_changed(lost)
            failures += _run_tasks(lost, on_episode, **how)
            decided = _decided_rows(plan, out, failures)
        _say_unmatched(read_exclusions(out), decided.rows)
        rows, missing = join_outlines(out, decided.rows, found)
        summary = _finish(out, options, plan, rows, [*failures, *decided.failures, *missing])
        pages = pages_by_confidence(rows)
        unsure = [name for name, confidence in pages.items() if confidence < UNSURE]
        summary = replace(summary, pages=len(pages), unsure=unsure, cut_again=plan.cut_again)
        corrected = sum(len(task.corrections) for task in plan.tasks)
        return replace(
            summary,
            doubts=decided.doubts,
            orders=decided.orders,
            corrected=corrected,
            restored=len(lost),
            episodes=len(plan.tasks),
        )


def _run_tasks(tasks: Sequence[Task], on_episode: Callable[[int, int], None], **how: Any) -> list[Failure]:
    """Make parts; what fails for one episode is a failure beside the others, a full disk ends it all."""
    failures: list[Failure] = []
    for done, (task, outcome) in enumerate(run(make_part, tasks, **how), 1):
        if isinstance(outcome, Exception):
            if isinstance(outcome, ComicDataError) and outcome.status == 8:
                raise outcome
            item = "/".join(task.place)
            failures.append(Failure("make-pairs", item, str(outcome), type(outcome).__name__))
        on_episode(done, len(tasks))
    return failures


@dataclass(frozen=True)
class _Decided:
    rows: list[Pair]
    failures: list[Failure]
    doubts: list[str]
    orders: dict[str, int]


def _decided_rows(plan: Plan, out: Path, failed: Sequence[Failure]) -> _Decided:
    """Rows, failures, doubts and reading orders of all parts in the order of episodes; duplicates dropped, exclusions
    laid over.

    IntegrityError when an episode that did not fail has no part that fits: it must never count as one without rows.
    """
    rows: list[Pair] = []
    failures: list[Failure] = []
    doubts: list[str] = []
    orders: Counter[str] = Counter()
    lost = {failure.item for failure in failed}
    for task in plan.tasks:
        header, values = read_part(task)
        if not header and "/".join(task.place) not in lost:
            raise IntegrityError(
                f"{part_path(task)}: missing, damaged or of other settings, though just made; run make-pairs again "
                "(with --engine ray on machines that have the same version of comicdata and see the same folders)"
            )
        failures += of_shape(list[Failure], header.get("failures", []))
        doubts += [f"{'/'.join(task.place)}: {header['doubt']}"] if header.get("doubt") else []
        orders.update([header["order"]] if header.get("order") else [])
        rows += [manifest.row_from_json(value, f"{part_path(task)}:{n}") for n, value in enumerate(values, 2)]
    excluded = read_excluded(out)
    ids = {row.id for row in rows}
    doubts += [
        f"excluded.jsonl: no pair is called {name}, so that line takes nothing out" for name in sorted(excluded - ids)
    ]
    rows = [replace(row, excluded=row.id in excluded) for row in drop_duplicates(rows)]
    return _Decided(rows, failures, doubts, dict(orders.most_common()))


def _say_unmatched(excluded: Mapping[str, str], rows: Sequence[Pair]) -> None:
    """Name the lines of excluded.jsonl that take out nothing: a mistyped id must not pass for an exclusion."""
    there = {row.id for row in rows}
    for identifier, place in excluded.items():
        if identifier not in there:
            log.warning("%s: no row has the id %r; nothing is excluded by this line", place, identifier)


def _tasks_with_lost_pictures(plan: Plan, out: Path, rows: Sequence[Pair]) -> list[Task]:
    """Tasks of which a picture is missing or is not what its row says.

    A part is written after its pictures, so only those that changed since are hashed: in most runs none.
    """
    made = {task.place: part_path(task).stat().st_mtime_ns for task in plan.tasks if part_path(task).is_file()}
    places = ((row, (row.source, row.series_id, row.episode_id)) for row in rows if row.kept)
    lost = {place for row, place in places if not _is_whole(out, row, made.get(place, 0))}
    return [task for task in plan.tasks if task.place in lost]


def _is_whole(out: Path, row: Pair, made_at: int) -> bool:
    for kind in manifest.KINDS:
        path = manifest.file_of(out, row, kind)
        if not path.is_file():
            return False
        if path.stat().st_mtime_ns > made_at and sha256_file(path) != manifest.sha256_of(row, kind):
            return False
    return True


def _finish(out: Path, options: PairOptions, plan: Plan, rows: Sequence[Pair], failures: Sequence[Failure]) -> Summary:
    """The second pass: pictures that no row names any more go; manifest, card, failures.

    They go first: the manifest before this one says which columns of outlines are ours.
    """
    _remove_unnamed_pictures(out, rows)
    manifest.write_manifest(out, rows)
    try:
        write_card(out, _stated(options, plan.group), rows, dropped_counts(rows))
    except PartialError as error:
        failures = [*failures, Failure("make-pairs", "card", str(error), type(error).__name__)]
    summary = summarize(rows, len(plan.todo), failures)
    if failures:
        write_jsonl(out / FAILURES, (asdict(failure) for failure in failures))
    elif (out / FAILURES).exists():
        delete(out, out / FAILURES, record=True)
    manifest.list_files(out)
    return summary


def _stated(options: PairOptions, group: str) -> dict[str, Any]:
    """The options as the card states them: presets of outlines with their parameters."""
    presets = {"canny": options.canny, "xdog": options.xdog}
    drawn = {kind: {"preset": presets[kind], **values} for kind, values in outlines_of(options).values().items()}
    values = asdict(options) | {"group": group, **drawn}
    if not options.include_generated:
        del values["include_generated"]
    return values


def _remove_unnamed_pictures(out: Path, rows: Sequence[Pair]) -> None:
    """Delete the pictures that the manifest before, or a journal, names and no row any more, if they are as they say.

    Whatever else lies in the folder is somebody's own.
    """
    named = {path for row in rows for path in manifest.files_of(out, row)}
    journals = sorted(path for path in below(out / "parts") if path.name.endswith(JOURNAL))
    known = [*manifest.recorded_pictures(out), *(one for path in journals for one in noted_files(path, out))]
    for path, digest in known:
        if path not in named:
            delete(out, path, digest)
    for path in journals:
        delete(out, path, record=True)


def summarize(rows: Sequence[Pair], episodes_new: int, failures: Sequence[Failure]) -> Summary:
    """Count panels, pairs, reasons and splits; rows that a person excluded count as such alone."""
    kept = manifest.usable(rows)
    return Summary(
        panels=len({row.panel_id for row in rows}),
        kept=len({row.panel_id for row in kept}),
        pairs=len(kept),
        excluded=sum(row.kept and row.excluded for row in rows),
        dropped=dropped_counts(rows),
        splits={name: sum(row.split == name for row in kept) for name in ("train", "validation", "test")},
        episodes_new=episodes_new,
        failures=list(failures),
    )
