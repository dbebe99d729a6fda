"""Our own JSON: what `comicdata panels` prints and writes, and what a person edits; a document, or a line per page.

Which pages a person changed is told by a hash of what was found on them, which stands beside their panels.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from comicdata.errors import UsageError
from comicdata.files import sha256_bytes, utf8
from comicdata.panels.exchange.entries import Corners, Entry, Region, Slice
from comicdata.panels.splitter import SPLITTER
from comicdata.reading.shapes import MisshapenError, of_shape
from comicdata.records import Panel

EXAMPLE = '{"input": "page.png", "panels": [{"box": [0, 0, 100, 80]}]}'


def panel_rows(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """Panels as JSON has them."""
    return [
        {"box": panel.box.as_list(), "confidence": round(panel.confidence, 4), "kind": panel.kind} for panel in panels
    ]


def digest(panels: Any) -> str:
    """A hash of boxes, kinds and order, by which a change is told."""
    said = [[panel.get("box"), panel.get("kind", "panel")] for panel in panels]
    return sha256_bytes(json.dumps(said).encode())[:12]


def write_ours(entries: Sequence[Mapping[str, Any]]) -> bytes:
    """The document that a person edits: a panel a line."""
    pages = []
    for entry in entries:
        head = json.dumps({name: value for name, value in entry.items() if name != "panels"}, ensure_ascii=False)
        lines = ",\n".join(f"  {json.dumps(panel)}" for panel in entry["panels"])
        pages.append(f'{head[:-1]}, "panels": [\n{lines}\n]}}' if lines else f'{head[:-1]}, "panels": []}}')
    return utf8(f'{{"splitter": {SPLITTER}, "strips": [\n' + ",\n".join(pages) + "\n]}\n")


def read_document(value: Mapping[str, Any], place: str) -> Iterator[Entry]:
    """The pages of a document {"strips": [...]}."""
    strips = value["strips"]
    if not isinstance(strips, list):
        raise UsageError(f'{place}: "strips" is no list of pages; a page looks like {EXAMPLE}')
    for number, line in enumerate(strips, 1):
        yield read_entry(line, f"{place}: page {number}")


def read_entry(line: Any, place: str) -> Entry:
    """One page, or strip; UsageError where it is none."""
    if not isinstance(line, Mapping) or not isinstance(line.get("input"), str) or not line["input"]:
        raise UsageError(f'{place}: no "input"; a line looks like {EXAMPLE}')
    panels, named = line.get("panels"), f"{place}: {line['input']!r}"
    if not isinstance(panels, list) or not all(isinstance(panel, Mapping) for panel in panels):
        raise UsageError(f'{place}: "panels" is no list of objects; a line looks like {EXAMPLE}')
    return Entry(
        line["input"],
        tuple(_region(panel, f"{named}: panel {number}") for number, panel in enumerate(panels, 1)),
        _size(line, place),
        _slices(line.get("slices", []), place),
        (line["file"],) if isinstance(line.get("file"), str) else (),
        line.get("found") == digest(panels),
        place,
    )


def _region(panel: Mapping[str, Any], place: str) -> Region:
    return Region(_corners(panel.get("box"), place), kind=_kind(panel, place))


def _kind(panel: Mapping[str, Any], place: str) -> Any:
    kind = panel.get("kind", "")
    if kind not in ("panel", "text", ""):
        raise UsageError(f'{place}: kind {kind!r} is neither "panel" nor "text"')
    return kind


def _corners(value: Any, place: str) -> Corners:
    numbers = isinstance(value, list) and len(value) == 4 and all(type(number) in (int, float) for number in value)
    if not numbers or not (value[0] < value[2] and value[1] < value[3]):
        raise UsageError(f"{place}: box {value!r} is not [x0, y0, x1, y1] in pixels with x0 < x1 and y0 < y1")
    return (*(float(round(number)) for number in value),)  # type: ignore[return-value]


def _size(line: Mapping[str, Any], place: str) -> tuple[int, int] | None:
    if line.get("width") is None and line.get("height") is None:
        return None
    try:
        width, height = of_shape(tuple[int, int], [line.get("width"), line.get("height")])
    except MisshapenError as error:
        raise UsageError(f'{place}: "width" and "height" are no size in pixels ({error})') from None
    return width, height


def _slices(value: Any, place: str) -> tuple[Slice, ...]:
    try:
        return of_shape(tuple[Slice, ...], value)
    except MisshapenError as error:
        raise UsageError(f'{place}: "slices": {error}; leave it as comicdata panels wrote it') from None
