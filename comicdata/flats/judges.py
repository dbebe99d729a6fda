"""What speaks for a closing or a wall, weighed: networks of two small layers, their weights in judges.npz beside this.

benchmarks/train_gaps.py fits them to drawings with known gaps.
"""

from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Judge = tuple[Floats, Floats, Floats, Floats]  # (F, N) and (N,) of the first layer, (N,) and () of the second
Name = Literal["link", "ray", "link among others", "ray among others", "wall"]


def log_odds(name: Name, signs: Floats) -> Floats:
    """What a judge says to signs (M, F): (M,)."""
    first, bias, second, last = judges()[name]
    odds: Floats = np.tanh(signs @ first + bias) @ second + last
    return odds


@cache
def judges() -> dict[str, Judge]:
    """The judges by name, as float64; whoever trains changes this dictionary."""
    found: dict[str, list[Floats]] = {}
    with files("comicdata.flats").joinpath("judges.npz").open("rb") as file, np.load(file) as stored:
        for key in sorted(stored.files):
            found.setdefault(key.rpartition(" ")[0], []).append(stored[key].astype(np.float64))
    return {name: (layers[0], layers[1], layers[2], layers[3]) for name, layers in found.items()}
