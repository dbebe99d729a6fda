"""From stored episodes to pairs of colour and line art. One episode is one task is one part file, written last."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from comicdata import engines, manifests
from comicdata.cards import dropped_counts, write_card
from comicdata.crawl import episode_folder, read_crawl
from comicdata.errors import ComicDataError, IntegrityError, PictureError, UsageError
from comicdata.files import (
    jsonl_bytes,
    locked,
    read_jsonl,
    sha256_bytes,
    sweep_orphans,
    sync_disk,
    write_atomic,
    write_jsonl,
)
from comicdata.images import Image, decode, encode_png
from comicdata.outlines import canny_black, outline_parameters, xdog
from comicdata.panels import Strip, cut_panel, find_panels, make_strips, pictures_of
from comicdata.records import Box, EpisodeRecord, Failure, Pair, PairOptions, Panel
from comicdata.splits import Key, assign_splits, check_pattern, drop_duplicates, group_by
from comicdata.windows import facts_of, fit_window, panel_drop_reason, window_boxes, window_drop_reason

SCHEMA_VERSION = 1
SIZES = (256, 512)


@dataclass(frozen=True)
class Task:
    """One episode to turn into pairs: picklable, complete."""

    record: EpisodeRecord
    crawl: Path
    out: Path
    options: PairOptions
    split: str
    key: str


@dataclass(frozen=True)
class Summary:
    """What make_pairs did: counts over the whole folder, and how many episodes were made new by this run."""

    panels: int
    kept: int
    pairs: int
    dropped: dict[str, int]
    splits: dict[str, int]
    episodes_new: int
    failures: list[Failure]


@dataclass(frozen=True)
class Plan:
    """All tasks of a crawl in order, those still to do, and what a split groups by."""

    tasks: list[Task]
    todo: list[Task]
    group: str


def plan_pairs(crawl: Path, out: Path, options: PairOptions) -> Plan:
    """Which episodes still have to be made; UsageError when the crawl is missing, empty or fits no option."""
    records = [record for record in read_crawl(crawl) if record.images]
    if not records:
        raise UsageError(
            f"{crawl}: no episode with pictures here; make a crawl with: comicdata crawl SOURCE --out {crawl}"
        )
    keys = [_key(record) for record in records]
    check_pattern(options.test_episodes, keys, "--test-episodes")
    check_pattern(options.validation_episodes, keys, "--validation-episodes")
    splits = assign_splits(
        keys,
        salt=options.salt,
        split_by=options.split_by,
        test=options.test_episodes,
        validation=options.validation_episodes,
    )
    if "train" not in splits.values():
        raise UsageError("no episode is left to train on; name fewer in --test-episodes and --validation-episodes")
    tasks = [_task(record, crawl, out, options, splits[_key(record)]) for record in records]
    return Plan(tasks, [task for task in tasks if not _is_done(task)], group_by(keys, options.split_by))


def _key(record: EpisodeRecord) -> Key:
    return record.source, record.series_id, record.episode_id


def _task(record: EpisodeRecord, crawl: Path, out: Path, options: PairOptions, split: str) -> Task:
    """A task; its key hashes all that decides its bytes."""
    inputs = {
        "schema": SCHEMA_VERSION,
        "params": params_id(options),
        "sizes": options.size,
        "split": split,
        "licence": asdict(record.licence),
        "url": record.url,
        "images": [asdict(image) for image in record.images],
    }
    return Task(record, crawl, out, options, split, sha256_bytes(json.dumps(inputs).encode())[:16])


def params_id(options: PairOptions) -> str:
    """Hash of the outline and resize settings that made a window."""
    settings = {"fit": options.fit, "layout": options.layout, **outline_parameters()}
    return "q" + sha256_bytes(json.dumps(settings, sort_keys=True).encode())[:12]


def part_path(task: Task) -> Path:
    source, series, episode = _key(task.record)
    return task.out / "parts" / source / series / f"{episode}.jsonl"


def _is_done(task: Task) -> bool:
    """The part is there, was made with the same key, and nothing of it failed."""
    header, _ = _read_part(task)
    return bool(header) and not header["failures"]


def _read_part(task: Task) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Header and rows of a part; nothing when it is missing, damaged, or made with another key."""
    try:
        lines = read_jsonl(part_path(task))
    except IntegrityError:
        return {}, []
    if not lines or lines[0].get("key") != task.key:
        return {}, []
    return lines[0], lines[1:]


