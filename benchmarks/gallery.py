"""All models that benchmarks/quality.py trained side by side, on a few windows that none of them saw.

python benchmarks/gallery.py PICTURE.jpg OUT [OUT ...] [--windows 4] [--width 150]
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from comicdata.files import write_atomic
from comicdata.images import Image, beside, encode_jpeg, resize
from comicdata.models.colorize import load_colorizer
from comicdata.models.colorize.wishes import Wishes
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.comparison import draw_rows
from comicdata.models.evaluate.hint_fidelity import choose_dots
from comicdata.models.evaluate.metrics import outline_copy
from comicdata.records import spread

MODELS = ("pix2pix", "auto-painter", "two-step", "consistent", "palette")
TITLES = {"outline": "outline"} | {
    name: title for model in MODELS for name, title in ((model, model), (f"{model}, 16 hints", "with 16 hints"))
}
TITLES |= {"truth": "truth"}
HINTS = 16


def rows_of(out: Path, windows: int) -> Iterator[dict[str, Image]]:
    """For each window the outline, what every model made of it, and the truth."""
    colorizers = {name: load_colorizer(out / name, "cpu") for name in MODELS if (out / name).is_dir()}
    test = PairDataset(out / "pairs", "test", 256)
    for index in spread(len(test), windows):
        outline, truth = test.outline(index), test.color(index)
        row = {"outline": outline_copy(outline), "truth": truth}
        for name, colorizer in colorizers.items():
            row[name] = colorizer.colorize(outline)
            if colorizer.takes_hints:
                hints = choose_dots(outline, truth, test.rows[index].id)[:HINTS]
                row[f"{name}, {HINTS} hints"] = colorizer.colorize(outline, Wishes(hints=hints))
        yield row


def comic(out: Path, windows: int, width: int) -> Image:
    """The rows of one comic, under the names of the models that were trained on it."""
    rows = rows_of(out, windows)
    return draw_rows([("", {name: resize(one, width, width) for name, one in row.items()}) for row in rows], TITLES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("out", type=Path, nargs="+")
    parser.add_argument("--windows", type=int, default=4)
    parser.add_argument("--width", type=int, default=150)
    options = parser.parse_args()
    comics = [comic(out, options.windows, options.width) for out in options.out]
    wide = max(one.shape[1] for one in comics)
    parts = [np.pad(one, ((0, 0), (0, wide - one.shape[1]), (0, 0)), constant_values=255) for one in comics]
    write_atomic(options.picture, encode_jpeg(beside(parts, axis=0, gap=0), 90), durable=False)


if __name__ == "__main__":
    main()
