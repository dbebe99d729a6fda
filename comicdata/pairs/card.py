"""The data set card: card.json for programs, README.md for people; no times inside, so equal rows give equal bytes."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from comicdata.errors import ComicDataError, IntegrityError
from comicdata.files import json_bytes, read_json
from comicdata.images import encode_jpeg, read_image, resize
from comicdata.outlines import Outlines
from comicdata.outputs import Outputs, read_list
from comicdata.outputs.escapes import for_markdown
from comicdata.pairs.manifest import COMMAND, file_of, rows_hash, usable
from comicdata.reading.shapes import MisshapenError
from comicdata.records import Pair, spread

SCHEMA_VERSION = 1


def read_outlines(folder: Path) -> Outlines:
    """How the outlines of a pairs folder were drawn, as its card says; IntegrityError when the card is damaged."""
    path = folder / "card.json"
    if not path.is_file():
        return Outlines()
    try:
        return Outlines.of_values(read_json(path)["options"])
    except (KeyError, TypeError, MisshapenError) as error:
        raise IntegrityError(f"{path}: damaged ({error}); run make-pairs again, the parts are kept") from error


def write_card(out: Path, options: Mapping[str, Any], rows: Sequence[Pair], dropped: Mapping[str, int]) -> None:
    """Write both cards and the contact sheet unless they already say the same.

    The lock of the folder is held. One that somebody changed, or wrote, is kept: PartialError, once the others are
    written.
    """
    kept = usable(rows)
    outputs = Outputs(out, COMMAND, held=True)
    _adopt(outputs)
    card = {
        "schema_version": SCHEMA_VERSION,
        "options": dict(options),
        "rows": len(rows),
        "rows_sha256": rows_hash(rows),
        "kept": len(kept),
        "excluded": sum(row.kept and row.excluded for row in rows),
        "dropped": dict(dropped),
        "splits": dict(sorted(Counter(f"{row.size}/{row.split}" for row in kept).items())),
        "series": series_of(kept),
    }
    sheet = _sheet(out, kept)
    files = {SHEET: sheet, CARD: json_bytes(card), README: _readme(card).encode()}
    outputs.write_all(files.items())


def kept_documents(out: Path) -> list[str]:
    """The cards that somebody changed, or wrote, and that are kept as they are."""
    return list(Outputs(out, COMMAND, held=True).kept(DOCUMENTS))


def _adopt(outputs: Outputs) -> None:
    """List what is ours and not listed: version 0.1.0 had no list, and a card that is no JSON any more is damage."""
    listed, folder = read_list(outputs.out), outputs.out
    card = _card_in(folder)
    if card is None or (CARD not in listed and "rows_sha256" in card):
        outputs.adopt([CARD])
    if README not in listed and card and is_as_written(folder, card):
        outputs.adopt([README])
        if SHEET not in listed and (folder / SHEET).is_file():
            outputs.adopt([SHEET])


def _card_in(folder: Path) -> dict[str, Any] | None:
    """The card of a folder, {} where there is none or it is of somebody else, None where it is no JSON."""
    try:
        value = read_json(folder / CARD) if (folder / CARD).is_file() else {}
    except IntegrityError:
        return None
    return value if isinstance(value, dict) else {}


def is_as_written(folder: Path, card: Mapping[str, Any]) -> bool:
    """Whether README.md says what this version writes for a card."""
    try:
        return (folder / README).read_text(encoding="utf-8") == _readme(card)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


CARD, README = "card.json", "README.md"
SHEET, ACROSS, TILE, GAP = "contact-sheet.jpg", 6, 128, 4
DOCUMENTS = (CARD, README, SHEET)


def _sheet(out: Path, kept: Sequence[Pair]) -> bytes | None:
    """A contact sheet: colour above Canny + black of up to 18 panels, evenly spaced over the data set; None of none."""
    panels = list({row.panel_id: row for row in kept}.values())
    chosen = [panels[index] for index in spread(len(panels), 3 * ACROSS)]
    if not chosen:
        return None
    rows = -(-len(chosen) // ACROSS)
    sheet = np.full((rows * (2 * TILE + 3 * GAP), ACROSS * (TILE + GAP), 3), 255, np.uint8)
    for index, row in enumerate(chosen):
        x, y = index % ACROSS * (TILE + GAP), index // ACROSS * (2 * TILE + 3 * GAP)
        for kind, top in (("color", y), ("canny", y + TILE + GAP)):
            with suppress(ComicDataError):  # missing or damaged: verify says so, the card has a white tile
                sheet[top : top + TILE, x : x + TILE] = resize(read_image(file_of(out, row, kind)), TILE, TILE)
    return encode_jpeg(sheet, 88)


def dropped_counts(rows: Sequence[Pair]) -> dict[str, int]:
    """How many rows each reason dropped."""
    return dict(sorted(Counter(row.drop_reason for row in rows if not row.kept).items()))


def series_of(kept: Sequence[Pair]) -> list[dict[str, Any]]:
    """Licence, credit and count of every series."""
    counts = Counter((row.source, row.series_id, row.licence, row.attribution) for row in kept)
    names = ("source", "series_id", "licence", "attribution")
    return [dict(zip(names, key, strict=True)) | {"pairs": count} for key, count in sorted(counts.items())]


def _readme(card: Mapping[str, Any]) -> str:
    """The card in words and tables."""
    by = card["options"].get("group", "series")
    reason = " (there are few series)" if by == "episode" else ""
    lines = [
        *front_matter(card),
        "# Pairs of colour and line art",
        "",
        f"![contact sheet]({SHEET})",
        "",
        f"Made by comicdata. {card['kept']} pairs kept of {card['rows']} windows; {card['excluded']} excluded by hand.",
        f"The split follows a hash of the {by}{reason}, or names given by hand; copies never straddle splits.",
        "",
        *_outline_lines(card["options"]),
        "| size / split | pairs |",
        "|---|---|",
        *(f"| {for_markdown(name)} | {count} |" for name, count in card["splits"].items()),
        "",
        "| dropped because | windows |",
        "|---|---|",
        *(f"| {for_markdown(name)} | {count} |" for name, count in card["dropped"].items()),
        "",
        *credit_lines(card["series"]),
        "",
        "## Loading",
        "",
        "```python",
        "import datasets, pandas",
        *(
            f'pairs = datasets.load_dataset("imagefolder", data_dir="{size}")   # colour, names of the outlines'
            for size in dict.fromkeys(name.split("/")[0] for name in card["splits"])
        ),
        'rows = pandas.read_parquet("manifest.parquet")                 # every window, kept or dropped, and why',
        "```",
        "",
        "`comicdata export . --to webdataset --out ../shards` makes tar shards, `--to kohya` ControlNet folders,",
        "`--to croissant` metadata. `comicdata show .` draws a page to look through.",
        "",
        "## Limits",
        "",
        "Panels are found by a program: some are cut through or joined. Outlines are computed from the colours, not",
        "drawn by hand: Canny + black fills dark places, XDoG follows tone. Near copies are dropped inside a series",
        "only. The colours are those of these series and nobody else's.",
        "",
    ]
    return "\n".join(lines)


def credit_lines(series: Sequence[Mapping[str, Any]]) -> list[str]:
    """Licence and credit of every series as a table."""
    return [
        "| source | series | licence | credit | pairs |",
        "|---|---|---|---|---|",
        *(
            f"| {for_markdown(one['source'])} | {for_markdown(one['series_id'])} | {for_markdown(one['licence'])} "
            f"| {for_markdown(one['attribution'])} | {one['pairs']} |"
            for one in series
        ),
    ]


def _outline_lines(options: Mapping[str, Any]) -> list[str]:
    """How the outlines were drawn, where the options say it."""
    drawn = {kind: dict(options[kind]) for kind in ("canny", "xdog") if isinstance(options.get(kind), Mapping)}
    if not drawn:
        return []
    said = []
    for kind, values in drawn.items():
        name = values.pop("preset", "")
        numbers = ", ".join(f"{key} {value:g}" for key, value in values.items())
        said.append(f"- {kind}: {name + ', ' if name else ''}{numbers}")
    return ["Outlines (sigma in pixels at size 256):", "", *said, ""]


SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def front_matter(card: Mapping[str, Any]) -> list[str]:
    """The head that the Hugging Face Hub reads: licence, task, size."""
    licences = sorted({str(one["licence"]).lower() for one in card["series"]}) or ["unknown"]
    size = next((name for most, name in SIZES if card["kept"] < most), "n>1M")
    return [
        "---",
        "license:",
        *(f"- {json.dumps(one)}" for one in licences),
        "task_categories:",
        "- image-to-image",
        "size_categories:",
        f"- {size}",
        "tags:",
        "- comics",
        "- line-art-colorization",
        "---",
        "",
    ]
