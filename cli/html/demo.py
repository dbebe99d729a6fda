"""The report of the demo: strips with panels, pairs, loss curves, and colorized panels beside the truth."""

from pathlib import Path

from comicdata.cli.html import pieces as report
from comicdata.cli.html import run as show_run
from comicdata.episodes import episode_folder, read_crawl
from comicdata.images import read_image
from comicdata.pairs.manifest import file_of, read_rows, usable
from comicdata.panels import find_panels, make_strips
from comicdata.records import Pair, spread

STRIPS, PAIRS, COLORIZED = 3, 6, 16
WIDE = 540  # two triptychs side by side


def demo_report(out: Path) -> str:
    """The whole page as text, every picture inlined."""
    rows = usable(read_rows(out / "pairs"))
    sections = [
        ("Colorized episodes that it never saw", _colorized(out, rows)),
        *show_run.evaluations(out / "run" / "evaluation"),
        ("Strips and the panels found in them", _strips(out / "crawl")),
        ("Pairs: colour, Canny + black, XDoG", _pairs(out / "pairs", rows)),
        ("Training", show_run.training(out / "run")),
    ]
    return report.page("comicdata demo", sections)


def _colorized(out: Path, rows: list[Pair]) -> str:
    """Outline, colorized and truth of windows of the test split, evenly spaced."""
    test = [row for row in rows if row.split == "test"]
    figures = []
    for row in (test[index] for index in spread(len(test), COLORIZED)):
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
    for row in (train[index] for index in spread(len(train), PAIRS)):
        images = [read_image(file_of(pairs, row, kind)) for kind in ("color", "canny", "xdog")]
        figures.append(
            report.picture(report.side_by_side(images), f"{row.episode_id}, panel {row.panel_index}", width=WIDE)
        )
    return report.row(figures)
