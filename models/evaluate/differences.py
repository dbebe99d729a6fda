"""How sure a figure is, and whether two runs differ: standard errors over panels, paired window by window.

The rule of the file: every figure is a sum over windows divided by another (their number, or for the colour ratio the
truth's colourfulness), and the windows of one panel stand or fall together. The error of such a ratio is that of its
linear part, with the deviations of a panel's windows added up before they are squared: for one window a panel and a
plain mean that is the deviation over the root of their number.
Source: Cochran, "Sampling Techniques" (1977), section 6.3 (ratios) and 9A.2 (clusters of unequal size).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from comicdata.errors import UsageError

if TYPE_CHECKING:
    from comicdata.models.evaluate.scores import Panel, Scores

Part = tuple[float, float]  # what a window adds above and below the line; nan where it has no number
Figures = dict[str, Callable[["Scores"], Part]]
Estimate = tuple[float, float | None]  # a figure, and its error where two panels or more tell of it


def estimate(parts: Sequence[Part], panels: Sequence[str]) -> Estimate | None:
    """The figure of windows, each of the panel named beside it, and its standard error; None without any number."""
    known = [(part, name) for part, name in zip(parts, panels, strict=True) if all(map(math.isfinite, part))]
    total = sum(below for (_, below), _ in known)
    if not total:
        return None
    figure = sum(above for (above, _), _ in known) / total
    deviations: dict[str, float] = {}
    for (above, below), name in known:
        deviations[name] = deviations.get(name, 0.0) + above - figure * below
    count = len(deviations)
    if count < 2:
        return figure, None
    squares = float(np.square(list(deviations.values())).sum())
    return figure, math.sqrt(squares * count / (count - 1)) / abs(total)


def standard_errors(panels: Sequence["Panel"]) -> dict[str, float | None]:
    """The standard error of every figure of the model, by the names that a row of `panel_row` has."""
    names = [one.panel or one.id for one in panels]
    found = {
        figure: estimate([part(one.model) for one in panels], names) for figure, part in figures_of(panels).items()
    }
    return {figure: one[1] for figure, one in found.items() if one is not None}


def differences(panels: Sequence["Panel"], others: Sequence["Panel"]) -> dict[str, dict[str, float | None]]:
    """What the others are above the first, figure by figure: {"mean", "error"}, over windows where both have a number.

    The same windows in the same order, or UsageError.
    """
    if [one.id for one in panels] != [one.id for one in others]:
        raise UsageError("the runs were not measured on the same windows: give runs of one size, on the same pairs")
    names = [one.panel or one.id for one in panels]
    found = {}
    for figure, part in figures_of(panels).items():
        pairs = [(part(one.model), part(other.model)) for one, other in zip(panels, others, strict=True)]
        both = estimate([(other[0] - one[0], one[1]) for one, other in pairs], names)
        if both is not None:
            found[figure] = {"mean": both[0], "error": both[1]}
    return found


def figures_of(panels: Sequence["Panel"]) -> Figures:
    """Every figure that some window has."""
    subsets: Mapping[str, Mapping[str, float]] = {
        subset: values for one in panels for subset, values in one.model.subsets.items()
    }
    found: Figures = {
        name if subset == "all" else f"{name}_{subset}": _of_subset(subset, name)
        for subset, values in subsets.items()
        for name in values
    }
    found["colourfulness_ratio"] = lambda scores: scores.colourfulness
    found["background_consistency"] = lambda scores: (scores.background_consistency, 1.0)
    if any(one.model.lpips is not None for one in panels):
        found["lpips"] = lambda scores: (math.nan if scores.lpips is None else scores.lpips, 1.0)
    return found


def _of_subset(subset: str, name: str) -> Callable[["Scores"], Part]:
    return lambda scores: (scores.subsets.get(subset, {}).get(name, math.nan), 1.0)
