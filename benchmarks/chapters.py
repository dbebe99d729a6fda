"""What a chapter costs and keeps: paper of balloons, borders of slices, seconds and memory of pages and strips.

python benchmarks/chapters.py balloons RUN COMICS [--pages 6]    (COMICS has pepper-and-carrot/)
python benchmarks/chapters.py borders OUT                        (a folder of slices, from colorize or as they came)
python benchmarks/chapters.py page RUN [--size 1000x1400]        (a page that is drawn here)
python benchmarks/chapters.py strip RUN [--times 10]            (a strip that is drawn here)
"""

import argparse
import re
import resource
import time
from collections.abc import Iterator
from itertools import count as numbers
from itertools import pairwise
from pathlib import Path

import numpy as np

from comicdata.drawn import draw_episode
from comicdata.images import Image, read_image, resize
from comicdata.models.colorize import Colorized, Colorizer, Wishes, colorize_picture, load_colorizer
from comicdata.models.colorize.strips import Slices, colorize_strip
from comicdata.records import spread

LETTERED = 24  # levels by which a page with words leaves the one without
NEAR = 2  # levels within which a tone is kept


def balloons(colorizer: Colorizer, comics: Path, count: int) -> None:
    """Of the pixels that a balloon covers and that are paper in the outlines of the page: how many kept their tone."""
    pages = sorted((comics / "pepper-and-carrot" / "lettered-en").glob("*.jpg"))
    kept = total = 0
    for index in spread(len(pages), count):
        plain = comics / "pepper-and-carrot" / "textless" / pages[index].name.replace("en_", "gfx_", 1)
        words, drawn = read_image(pages[index]), colorizer.draw(read_image(pages[index]))
        changed = np.abs(words.astype(int) - read_image(plain)).max(axis=2) > LETTERED
        balloon = changed & (words.min(axis=2) >= 250) & (drawn == 255)
        made = colorize_picture(colorizer, np.repeat(drawn[..., None], 3, axis=2), line_art=True)
        assert isinstance(made, Colorized)
        same = (np.abs(made.image.astype(int) - drawn[..., None]).max(axis=2) <= NEAR) & balloon
        kept, total = kept + int(same.sum()), total + int(balloon.sum())
        print(f"{pages[index].name}: {same.sum() / max(1, balloon.sum()):.1%} of {balloon.sum()}", flush=True)
    print(f"within {NEAR} levels: {kept / total:.2%} of {total} pixels on {count} pages")


def borders(folder: Path) -> None:
    """The step from the last row of a slice to the first of the next, beside those between rows inside slices."""
    paths = [path for path in folder.iterdir() if path.suffix in (".png", ".jpg", ".webp")]
    paths.sort(key=lambda path: int((re.findall(r"\d+", path.stem) or ["0"])[-1]))
    parts = [read_image(path).astype(int) for path in paths]
    inside = float(np.mean([np.abs(np.diff(one, axis=0)).mean() for one in parts]))
    across = float(np.mean([np.abs(two[0] - one[-1]).mean() for one, two in pairwise(parts)]))
    print(f"{len(parts)} slices: {across:.2f} levels at borders, {inside:.2f} inside, {across / inside:.2f} times")


def page(colorizer: Colorizer, width: int, height: int) -> None:
    """Seconds of the processor for a page of line art after the first, and the most memory of this process."""
    sheet = np.repeat(_drawn(colorizer, width, height)[..., None], 3, axis=2)
    for number in range(3):
        sheet[number, 0] = 0
        colorizer.forget()
        start = time.process_time()
        made = colorize_picture(colorizer, sheet, name="page")
        assert isinstance(made, Colorized)
        print(f"{time.process_time() - start:.2f} s, {len(made.panels)} panels, {_most():.0f} MB at most", flush=True)


def strip(colorizer: Colorizer, times: int) -> None:
    """The most memory for a strip of so many times the same slices."""
    piece = np.repeat(_drawn(colorizer, 800, 1280)[..., None], 3, axis=2)
    slices = Slices(lambda: (piece.copy() for _ in range(3 * times)), [(800, 1280)] * 3 * times, ["x"] * 3 * times, 800)
    start = time.process_time()
    made = sum(isinstance(one, Colorized) for one in colorize_strip(colorizer, slices, lambda *_: Wishes()))
    spent = time.process_time() - start
    print(f"{1280 * 3 * times} rows, {made} slices: {spent / (3 * times):.2f} s a slice, {_most():.0f} MB at most")


def _drawn(colorizer: Colorizer, width: int, height: int) -> Image:
    """Line art of framed pictures of the drawn comic, two in a row."""
    sheet = np.full((height, width), 255, np.uint8)
    side = width // 2 - 30
    panels = _panels(colorizer, side)
    for top in range(20, height - side // 2, side + 20):
        for left in (20, width // 2 + 10):
            part = next(panels)[: height - 20 - top]
            sheet[top : top + len(part), left : left + side] = part
    return sheet


def _panels(colorizer: Colorizer, side: int) -> Iterator[Image]:
    """Outlines as wide as `side`, with frames."""
    for number in numbers(1):
        episode = draw_episode(0, number)
        for box in (panel.box for panel in episode.panels):
            color = episode.strip[box.y0 : box.y1, box.x0 : box.x1]
            drawn = colorizer.draw(resize(color, side, round(side * box.height / box.width)))[:side]
            drawn[:3] = drawn[-3:] = drawn[:, :3] = drawn[:, -3:] = 0
            yield drawn


def _most() -> float:
    """Megabytes that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["balloons", "borders", "page", "strip"])
    parser.add_argument("run", type=Path, metavar="RUN|OUT")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--pages", type=int, default=6)
    parser.add_argument("--size", default="1000x1400")
    parser.add_argument("--times", type=int, default=1)
    given = parser.parse_args()
    if given.what == "borders":
        borders(given.run)
        return
    colorizer = load_colorizer(given.run, "cpu")
    if given.what == "balloons":
        balloons(colorizer, given.folder, given.pages)
    elif given.what == "page":
        page(colorizer, *map(int, given.size.split("x")))
    else:
        strip(colorizer, given.times)


if __name__ == "__main__":
    main()
