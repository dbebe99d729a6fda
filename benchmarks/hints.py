"""What a hint is worth: colour error at one hint, around it, and elsewhere, with it and without.

python benchmarks/hints.py RUN PAIRS [--split test] [--tries 8]
One disc of radius 4 a time, in the true colour of a random place off the lines. "Around" are the pixels up to 24 pixels
away that have the same true colour (each channel within 12). Errors are means of absolute differences in [-1, 1].
"""

import argparse
from pathlib import Path

import numpy as np

from comicdata.models.colorize import Colorizer
from comicdata.models.data import PairDataset
from comicdata.models.hints import Hint, paint_hints
from comicdata.models.metrics import off_line

RADIUS, AROUND, ALIKE = 4, 24, 12


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--tries", type=int, default=8)
    options = parser.parse_args()
    colorizer, random = Colorizer.load(options.run), np.random.default_rng(0)
    data = PairDataset(options.pairs, options.split, colorizer.size, colorizer.outline)
    errors: dict[str, list[tuple[float, float]]] = {"at the hint": [], "around it": [], "elsewhere off the lines": []}
    for index in range(len(data)):
        outline, truth = data.outline(index), data.color(index)
        places = np.argwhere(off_line(outline))
        plain = colorizer.colorize(outline)
        for row, column in places[random.integers(len(places), size=options.tries)]:
            color = tuple(int(one) for one in truth[row, column])
            alike = (np.abs(truth.astype(int) - color).max(axis=2) <= ALIKE) & off_line(outline)
            at, around = (
                paint_hints([Hint(column, row, reach, (0, 0, 0))], *outline.shape)[..., 3] > 0
                for reach in (RADIUS, AROUND)
            )
            hinted = colorizer.colorize(outline, hints=[Hint(column, row, RADIUS, color)])  # type: ignore[arg-type]
            areas = (at & alike, around & alike & ~at, off_line(outline) & ~around)
            for values, area in zip(errors.values(), areas, strict=True):
                if area.any():
                    both = (np.abs(one[area].astype(int) - truth[area]).mean() / 127.5 for one in (hinted, plain))
                    values.append(tuple(both))  # type: ignore[arg-type]
    for name, values in errors.items():
        hinted, plain = np.mean(values, axis=0)
        print(f"{name}: {hinted:.3f} with the hint, {plain:.3f} without, of {len(values)}")


if __name__ == "__main__":
    main()
