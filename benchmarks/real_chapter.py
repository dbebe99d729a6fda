"""What references are worth on a real chapter: pages in colour, their outlines drawn, coloured anew and compared.

python benchmarks/real_chapter.py RUN --pages PAGE.jpg ... [--shown PAGE.jpg ...] [--style flats|soft] [--out PICTURE]
dE and the share within dE 10 off the lines, in the panels, at the pages' own size: nothing shown, those shown, and each
page shown to itself, which is the most that can be taken over; beside them one colour all over, the mean of those
shown. --out draws the outline, the first two, and the truth of each page.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from comicdata.files import write_atomic
from comicdata.images import Image, encode_jpeg, read_image, resize
from comicdata.models.colorize import Colorized, Colorizer, Wishes, colorize_picture, load_colorizer
from comicdata.models.colorize.chosen import PaletteColorizer
from comicdata.models.colorize.pages import references_of
from comicdata.models.colorize.references import Reference
from comicdata.models.evaluate.lab import de2000_map, lab_of
from comicdata.models.evaluate.metrics import Mask, mean_under, off_line

WIDTH = 300  # of a page in the picture
WITHIN = 10


def made_anew(colorizer: Colorizer, page: Image, wishes: Wishes) -> Colorized:
    made = colorize_picture(colorizer, page, wishes, recolor=True)
    assert isinstance(made, Colorized)
    return made


def measured(made: Image, truth: Image, mask: Mask) -> tuple[float, float]:
    apart = de2000_map(lab_of(made), lab_of(truth))
    return mean_under(apart, mask), mean_under((apart <= WITHIN).astype(np.float32), mask)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--pages", type=Path, nargs="+", required=True)
    parser.add_argument("--shown", type=Path, nargs="*", default=[])
    parser.add_argument("--style", choices=PaletteColorizer.styles)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    colorizer = load_colorizer(options.run, "cpu")
    assert isinstance(colorizer, PaletteColorizer)
    shown = [read_image(path) for path in options.shown]
    known = [one for picture in shown for one in references_of(colorizer, picture)]
    found: dict[str, list[tuple[float, float]]] = {}
    rows = []
    for path in options.pages:
        page = read_image(path)
        outline = colorizer.draw(page)
        given: dict[str, Sequence[Reference]] = {"nothing shown": ()}
        if known:
            given |= {"those shown": known, "the page itself": references_of(colorizer, page)}
        made = {
            name: made_anew(colorizer, page, Wishes(style=options.style, references=some, near_copies=bool(some)))
            for name, some in given.items()
        }
        mask = np.zeros(outline.shape, bool)
        for box in made["nothing shown"].panels:
            mask[box.y0 : box.y1, box.x0 : box.x1] = True
        pictures = {name: one.image for name, one in made.items()}
        if shown:
            mean = np.mean([picture.mean(axis=(0, 1)) for picture in shown], axis=0)
            pictures["their mean colour"] = np.full_like(page, np.rint(mean))
        for name, one in pictures.items():
            found.setdefault(name, []).append(measured(one, page, mask & off_line(outline)))
        lines = np.repeat(outline[..., None], 3, axis=2)
        shown_in_row = (lines, *(pictures[name] for name in list(given)[:2]), page)
        rows.append(np.hstack([resize(one, WIDTH, WIDTH * len(page) // page.shape[1]) for one in shown_in_row]))
    for name, values in found.items():
        apart, within = np.nanmean(values, axis=0)
        print(f"{name}: dE {apart:.1f}, within {WITHIN} {within:.2f} ({len(values)} pages, {len(known)} panels shown)")
    if options.out:
        write_atomic(options.out, encode_jpeg(np.vstack(rows), 88), durable=False)


if __name__ == "__main__":
    main()