def make_pairs(
    crawl: Path,
    out: Path,
    options: PairOptions | None = None,
    *,
    workers: int | None = None,
    on_episode: Callable[[int, int], None] = lambda done, total: None,
) -> Summary:
    """Make or complete a pairs folder. `on_episode(done, total)` is called as episodes finish.

    Parts that exist and fit are left alone; the second pass over all parts decides duplicates and writes the manifest.
    Killed at any moment, the same call completes the folder to the same bytes.
    """
    options = options or PairOptions()
    workers = workers or os.cpu_count() or 1
    with locked(out):
        sweep_orphans(out)
        plan = plan_pairs(crawl, out, options)
        failures = _run_tasks(plan.todo, workers, on_episode)
        rows, part_failures = _decided_rows(plan, out)
        lost = _tasks_with_lost_files(plan, out, rows)
        if lost:  # a copy whose original went away, or files deleted by hand
            failures += _run_tasks(lost, workers, on_episode)
            rows, part_failures = _decided_rows(plan, out)
        return _finish(out, options, plan, rows, [*failures, *part_failures])


def _run_tasks(tasks: Sequence[Task], workers: int, on_episode: Callable[[int, int], None]) -> list[Failure]:
    failures: list[Failure] = []
    for done, (task, outcome) in enumerate(engines.run(make_part, tasks, workers=workers), 1):
        if isinstance(outcome, Exception):
            if isinstance(outcome, ComicDataError) and outcome.status == 8:
                raise outcome
            item = "/".join(_key(task.record))
            failures.append(Failure("make-pairs", item, str(outcome), type(outcome).__name__))
        on_episode(done, len(tasks))
    return failures


def make_part(task: Task) -> int:
    """Make the windows of one episode and, last, its part; returns the number of rows."""
    pictures, failures = _read_pictures(task)
    rows = [row for strip in _strips(task, pictures) for row in _strip_rows(task, strip, pictures)]
    header = {"key": task.key, "failures": [asdict(failure) for failure in failures]}
    sync_disk()
    write_atomic(part_path(task), jsonl_bytes([header, *(asdict(row) for row in rows)]))
    return len(rows)


@dataclass(frozen=True)
class _Picture:
    image: Image
    index: int  # in the episode's images


def _read_pictures(task: Task) -> tuple[list[_Picture], list[Failure]]:
    """The episode's pictures whose bytes still have the recorded hash; the others are failures."""
    folder = episode_folder(task.crawl, task.record)
    pictures, failures = [], []
    for index, record in enumerate(task.record.images):
        path = folder / record.file_name
        try:
            data = path.read_bytes()
            if sha256_bytes(data) != record.sha256:
                raise IntegrityError(f"{path}: changed since the crawl; run the crawl again to restore it")
            pictures.append(_Picture(decode(data, str(path)), index))
        except (OSError, PictureError, IntegrityError) as error:
            failures.append(Failure("make-pairs", path.as_posix(), str(error), type(error).__name__))
    return pictures, failures


def _strips(task: Task, pictures: Sequence[_Picture]) -> list[Strip]:
    return make_strips([picture.image for picture in pictures], task.options.layout) if pictures else []


def _strip_rows(task: Task, strip: Strip, pictures: Sequence[_Picture]) -> list[Pair]:
    """The rows of one strip or page, its window pictures written on the way."""
    rows = []
    for panel_index, panel in enumerate(find_panels(strip)):
        rgb = cut_panel(strip, panel.box)
        canny = canny_black(rgb)
        indices = [pictures[i].index for i in pictures_of(strip, panel.box)]
        for size in task.options.size:
            row = _panel_row(task, panel, panel_index, indices, size)
            rows += _window_rows(task, row, rgb, canny, panel)
    return rows


def _panel_row(task: Task, panel: Panel, panel_index: int, indices: Sequence[int], size: int) -> Pair:
    """What all windows of a panel at one size share; dropped until a window says otherwise."""
    record = task.record
    images = [record.images[i] for i in indices]
    box = (panel.box.x0, panel.box.y0, panel.box.x1, panel.box.y1)
    place = "/".join([*_key(record), *(image.file_name for image in images), repr(box)])
    return Pair(
        id="",
        panel_id="p" + sha256(place.encode()).hexdigest()[:16],
        source=record.source,
        series_id=record.series_id,
        episode_id=record.episode_id,
        panel_index=panel_index,
        window_index=0,
        split=task.split,
        kept=False,
        drop_reason="",
        color_file_name="",
        canny_file_name="",
        xdog_file_name="",
        size=size,
        fit=task.options.fit,
        crop_box=(0, 0, panel.box.width, panel.box.height),
        panel_box=box,
        source_files=tuple(image.file_name for image in images),
        source_sha256=tuple(image.sha256 for image in images),
        source_url=images[0].url if images else record.url,
        licence=record.licence.id,
        attribution=record.licence.attribution,
        split_confidence=round(panel.confidence, 4),
        dhash="",
        black_fraction=0.0,
        ink_canny=0.0,
        ink_xdog=0.0,
        saturation=0.0,
        params_id=params_id(task.options),
        sha256_color="",
        sha256_canny="",
        sha256_xdog="",
        excluded=False,
    )


