"""kohya-ss/sd-scripts: image folders with captions, the outlines as conditioning folders, and dataset TOML files."""

import json
import re
from collections.abc import Sequence

from comicdata.errors import UsageError
from comicdata.exports.folder import PlannedFile, planned_bytes
from comicdata.exports.job import Job, facts_of, planned_picture, suffix_of
from comicdata.exports.words import kohya_readme
from comicdata.files import jsonl_bytes
from comicdata.records import Pair

CAPTION_FIELDS = ("source", "series_id", "episode_id", "panel_id", "id", "licence", "attribution")
BATCH_SIZE = 4


def plan(job: Job) -> list[PlannedFile]:
    """`<size>/<split>/image/<id>.png` with `<id>.txt`, `.../<outline>/<id>.png`, `.../facts.jsonl`, and TOML files."""
    _check_caption(job.options.caption)
    files = [file for row in job.rows for file in _files_of(job, row)]
    for (size, split), rows in job.groups.items():
        facts = jsonl_bytes(facts_of(row, job.outlines) for row in rows)
        files.append(planned_bytes(f"{size}/{split}/facts.jsonl", facts))
    sizes = [size for size, split in job.groups if split == "train"]
    files.append(planned_bytes("images.toml", _toml(sizes, "").encode()))
    files += [planned_bytes(f"controlnet_{name}.toml", _toml(sizes, name).encode()) for name in job.outlines]
    return [*files, planned_bytes("README.md", kohya_readme(job).encode())]


def _files_of(job: Job, row: Pair) -> list[PlannedFile]:
    place = f"{row.size}/{row.split}"
    folders = {kind: "image" if kind == "color" else kind for kind in job.kinds}
    pictures = [
        planned_picture(job, row, kind, f"{place}/{folders[kind]}/{row.id}{suffix_of(row, kind)}") for kind in job.kinds
    ]
    return [*pictures, planned_bytes(f"{place}/image/{row.id}.txt", _caption(job.options.caption, row).encode())]


def _caption(template: str, row: Pair) -> str:
    """The template with {series_id} and the other CAPTION_FIELDS filled in, in one line."""
    text = re.sub(r"\{(\w+)\}", lambda match: str(getattr(row, match[1])), template)
    return " ".join(text.split()) + "\n"


def _check_caption(template: str) -> None:
    """UsageError for a field that a row does not have."""
    for name in re.findall(r"\{([^{}]*)\}", template):
        if name not in CAPTION_FIELDS:
            raise UsageError(f"--caption: no field {{{name}}}; there are {{{'}, {'.join(CAPTION_FIELDS)}}}")


def _toml(sizes: Sequence[int], conditioning: str) -> str:
    """One [[datasets]] table per size. Only train is named: what is held out stays held out.

    Paths are relative, so that the folder can move: run the trainer from inside it.
    """
    lines = ["# Made by comicdata; run sd-scripts from inside this folder, or put its path before the paths below."]
    for size in sizes:
        lines += ["", "[[datasets]]", f"resolution = {size}", f"batch_size = {BATCH_SIZE}", "enable_bucket = false"]
        lines += ["", "[[datasets.subsets]]", f"image_dir = {json.dumps(f'{size}/train/image')}"]
        lines += ['caption_extension = ".txt"', "num_repeats = 1"]
        if conditioning:
            lines.append(f"conditioning_data_dir = {json.dumps(f'{size}/train/{conditioning}')}")
    return "\n".join(lines) + "\n"
