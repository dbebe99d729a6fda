"""A pairs folder in the layouts of other programs: tar shards, ControlNet folders, Croissant metadata.

Only kept rows that nobody excluded go out. The same pairs give the same bytes; a second export writes none.
"""

import io
import json
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from comicdata import manifests
from comicdata.errors import UsageError
from comicdata.files import sha256_bytes, sha256_file, write_atomic
from comicdata.records import Pair

Target = Literal["webdataset", "kohya", "croissant"]
SHARD_BYTES = 128_000_000
CAPTION = "a comic panel in colour"


@dataclass(frozen=True)
class Export:
    """What an export made: how many pairs, and its files in order."""

    pairs: int
    files: tuple[str, ...]


def export_pairs(
    pairs: Path,
    out: Path,
    target: Target,
    *,
    outline: str = "canny",
    caption: str = CAPTION,
    shard_bytes: int = SHARD_BYTES,
) -> Export:
    """Write the export into `out`; UsageError when no pair is left to export."""
    folder = manifests.pairs_folder(pairs)
    rows = [row for row in manifests.read_rows(folder) if row.kept and not row.excluded]
    if not rows:
        raise UsageError(f"{folder}: no pair to export")
    if out.resolve() == folder.resolve():
        raise UsageError(f"{out}: is the pairs folder itself; name another for the export")
    if target == "webdataset":
        files = _webdataset(folder, out, rows, shard_bytes=shard_bytes)
    elif target == "kohya":
        files = _kohya(folder, out, rows, outline=outline, caption=caption)
    else:
        files = _croissant(folder, out, rows)
    made = [path.relative_to(out).as_posix() for path in files]
    return Export(len(rows), tuple(made))


def _write(path: Path, data: bytes) -> Path:
    """Write unless the file already says the same."""
    if not (path.is_file() and path.stat().st_size == len(data) and sha256_file(path) == sha256_bytes(data)):
        write_atomic(path, data)
    return path


def _groups(rows: Iterable[Pair]) -> dict[tuple[int, str], list[Pair]]:
    """Rows by size and split."""
    groups: dict[tuple[int, str], list[Pair]] = defaultdict(list)
    for row in rows:
        groups[row.size, row.split].append(row)
    return dict(sorted(groups.items()))


def _webdataset(folder: Path, out: Path, rows: Sequence[Pair], *, shard_bytes: int) -> Iterator[Path]:
    """Shards <size>-<split>-000000.tar with <id>.color.png, .canny.png, .xdog.png and .json, and shards.json."""
    index: list[dict[str, Any]] = []
    for (size, split), members in _groups(rows).items():
        for number, (count, data) in enumerate(_shards(folder, members, shard_bytes)):
            path = _write(out / f"{size}-{split}-{number:06d}.tar", data)
            index.append(
                {"file": path.name, "size": size, "split": split, "pairs": count, "sha256": sha256_bytes(data)}
            )
            yield path
    yield _write(out / "shards.json", (json.dumps(index, indent=2) + "\n").encode())


def _shards(folder: Path, rows: Sequence[Pair], shard_bytes: int) -> Iterator[tuple[int, bytes]]:
    """(pairs, bytes) of tar files of about `shard_bytes`."""
    batch: list[tuple[str, bytes]] = []
    count = 0
    for row in rows:
        batch += _members(folder, row)
        count += 1
        if sum(len(data) for _, data in batch) >= shard_bytes:
            yield count, _packed(batch)
            batch, count = [], 0
    if batch:
        yield count, _packed(batch)


def _packed(batch: Sequence[tuple[str, bytes]]) -> bytes:
    """A tar file whose times, owners and modes are always the same."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in batch:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def _members(folder: Path, row: Pair) -> Iterator[tuple[str, bytes]]:
    """The files of one sample, by the key that they share."""
    for kind in manifests.KINDS:
        path = manifests.file_of(folder, row, kind)
        yield f"{row.id}.{kind}{path.suffix}", path.read_bytes()
    facts = manifests.metadata_row(row)
    yield f"{row.id}.json", json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()


def _kohya(folder: Path, out: Path, rows: Sequence[Pair], *, outline: str, caption: str) -> Iterator[Path]:
    """<size>/<split>/images/<id>.png with captions beside them, conditioning/<id>.png, and dataset.toml."""
    lines = ["[general]", 'caption_extension = ".txt"', ""]
    for (size, split), members in _groups(rows).items():
        place = out / str(size) / split
        for row in members:
            color = manifests.file_of(folder, row, "color")
            yield _write(place / "images" / f"{row.id}{color.suffix}", color.read_bytes())
            yield _write(place / "images" / f"{row.id}.txt", f"{caption}\n".encode())
            line_art = manifests.file_of(folder, row, outline)
            yield _write(place / "conditioning" / f"{row.id}.png", line_art.read_bytes())
        if split == "train":
            lines += [
                "[[datasets]]",
                f"resolution = {size}",
                "",
                "  [[datasets.subsets]]",
                f"  image_dir = {json.dumps(f'{size}/{split}/images')}",
                f"  conditioning_data_dir = {json.dumps(f'{size}/{split}/conditioning')}",
                "  num_repeats = 1",
                "",
            ]
    yield _write(out / "dataset.toml", "\n".join(lines).encode())


COLUMNS = {  # of the manifest, as Croissant types
    "sc:Text": ("id", "panel_id", "source", "series_id", "episode_id", "split", "color_file_name", "canny_file_name",
                "xdog_file_name", "source_url", "licence", "attribution", "sha256_color"),
    "sc:Integer": ("size", "panel_index", "window_index"),
    "sc:Float": ("split_confidence", "black_fraction", "ink_canny", "ink_xdog", "saturation"),
    "sc:Boolean": ("kept", "excluded"),
}  # fmt: skip
CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataBiases": "cr:dataBiases",
    "dataCollection": "cr:dataCollection",
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "personalSensitiveInformation": "cr:personalSensitiveInformation",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def _croissant(folder: Path, out: Path, rows: Sequence[Pair]) -> Iterator[Path]:
    """croissant.json (MLCommons Croissant 1.0) and a copy of the manifest that it describes."""
    manifest = (folder / manifests.MANIFEST).read_bytes()
    yield _write(out / manifests.MANIFEST, manifest)
    source = {"@id": manifests.MANIFEST}
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"pairs/{name}",
            "name": name,
            "dataType": kind,
            "source": {"fileObject": source, "extract": {"column": name}},
        }
        for kind, names in COLUMNS.items()
        for name in names
    ]
    credits = sorted({row.attribution for row in rows if row.attribution})
    document = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "pairs",
        "description": f"{len(rows)} pairs of comic panels in colour and line art, made by comicdata.",
        "license": sorted({row.licence for row in rows}),
        "citeAs": "; ".join(credits),
        "version": f"1.0.0+{manifests.rows_hash(rows)[:12]}",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": manifests.MANIFEST,
                "name": manifests.MANIFEST,
                "contentUrl": manifests.MANIFEST,
                "encodingFormat": "application/x-parquet",
                "contentSize": f"{len(manifest)} B",
                "sha256": sha256_bytes(manifest),
            }
        ],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "pairs", "name": "pairs", "key": {"@id": "pairs/id"},
                       "field": fields}],
    }  # fmt: skip
    yield _write(out / "croissant.json", (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode())
