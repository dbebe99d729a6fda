"""Pieces of a self-contained HTML page: pictures inlined, curves as SVG, everything from outside escaped."""

import base64
from collections.abc import Mapping, Sequence

import numpy as np

from comicdata.images import Image, encode_jpeg, resize
from comicdata.outputs.escapes import for_html as text
from comicdata.panels.unsure import UNSURE
from comicdata.records import Box, Panel

STYLE = """
:root { color-scheme: light dark; --ink: #222; --soft: #5d5d5d; --line: #ddd; --paper: #fff; --bar: #2471a3; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --soft: #a5a5a5; --line: #3c3c3c; --paper: #161616; --bar: #5dade2; }
}
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem;
  color: var(--ink); background: var(--paper); }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
.row { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: 1rem; }
.card { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .9rem; }
.card b { display: block; font-size: 1.6rem; line-height: 1.3; } .card span { color: var(--soft); font-size: .85rem; }
.note { border-left: 4px solid #b9770e; padding: .2rem .8rem; margin: .4rem 0; }
figure { margin: 0; } figcaption { font-size: .85rem; color: var(--soft); } img { max-width: 100%; display: block; }
table { border-collapse: collapse; }
td, th { padding: .25rem .75rem; border-bottom: 1px solid var(--line); text-align: left; }
.bar { display: flex; height: 3rem; margin: 0 0 1rem; border: 1px solid var(--line); }
.swatch { font-size: .8rem; line-height: 1.3; color: var(--soft); width: 4.5rem; }
.swatch i { display: block; height: 2.5rem; border: 1px solid var(--line); }
svg { max-width: 100%; height: auto; } svg text { font: 12px system-ui, sans-serif; fill: var(--soft); }
"""
COLOURS = ("#c0392b", "#2471a3", "#1e8449", "#b9770e", "#6c3483", "#117a65", "#5d6d7e", "#cb4335")


def page(title: str, sections: Sequence[tuple[str, str]]) -> str:
    """A whole page from (heading, HTML body) pairs."""
    body = "".join(f"<h2>{text(words)}</h2>\n{html}\n" for words, html in sections)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head>'
        f"<body><h1>{text(title)}</h1>\n{body}</body></html>\n"
    )


def picture(image: Image, caption: str, *, width: int | None = None) -> str:
    """A figure with the picture inlined as JPEG, shrunk to `width` pixels when it is wider."""
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=2)
    if width and image.shape[1] > width:
        image = resize(image, width, max(1, round(image.shape[0] * width / image.shape[1])))
    data = base64.b64encode(encode_jpeg(image)).decode()
    words = text(caption)
    return f'<figure><img alt="{words}" src="data:image/jpeg;base64,{data}"><figcaption>{words}</figcaption></figure>'


def row(figures: Sequence[str]) -> str:
    """Figures side by side."""
    return f'<div class="row">{"".join(figures)}</div>'


def side_by_side(images: Sequence[Image], gap: int = 8) -> Image:
    """Pictures of one height in one picture, on white: (H, W, 3)."""
    from comicdata.images import beside

    return beside(images, gap=gap)


def overlay(image: Image, panels: Sequence[Panel]) -> Image:
    """The picture with its panels framed and numbered, and how sure each is: SURE, UNSURE_PANEL or LETTERING."""
    import cv2

    framed = image.copy()
    width = max(2, image.shape[1] // 300)
    for panel in panels:
        box = panel.box
        cv2.rectangle(framed, (box.x0, box.y0), (box.x1 - 1, box.y1 - 1), _colour(panel), width)
    plates: list[Box] = []
    for number, panel in enumerate(panels, 1):
        plates.append(_label(framed, f"{number} {panel.confidence:.2f}", panel, plates))
    return framed


SURE, UNSURE_PANEL, LETTERING = (30, 140, 60), (200, 30, 50), (190, 95, 20)


def _colour(panel: Panel) -> tuple[int, int, int]:
    if panel.kind != "panel":
        return LETTERING
    return SURE if panel.confidence >= UNSURE else UNSURE_PANEL


def _label(framed: Image, label: str, panel: Panel, plates: Sequence[Box]) -> Box:
    """White words on a plate in a corner of a panel, the first that no other plate covers; they read on any art."""
    import cv2

    scale = max(0.7, framed.shape[1] / 1400)
    stroke, pad, box = max(1, round(2 * scale)), round(6 * scale), panel.box
    (across, up), below = cv2.getTextSize(label, cv2.FONT_HERSHEY_SIMPLEX, scale, stroke)
    w, h = across + 2 * pad, up + below + 2 * pad
    corners = [(x, y) for y in (box.y0, max(box.y0, box.y1 - h)) for x in (box.x0, max(box.x0, box.x1 - w))]
    places = [Box(x, y, x + w, y + h) for x, y in corners]
    free = [one for one in places if not any(_meet(one, other) for other in plates)]
    plate = (free or places)[0]
    cv2.rectangle(framed, (plate.x0, plate.y0), (plate.x1 - 1, plate.y1 - 1), _colour(panel), cv2.FILLED)
    at = (plate.x0 + pad, plate.y0 + pad + up)
    cv2.putText(framed, label, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), stroke, cv2.LINE_AA)
    return plate


