"""Reading and writing a manifest: Parquet for programs, metadata.jsonl for `datasets`."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import (
    delete,
    inside,
    is_inside,
    is_name,
    jsonl_bytes,
    on_disk,
    sha256_bytes,
    write_atomic,
    write_jsonl,
)
from comicdata.outputs import Outputs, free_folder, read_list, speaks_of
from comicdata.reading.shapes import MisshapenError, of_shape
from comicdata.records import Pair

if TYPE_CHECKING:
    import pandas as pd

MANIFEST = "manifest.parquet"
FAILURES = "failures.jsonl"
METADATA = "[0-9]*/*/metadata.jsonl"
KINDS = ("color", "canny", "xdog")
SPLITS = ("train", "validation", "test")
COMMAND = "make-pairs"  # whose files those are that the list of a pairs folder names
OUTLINE_NAME = "[a-z][a-z0-9]{0,29}"  # of an outline made elsewhere: a manifest may say anything, a path among it
COLUMNS = [field.name for field in fields(Pair) if field.name != "outlines"]
LARGEST_SIDE = 65_536  # pixels of a window, or windows of a panel
# Columns that version 0.1.0 did not write, and what they read as there.
SINCE: dict[str, Any] = {"layout": "", "layout_evidence": "", "splitter": 1}


def pairs_folder(pairs: Path) -> Path:
    """PAIRS is the folder or its manifest.parquet; UsageError when there is no manifest."""
    folder = pairs.parent if pairs.name == MANIFEST else pairs
    if not (folder / MANIFEST).is_file():
        place = free_folder(folder, "pairs")
        raise UsageError(f"{folder}: no {MANIFEST} here; make one with: comicdata make-pairs CRAWL --out {place}")
    return folder


def read_manifest(pairs: Path | str) -> "pd.DataFrame":
    """All rows of a manifest as a data frame, one column per field of `records.Pair`; errors as `read_rows`."""
    frame: pd.DataFrame = _read_table(Path(pairs)).to_pandas()
    return frame


def read_rows(pairs: Path) -> list[Pair]:
    """All rows of a manifest, kept and dropped, page checksums verified; IntegrityError when damaged."""
    path, table = pairs_folder(pairs) / MANIFEST, _read_table(pairs)
    try:
        rows = table.to_pylist()
    except (ValueError, OverflowError) as error:  # bytes that are no text
        raise IntegrityError(f"{path}: damaged; run make-pairs again, the parts are kept ({error})") from error
    return [row_from_json(values, f"{path}: row {number}") for number, values in enumerate(rows, 1)]


def _read_table(pairs: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = pairs_folder(pairs) / MANIFEST
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        names = table.schema.names  # ValueError where one is no UTF-8
    except (pa.ArrowException, OSError, ValueError) as error:
        raise IntegrityError(f"{path}: damaged; run make-pairs again, the parts are kept ({error})") from error
    lacking = [name for name in COLUMNS if name not in {*names, *SINCE}]
    if lacking:
        raise IntegrityError(f"{path}: the column {lacking[0]} is missing; run make-pairs again")
    for name, value in SINCE.items():
        if name not in names:
            kind = pa.string() if isinstance(value, str) else pa.int32()
            table = table.add_column(COLUMNS.index(name), name, pa.array([value] * len(table), kind))
    if table.schema.names[: len(COLUMNS)] != COLUMNS:
        raise IntegrityError(f"{path}: not the columns of this version, in its order; run make-pairs again")
    return table


def _row(values: dict[str, Any]) -> Pair:
    """A row from Parquet or JSON: lists become the tuples of the record, further outlines one field.

    MisshapenError when it is none, or a name in it leads elsewhere.
    """
    record: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    names = [str(name).removesuffix("_file_name") for name in record if str(name).endswith("_file_name")]
    further = [name for name in names if name not in KINDS]
    outlines = [(name, record.pop(f"{name}_file_name"), record.pop(f"sha256_{name}", "")) for name in further]
    unknown = sorted(record.keys() - {*COLUMNS})
    if unknown:
        raise MisshapenError(unknown[:1], "no column of this version")
    pair = of_shape(Pair, {**record, "outlines": [one for one in outlines if one[1]]})
    wrong = next(_names_that_lead_elsewhere(pair), None)
    if wrong is not None:
        raise MisshapenError([str(pair.id)[:80]], f"{wrong[:80]} leads elsewhere")
    _check_numbers(pair)
    if pair.split not in SPLITS or (pair.kept and not re.fullmatch("d:[0-9a-f]{16}", pair.dhash)):
        raise MisshapenError(["split" if pair.split not in SPLITS else "dhash"], "not as make-pairs writes it")
    return pair


def _check_numbers(row: Pair) -> None:
    """MisshapenError for a number that no window has."""
    whole = {"size": row.size - 1, "panel_index": row.panel_index, "window_index": row.window_index}
    shares = ("split_confidence", "black_fraction", "ink_canny", "ink_xdog", "saturation")
    right = {name: 0 <= value < LARGEST_SIDE for name, value in whole.items()}
    right |= {name: 0 <= getattr(row, name) <= 1 for name in shares}
    right |= {name: _is_box(getattr(row, name)) for name in ("crop_box", "panel_box")}
    for name in (name for name, fits in right.items() if not fits):
        raise MisshapenError([name], f"{getattr(row, name)} is out of range")


def _is_box(box: tuple[int, int, int, int]) -> bool:
    x0, y0, x1, y1 = box
    return 0 <= x0 <= x1 and 0 <= y0 <= y1


def _names_that_lead_elsewhere(row: Pair) -> Iterator[str]:
    """What of a row becomes a path, and may not: a manifest may say anything."""
    names = [row.source, row.series_id, row.episode_id, *row.source_files]
    files = [name for _, name, _ in row.outlines]
    if row.kept:
        names += [row.id, row.split]
        files += [row.color_file_name, row.canny_file_name, row.xdog_file_name]
    yield from (repr(name) for name in names if not is_name(name))
    yield from (repr(name) for name in files if not is_inside(name))
    yield from (repr(name) for name, _, _ in row.outlines if not re.fullmatch(OUTLINE_NAME, name))


def values_of(row: Pair, outlines: Iterable[str] | None = None) -> dict[str, Any]:
    """The row as one value per column; `outlines` names the further ones, "" where the row has none."""
    values = asdict(row)
    found = {name: (file_name, digest) for name, file_name, digest in values.pop("outlines")}
    for name in found if outlines is None else outlines:
        values[f"{name}_file_name"], values[f"sha256_{name}"] = found.get(name, ("", ""))
    return values


def further_outlines(rows: Iterable[Pair]) -> list[str]:
    """Names of the outlines beyond Canny and XDoG that any row has."""
    return sorted({name for row in rows for name, _, _ in row.outlines})


def columns_of(folder: Path) -> set[str]:
    """The columns of the manifest in a pairs folder; none where it is missing or damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return {*pq.read_schema(folder / MANIFEST).names}
    except (pa.ArrowException, OSError):
        return set()


