"""One episode to one part: its pictures decoded, its panels cut into windows, its rows written last.

Memory is bounded by the tallest panel and CACHE_PIXELS, not by the episode: a strip is streamed through its panels.
"""

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from comicdata.episodes import episode_folder
from comicdata.errors import GeneratedError, IntegrityError, PictureError, UsageError
from comicdata.files import delete, read_jsonl, read_lines, sha256_bytes, sync_disk, write_atomic
from comicdata.images import STORED_PIXELS, Image, decode, encode, halve
from comicdata.outlines import Outlines
from comicdata.outputs.marks import made_by
from comicdata.pairs.manifest import files_of, row_from_json, values_of
from comicdata.pairs.parts import is_whole, journal_of, note_files, part_bytes
from comicdata.pairs.splits import Key
from comicdata.pairs.windows import facts_of, fit_window, panel_drop_reason, window_boxes, window_drop_reason
from comicdata.panels import Cut, Evidence, Strip, cut_panel, find_panels, picture_evidence, pictures_of, stream_panels
from comicdata.panels.layout import asked, weigh_looks
from comicdata.panels.looks import Look, look_at
from comicdata.panels.rules import RULES
from comicdata.panels.slices import stitched, stretches
from comicdata.reading.shapes import MisshapenError, of_shape
from comicdata.records import Box, EpisodeRecord, Failure, Pair, PairOptions

SCHEMA_VERSION = 3
COLOR_FORMATS = {"png": "png", "jpeg": "jpeg", "webp": "webp lossless"}  # as in keys: others are other bytes
CACHE_PIXELS = 40_000_000  # decoded slices that are kept: an ordinary episode is decoded once, a huge one three times


@dataclass(frozen=True)
class Task:
    """One episode to turn into pairs: picklable, complete."""

    record: EpisodeRecord
    crawl: Path
    out: Path
    options: PairOptions
    split: str

    @property
    def place(self) -> Key:
        return self.record.source, self.record.series_id, self.record.episode_id

    @property
    def key(self) -> str:
        """Hash of all that decides the bytes of the part and its pictures."""
        inputs = {
            "schema": SCHEMA_VERSION,
            "params": params_id(self.options),
            "sizes": self.options.size,
            "color_format": COLOR_FORMATS[self.options.color_format],
            "split": self.split,
            "licence": asdict(self.record.licence),
            "url": self.record.url,
            "images": [(image.file_name, image.sha256, image.url) for image in self.record.images],
        }
        if self.options.include_generated:
            inputs["generated"] = True
        if self.record.status == "partial":
            inputs["missing"] = len(self.record.missing)
        return sha256_bytes(json.dumps(inputs).encode())[:16]


def params_id(options: PairOptions) -> str:
    """Hash of the settings that made a window: where panels are found, how they are cut, how outlines are drawn."""
    drawn = outlines_of(options).values()
    settings = {"fit": options.fit, "layout": options.layout, "order": options.reading_order, **drawn}
    return "q" + sha256_bytes(json.dumps(settings, sort_keys=True).encode())[:12]


def outlines_of(options: PairOptions) -> Outlines:
    """How the options have outlines drawn."""
    return Outlines.of_presets(options.canny, options.xdog)


@dataclass(frozen=True)
class Header:
    """The first line of a part: what decided its rows, what failed, and what is doubted."""

    key: str
    failures: list[Failure]
    doubt: str = ""


def part_path(task: Task) -> Path:
    """Where the part of an episode lies."""
    source, series, episode = task.place
    return task.out / "parts" / source / series / f"{episode}.jsonl"


def is_done(task: Task) -> bool:
    """The part is there, was made with the same key, and nothing of it failed; what is left out on purpose did not."""
    header, _ = read_part(task)
    return bool(header) and all(failure["kind"] == GeneratedError.__name__ for failure in header["failures"])


