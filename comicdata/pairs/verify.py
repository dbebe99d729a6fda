"""What became of a pairs folder: every file by its hash, or by what follows from the rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from comicdata.errors import IntegrityError
from comicdata.files import below, on_disk, read_json, read_jsonl
from comicdata.forgotten import FORGOTTEN, read_forgotten
from comicdata.outputs import LIST, speaks_of
from comicdata.outputs.findings import Findings
from comicdata.pairs.corrections import PANELS, is_readable
from comicdata.pairs.excluded import EXCLUDED, read_exclusions
from comicdata.pairs.manifest import (
    FAILURES,
    KINDS,
    MANIFEST,
    METADATA,
    files_of,
    further_outlines,
    metadata_files,
    metadata_ways,
    pairs_folder,
    read_rows,
    row_from_json,
    rows_hash,
    usable,
)
from comicdata.pairs.parts import JOURNAL, is_whole
from comicdata.reading.numbers import whole_number
from comicdata.records import Pair

EPISODE = ("source", "series_id", "episode_id")
AGAIN = "the same make-pairs command makes it again; what is changed in README.md and the sheet move away first"


def verify_pairs(pairs: Path) -> dict[str, Any]:
    """Hash every picture of every kept row, and every file beside them: the document of `Findings`."""
    folder = pairs_folder(pairs)
    found = Findings(folder)
    try:
        rows: list[Pair] | None = read_rows(folder)
    except IntegrityError:
        rows = None
    found.look(folder / MANIFEST, rows is not None, AGAIN)
    hashed = [_verify_part(found, path, rows) for path in sorted(folder.glob("parts/*/*/*.jsonl"))]
    if any(hashed):
        found.look(folder / LIST, True, AGAIN)
    found.listed(folder, AGAIN)
    listed = found.entries(folder)
    if MANIFEST in listed and FAILURES not in listed and (folder / FAILURES).exists():
        found.derived(folder / FAILURES, [b""], AGAIN)
    if (folder / PANELS).exists():
        found.look(folder / PANELS, is_readable(folder), "a line of panels.jsonl is damaged: mend it by hand")
    found.readable(folder / EXCLUDED, lambda: read_exclusions(folder))
    found.readable(folder / FORGOTTEN, lambda: read_forgotten(folder))
    for name in (MANIFEST, "README.md", "contact-sheet.jpg"):
        if (folder / name).is_file() and name not in listed:
            found.unproved(name)
    if rows is not None:
        _verify_rows(found, rows)
    found.orphans(path for path in sorted(one for one in below(folder / "parts") if one.name.endswith(JOURNAL)))
    found.left_over(folder)
    found.kept()
    return found.document()


def _verify_rows(found: Findings, rows: Sequence[Pair]) -> None:
    """What the rows of the manifest state, or what follows from them."""
    folder = found.root
    expected = {path: digest for row in rows for path, digest in files_of(folder, row).items()}
    for path, digest in expected.items():
        found.hashed(path, digest, AGAIN)
    there = (path for path in folder.glob("*/*/*/*/*") if path.is_file() and path not in expected)
    found.orphans(path for path in there if whole_number(path.relative_to(folder).parts[0]) is not None)
    groups, further = metadata_files(folder, rows), further_outlines(rows)
    for path, members in groups.items():
        found.derived(path, metadata_ways(members, further), AGAIN)
    found.orphans(path for path in folder.glob(METADATA) if path not in groups and speaks_of(path, "panel_id"))
    for source, series, episode in sorted({(row.source, row.series_id, row.episode_id) for row in rows}):
        found.look(folder / "parts" / source / series / f"{episode}.jsonl", True, AGAIN)
    found.look(folder / "card.json", _is_card_of(folder / "card.json", rows), AGAIN)


def _is_card_of(card: Path, rows: Sequence[Pair]) -> bool:
    """Whether a card states what follows from the rows."""
    kept = usable(rows)
    splits = Counter(f"{row.size}/{row.split}" for row in kept)
    stated = {
        "rows": len(rows),
        "rows_sha256": rows_hash(rows),
        "kept": len(kept),
        "excluded": sum(row.kept and row.excluded for row in rows),
        "dropped": dict(Counter(row.drop_reason for row in rows if not row.kept)),
        "splits": dict(splits),
    }
    try:
        value = read_json(card)
        return all(value[name] == one for name, one in stated.items())
    except (OSError, IntegrityError, LookupError, TypeError):
        return False


def _verify_part(found: Findings, path: Path, rows: Sequence[Pair] | None) -> bool:
    """Look at a part, by its hash or, where it has none, by the rows of the manifest; whether it has one.

    One whose rows are of another episode was put there by somebody: where the manifest has none of its own, nothing
    makes it again.
    """
    whole = is_whole(on_disk(path) or b"")
    place = path.relative_to(found.root / "parts").with_suffix("").parts
    of_it = None if rows is None else [row for row in rows if (row.source, row.series_id, row.episode_id) == place]
    if whole and not _is_of(path, place) and not of_it:
        found.orphans([path])
    else:
        found.look(path, _agrees(path, of_it) if whole is None else whole and _is_of(path, place), AGAIN)
    return whole is not None


def _is_of(path: Path, place: tuple[str, ...]) -> bool:
    """Whether the rows of a whole part are of the episode that its place says."""
    return all(tuple(row.get(name) for name in EPISODE) == place for row in read_jsonl(path)[1:])


def _agrees(path: Path, rows: Sequence[Pair] | None) -> bool:
    """Whether the rows of a part are those that the manifest took over, but for what its second pass decides."""
    try:
        found = [row_from_json(values, str(path)) for values in read_jsonl(path)[1:]]
    except IntegrityError:
        return False
    return not rows or [_cut(row) for row in found] == [_cut(row) for row in rows]


def _cut(row: Pair) -> dict[str, Any]:
    """What a part alone decides of a row."""
    decided = ("kept", "drop_reason", "excluded", "outlines", *(f"{kind}_file_name" for kind in KINDS))
    return {name: value for name, value in asdict(row).items() if name not in decided and "sha256_" not in name}