def stated_outlines(folder: Path) -> list[str]:
    """Likewise of the manifest in a pairs folder, by its columns alone; none where it is missing or damaged."""
    columns = sorted(columns_of(folder))
    names = [column.removesuffix("_file_name") for column in columns if column.endswith("_file_name")]
    return [name for name in names if name not in KINDS and re.fullmatch(OUTLINE_NAME, name)]


def outline_names(rows: Iterable[Pair]) -> list[str]:
    """Names of all outlines that a manifest has: Canny, XDoG and those made elsewhere."""
    return [*KINDS[1:], *further_outlines(rows)]


def files_of(folder: Path, row: Pair) -> dict[Path, str]:
    """All pictures of a kept row and their hashes."""
    if not row.kept:
        return {}
    plain = {file_of(folder, row, kind): str(getattr(row, f"sha256_{kind}")) for kind in KINDS}
    return plain | {file_of(folder, row, name): digest for name, _, digest in row.outlines}


def sha256_of(row: Pair, kind: str) -> str:
    """The hash of the picture `kind` of a kept row, "" where it has none."""
    further = {name: digest for name, _, digest in row.outlines}
    return further[kind] if kind in further else str(getattr(row, f"sha256_{kind}", ""))


def row_from_json(values: dict[str, Any], where: str) -> Pair:
    """A row from a part file, or of the manifest; IntegrityError names `where` and the column when it does not fit."""
    try:
        return _row(values)
    except MisshapenError as error:
        file = where.rpartition(":")[0]
        raise IntegrityError(
            f"{where}: not a row of this version ({error}); delete {file} and run make-pairs again"
        ) from error


def write_manifest(folder: Path, rows: Sequence[Pair]) -> None:
    """Write manifest.parquet and the metadata.jsonl of every size and split that has kept rows."""
    data = _parquet_bytes(rows)
    path = folder / MANIFEST
    stale = _stale_metadata(folder, rows)
    if on_disk(path) != data:
        write_atomic(path, data)
    _write_metadata(folder, rows, stale)
    list_files(folder)


