"""What an export is asked for and what goes into it: the rows, their facts and their pictures."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from comicdata.errors import IntegrityError
from comicdata.exports.folder import PlannedFile
from comicdata.files import on_disk, sha256_bytes
from comicdata.pairs import manifest
from comicdata.records import Pair

Target = Literal["webdataset", "kohya", "croissant"]
TARGETS = ("webdataset", "kohya", "croissant")
Group = tuple[int, str]  # size, split


@dataclass(frozen=True)
class ExportOptions:
    """What decides the bytes of an export; the options of `comicdata export`.

    No `size`: all that there are. No `outline`: all that every pair has; named ones: only pairs that have them.
    """

    to: Target = "webdataset"
    size: tuple[int, ...] = ()
    outline: tuple[str, ...] = ()
    shard_mb: int = 128
    caption: str = "comic panel, {series_id}"
    name: str = "comic-pairs"
    url: str = ""
    published: str = ""


@dataclass(frozen=True)
class Job:
    """One export: the pairs folder, its rows that go out, the outlines that go with them, and what is wrong, or ""."""

    folder: Path
    rows: Sequence[Pair]
    outlines: Sequence[str]
    options: ExportOptions
    problem: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        return ("color", *self.outlines)

    @cached_property
    def groups(self) -> dict[Group, list[Pair]]:
        """The rows by size and split, each in the order of their ids: hashes, so neighbours come from anywhere."""
        groups: dict[Group, list[Pair]] = defaultdict(list)
        for row in sorted(self.rows, key=lambda row: row.id):
            groups[row.size, row.split].append(row)
        return dict(sorted(groups.items()))

    @property
    def counts(self) -> dict[str, int]:
        return {f"{size}/{split}": len(rows) for (size, split), rows in self.groups.items()}


def suffix_of(row: Pair, kind: str) -> str:
    """ ".png", ".jpg" or ".webp" of a picture."""
    return PurePosixPath(row.color_file_name).suffix if kind == "color" else ".png"


def facts_of(row: Pair, outlines: Sequence[str], *, file_names: bool = False) -> dict[str, Any]:
    """The columns of a row that are true of an export with these outlines; without file names unless asked for."""
    values = manifest.metadata_row(row)
    for name in {*manifest.outline_names([row])} - {*outlines}:
        del values[f"{name}_file_name"], values[f"sha256_{name}"]
    return {name: value for name, value in values.items() if file_names or not name.endswith("_file_name")}


def planned_picture(job: Job, row: Pair, kind: str, path: str) -> PlannedFile:
    """The picture `kind` of a row as the file `path` of an export."""
    return PlannedFile(path, manifest.sha256_of(row, kind), partial(picture_bytes, job.folder, row, kind))


def picture_bytes(folder: Path, row: Pair, kind: str) -> bytes:
    """The file of a picture; IntegrityError when it is not what the manifest says."""
    path = manifest.file_of(folder, row, kind)
    data = on_disk(path) or b""
    if sha256_bytes(data) != manifest.sha256_of(row, kind):
        cure = "damaged; delete it and" if data else "missing;"  # one that kept its time make-pairs does not notice
        raise IntegrityError(f"{path}: {cure} run make-pairs again, then export")
    return data
