"""What speaks for a closing, a wall, a balloon, weighed: networks of two small layers, their weights beside this.

judges.npz: benchmarks/train_gaps.py fits it to drawings with known gaps. balloons.npz: train_balloons.py there fits
it to outlines of Pepper&Carrot by David Revoy, CC BY 4.0, all episodes but 6, 10 and 16.
"""

from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
# (F, N) and (N,) of the first layer, (N,) and () of the second; (2, F), the least and the most that a sign counts as
Judge = tuple[Floats, ...]
Name = Literal["link", "ray", "link among others", "ray among others", "wall", "letters", "rims"]
FILES = ("judges.npz", "balloons.npz")


def log_odds(name: Name, signs: Floats) -> Floats:
    """What a judge says to signs (M, F): (M,)."""
    first, bias, second, last, *bounds = judges()[name]
    signs = np.clip(signs, *bounds[0]) if bounds else signs
    odds: Floats = np.tanh(signs @ first + bias) @ second + last
    return odds


@cache
def judges() -> dict[str, Judge]:
    """The judges by name, as float64; whoever trains changes this dictionary."""
    found: dict[str, list[Floats]] = {}
    for place in FILES:
        with files("comicdata.flats").joinpath(place).open("rb") as file, np.load(file) as stored:
            for key in sorted(stored.files):
                found.setdefault(key.rpartition(" ")[0], []).append(stored[key].astype(np.float64))
    return {name: tuple(layers) for name, layers in found.items()}
