"""The page of a pairs folder: in a minute a person sees whether the data are good."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from comicdata.cli.html import pieces as report
from comicdata.cli.html import unsure as unsure_pages
from comicdata.errors import ComicDataError
from comicdata.images import Image, read_image
from comicdata.pairs.card import dropped_counts, series_of
from comicdata.pairs.manifest import KINDS, file_of, pairs_folder, read_rows, usable
from comicdata.pairs.recut import is_strip, recut_panel
from comicdata.panels.unsure import UNSURE
from comicdata.records import Pair, spread

SAMPLES, PER_GROUP, DOUBTFUL, DROPPED = 36, 6, 8, 4
SPLITS = ("train", "validation", "test")
TRIPTYCH = 480
WRONG = 0.1  # of the windows, expected to come from panels that are cut wrongly: worth a word
PANEL = 220
MEASURES = {
    "saturation": "saturated pixels",
    "ink_canny": "ink, Canny + black",
    "ink_xdog": "ink, XDoG",
    "black_fraction": "dark pixels",
    "split_confidence": "confidence of the panel",
}


def page(pairs: Path, crawl: Path | None = None) -> str:
    """The whole page as text, every picture inlined, unsure pages first; with `crawl` these, and examples of what was
    dropped, are drawn.
    """
    folder = pairs_folder(pairs)
    rows = read_rows(folder)
    kept = usable(rows)
    unsure = unsure_pages.section(folder, rows, crawl)
    sections = [
        *([("Pages to look at first", unsure)] if unsure else []),
        ("At a glance", _summary(rows, kept)),
        ("Samples: colour, Canny + black, XDoG", _samples(folder, kept)),
        ("Panels to look at twice", _doubtful(folder, kept)),
        ("Distributions", _distributions(kept)),
        ("Dropped", _dropped(rows, crawl)),
        ("Licences", _licences(kept)),
    ]
    return report.page(f"Pairs: {folder.resolve().name}", sections)


def _summary(rows: Sequence[Pair], kept: Sequence[Pair]) -> str:
    facts = [
        ("pairs", f"{len(kept):,}"),
        ("panels", f"{len({row.panel_id for row in rows}):,}"),
        ("panels kept", f"{len({row.panel_id for row in kept}):,}"),
        ("windows dropped", f"{sum(not row.kept for row in rows):,}"),
        ("excluded by hand", f"{sum(row.excluded for row in rows):,}"),
        ("series", f"{len({(row.source, row.series_id) for row in kept}):,}"),
        ("episodes", f"{len({(row.source, row.series_id, row.episode_id) for row in kept}):,}"),
    ]
    counts = Counter((row.size, row.split) for row in kept)
    sizes = sorted({size for size, _ in counts})
    splits = {f"{size} / {split}": counts[size, split] for size in sizes for split in SPLITS}
    notes = "".join(report.note(text) for text in _warnings(kept))
    return report.cards(facts) + notes + "<h3>Pairs by size and split</h3>" + report.bars(splits)


def _warnings(kept: Sequence[Pair]) -> list[str]:
    """What makes a data set worse than its numbers."""
    found = []
    if not kept:
        return ["There is no pair at all: look at the reasons under Dropped."]
    splits = Counter(row.split for row in kept)
    found += [f"No pair in the {split} split." for split in SPLITS if not splits[split]]
    series = Counter((row.source, row.series_id) for row in kept)
    (name, count), *rest = series.most_common()
    if rest and count > 0.8 * len(kept):
        found.append(f"{name[1]} alone gives {count / len(kept):.0%} of the pairs.")
    wrong = 1 - sum(row.split_confidence for row in kept) / len(kept)
    if wrong > WRONG:
        found.append(
            f"Some {wrong:.0%} of the windows come from panels that are cut wrongly, as their confidence has it."
        )
    if any(row.licence == "unknown" for row in kept):
        found.append("Some pictures have no stated licence: find out before you share anything.")
    return found


def _spread(rows: Sequence[Pair], most: int) -> list[Pair]:
    """At most `most` rows, evenly spaced, of different panels where there are enough."""
    panels = list({row.panel_id: row for row in reversed(rows)}.values())[::-1]
    return [panels[index] for index in spread(len(panels), most)]


def _samples(folder: Path, kept: Sequence[Pair]) -> str:
    groups: dict[tuple[str, str, str], list[Pair]] = defaultdict(list)
    for row in kept:
        groups[row.source, row.series_id, row.split].append(row)
    parts = []
    share = max(1, min(PER_GROUP, SAMPLES // max(1, len(groups))))
    for (source, series, split), rows in sorted(groups.items())[:SAMPLES]:
        figures = [_triptych(folder, row) for row in _spread(rows, share)]
        parts.append(report.heading(f"{source}/{series}, {split}") + report.row(figures))
    left = len(groups) - SAMPLES
    return "".join(parts) + (f"<p>and {left} more groups</p>" if left > 0 else "")


def _triptych(folder: Path, row: Pair) -> str:
    try:
        pictures = [read_image(file_of(folder, row, kind)) for kind in KINDS]
    except ComicDataError as error:
        return report.note(str(error))
    return report.picture(report.side_by_side(pictures), f"{row.episode_id}, {row.id}", width=TRIPTYCH)


def _doubtful(folder: Path, kept: Sequence[Pair]) -> str:
    """A window of each of the panels that are least sure."""
    unsure = sorted(kept, key=lambda row: (-row.split_confidence, row.id))
    panels = {row.panel_id: row for row in unsure if row.split_confidence < UNSURE}
    doubtful = sorted(panels.values(), key=lambda row: (row.split_confidence, row.id))[:DOUBTFUL]
    if not doubtful:
        return "<p>All panels were found with confidence.</p>"
    words = (
        "<p>Found with the least confidence. To take one out, put "
        "<code>{&quot;id&quot;: ..., &quot;reason&quot;: ...}</code> on a line of excluded.jsonl and run make-pairs "
        "again.</p>"
    )
    return words + report.row([_triptych(folder, row) for row in doubtful])


def _distributions(kept: Sequence[Pair]) -> str:
    if not kept:
        return "<p>none</p>"
    charts = [report.histogram([getattr(row, name) for row in kept], words) for name, words in MEASURES.items()]
    boxes = {row.panel_id: row.panel_box for row in kept}.values()
    charts.append(report.histogram([box[2] - box[0] for box in boxes], "panel width, pixels"))
    charts.append(report.histogram([box[3] - box[1] for box in boxes], "panel height, pixels"))
    return report.row(charts)


def _dropped(rows: Sequence[Pair], crawl: Path | None) -> str:
    counts = dropped_counts(rows)
    if not counts:
        return "<p>nothing</p>"
    by_count = dict(sorted(counts.items(), key=lambda item: -item[1]))
    if crawl is None:
        return report.bars(by_count) + "<p>Give <code>--crawl DIR</code> to see examples of each.</p>"
    return report.bars(by_count) + "".join(_examples(rows, reason, crawl) for reason in by_count)


def _examples(rows: Sequence[Pair], reason: str, crawl: Path) -> str:
    """Panels of which a window was dropped for this reason, cut again from the crawl."""
    figures = []
    for row in _spread([row for row in rows if row.drop_reason == reason], DROPPED):
        image = _again(rows, row, crawl)
        if image is not None and image.size:
            figures.append(report.picture(_thumbnail(image), f"{row.episode_id}, panel {row.panel_index}", width=PANEL))
    return report.heading(reason) + (report.row(figures) if figures else "<p>not in this crawl</p>")


def _again(rows: Sequence[Pair], row: Pair, crawl: Path) -> Image | None:
    """The window where it was cut, else the panel."""
    episode = [
        one
        for one in rows
        if (one.source, one.series_id, one.episode_id) == (row.source, row.series_id, row.episode_id)
    ]
    panel = recut_panel(crawl, row, strip=is_strip(crawl, episode))
    x0, y0, x1, y1 = row.crop_box
    return panel if panel is None else panel[y0:y1, x0:x1]


def _thumbnail(image: Image) -> Image:
    """At most three times as tall as wide, for the page."""
    return image[: 3 * image.shape[1]]


def _licences(kept: Sequence[Pair]) -> str:
    cells = [[str(value) for value in one.values()] for one in series_of(kept)]
    return report.table(["source", "series", "licence", "credit", "pairs"], cells)