def _window_rows(task: Task, row: Pair, rgb: Image, canny: Image, panel: Panel) -> list[Pair]:
    """One row per window of the panel, or one dropped row."""
    reason = panel_drop_reason(panel.box.width, panel.box.height, row.size, panel.kind)
    if reason:
        return [replace(row, id=_window_id(row, 0), drop_reason=reason)]
    boxes = window_boxes(panel.box.width, panel.box.height, row.fit)
    return [_window_row(task, replace(row, window_index=i), rgb, canny, box) for i, box in enumerate(boxes)]


def _window_id(row: Pair, window_index: int) -> str:
    return "w" + sha256(f"{row.panel_id}/{window_index}/{row.size}/{row.fit}".encode()).hexdigest()[:16]


def _window_row(task: Task, row: Pair, rgb: Image, canny: Image, box: Box) -> Pair:
    """Cut one window, draw both outlines, measure, and write the three pictures unless a filter drops it."""
    color = fit_window(rgb, box, row.size, row.fit)
    pictures = {
        "color": color,
        "canny": fit_window(canny, box, row.size, row.fit, paper=255),
        "xdog": xdog(color, size=row.size),
    }
    facts = facts_of(**pictures)
    reason = window_drop_reason(color, facts.black_fraction)
    identifier = _window_id(row, row.window_index)
    row = replace(row, id=identifier, crop_box=(box.x0, box.y0, box.x1, box.y1), drop_reason=reason, **asdict(facts))
    if reason:
        return row
    values = {}
    for kind, picture in pictures.items():
        data = encode_png(picture)
        values[f"{kind}_file_name"] = f"{kind}/{identifier[1:3]}/{identifier}.png"
        values[f"sha256_{kind}"] = sha256_bytes(data)
        path = task.out / str(row.size) / row.split / values[f"{kind}_file_name"]
        write_atomic(path, data, durable=False)
    return replace(row, kept=True, **values)  # type: ignore[arg-type]


def _decided_rows(plan: Plan, out: Path) -> tuple[list[Pair], list[Failure]]:
    """Rows and failures of all parts in the order of episodes; duplicates dropped, exclusions laid over."""
    rows: list[Pair] = []
    failures: list[Failure] = []
    for task in plan.tasks:
        header, values = _read_part(task)
        failures += [Failure(**failure) for failure in header.get("failures", [])]
        rows += [manifests.row_from_json(value, f"{part_path(task)}:{n}") for n, value in enumerate(values, 2)]
    excluded = manifests.read_excluded(out)
    return [replace(row, excluded=row.id in excluded) for row in drop_duplicates(rows)], failures


def _tasks_with_lost_files(plan: Plan, out: Path, rows: Sequence[Pair]) -> list[Task]:
    lost = {
        (row.source, row.series_id, row.episode_id)
        for row in rows
        if row.kept and not all(manifests.file_of(out, row, kind).is_file() for kind in manifests.KINDS)
    }
    return [task for task in plan.tasks if _key(task.record) in lost]


def _finish(out: Path, options: PairOptions, plan: Plan, rows: Sequence[Pair], failures: Sequence[Failure]) -> Summary:
    """The second pass: manifest, card, failures; pictures that no row names any more go."""
    manifests.write_manifest(out, rows)
    _remove_unnamed_pictures(out, rows)
    summary = summarize(rows, len(plan.todo), failures)
    write_card(out, asdict(options) | {"group": plan.group, **outline_parameters()}, rows, summary.dropped)
    if failures or (out / "failures.jsonl").exists():
        write_jsonl(out / "failures.jsonl", (asdict(failure) for failure in failures))
    return summary


def _remove_unnamed_pictures(out: Path, rows: Sequence[Pair]) -> None:
    named = {manifests.file_of(out, row, kind) for row in rows if row.kept for kind in manifests.KINDS}
    for size in SIZES:
        for path in (out / str(size)).glob("*/*/*/*.png"):
            if path not in named:
                path.unlink()


def summarize(rows: Sequence[Pair], episodes_new: int, failures: Sequence[Failure]) -> Summary:
    """Count panels, pairs, reasons and splits."""
    kept = [row for row in rows if row.kept]
    return Summary(
        panels=len({row.panel_id for row in rows}),
        kept=len({row.panel_id for row in kept}),
        pairs=len(kept),
        dropped=dropped_counts(rows),
        splits={name: sum(row.split == name for row in kept) for name in ("train", "validation", "test")},
        episodes_new=episodes_new,
        failures=list(failures),
    )
