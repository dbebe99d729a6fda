"""All models that benchmarks/quality.py trained in OUT side by side, on a few windows that none of them saw.

python benchmarks/gallery.py OUT PICTURE.jpg [--windows 5] [--width 200]
"""

import argparse
from pathlib import Path

from comicdata.files import write_atomic
from comicdata.images import Image, encode_jpeg, resize
from comicdata.models.colorize import load_colorizer
from comicdata.models.colorize.wishes import Wishes
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.comparison import draw_rows
from comicdata.models.evaluate.hint_fidelity import choose_dots
from comicdata.models.evaluate.metrics import outline_copy
from comicdata.records import spread

MODELS = ("pix2pix", "auto-painter", "two-step", "consistent")
HINTED = "with 16 hints"


def gallery(out: Path, windows: int, width: int) -> Image:
    """A row for each window: the outline, what every model made of it, and the truth."""
    colorizers = {name: load_colorizer(out / name, "cpu") for name in MODELS if (out / name).is_dir()}
    test = PairDataset(out / "pairs", "test", 256)
    rows = []
    for index in spread(len(test), windows):
        outline, truth = test.outline(index), test.color(index)
        row = {"outline": outline_copy(outline)}
        for name, colorizer in colorizers.items():
            row[name] = colorizer.colorize(outline)
            if colorizer.takes_hints:
                hints = choose_dots(outline, truth, test.rows[index].id)
                row[HINTED] = colorizer.colorize(outline, Wishes(hints=hints))
        row["truth"] = truth
        rows.append(("", {name: resize(picture, width, width) for name, picture in row.items()}))
    return draw_rows(rows, {name: name for name in rows[0][1]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("picture", type=Path)
    parser.add_argument("--windows", type=int, default=5)
    parser.add_argument("--width", type=int, default=200)
    options = parser.parse_args()
    write_atomic(options.picture, encode_jpeg(gallery(options.out, options.windows, options.width), 90), durable=False)


if __name__ == "__main__":
    main()
