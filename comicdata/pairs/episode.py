"""One episode to one part: its pictures decoded, its panels cut into windows, its rows written last."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

from comicdata.errors import GeneratedError, IntegrityError, UsageError
from comicdata.files import delete, on_disk, read_jsonl, read_lines, sha256_bytes, sync_disk, write_atomic
from comicdata.images import Image, encode, halve
from comicdata.pairs.cuts import Slices, find_cuts, find_evidence, order_of
from comicdata.pairs.manifest import files_of, row_from_json, values_of
from comicdata.pairs.parts import is_whole, journal_of, note_files, part_bytes
from comicdata.pairs.task import Task, outlines_of, params_id, part_path
from comicdata.pairs.windows import facts_of, fit_window, panel_drop_reason, window_boxes, window_drop_reason
from comicdata.panels import Cut, Evidence
from comicdata.panels.order import Order
from comicdata.panels.splitter import SPLITTER
from comicdata.reading.shapes import MisshapenError, of_shape
from comicdata.records import Box, Failure, Pair, PairOptions


@dataclass(frozen=True)
class Header:
    """The first line of a part: what decided its rows, what failed, what is doubted, and which way it was read."""

    key: str
    failures: list[Failure]
    doubt: str = ""
    order: str = ""
    splitter: int = 1


def cut_by(task: Task) -> int | None:
    """The version of the splitter that cut the part of a task, whatever its settings were; None where there is none."""
    first = next(iter(read_lines(part_path(task))), None)
    try:
        return of_shape(Header, first).splitter
    except MisshapenError:
        return None


def is_done(task: Task) -> bool:
    """The part is there, was made with the same key, and nothing of it failed; what is left out on purpose did not."""
    header, _ = read_part(task)
    return bool(header) and all(failure["kind"] == GeneratedError.__name__ for failure in header["failures"])


def read_part(task: Task) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Header and rows of a part; nothing when it is missing, damaged, or made with another key."""
    path = part_path(task)
    try:
        if is_whole(on_disk(path) or b"") is False:
            return {}, []
        lines = read_jsonl(path)
    except IntegrityError:
        return {}, []
    if not lines or lines[0].get("key") != task.key or not _is_header(lines[0]):
        return {}, []
    return lines[0], lines[1:]


def _is_header(line: dict[str, Any]) -> bool:
    """Whether the first line of a part says what one says."""
    try:
        of_shape(Header, line)
    except MisshapenError:
        return False
    return True


def make_part(task: Task) -> int:
    """Make the windows of one episode and, last, its part; returns the number of rows.

    An older part goes first: its rows would name pictures that are about to change.
    """
    _clear_part(task)
    slices = Slices(task)
    looks = slices.check()
    evidence = find_evidence(task, slices, looks) if looks else None
    order = order_of(task, evidence)
    cuts = find_cuts(task, slices, list(looks), evidence, order.direction) if evidence else iter(())
    rows = [row for index, (cut, found) in enumerate(cuts) for row in _panel_rows(task, cut, found, index, order)]
    doubt = evidence.doubt if evidence else ""
    failures = [asdict(failure) for failure in slices.failures]
    header = {"key": task.key, "failures": failures, "doubt": doubt, "order": order.words, "splitter": SPLITTER}
    sync_disk()
    write_atomic(part_path(task), part_bytes(header, [values_of(row) for row in rows]))
    return len(rows)


def _clear_part(task: Task) -> None:
    """Delete the part of an episode; the journal names its pictures, which go unless they are made again."""
    path = part_path(task)
    for values in read_lines(path)[1:]:
        with suppress(IntegrityError, TypeError, AttributeError):
            note_files(journal_of(path), task.out, files_of(task.out, row_from_json(values, str(path))))
    if not delete(task.out, path, record=True):
        raise UsageError(f"{path}: lies behind a link, and nothing is deleted there; take the link away")


def _panel_rows(task: Task, cut: Cut, evidence: Evidence, panel_index: int, order: Order) -> list[Pair]:
    """The rows of one panel at all sizes; its pictures are written on the way."""
    images = [task.record.images[i] for i in cut.pictures]
    sizes = sorted(task.options.size)
    panels = [_panel_row(task, cut, panel_index, images, size) for size in sizes]
    said = {"layout": evidence.layout, "layout_evidence": evidence.words, "splitter": SPLITTER}
    params = params_id(task.options, order.direction)
    panels = [replace(row, params_id=params, **said) for row in panels]  # type: ignore[arg-type]
    windows = _windows(cut, [row.size for row in panels if not row.drop_reason], task.options)
    rows: list[Pair] = []
    for row in panels:
        rows += [row] if row.drop_reason else []
        for index, (box, window) in enumerate(windows.get(row.size, [])):
            rows.append(_window_row(task, replace(row, window_index=index), window, box))
    return rows


