"""The report of the demo: strips with panels, pairs, loss curves, and colorized panels beside the truth."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from comicdata.cli import report
from comicdata.crawl import episode_folder, read_crawl
from comicdata.files import read_jsonl
from comicdata.images import read_image
from comicdata.manifests import file_of, read_rows
from comicdata.panels import find_panels, make_strips
from comicdata.records import Pair

STRIPS, PAIRS, COLORIZED = 3, 6, 16
WIDE = 540  # two triptychs side by side
COLUMNS = ["measure", "colorizer", "outline copy"]
MEASURES = {
    "psnr": "PSNR, dB",
    "psnr_off_line": "PSNR off the lines, dB",
    "l1": "L1 of [-1, 1]",
    "l1_off_line": "L1 off the lines",
}
NOT_LOSSES = {"images", "lr", "learning_rate"}


def demo_report(out: Path, scores: Mapping[str, float]) -> str:
    """The whole page as text, every picture inlined."""
    rows = [row for row in read_rows(out / "pairs") if row.kept and not row.excluded]
    sections = [
        ("On episodes it never saw", report.table(COLUMNS, score_rows(scores)) + _colorized(out, rows)),
        ("Strips and the panels found in them", _strips(out / "crawl")),
        ("Pairs: colour, Canny + black, XDoG", _pairs(out / "pairs", rows)),
        ("Training", _curves(out / "run")),
    ]
    return report.page("comicdata demo", sections)


def score_rows(scores: Mapping[str, float]) -> list[list[str]]:
    """Measures of the colorizer beside those of the outline copied as it is: rows of COLUMNS."""
    return [
        [words, f"{scores[name]:.2f}", f"{scores[f'outline_copy_{name}']:.2f}"]
        for name, words in MEASURES.items()
        if f"outline_copy_{name}" in scores
    ]


def _colorized(out: Path, rows: list[Pair]) -> str:
    """Outline, colorized and truth of windows of the test split, evenly spaced."""
    test = [row for row in rows if row.split == "test"]
    figures = []
    for row in test[:: max(1, len(test) // COLORIZED)][:COLORIZED]:
        outline = read_image(file_of(out / "pairs", row, "canny"))
        colour = read_image(out / "colorized" / Path(row.canny_file_name).relative_to("canny"))
        truth = read_image(file_of(out / "pairs", row, "color"))
        figures.append(
            report.picture(report.side_by_side([outline, colour, truth]), "outline | colorized | truth", width=WIDE)
        )
    return report.row(figures)


def _strips(crawl: Path) -> str:
    figures = []
    for record in read_crawl(crawl)[:STRIPS]:
        folder = episode_folder(crawl, record)
        (strip, *_) = make_strips([read_image(folder / image.file_name) for image in record.images])
        panels = find_panels(strip)
        caption = f"{record.title}: {len(panels)} boxes, {len(record.images)} slices"
        figures.append(report.picture(report.overlay(strip.image, panels), caption, width=280))
    return report.row(figures)


def _pairs(pairs: Path, rows: list[Pair]) -> str:
    train = [row for row in rows if row.split == "train"]
    figures = []
    for row in train[:: max(1, len(train) // PAIRS)][:PAIRS]:
        images = [read_image(file_of(pairs, row, kind)) for kind in ("color", "canny", "xdog")]
        figures.append(
            report.picture(report.side_by_side(images), f"{row.episode_id}, panel {row.panel_index}", width=WIDE)
        )
    return report.row(figures)


def _curves(run: Path) -> str:
    """Every logged term over the images seen, and the last sample grid."""
    series: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for line in read_jsonl(run / "metrics.jsonl"):
        for name, value in line.items():
            if name not in NOT_LOSSES and isinstance(value, float):
                series[name].append((line["images"], value))
    grids = sorted((run / "samples").glob("*.png"), key=lambda path: int(path.stem))
    last = (
        [report.picture(read_image(grids[-1]), f"validation samples after {int(grids[-1].stem)} images")]
        if grids
        else []
    )
    return report.curves(series, "images seen") + report.row(last)
