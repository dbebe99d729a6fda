"""Panels cut again from the crawl they came from: dropped windows have no files of their own."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from comicdata.crawl.store import stored_episode
from comicdata.errors import ComicDataError
from comicdata.images import Image, read_image, resize
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


def is_strip(rows: Sequence[Pair], heights: dict[str, int]) -> bool:
    """Whether the rows of one episode were cut from a stitched strip: a box touches two files or leaves its own."""
    return any(len(row.source_files) != 1 or row.panel_box[3] > heights.get(row.source_files[0], 0) for row in rows)


def heights_of(crawl: Path, row: Pair) -> dict[str, int]:
    """Heights of the pictures of the row's episode by file name."""
    record = stored_episode(crawl, row.source, row.series_id, row.episode_id)
    return {image.file_name: image.height for image in record.images} if record else {}


def _folder(crawl: Path, row: Pair) -> Path:
    return crawl / row.source / row.series_id / row.episode_id


def _from_page(crawl: Path, row: Pair) -> Image:
    x0, y0, x1, y1 = row.panel_box
    return read_image(_folder(crawl, row) / row.source_files[0])[y0:y1, x0:x1]


def _from_strip(crawl: Path, record: EpisodeRecord, row: Pair) -> Image:
    width = Counter(image.width for image in record.images).most_common(1)[0][0]
    x0, y0, x1, y1 = row.panel_box
    top, parts, first = 0, [], None
    for image in record.images:
        height = max(1, round(image.height * width / image.width))
        if top < y1 and top + height > y0:
            first = top if first is None else first
            picture = read_image(_folder(crawl, row) / image.file_name)
            parts.append(picture if picture.shape[1] == width else resize(picture, width, height))
        top += height
    first = first or 0
    return np.concatenate(parts)[y0 - first : y1 - first, x0:x1]
