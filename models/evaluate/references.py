"""What references are worth: a colouring that is shown coloured panels of the same series, of another, or the truth."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from comicdata.files import sha256_bytes
from comicdata.flats.colours import lab_of_colours
from comicdata.images import Image
from comicdata.models.data.pairs import PairDataset
from comicdata.models.evaluate.metrics import Mask, off_line
from comicdata.models.evaluate.scores import Scores, mean_scores

COUNTS = (1, 3, 5)  # panels of the same series
SHOWN = ("0", *map(str, COUNTS), "other", "truth")
STEP = 8  # levels of a channel that are one colour
PRESENT = 12  # pixels off the lines from which on a picture has a colour
NEAR = 7.0  # CIELAB: so near must it be to the true one

Worth = dict[str, tuple[Scores, Scores | None]]  # by what is shown: over all, and where the references have the colour


def choose_references(data: PairDataset, index: int) -> dict[str, list[int]]:
    """For one pair, the pairs that it is shown, by name: others of its series, never of its own panel, one of each
    panel as far as they go; as many of another series, none where there is none; itself. The same for the same pair.
    """
    random = np.random.default_rng(int(sha256_bytes(data.rows[index].id.encode())[:16], 16))
    same = data.series_of == data.series_of[index]
    own = _of_panels(data.panels, np.flatnonzero(same & (data.panels != data.panels[index])), random)
    other = random.permutation(np.flatnonzero(~same))[: max(COUNTS)].tolist()
    found = {str(count): own[:count] for count in COUNTS if len(own) >= count}
    return {"0": []} | found | ({"other": other} if other else {}) | {"truth": [index]}


def _of_panels(panels: npt.NDArray[np.int64], places: npt.NDArray[np.int64], random: np.random.Generator) -> list[int]:
    """One of `places` for each panel, in a random order."""
    mixed = random.permutation(places)
    _, first = np.unique(panels[mixed], return_index=True)
    return [int(one) for one in mixed[np.sort(first)]]


def reachable(truth: Image, shown: Sequence[tuple[Image, Image]]) -> Mask:
    """(H, W): where references, (outline, colours) each, have the colour of the truth (H, W, 3) off their lines."""
    present = np.concatenate([color[off_line(outline)] for outline, color in shown]) // STEP
    colors, often = np.unique(present, axis=0, return_counts=True)
    own, which = np.unique(truth.reshape(-1, 3) // STEP, axis=0, return_inverse=True)
    have, wanted = (lab_of_colours(one * STEP + STEP // 2) for one in (colors[often >= PRESENT], own))
    apart = np.square(wanted[:, None] - have[None]).sum(axis=2)
    near = (apart < NEAR**2).any(axis=1)
    return np.asarray(near[which.ravel()].reshape(truth.shape[:2]))


def mean_worth(windows: Sequence[Mapping[str, tuple[Scores, Scores | None]]]) -> dict[str, Any]:
    """Means over windows, for the public document: M of each, with M of the reachable part in it."""

    def means(name: str) -> dict[str, Any] | None:
        known = [one[name] for one in windows if name in one]
        if not known:
            return None
        parts = [part for _, part in known if part is not None]
        return mean_scores([whole for whole, _ in known]) | {"reachable": mean_scores(parts) if parts else None}

    return {"windows": len(windows)} | {name: means(name) for name in SHOWN}
