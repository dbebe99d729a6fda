"""The pages whose panels were found with little confidence, drawn with their boxes: what to correct first."""

from collections.abc import Sequence
from pathlib import Path

from comicdata.cli.html import pieces as report
from comicdata.images import Image
from comicdata.pairs.pages import page_name, pages_by_confidence
from comicdata.pairs.recut import whole_page
from comicdata.panels.unsure import UNSURE
from comicdata.records import Box, Pair, Panel

DRAWN, WIDTH, TALLEST = 24, 420, 3  # pages; pixels; times as tall as wide, and strips are drawn around the panel


def section(folder: Path, rows: Sequence[Pair], crawl: Path | None) -> str:
    """How many pages are unsure, their names, and, from the crawl, how their panels lie; "" where all are sure."""
    pages = pages_by_confidence(rows)
    unsure = {name: confidence for name, confidence in pages.items() if confidence < UNSURE}
    if not unsure:
        return ""
    words = report.paragraph(
        f"{len(unsure)} of {len(pages)} pages have a panel below {UNSURE:g}; first those least likely to be all right."
    )
    cure = (
        "<p>To correct them: <code>comicdata panels CRAWL --to json --out boxes</code>, edit the boxes in "
        "<code>boxes/CRAWL.panels.json</code>, and give the file to make-pairs with <code>--panels</code>. They are "
        "kept in <code>panels.jsonl</code> beside the manifest.</p>"
    )
    if crawl is None:
        cells = [[name, f"{confidence:.2f}"] for name, confidence in list(unsure.items())[:DRAWN]]
        table = report.table(["page", "confidence"], cells)
        return words + cure + table + "<p>Give <code>--crawl DIR</code> to see them.</p>"
    by_page: dict[str, list[Pair]] = {}
    for row in rows:
        by_page.setdefault(page_name(row), []).append(row)
    figures = [_drawn(crawl, name, by_page[name], one) for name, one in list(unsure.items())[:DRAWN]]
    left = len(unsure) - DRAWN
    more = report.paragraph(f"and {left} more") if left > 0 else ""
    return words + cure + report.row(figures) + more


def _drawn(crawl: Path, name: str, rows: Sequence[Pair], confidence: float) -> str:
    """One page with its boxes; of a strip, what lies around its least sure panel."""
    caption = f"{name}: {confidence:.2f}"
    panels = {row.panel_id: row for row in rows}.values()
    worst = min(panels, key=lambda row: (row.drop_reason == "text_only", row.split_confidence))
    found = whole_page(crawl, worst, strip=name.count("/") == 2, tallest=TALLEST)
    if found is None:
        return report.note(f"{caption}: not in this crawl")
    image, top = found
    return report.picture(_framed(image, top, list(panels)), caption, width=WIDTH)


def _framed(image: Image, top: int, rows: Sequence[Pair]) -> Image:
    height = image.shape[0]
    panels = []
    for row in sorted(rows, key=lambda row: row.panel_index):
        x0, y0, x1, y1 = row.panel_box
        box = Box(x0, max(0, y0 - top), x1, min(height, y1 - top))
        kind = "text" if row.drop_reason == "text_only" else "panel"
        if box.y0 < box.y1:
            panels.append(Panel(box, row.split_confidence, kind))  # type: ignore[arg-type]
    return report.overlay(image, panels)
