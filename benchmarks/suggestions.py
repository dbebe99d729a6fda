"""What hints are worth where `colorize --suggest` asks for them, beside as many at random places: both in the truth's
colours.

python benchmarks/suggestions.py RUN PAIRS [--windows 24]
"""

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from comicdata.flats.hints import Hint
from comicdata.images import Image
from comicdata.models.colorize import load_colorizer
from comicdata.models.colorize.wishes import Wishes
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.hint_fidelity import choose_dots
from comicdata.models.evaluate.lab import de2000_map, lab_of
from comicdata.models.evaluate.metrics import off_line
from comicdata.records import spread

COUNTS = (1, 4, 16)
REACH = 1  # pixels around a dot whose median is the colour there


def answered(hint: Hint, truth: Image) -> Hint:
    """A suggestion in the colour that the truth has there."""
    x, y = int(hint.x), int(hint.y)
    around = truth[max(0, y - REACH) : y + REACH + 1, max(0, x - REACH) : x + REACH + 1].reshape(-1, 3)
    red, green, blue = np.median(around, axis=0).astype(int).tolist()
    return replace(hint, color=(red, green, blue))


def main(run: Path, pairs: Path, windows: int) -> None:
    colorizer = load_colorizer(run, "cpu")
    test = PairDataset(pairs, "test", colorizer.size)
    errors = defaultdict(list)
    for index in spread(len(test), windows):
        outline, truth = test.outline(index), test.color(index)
        paper, lab = off_line(outline), lab_of(truth)
        asked = colorizer.paint(outline, Wishes(suggest=max(COUNTS)))[0].suggested
        hints = {
            "suggested": [answered(one.hint, truth) for one in asked],
            "random": choose_dots(outline, truth, test.rows[index].id),
        }
        for count in (0, *COUNTS):
            for kind in ("suggested", "random") if count else ("none",):
                given = hints[kind][:count] if count else []
                made = lab_of(colorizer.colorize(outline, Wishes(hints=given)))
                errors[kind, count].append(float(de2000_map(made, lab)[paper].mean()))
    for (kind, count), found in errors.items():
        print(f"{kind} {count}: CIEDE2000 off the lines {np.mean(found):.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--windows", type=int, default=24)
    options = parser.parse_args()
    main(options.run, options.pairs, options.windows)
