"""What a mood is worth: a colouring when one colour, or those of the truth, are wished for, and none."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from comicdata.images import Image
from comicdata.models.data.colours import nearest_colours
from comicdata.models.evaluate.lab import de2000_map, lab_of
from comicdata.models.evaluate.metrics import mean_of_finite, mean_under, off_line
from comicdata.models.evaluate.scores import WITHIN

MOODS = ("one", "own", "other")

Found = dict[str, dict[str, float]]  # by mood: de2000 and within10 off the lines, and whether its colours came


def mean_mood(outline: Image, truth: Image) -> Image | None:
    """The mean colour of the truth (H, W, 3) off the lines, as a picture of one pixel; None where all is ink."""
    paper = off_line(outline)
    return np.rint(truth[paper].mean(axis=0)).astype(np.uint8)[None, None] if paper.any() else None


def measure_moods(
    colorize: Callable[[Image, Sequence[Image]], Image],
    palette: Image,
    pictures: tuple[Image, Image, Image],
    plain: Image,
) -> Found:
    """One window, without a mood and with that of its mean colour (one), of its colours (own) and of another picture.

    `pictures`: outline (H, W), truth and another picture (H, W, 3); `colorize` paints an outline with moods; `palette`
    (K, 3) is what colours are counted by. `nearer` is 1 where the colours of the output are nearer to those of the
    mood than without it, by the sum of differences of shares.
    """
    outline, truth, other = pictures
    paper, mean = off_line(outline), mean_mood(outline, truth)
    if mean is None:
        return {}
    truth_lab = lab_of(truth)
    wished = {"one": mean, "own": truth[paper][None], "other": other}

    def shares(picture: Image) -> Any:
        numbers = nearest_colours(picture.reshape(-1, 3), palette)
        return np.bincount(numbers, minlength=len(palette)) / len(numbers)

    def scores(painted: Image) -> dict[str, float]:
        different = de2000_map(lab_of(painted), truth_lab)
        close = (different <= WITHIN).astype(np.float32)
        return {"de2000": mean_under(different, paper), "within10": mean_under(close, paper)}

    found, before = {"none": scores(plain)}, shares(plain[paper])
    for name in MOODS:
        painted, mood = colorize(outline, [wished[name]]), shares(wished[name])
        apart = [float(np.abs(one - mood).sum()) for one in (shares(painted[paper]), before)]
        found[name] = ({} if name == "other" else scores(painted)) | {"nearer": float(apart[0] < apart[1])}
    return found


def mean_moods(windows: Sequence[Found]) -> dict[str, Any]:
    """Means over windows, for the public document."""
    names = {name: list(one) for window in windows for name, one in window.items()}
    means = {
        name: {kind: mean_of_finite(one[name][kind] for one in windows if one) for kind in kinds}
        for name, kinds in names.items()
    }
    return {"windows": len(windows), **means}