def _parquet_bytes(rows: Sequence[Pair]) -> bytes:
    """The rows as Parquet with page checksums; the same rows give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    integers = pa.list_(pa.int32())
    kinds = {"bool": pa.bool_(), "int": pa.int32(), "float": pa.float64(), "tuple[int, int, int, int]": integers}
    plain = [field for field in fields(Pair) if field.name in COLUMNS]
    types = {field.name: kinds.get(_type_name(field.type), pa.string()) for field in plain}
    types |= {"source_files": pa.list_(pa.string()), "source_sha256": pa.list_(pa.string())}
    further = further_outlines(rows)
    types |= {column: pa.string() for name in further for column in (f"{name}_file_name", f"sha256_{name}")}
    values = [values_of(row, further) for row in rows]
    columns = {name: [one[name] for one in values] for name in types}
    table = pa.table({name: pa.array(columns[name], kind) for name, kind in types.items()})
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
    return bytes(buffer.getvalue())


def _type_name(annotation: Any) -> str:
    return (
        annotation.__name__ if isinstance(annotation, type) and not hasattr(annotation, "__args__") else str(annotation)
    )


def list_files(folder: Path) -> None:
    """Note in the list of the folder the hashes of what no row states: the manifest, metadata and failures."""
    names = [path.relative_to(folder).as_posix() for path in folder.glob(METADATA) if speaks_of(path, "panel_id")]
    gone = [name for name in read_list(folder) if name.endswith("/metadata.jsonl") or name == FAILURES]
    failed = (folder / FAILURES).is_file() and (folder / FAILURES).stat().st_size > 0
    there = [MANIFEST, *names, *([FAILURES] if failed else [])]
    Outputs(folder, COMMAND, held=True).adopt(there, {*gone} - {*there})


def metadata_files(folder: Path, rows: Sequence[Pair]) -> dict[Path, list[Pair]]:
    """The rows of every metadata.jsonl: one per size and split that has any."""
    groups: dict[Path, list[Pair]] = defaultdict(list)
    for row in usable(rows):
        groups[folder / str(row.size) / row.split / "metadata.jsonl"].append(row)
    return groups


def _metadata_bytes(rows: Sequence[Pair], outlines: Sequence[str], *, without: Collection[str] = ()) -> bytes:
    whole = (metadata_row(row, outlines) for row in rows)
    return jsonl_bytes({name: value for name, value in row.items() if name not in without} for row in whole)


def metadata_ways(rows: Sequence[Pair], outlines: Sequence[str]) -> list[bytes]:
    """A metadata.jsonl as it is written now, and as version 0.1.0 did."""
    return [_metadata_bytes(rows, outlines), _metadata_bytes(rows, outlines, without=SINCE)]


def _stale_metadata(folder: Path, rows: Sequence[Pair]) -> dict[Path, list[str]]:
    """The metadata of splits that are to be empty, with the hashes that the list and the manifest before give them."""
    stale = {path for path in folder.glob(METADATA) if speaks_of(path, "panel_id")} - {*metadata_files(folder, rows)}
    if not stale:
        return {}
    before, listed = _rows_before(folder), read_list(folder)
    known = {
        path: metadata_ways(some, further_outlines(before)) for path, some in metadata_files(folder, before).items()
    }
    entries = {path: listed.get(path.relative_to(folder).as_posix(), {}).get("sha256", "") for path in stale}
    return {path: [entries[path], *map(sha256_bytes, known.get(path, []))] for path in stale}


def _rows_before(folder: Path) -> list[Pair]:
    """The rows of the manifest that lies here; none where it is missing or damaged."""
    try:
        return read_rows(folder) if (folder / MANIFEST).is_file() else []
    except IntegrityError:
        return []


def recorded_pictures(folder: Path) -> Iterator[tuple[Path, str]]:
    """The pictures that the manifest which lies here names, with their hashes."""
    for row in _rows_before(folder):
        yield from files_of(folder, row).items()


def _write_metadata(folder: Path, rows: Sequence[Pair], stale: Mapping[Path, Sequence[str]]) -> None:
    """One metadata.jsonl per size and split; files of splits that became empty go."""
    further = further_outlines(rows)
    for path, members in metadata_files(folder, rows).items():
        write_jsonl(path, (metadata_row(row, further) for row in members))
    for path, hashes in stale.items():
        delete(folder, path, *hashes)


def metadata_row(row: Pair, outlines: Iterable[str] | None = None) -> dict[str, Any]:
    """A row as `datasets` reads it: no nulls, the same columns and types in every split."""
    values = values_of(row, outlines)
    del values["drop_reason"], values["kept"], values["excluded"]
    return values


def file_of(folder: Path, row: Pair, kind: str) -> Path:
    """Where the picture `kind` (color, canny, xdog, or a further outline) of a kept row lies; errors as `inside`."""
    further = {name: file_name for name, file_name, _ in row.outlines}
    file_name = further[kind] if kind in further else str(getattr(row, f"{kind}_file_name"))
    return inside(folder, f"{row.size}/{row.split}/{file_name}")


def usable(rows: Iterable[Pair]) -> list[Pair]:
    """What training, exports and counts see: kept rows that nobody excluded."""
    return [row for row in rows if row.kept and not row.excluded]


def rows_hash(rows: Sequence[Pair]) -> str:
    """SHA-256 of the rows as JSON lines: what card.json states, and what runs carry.

    Columns that only explain a row are left out: the same windows have the hash that version 0.1.0 gave them.
    """
    stated = ({name: value for name, value in values_of(row).items() if name not in SINCE} for row in rows)
    return sha256_bytes(jsonl_bytes(stated))


def data_hash(pairs: Path) -> str:
    """SHA-256 of the usable rows: runs carry it."""
    return rows_hash(usable(read_rows(pairs)))
