"""What references cost, processor time on one thread: python benchmarks/references.py RUN

A window of 256 pixels without and with references that are kept, a page of 1000 x 1400 that is looked at as a
reference, and one that is coloured without and with five pages shown. RUN learned from references.
"""

import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from comicdata.drawn import any_cast, draw_episode
from comicdata.images import Image, resize
from comicdata.models.colorize import PaletteColorizer, Wishes, colorize_picture, load_colorizer
from comicdata.models.colorize.pages import references_of
from comicdata.models.colorize.references import Reference
from comicdata.outlines import canny_black

TIMES = 5


def seconds(work: Callable[[], object]) -> float:
    work()
    start = time.process_time()
    for _ in range(TIMES):
        work()
    return (time.process_time() - start) / TIMES


def page(number: int) -> Image:
    """Four panels in colour, (1400, 1000, 3)."""
    episode = draw_episode(70 + number, number, width=690, panels=4, cast=any_cast(9, 1))
    whole = np.full((1400, 1000, 3), 255, np.uint8)
    for at, box in enumerate(one.box for one in episode.panels):
        top, left = 20 + at // 2 * 690, 20 + at % 2 * 490
        whole[top : top + 670, left : left + 470] = resize(episode.strip[box.y0 : box.y1, box.x0 : box.x1], 470, 670)
    return whole


def main() -> None:
    torch.set_num_threads(1)
    colorizer = load_colorizer(Path(sys.argv[1]))
    assert isinstance(colorizer, PaletteColorizer)
    pages = [page(number) for number in range(1, 7)]
    shown = [one for each in pages[:5] for one in references_of(colorizer, each)]
    lines = np.repeat(canny_black(pages[5])[..., None], 3, axis=2)
    window = canny_black(resize(pages[5][20:490, 20:490], 256, 256))

    def paint(references: Sequence[Reference]) -> float:
        def once() -> object:
            colorizer.forget()
            return colorizer.paint(window, Wishes(references=references))

        return seconds(once)

    def whole(references: Sequence[Reference]) -> float:
        return seconds(lambda: colorize_picture(colorizer, lines, Wishes(references=references), line_art=True))

    print(
        f"window of 256: {paint([]):.2f} s, with 5 references {paint(shown[:5]):.2f}, with 200 {paint(shown * 10):.2f}"
    )
    print(f"a page as a reference: {seconds(lambda: references_of(colorizer, pages[0])):.2f} s")
    print(f"page of 1000 x 1400: {whole([]):.2f} s, with the {len(shown)} panels of five pages {whole(shown):.2f}")
    size = sum(one.keys.nbytes + one.colors.nbytes for one in shown) / len(shown) / 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"kept of a panel: {size:.0f} kB; peak memory of the process: {peak:.2f} GB")


if __name__ == "__main__":
    main()