def read_part(task: Task) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Header and rows of a part; nothing when it is missing, damaged, or made with another key."""
    path = part_path(task)
    try:
        if not path.is_file() or is_whole(path.read_bytes()) is False:
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
    slices = _Slices(task)
    looks = slices.check()
    evidence = _evidence(task, slices, looks) if looks else None
    cuts = _cuts(task, slices, list(looks), evidence) if evidence else iter(())
    rows = [row for index, (cut, found) in enumerate(cuts) for row in _panel_rows(task, cut, found, index)]
    doubt = evidence.doubt if evidence else ""
    header = {"key": task.key, "failures": [asdict(failure) for failure in slices.failures], "doubt": doubt}
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


class _Slices:
    """The pictures of an episode, decoded when asked for; the last CACHE_PIXELS of them are kept."""

    def __init__(self, task: Task) -> None:
        self.folder = episode_folder(task.crawl, task.record)
        self.place = task.place
        self.images = task.record.images
        self.include_generated = task.options.include_generated
        self.failures: list[Failure] = []
        self._cache: OrderedDict[int, Image] = OrderedDict()

    def check(self) -> dict[int, Look]:
        """Decode every picture once; those that cannot be read are failures. Returns what tells slices from pages of
        each that can be, by its index among the episode's images.
        """
        looks: dict[int, Look] = {}
        for index in range(len(self.images)):
            try:
                picture = self[index]
            except (OSError, PictureError, IntegrityError, GeneratedError) as error:
                name = self._name(index)
                why = f"cannot be read ({error.strerror or error})" if isinstance(error, OSError) else str(error)
                self.failures.append(Failure("make-pairs", name, why.removeprefix(f"{name}: "), type(error).__name__))
                continue
            looks[index] = look_at(picture)
        return looks

    def _name(self, index: int) -> str:
        """Where a picture lies in the crawl: what failures say, the same on every machine."""
        return "/".join([*self.place, self.images[index].file_name])

    def __getitem__(self, index: int) -> Image:
        """The picture, whose bytes must still have the recorded hash."""
        if index not in self._cache:
            data = (self.folder / self.images[index].file_name).read_bytes()
            if sha256_bytes(data) != self.images[index].sha256:
                cure = "run the crawl again to restore it"
                raise IntegrityError(f"{self._name(index)}: changed since the crawl; {cure}")
            mark = None if self.include_generated else made_by(data)
            if mark is not None:
                raise GeneratedError(f"{mark.words}, so it is left out; --include-generated takes it")
            self._cache[index] = decode(data, self._name(index), most=STORED_PIXELS)
            while len(self._cache) > 1 and sum(one.size for one in self._cache.values()) > 3 * CACHE_PIXELS:
                self._cache.popitem(last=False)
        return self._cache[index]


def _cuts(task: Task, slices: _Slices, readable: Sequence[int], evidence: Evidence) -> Iterator[tuple[Cut, Evidence]]:
    """The panels of the episode in reading order, of one streamed strip or page by page, and what each was cut by."""
    if evidence.layout == "strip":
        for cut in _strip_cuts(task, slices, readable):
            yield cut, evidence
        return
    judged = task.options.layout == "auto" and len(readable) > 1
    for index in readable:
        picture = slices[index]
        found = picture_evidence(picture, evidence) if judged else evidence
        strip = Strip(picture, (0,), (index,), found)
        for panel in find_panels(strip, task.options.reading_order):
            yield Cut(panel, cut_panel(strip, panel.box), pictures_of(strip, panel.box)), found


def _evidence(task: Task, slices: _Slices, looks: Mapping[int, Look]) -> Evidence:
    """The layout of the episode; pictures between which others are missing say nothing about it."""
    if task.options.layout != "auto":
        return asked(task.options.layout)
    if len(looks) == 1:
        return picture_evidence(slices[next(iter(looks))])
    torn = [[*(looks[index] for index in stretch.slices), None] for stretch in stretches(task.record, list(looks))]
    return weigh_looks([one for stretch in torn for one in stretch])


def _strip_cuts(task: Task, slices: _Slices, readable: Sequence[int]) -> Iterator[Cut]:
    """The panels of a strip, which is never glued together over slices that are not there.

    A panel that no gutter parts from such a gap goes on in it: it is not whole.
    """
    strip = stitched(task.record.images)
    for stretch in stretches(task.record, readable):
        first, top, end = stretch.slices[0], strip.tops[stretch.slices[0]], strip.tops[stretch.slices[-1] + 1]
        read = partial(map, slices.__getitem__, stretch.slices)
        for cut in stream_panels(read, width=strip.width, reading_order=task.options.reading_order):
            box = cut.panel.box
            whole = not (
                (stretch.torn_above and box.y0 < RULES.narrowest_gutter)
                or (stretch.torn_below and box.y1 > end - top - RULES.narrowest_gutter)
            )
            moved = replace(cut.panel, box=Box(box.x0, box.y0 + top, box.x1, box.y1 + top))
            yield Cut(moved, cut.image, tuple(first + i for i in cut.pictures), whole)


def _panel_rows(task: Task, cut: Cut, evidence: Evidence, panel_index: int) -> list[Pair]:
    """The rows of one panel at all sizes; its pictures are written on the way."""
    images = [task.record.images[i] for i in cut.pictures]
    sizes = sorted(task.options.size)
    panels = [_panel_row(task, cut, panel_index, images, size) for size in sizes]
    panels = [replace(row, layout=evidence.layout, layout_evidence=evidence.words) for row in panels]
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
        params_id=params_id(task.options),
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