@dataclass(frozen=True)
class _Window:
    """One square window: the colours, (S, S, 3), and Canny + black, (S, S)."""

    color: Image
    canny: Image

    def halved(self) -> "_Window":
        return _Window(halve(self.color), halve(self.canny))


def _windows(cut: Cut, sizes: Sequence[int], options: PairOptions) -> dict[int, list[tuple[Box, _Window]]]:
    """The windows of a panel at each size, with their places in it: 256 is 512 halved, unless that was enlarged."""
    if not sizes:
        return {}
    canny = outlines_of(options).draw("canny", cut.image)
    boxes = window_boxes(cut.panel.box.width, cut.panel.box.height, options.fit)
    found: dict[int, list[_Window]] = {}
    for size in sorted(sizes, reverse=True):
        larger = found.get(2 * size) if min(boxes[0].width, boxes[0].height) >= 2 * size else None
        fresh = (_cut_window(cut.image, canny, box, size, options) for box in boxes)
        found[size] = [one.halved() for one in larger] if larger else list(fresh)
    return {size: list(zip(boxes, windows, strict=True)) for size, windows in found.items()}


def _cut_window(rgb: Image, canny: Image, box: Box, size: int, options: PairOptions) -> _Window:
    return _Window(fit_window(rgb, box, size, options.fit), fit_window(canny, box, size, options.fit, paper=255))


def _panel_row(task: Task, cut: Cut, panel_index: int, images: Sequence[Any], size: int) -> Pair:
    """What all windows of a panel at one size share; dropped until a window says otherwise."""
    record = task.record
    box = cut.panel.box
    corners = (box.x0, box.y0, box.x1, box.y1)
    place = "/".join([*task.place, *(image.file_name for image in images), repr(corners)])
    row = Pair(
        id="",
        panel_id="p" + sha256(place.encode()).hexdigest()[:16],
        source=record.source,
        series_id=record.series_id,
        episode_id=record.episode_id,
        panel_index=panel_index,
        window_index=0,
        split=task.split,
        kept=False,
        drop_reason=panel_drop_reason(box.width, box.height, size, cut.panel.kind) if cut.whole else "gap",
        color_file_name="",
        canny_file_name="",
        xdog_file_name="",
        size=size,
        fit=task.options.fit,
        crop_box=(0, 0, box.width, box.height),
        panel_box=corners,
        source_files=tuple(image.file_name for image in images),
        source_sha256=tuple(image.sha256 for image in images),
        source_url=images[0].url if images else record.url,
        licence=record.licence.id,
        attribution=record.licence.attribution,
        split_confidence=round(cut.panel.confidence, 4),
        dhash="",
        black_fraction=0.0,
        ink_canny=0.0,
        ink_xdog=0.0,
        saturation=0.0,
        params_id="",
        sha256_color="",
        sha256_canny="",
        sha256_xdog="",
        excluded=False,
    )
    return replace(row, id=_window_id(row))


def _window_id(row: Pair) -> str:
    return "w" + sha256(f"{row.panel_id}/{row.window_index}/{row.size}/{row.fit}".encode()).hexdigest()[:16]


def _window_row(task: Task, row: Pair, window: _Window, box: Box) -> Pair:
    """Draw the second outline of one window, measure, and write the three pictures unless a filter drops it."""
    xdog = outlines_of(task.options).draw("xdog", window.color, size=row.size)
    pictures = {"color": window.color, "canny": window.canny, "xdog": xdog}
    facts = facts_of(**pictures)
    reason = window_drop_reason(window.color, facts)
    row = replace(row, crop_box=(box.x0, box.y0, box.x1, box.y1), drop_reason=reason, **facts.columns())  # type: ignore[arg-type]
    row = replace(row, id=_window_id(row))
    if reason:
        return row
    values, files = {}, {}
    for kind, picture in pictures.items():
        data, suffix = encode(picture, task.options.color_format if kind == "color" else "png")
        values[f"{kind}_file_name"] = f"{kind}/{row.id[1:3]}/{row.id}{suffix}"
        values[f"sha256_{kind}"] = sha256_bytes(data)
        files[task.out / str(row.size) / row.split / values[f"{kind}_file_name"]] = data
    hashes = {path: sha256_bytes(data) for path, data in files.items()}
    note_files(journal_of(part_path(task)), task.out, hashes)
    for path, data in files.items():
        write_atomic(path, data, durable=False)
    return replace(row, kept=True, **values)  # type: ignore[arg-type]
