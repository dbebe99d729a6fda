"""Corrected boxes in pairs: PAIRS/panels.jsonl, an overlay like excluded.jsonl, and what it says of one episode.

A line is a page, or a strip as a whole, by its place in the crawl. What a person did not change is not taken over, so
that a better splitter still counts for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from comicdata.errors import UsageError
from comicdata.files import jsonl_bytes, on_disk, read_regular, write_atomic
from comicdata.panels.corrected import Pages, boxes_of, missing
from comicdata.panels.exchange import MAX_BYTES, read_panels
from comicdata.panels.exchange.entries import Entry, Region, Slice, join_parts, slices_of
from comicdata.panels.slices import Stitched, stitched
from comicdata.records import Box, EpisodeRecord

PANELS = "panels.jsonl"
Place = tuple[int, int | None]  # an episode, and its picture; None: the strip of all of them


@dataclass(frozen=True)
class Correction:
    """What a person said of one picture of an episode, or, where `index` is None, of its strip as a whole."""

    index: int | None
    entry: Entry

    def facts(self) -> Any:
        """What of it decides the bytes of a part."""
        regions = [(region.corners, region.kind) for region in self.entry.regions]
        return self.index, self.entry.size, regions


@dataclass(frozen=True)
class Corrections:
    """Those of every episode, what panels.jsonl is to say, and what a person should hear of it, a line each."""

    by_episode: list[tuple[Correction, ...]]
    overlay: bytes
    notes: list[str]


def plan_corrections(out: Path, files: Sequence[Path], records: Sequence[EpisodeRecord]) -> Corrections:
    """What panels.jsonl says, with what the files say over it.

    UsageError where a file, or the overlay, is none, or says what cannot be. A page of the overlay that is not in the
    crawl any more, or has another size there, is left out with a word; one that a file has as it was found stays.
    """
    pages = Pages(dict(_names(records)))
    overlay = out / PANELS
    known = {entry.name: entry for entry in _read(overlay)}
    given: dict[str, Entry] = {}
    notes: list[str] = []
    for file in files:
        entries = read_panels(file)
        for entry in entries:
            given |= {} if entry.as_found else dict(_placed(entry, pages, records))
        found_so = [pages.find(entry.name, *entry.also) for entry in entries if entry.as_found]
        before = {_name(records[place[0]], place[1]) for places in found_so for place in places} & known.keys()
        notes += _unchanged(file, entries, before, overlay)
    strips = {name.rpartition("/")[0] for name in given}  # of a strip and its slices the later counts
    known = {
        name: one
        for name, one in known.items()
        if name not in given and name not in strips and name.rpartition("/")[0] not in given
    }
    found: list[list[Correction]] = [[] for _ in records]
    for entry in (known | given).values():
        place, note = _place_now(entry, pages, records)
        notes += [note] if note else []
        if place is not None:
            found[place[0]].append(Correction(place[1], entry))
    lines = jsonl_bytes(_line(entry) for entry in (known | given).values())
    if overlay.is_file() and not given:
        lines = read_regular(overlay, MAX_BYTES)  # as the person left it
    ordered = [tuple(sorted(some, key=lambda one: -1 if one.index is None else one.index)) for some in found]
    return Corrections(ordered, lines, notes)


def _unchanged(file: Path, entries: Sequence[Entry], before: set[str], overlay: Path) -> list[str]:
    """That nothing is new in a file, or that boxes of before stay though it has their pages just as they were found."""
    notes = [f"{file}: nothing in it was changed"] if all(entry.as_found for entry in entries) else []
    if before:
        stay = "here as the program found it, and kept as you corrected it before"
        notes.append(f"{file}: {stay}: {', '.join(sorted(before))}; to go back take its line out of {overlay}")
    return notes


def write_overlay(out: Path, lines: bytes) -> None:
    """Write panels.jsonl unless it says so already; none where there is nothing to say."""
    path = out / PANELS
    if lines != (on_disk(path) or b""):
        write_atomic(path, lines)


def corrected_pages(out: Path) -> dict[str, Entry]:
    """What panels.jsonl says, by the names of the pages."""
    return {entry.name: entry for entry in _read(out / PANELS)}


def correct(out: Path, entry: Entry) -> None:
    """Have panels.jsonl say this of a page, or a strip, whatever it said of it before, for make-pairs to heed;
    UsageError for boxes that cannot be.
    """
    width, height = entry.size or (0, 0)
    boxes_of(entry, width, height)
    known = corrected_pages(out) | {entry.name: entry}
    write_overlay(out, jsonl_bytes(map(_line, known.values())))


def _read(overlay: Path) -> list[Entry]:
    """The lines of the overlay; none where it is missing or empty."""
    there = (on_disk(overlay) or b"").strip()
    return read_panels(overlay) if there else []


def _names(records: Sequence[EpisodeRecord]) -> Iterator[tuple[Place, list[str]]]:
    """Every episode and every picture, by all that they are called: where they lie in the crawl, and came from."""
    for number, record in enumerate(records):
        place = f"{record.source}/{record.series_id}/{record.episode_id}"
        folders = {image.url.rpartition("/")[0] for image in record.images if "://" not in image.url}
        yield (number, None), [place, *([record.url] if record.url else []), *(folders if len(folders) == 1 else ())]
        for index, image in enumerate(record.images):
            yield (number, index), [f"{place}/{image.file_name}", image.url]


def _placed(entry: Entry, pages: Pages[Place], records: Sequence[EpisodeRecord]) -> Iterator[tuple[str, Entry]]:
    """An entry of a file by its place in the crawl, in pixels, checked; the slices of a strip that has no place."""
    place = pages.key_of(entry)
    if place is None and entry.slices:
        for part in slices_of(entry):
            yield from _placed(part, pages, records)
        return
    if place is None:
        raise missing(entry, _name(records[0], 0))
    yield _name(records[place[0]], place[1]), _in_pixels(entry, place, records)


def _in_pixels(entry: Entry, place: Place, records: Sequence[EpisodeRecord]) -> Entry:
    record = records[place[0]]
    width, height = _size(record, place[1])
    regions = tuple(
        Region((*map(float, box.as_list()),), False, region.kind)  # type: ignore[arg-type]
        for region, box in boxes_of(entry, width, height)
    )
    return Entry(_name(record, place[1]), regions, (width, height), place=entry.place)


def _place_now(entry: Entry, pages: Pages[Place], records: Sequence[EpisodeRecord]) -> tuple[Place | None, str]:
    """The place of a line of the overlay; None, and a word, where the crawl has no such page any more."""
    place = pages.key_of(entry)
    if place is None:
        return None, f"{entry.place}: there is no page {entry.name!r} any more; the line has no effect"
    size = _size(records[place[0]], place[1])
    if entry.size not in (None, size):
        return None, f"{entry.place}: {entry.name!r} has another size now; the line has no effect: mark it anew"
    boxes_of(entry, *size)
    return place, ""


def _name(record: EpisodeRecord, index: int | None) -> str:
    place = f"{record.source}/{record.series_id}/{record.episode_id}"
    return place if index is None else f"{place}/{record.images[index].file_name}"


def _size(record: EpisodeRecord, index: int | None) -> tuple[int, int]:
    if index is not None:
        return record.images[index].width, record.images[index].height
    strip = stitched(record.images)
    return strip.width, strip.tops[-1]


def _line(entry: Entry) -> dict[str, Any]:
    """An entry as a line of the overlay."""
    width, height = entry.size or (None, None)
    panels = [
        {"box": [round(value) for value in region.corners]} | ({"kind": region.kind} if region.kind else {})
        for region in entry.regions
    ]
    return {"input": entry.name, "width": width, "height": height, "panels": panels}


def page_boxes(corrections: Sequence[Correction], record: EpisodeRecord, index: int) -> list[tuple[Region, Box]] | None:
    """The corrected boxes of one page; None where nobody corrected it."""
    width, height = _size(record, index)
    own = [one.entry for one in corrections if one.index == index]
    if not own:
        whole = [_with_slices(one.entry, record) for one in corrections if one.index is None]
        own = [slices_of(entry)[index] for entry in whole]
    return boxes_of(own[0], width, height) if own else None


def _with_slices(entry: Entry, record: EpisodeRecord) -> Entry:
    return replace(entry, slices=tuple(_slices(record, stitched(record.images))))


def _slices(record: EpisodeRecord, strip: Stitched) -> list[Slice]:
    return [
        Slice(image.file_name, strip.tops[i], strip.tops[i + 1], image.width, image.height)
        for i, image in enumerate(record.images)
    ]


def strip_boxes(corrections: Sequence[Correction], record: EpisodeRecord) -> list[tuple[Region, Box]]:
    """The corrected boxes in the strip of an episode, in reading order."""
    strip = stitched(record.images)
    whole = [one.entry for one in corrections if one.index is None]
    if whole:
        return boxes_of(whole[0], strip.width, strip.tops[-1])
    slices = _slices(record, strip)
    parts = [
        (region, slices[one.index], box)
        for one in corrections
        if one.index is not None
        for region, box in boxes_of(one.entry, *_size(record, one.index))
    ]
    return join_parts(parts, strip.width)


def covered_slices(corrections: Sequence[Correction], record: EpisodeRecord) -> list[Slice]:
    """The slices of an episode of which somebody said what panels they have."""
    slices = _slices(record, stitched(record.images))
    if any(one.index is None for one in corrections):
        return slices
    return [slices[one.index] for one in corrections if one.index is not None]


def forget_lines(out: Path, key: tuple[str, str]) -> None:
    """Take what speaks of a series out of panels.jsonl."""
    overlay, begin = out / PANELS, "/".join(key) + "/"
    entries = _read(overlay)
    kept = [entry for entry in entries if not entry.name.startswith(begin)]
    if len(kept) < len(entries):
        write_overlay(out, jsonl_bytes(map(_line, kept)))


def is_readable(out: Path) -> bool:
    """Whether panels.jsonl, if there is any, says what its lines must say."""
    try:
        _read(out / PANELS)
    except UsageError:
        return False
    return True