def _meet(one: Box, other: Box) -> bool:
    return one.x0 < other.x1 and other.x0 < one.x1 and one.y0 < other.y1 and other.y0 < one.y1


def paragraph(words: str) -> str:
    """A line of text."""
    return f"<p>{text(words)}</p>"


def heading(words: str) -> str:
    """A heading within a section."""
    return f"<h3>{text(words)}</h3>"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """An HTML table of text cells."""
    head = "".join(f"<th>{text(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{text(cell)}</td>' for cell in cells)}</tr>" for cells in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def curves(
    series: Mapping[str, Sequence[tuple[float, float]]], x_label: str, size: tuple[int, int] = (720, 260)
) -> str:
    """Line chart as inline SVG; each series is scaled to its own maximum, which the legend states."""
    width, height = size
    longest = max((x for points in series.values() for x, _ in points), default=1) or 1
    tall = height + 24 * len(series)
    parts = [f'<svg viewBox="0 0 {width} {tall}" width="{width}" role="img" aria-label="curves">']
    parts.append(f'<path d="M40 10V{height - 20}H{width - 10}" fill="none" stroke="#999"/>')
    parts.append(f'<text x="{width - 10}" y="{height - 4}" text-anchor="end">{text(x_label)}: {longest:g}</text>')
    for index, (name, points) in enumerate(series.items()):
        top = max((y for _, y in points), default=1) or 1
        colour = COLOURS[index % len(COLOURS)]
        dots = " ".join(
            f"{40 + x / longest * (width - 50):.1f},{height - 20 - max(y, 0) / top * (height - 40):.1f}"
            for x, y in points
        )
        last = points[-1][1] if points else 0
        parts.append(f'<polyline points="{dots}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        y = height + 18 + 22 * index
        words = f"{text(name)}: top {top:.4g}, last {last:.4g}"
        parts.append(f'<text x="40" y="{y}" style="fill: {colour}">{words}</text>')
    return "".join(parts) + "</svg>"


def cards(facts: Sequence[tuple[str, str]]) -> str:
    """Large figures with a few words under each: (words, figure)."""
    parts = (f'<div class="card"><b>{text(figure)}</b><span>{text(words)}</span></div>' for words, figure in facts)
    return f'<div class="cards">{"".join(parts)}</div>'


def swatches(colors: Sequence[tuple[str, str, float]]) -> str:
    """Colours as (#rrggbb, name, share): a bar of them by their shares, then each with its words."""
    parts = (f'<i style="background: {text(code)}; flex: {share:.5f}"></i>' for code, _, share in colors)
    each = (
        f'<div class="swatch"><i style="background: {text(code)}"></i>{text(name)}<br>{text(code)}<br>{share:.1%}</div>'
        for code, name, share in colors
    )
    return f'<div class="bar">{"".join(parts)}</div><div class="row">{"".join(each)}</div>'


def note(words: str) -> str:
    """A line that asks for attention."""
    return f'<p class="note">{text(words)}</p>'


def _number(value: float) -> str:
    """Three digits, but never as a power of ten where a whole number does: 0.152, 1320."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def histogram(values: Sequence[float], label: str, bins: int = 24, size: tuple[int, int] = (300, 130)) -> str:
    """Histogram as inline SVG with its range and median under it."""
    counts, edges = np.histogram(np.asarray(values, float), bins=bins)
    width, height = size
    step, top = (width - 10) / bins, max(1, int(counts.max(initial=0)))
    bars = "".join(
        f'<rect x="{5 + i * step:.1f}" y="{height - 20 - count / top * (height - 40):.1f}" width="{step - 1:.1f}" '
        f'height="{count / top * (height - 40):.1f}" fill="var(--bar)"/>'
        for i, count in enumerate(counts.tolist())
    )
    middle = f"{text(label)}: median {_number(np.median(values))}" if len(values) else f"{text(label)}: none"
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="{text(label)}">'
        f"{bars}"
        f'<text x="{width / 2}" y="14" text-anchor="middle">{middle}</text>'
        f'<text x="5" y="{height - 5}">{_number(edges[0])}</text>'
        f'<text x="{width - 5}" y="{height - 5}" text-anchor="end">{_number(edges[-1])}</text></svg>'
    )


def bars(counts: Mapping[str, int], size: tuple[int, int] = (640, 22)) -> str:
    """Horizontal bars with their names and counts."""
    width, height = size
    top = max(counts.values(), default=1) or 1
    parts = [f'<svg viewBox="0 0 {width} {height * len(counts)}" width="{width}" role="img" aria-label="counts">']
    for index, (name, count) in enumerate(counts.items()):
        y = index * height
        length = count / top * (width - 260)
        parts.append(f'<text x="150" y="{y + 15}" text-anchor="end">{text(name)}</text>')
        parts.append(f'<rect x="158" y="{y + 4}" width="{length:.1f}" height="{height - 8}" fill="var(--bar)"/>')
        parts.append(f'<text x="{164 + length:.1f}" y="{y + 15}">{count}</text>')
    return "".join(parts) + "</svg>"
