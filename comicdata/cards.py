"""The data set card: card.json for programs, README.md for people; no times inside, so equal rows give equal bytes."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from comicdata.files import write_atomic
from comicdata.manifests import rows_hash
from comicdata.records import Pair

SCHEMA_VERSION = 1


def write_card(out: Path, options: Mapping[str, Any], rows: Sequence[Pair], dropped: Mapping[str, int]) -> None:
    """Write both cards unless they already say the same."""
    kept = [row for row in rows if row.kept]
    card = {
        "schema_version": SCHEMA_VERSION,
        "options": dict(options),
        "rows": len(rows),
        "rows_sha256": rows_hash(rows),
        "kept": len(kept),
        "excluded": sum(row.excluded for row in kept),
        "dropped": dict(dropped),
        "splits": dict(sorted(Counter(f"{row.size}/{row.split}" for row in kept).items())),
        "series": _series(kept),
    }
    _write_text(out / "card.json", json.dumps(card, ensure_ascii=False, indent=2) + "\n")
    _write_text(out / "README.md", _readme(card))


def dropped_counts(rows: Sequence[Pair]) -> dict[str, int]:
    """How many rows each reason dropped."""
    return dict(sorted(Counter(row.drop_reason for row in rows if not row.kept).items()))


def _series(kept: Sequence[Pair]) -> list[dict[str, Any]]:
    """Licence, credit and count of every series."""
    counts = Counter((row.source, row.series_id, row.licence, row.attribution) for row in kept)
    names = ("source", "series_id", "licence", "attribution")
    return [dict(zip(names, key, strict=True)) | {"pairs": count} for key, count in sorted(counts.items())]


def _readme(card: Mapping[str, Any]) -> str:
    """The card in words and tables."""
    by = card["options"].get("group", "series")
    reason = " (there are few series)" if by == "episode" else ""
    lines = [
        "# Pairs of colour and line art",
        "",
        f"Made by comicdata. {card['kept']} pairs kept of {card['rows']} windows; {card['excluded']} excluded by hand.",
        f"The split follows a hash of the {by}{reason}, or names given by hand; copies never straddle splits.",
        "",
        "| size / split | pairs |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in card["splits"].items()),
        "",
        "| dropped because | windows |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in card["dropped"].items()),
        "",
        "| source | series | licence | credit | pairs |",
        "|---|---|---|---|---|",
        *(
            f"| {_cell(one['source'])} | {_cell(one['series_id'])} | {_cell(one['licence'])} "
            f"| {_cell(one['attribution'])} | {one['pairs']} |"
            for one in card["series"]
        ),
        "",
        'Open with `datasets.load_dataset("imagefolder", data_dir="256")`, or read `manifest.parquet` with pandas.',
        "",
    ]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """A value from outside inside a Markdown table: one line, no cell border, no markup."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _write_text(path: Path, text: str) -> None:
    data = text.encode()
    if not (path.is_file() and path.read_bytes() == data):
        write_atomic(path, data)
