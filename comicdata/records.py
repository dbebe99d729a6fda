"""The plain values that travel between the stages: frozen records, and which of many are shown."""

import re
from dataclasses import dataclass, field
from typing import Literal

Status = Literal[
    "ok",
    "partial",
    "skipped_charged",
    "skipped_adult",
    "skipped_locked",
    "skipped_robots",
    "skipped_optout",
    "removed",
    "layout_changed",
    "failed",
]
Layout = Literal["auto", "strip", "page", "single"]
Direction = Literal["ltr", "rtl"]  # of panels side by side
ReadingOrder = Literal["auto", "ltr", "rtl"]
ColorFormat = Literal["png", "jpeg", "webp"]
Fit = Literal["tile", "pad", "center", "stretch"]
Split = Literal["train", "validation", "test"]
SplitBy = Literal["auto", "series", "episode"]
CannyPreset = Literal["reference", "lines-only", "fine"]  # their parameters: outlines.py
XDoGPreset = Literal["colorizer", "thin", "thick", "pencil", "classic"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels: x0 <= x < x1, y0 <= y < y1."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        return self.y1 - self.y0

    def as_list(self) -> list[int]:
        return [self.x0, self.y0, self.x1, self.y1]


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel of a strip or page; confidence in [0, 1]."""

    box: Box
    confidence: float = 1.0
    kind: Literal["panel", "text"] = "panel"


@dataclass(frozen=True, slots=True)
class Licence:
    """What the rights holder allows: an SPDX id or a name, where it says so, and whom to credit."""

    id: str = "unknown"
    url: str = ""
    attribution: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """One comic as a source describes it. `source` and `series_id` are slugs.

    `robots` says what robots.txt was, `opt_outs` which opt-outs were seen, `overrides` what the user took upon himself;
    `recipe_sha256` is of the recipe, or of the facts of the site, that decided what to fetch. `reading_order` is "ltr"
    or "rtl" where the source says which way panels are read.
    """

    source: str
    series_id: str
    title: str
    authors: tuple[str, ...] = ()
    url: str = ""
    licence: Licence = field(default_factory=Licence)
    language: str = ""
    recipe_sha256: str = ""
    robots: str = ""
    opt_outs: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    reading_order: str = ""


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode to fetch. `episode_id` is a slug that never looks like a number.

    `url` is its address, which it keeps whatever the list around it does; `number` ("10.5", "-1", "1/2") and `season`
    are text, "" where nothing says them. `status` is set where the list already says that it is not to be had (charged,
    locked), `published` is the date in the words of the site.
    """

    episode_id: str
    title: str
    url: str = ""
    published: str = ""
    status: Status | None = None
    reason: str = ""
    number: str = ""
    season: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One picture to fetch: its URL, file path, or member of an archive, in reading order."""

    url: str
    referer: str = ""


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One picture as stored: file name in the episode folder, hash of the bytes as fetched, size in pixels.

    `etag` and `last_modified` are the validators that the server sent.
    """

    file_name: str
    sha256: str
    bytes: int
    width: int
    height: int
    url: str
    etag: str = ""
    last_modified: str = ""

    @property
    def ordinal(self) -> int:
        """The place of the picture in its episode, from 1."""
        return int(re.split("[.-]", self.file_name)[0])


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """What episode.json says of one episode; `missing` lists the pages of a partial one as [url, reason].

    `number` and `season` are those of Episode. `earlier` are pictures that the site has replaced since; their files
    stay.
    """

    source: str
    series_id: str
    episode_id: str
    title: str
    url: str
    status: Status
    reason: str
    images: tuple[ImageRecord, ...]
    missing: tuple[tuple[str, str], ...] = ()
    licence: Licence = field(default_factory=Licence)
    fetched_at: str = ""
    published: str = ""
    earlier: tuple[ImageRecord, ...] = ()
    number: str = ""
    season: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """One item that failed: where it is, in which stage, why, and of which class."""

    stage: str
    item: str
    error: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One row of a manifest: one square window of one panel at one size, kept or dropped.

    `panel_box` lies in the stitched strip or the page, `crop_box` in the panel; fractions are of the window's pixels.
    `layout` is what the panel was cut from, `layout_evidence` why; both "" in what version 0.1.0 wrote.
    `splitter` is the version of what found the panel.
    `outlines` are line art made elsewhere: (name, file name, sha256) each, two more columns of the manifest.
    """

    id: str
    panel_id: str
    source: str
    series_id: str
    episode_id: str
    panel_index: int
    window_index: int
    split: str
    kept: bool
    drop_reason: str
    color_file_name: str
    canny_file_name: str
    xdog_file_name: str
    size: int
    fit: Fit
    crop_box: tuple[int, int, int, int]
    panel_box: tuple[int, int, int, int]
    source_files: tuple[str, ...]
    source_sha256: tuple[str, ...]
    source_url: str
    licence: str
    attribution: str
    split_confidence: float
    layout: str = ""
    layout_evidence: str = ""
    splitter: int = 1
    dhash: str
    black_fraction: float
    ink_canny: float
    ink_xdog: float
    saturation: float
    params_id: str
    sha256_color: str
    sha256_canny: str
    sha256_xdog: str
    excluded: bool
    outlines: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class PairOptions:
    """What decides the bytes of a pairs folder; the options of `comicdata make-pairs`."""

    size: tuple[int, ...] = (256,)
    fit: Fit = "tile"
    layout: Layout = "auto"
    reading_order: ReadingOrder = "auto"
    color_format: ColorFormat = "png"
    canny: CannyPreset = "reference"
    xdog: XDoGPreset = "colorizer"
    split_by: SplitBy = "auto"
    test_episodes: str | None = None
    validation_episodes: str | None = None
    salt: str = "comicdata"
    include_generated: bool = False


def spread(count: int, wanted: int) -> list[int]:
    """At most `wanted` indices, evenly spread over range(count)."""
    taken = min(count, wanted)
    return [index * count // taken for index in range(taken)]
