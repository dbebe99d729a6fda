"""Two small networks that say how likely something is, from a few signs of it: whether a block of marks is lettering,
and how well a distance from it is the rim of a balloon.

The weights, a few kilobytes, were fitted on outlines of Pepper&Carrot by David Revoy, CC BY 4.0, without episodes 6, 10
and 16 (benchmarks/train_balloons.py).
"""

from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

Numbers = npt.NDArray[np.float64]
Judge = Literal["letters", "rims"]
WEIGHTS = Path(__file__).with_name("judges.safetensors")

FAR = 4.0  # standard deviations: what lies farther from what was seen in training counts as lying so far


def odds(judge: Judge, signs: Numbers) -> Numbers:
    """(N,): the log odds of each of (N, K) signs; one hidden layer, tanh."""
    net = {name.partition(".")[2]: one for name, one in _weights().items() if name.startswith(judge)}
    usual = np.clip((signs - net["mean"]) / net["spread"], -FAR, FAR)
    hidden = np.tanh(usual @ net["hidden"] + net["bias"])
    return np.asarray(hidden @ net["out"] + net["last"], np.float64)


@cache
def _weights() -> dict[str, Numbers]:
    return {name: np.asarray(one, np.float64) for name, one in load_file(WEIGHTS).items()}
