"""How likely a straight line parts two panels: a small network over the numbers of features.py, its weights learned by
benchmarks/train_lines.py.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from comicdata.panels import weights
from comicdata.panels.features import features
from comicdata.panels.lines import Chord, Separators

_Floats = npt.NDArray[np.float64]
MOST = 4.0  # spreads that a feature may lie from the mean
UNIT = 64  # weights are stored in such parts
_MEAN, _SPREAD = np.array(weights.MEAN), np.array(weights.SPREAD)


def chance(page: Separators, chord: Chord) -> float:
    """The chance, in [0, 1], that two panels meet at this line."""
    layers = _layers()
    values = np.clip((features(page, chord) - _MEAN) / _SPREAD, -MOST, MOST)
    for factors, biases in layers[:-1]:
        values = np.maximum(values @ factors + biases, 0)
    factors, biases = layers[-1]
    return float(1 / (1 + np.exp(-(values @ factors + biases)[0])))


@cache
def _layers() -> list[tuple[_Floats, _Floats]]:
    """Factors (inputs, outputs) and biases (outputs,) of every layer."""
    found = []
    for (rows, columns), numbers in weights.LAYERS:
        values = np.array(numbers, float) / UNIT
        found.append((values[: rows * columns].reshape(rows, columns), values[rows * columns :]))
    return found
