"""Panels cut again from the crawl they came from: dropped windows have no files of their own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from comicdata.episodes import stored_episode
from comicdata.errors import ComicDataError
from comicdata.images import Image, read_image, resize
from comicdata.images.decoding import STORED_PIXELS
from comicdata.panels.slices import stitched
from comicdata.records import EpisodeRecord, Pair


def recut_panel(crawl: Path, row: Pair, *, strip: bool) -> Image | None:
    """The pixels of `panel_box`, (h, w, 3); None where the crawl no longer has the pictures.

    `strip`: the box lies in the episode's slices, stitched at their commonest width; otherwise in its one page.
    """
    record = stored_episode(crawl, row.source, row.series_id, row.episode_id)
    if record is None:
        return None
    try:
        return _from_strip(crawl, record, row) if strip else _from_page(crawl, row)
    except (ComicDataError, ValueError):
        return None


def whole_page(crawl: Path, row: Pair, *, strip: bool, tallest: float) -> tuple[Image, int] | None:
    """The page of a panel, (H, W, 3), or what lies around it in its strip, at most `tallest` times as tall as wide, and
    the row where that begins; None where the crawl no longer has the pictures.
    """
    record = stored_episode(crawl, row.source, row.series_id, row.episode_id)
    if record is None:
        return None
    try:
        if not strip:
            return read_image(_folder(crawl, row) / row.source_files[0], most=STORED_PIXELS), 0
        whole = stitched(record.images)
        room = max(0, round(tallest * whole.width) - (row.panel_box[3] - row.panel_box[1])) // 2
        top, end = max(0, row.panel_box[1] - room), min(whole.tops[-1], row.panel_box[3] + room)
        around = replace(row, panel_box=(0, top, whole.width, end))
        return _from_strip(crawl, record, around), top
    except (ComicDataError, ValueError, LookupError):
        return None


def is_strip(crawl: Path, rows: Sequence[Pair]) -> bool:
    """Whether the rows of one episode were cut from its stitched strip: there, every box touches the files it names."""
    record = stored_episode(crawl, rows[0].source, rows[0].series_id, rows[0].episode_id)
    if record is None:
        return False
    strip, names = stitched(record.images), [image.file_name for image in record.images]
    return all(
        tuple(names[i] for i in strip.touched(row.panel_box[1], row.panel_box[3])) == row.source_files for row in rows
    )


def _folder(crawl: Path, row: Pair) -> Path:
    return crawl / row.source / row.series_id / row.episode_id


def _from_page(crawl: Path, row: Pair) -> Image:
    x0, y0, x1, y1 = row.panel_box
    return read_image(_folder(crawl, row) / row.source_files[0], most=STORED_PIXELS)[y0:y1, x0:x1]


def _from_strip(crawl: Path, record: EpisodeRecord, row: Pair) -> Image:
    strip = stitched(record.images)
    x0, y0, x1, y1 = row.panel_box
    touched = strip.touched(y0, y1)
    parts = []
    for i in touched:
        picture = read_image(_folder(crawl, row) / record.images[i].file_name, most=STORED_PIXELS)
        same = picture.shape[1] == strip.width
        parts.append(picture if same else resize(picture, strip.width, strip.tops[i + 1] - strip.tops[i]))
    top = strip.tops[touched[0]] if touched else 0
    return np.concatenate(parts)[y0 - top : y1 - top, x0:x1]
