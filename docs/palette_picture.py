"""The first picture of the README: what runs of palette make of line art they never saw.

python docs/palette_picture.py DRAWN PAIRS COMIC PAIRS: a run on the drawn comic and its pairs, a run on Pepper&Carrot
1-14 and its pairs. Rows: outline, the colours alone, with four hints (dots on the outline), the truth.
"""

import argparse
from pathlib import Path

import cv2

from comicdata.flats.hints import hints_on, paint_hints
from comicdata.images import Image, beside, encode_jpeg, resize
from comicdata.models.colorize import Wishes, load_colorizer
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.hint_fidelity import choose_dots
from comicdata.models.evaluate.moods import mean_mood
from comicdata.records import spread

SIDE = 196  # of a window
DRAWN, PAINTED = 4, 2  # windows of each
HINTS = {"drawn": 4, "painted": 16}


def column(run: Path, test: PairDataset, index: int, kind: str) -> Image:
    """One window, from the outline down to the truth; of a painted one the hinted colours also have its mood."""
    colorizer = load_colorizer(run, "cpu")
    outline, truth = test.outline(index), test.color(index)
    hints = choose_dots(outline, truth, test.rows[index].id)[: HINTS[kind]]
    mood = mean_mood(outline, truth) if kind == "painted" else None
    wishes = Wishes(hints=hints, moods=[] if mood is None else [mood])
    pictures = [
        hints_on(outline, paint_hints(hints, *outline.shape)),
        colorizer.colorize(outline),
        colorizer.colorize(outline, wishes),
        truth,
    ]
    return beside(
        [resize(cv2.copyMakeBorder(one, 2, 2, 2, 2, cv2.BORDER_CONSTANT), SIDE, SIDE) for one in pictures],
        axis=0,
        gap=0,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("drawn", "drawn_pairs", "comic", "comic_pairs"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    columns = []
    for run, pairs, kind, count in (
        (options.drawn, options.drawn_pairs, "drawn", DRAWN),
        (options.comic, options.comic_pairs, "painted", PAINTED),
    ):
        test = PairDataset(pairs, "test", 256)
        columns += [column(run, test, index, kind) for index in spread(len(test), count)]
    (Path(__file__).parent / "palette.jpg").write_bytes(encode_jpeg(beside(columns, gap=4), 88))


if __name__ == "__main__":
    main()
