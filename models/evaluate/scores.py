"""The scores of one colouring, and their means over panels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from comicdata.images import Image
from comicdata.models.evaluate.baselines import NAMES
from comicdata.models.evaluate.lab import de2000_map, lab_of
from comicdata.models.evaluate.metrics import (
    Mask,
    background_consistency,
    colourfulness,
    flat_regions,
    l1,
    mean_of_finite,
    mean_under,
    off_line,
    psnr,
    ssim_map,
    windows_of,
)
from comicdata.models.evaluate.perceptual import Perceptual

SUBSETS = ("all", "off_line", "figures", "foreground", "background")
MEASURES = ("l1", "psnr", "ssim", "de2000", "within10")
WITHIN = 10  # CIEDE2000: a colour at most so far off is called the same

Subset = dict[str, float]
Made = dict[str, Image | None]  # colourings of one pair, by who made them


@dataclass(frozen=True)
class Scores:
    """One colouring of one panel. `subsets` by name, without those that are unknown; any number may be nan or inf.

    `colourfulness` is of the output and of the truth; `lpips` is None without weights for it.
    """

    subsets: dict[str, Subset]
    colourfulness: tuple[float, float]
    background_consistency: float
    lpips: float | None = None


@dataclass(frozen=True)
class Panel:
    """The scores of one pair: of the colorizer, and of every baseline that has a picture for it. `panel` is the id of
    the panel that the pair is a window of.
    """

    id: str
    model: Scores
    baselines: dict[str, Scores]
    panel: str = ""


class Judge:
    """What colourings of one pair are measured by: its outline (H, W), its colours (H, W, 3), where its background is
    known that (H, W); looked at once for all of them.
    """

    def __init__(self, outline: Image, truth: Image, background: Mask | None) -> None:
        paper = off_line(outline)
        self.subsets: dict[str, Mask | None] = {"all": None, "off_line": paper}
        if background is not None:
            self.subsets |= {"figures": ~background & paper, "foreground": ~background, "background": background}
        self.truth, self.lab, self.windows = truth, lab_of(truth), windows_of(truth)
        self.regions = flat_regions(truth, self.lab, paper if background is None else paper & background)
        self.colour = colourfulness(truth)

    def scores(self, output: Image, parts: Sequence[Mask | None] = (None,), lpips: float | None = None) -> list[Scores]:
        """Of one colouring, for each part (H, W) of the picture; None is all of it."""
        output_lab = lab_of(output)
        similar, different = ssim_map(windows_of(output), self.windows), de2000_map(output_lab, self.lab)
        close = (different <= WITHIN).astype(np.float32)
        colour = colourfulness(output), self.colour
        consistency = background_consistency(output_lab, self.regions)

        def subset(mask: Mask | None) -> Subset:
            return {
                "l1": l1(output, self.truth, mask),
                "psnr": psnr(output, self.truth, mask),
                "ssim": mean_under(similar, mask),
                "de2000": mean_under(different, mask),
                "within10": mean_under(close, mask),
            }

        return [
            Scores({name: subset(_both(mask, part)) for name, mask in self.subsets.items()}, colour, consistency, lpips)
            for part in parts
        ]


def _both(one: Mask | None, other: Mask | None) -> Mask | None:
    """Where two masks agree; None is everywhere."""
    if one is None or other is None:
        return other if one is None else one
    return one & other


def score_panel(
    name: str,
    made: Made,
    outline: Image,
    truth: Image,
    background: Mask | None,
    distances: Mapping[str, float] = MappingProxyType({}),
) -> Panel:
    """Measure every colouring of one pair; `made` has "model" and the baselines, None where there is no picture.

    `distances`: LPIPS by the same names, where it is known.
    """
    judge = Judge(outline, truth, background)
    scores = {
        method: judge.scores(output, lpips=distances.get(method))[0]
        for method, output in made.items()
        if output is not None
    }
    return Panel(name, scores.pop("model"), scores)


def summarise(panels: Sequence[Panel], eyes: Perceptual | None = None) -> dict[str, Any]:
    """The public document: means over panels of the model and of every baseline, and what `eyes` found in all."""

    def means(name: str, scores: Sequence[Scores]) -> dict[str, Any]:
        return mean_scores(scores) | ({} if eyes is None else eyes.distances(name))

    every = {name: [panel.baselines[name] for panel in panels if name in panel.baselines] for name in NAMES}
    return {
        "model": means("model", [panel.model for panel in panels]),
        "baselines": {name: means(name, scores) for name, scores in every.items()},
    }


def mean_scores(scores: Sequence[Scores]) -> dict[str, Any]:
    """Means over panels. A panel without a number (an empty mask, no flat region) is left out of that mean, one equal
    to the truth out of that of its PSNR; None where no panel has one. The colourfulness ratio is one of sums, so that
    a panel nearly without colour does not decide it.
    """
    means: dict[str, Any] = {}
    for subset in SUBSETS:
        known = [one.subsets[subset] for one in scores if subset in one.subsets]
        means[subset] = {name: mean_of_finite(one[name] for one in known) for name in MEASURES} if known else None
    made, true = (sum(one.colourfulness[which] for one in scores) for which in (0, 1))
    means["colourfulness_ratio"] = made / true if true else None
    means["background_consistency"] = mean_of_finite(one.background_consistency for one in scores)
    distances = [one.lpips for one in scores if one.lpips is not None]
    return means | ({"lpips": mean_of_finite(distances)} if distances else {})


def panel_row(panel: Panel) -> dict[str, Any]:
    """One panel flat, for tables: id, psnr, psnr_off_line, ..., colourfulness_ratio, background_consistency."""
    means = mean_scores([panel.model])
    row: dict[str, Any] = {"id": panel.id}
    for subset in SUBSETS:
        for name in MEASURES if means[subset] else ():
            row[name if subset == "all" else f"{name}_{subset}"] = means[subset][name]
    return row | {
        name: means[name] for name in ("colourfulness_ratio", "background_consistency", "lpips") if name in means
    }
