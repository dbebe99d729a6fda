"""One episode to turn into pairs, and the hash of all that decides what comes of it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from comicdata.files import sha256_bytes
from comicdata.outlines import Outlines
from comicdata.pairs.corrections import Correction
from comicdata.pairs.splits import Key
from comicdata.panels.splitter import SPLITTER
from comicdata.records import EpisodeRecord, PairOptions, ReadingOrder

SCHEMA_VERSION = 3
COLOR_FORMATS = {"png": "png", "jpeg": "jpeg", "webp": "webp lossless"}  # as in keys: others are other bytes


@dataclass(frozen=True)
class Task:
    """One episode to turn into pairs: picklable, complete.

    `corrections` are boxes that a person gave; `said` is what the source says of the reading order, `language` the
    comic's.
    """

    record: EpisodeRecord
    crawl: Path
    out: Path
    options: PairOptions
    split: str
    corrections: tuple[Correction, ...] = ()
    said: str = ""
    language: str = ""

    @property
    def place(self) -> Key:
        return self.record.source, self.record.series_id, self.record.episode_id

    @property
    def key(self) -> str:
        """Hash of all that decides the bytes of the part and its pictures."""
        inputs = {
            "schema": SCHEMA_VERSION,
            "splitter": SPLITTER,
            "params": params_id(self.options, self.options.reading_order),
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
        if self.options.reading_order == "auto":
            inputs["order"] = [self.said, self.language]
        if self.corrections:
            inputs["panels"] = [one.facts() for one in self.corrections]
        return sha256_bytes(json.dumps(inputs).encode())[:16]


def params_id(options: PairOptions, order: ReadingOrder) -> str:
    """Hash of the settings that made a window: where panels are found, how they are cut and read, how outlines are
    drawn. Rows have the order that their episode is read in, whether it was asked for or told by the comic.
    """
    drawn = outlines_of(options).values()
    settings = {"fit": options.fit, "layout": options.layout, "order": order, **drawn}
    return "q" + sha256_bytes(json.dumps(settings, sort_keys=True).encode())[:12]


def outlines_of(options: PairOptions) -> Outlines:
    """How the options have outlines drawn."""
    return Outlines.of_presets(options.canny, options.xdog)


def part_path(task: Task) -> Path:
    """Where the part of an episode lies."""
    source, series, episode = task.place
    return task.out / "parts" / source / series / f"{episode}.jsonl"
