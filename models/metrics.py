"""How close a picture in colour is to the truth: plain numbers from uint8 pictures, averaged over panels."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from comicdata.images import Image
from comicdata.models.data import PairDataset

Mask = npt.NDArray[np.bool_]
INK = 250  # paler than this is paper: an outline that was made smaller has grey borders


def off_line(outline: Image) -> Mask:
    """(H, W) bool: the pixels of an outline (H, W) uint8 without any ink, whose colour is not given away."""
    return outline >= INK


def l1(output: Image, truth: Image, mask: Mask | None = None) -> float:
    """Mean absolute difference of two (H, W, 3) uint8 on the scale [-1, 1] (so at most 2); nan under an empty mask."""
    difference = np.abs(output.astype(np.int16) - truth.astype(np.int16))
    chosen = difference if mask is None else difference[mask]
    return float(chosen.mean()) / 127.5 if chosen.size else math.nan


def psnr(output: Image, truth: Image, mask: Mask | None = None) -> float:
    """Peak signal-to-noise ratio in dB of two (H, W, 3) uint8, range 255; inf when equal, nan under an empty mask."""
    squared = np.square(output.astype(np.float32) - truth.astype(np.float32))
    chosen = squared if mask is None else squared[mask]
    if not chosen.size:
        return math.nan
    error = float(chosen.mean())
    return 10 * math.log10(255**2 / error) if error else math.inf


def outline_copy(outline: Image) -> Image:
    """The baseline that paints nothing: (H, W) -> (H, W, 3)."""
    return np.repeat(outline[..., None], 3, axis=2)


def measure(
    colorize: Callable[[Image], Image], dataset: PairDataset, indices: Iterable[int]
) -> dict[str, float | None]:
    """l1 and psnr, over all pixels and off the lines, as means over panels; None where no panel has a number."""
    values: dict[str, list[float]] = {"l1": [], "psnr": [], "l1_off_line": [], "psnr_off_line": []}
    for index in indices:
        outline, truth = dataset.outline(index), dataset.color(index)
        output = colorize(outline)
        paper = off_line(outline)
        values["l1"].append(l1(output, truth))
        values["psnr"].append(psnr(output, truth))
        values["l1_off_line"].append(l1(output, truth, paper))
        values["psnr_off_line"].append(psnr(output, truth, paper))
    return {name: mean_of_finite(numbers) for name, numbers in values.items()}


def mean_of_finite(numbers: Iterable[float]) -> float | None:
    """The mean without nan and inf; None when nothing is left."""
    finite = [number for number in numbers if math.isfinite(number)]
    return sum(finite) / len(finite) if finite else None


def spread(count: int, wanted: int) -> list[int]:
    """At most `wanted` indices, evenly spread over range(count): always the same ones."""
    taken = min(count, wanted)
    return [index * count // taken for index in range(taken)]


def evaluate_pairs(colorizer: Any, pairs: Path, split: str, *, limit: int | None = None) -> dict[str, float]:
    """Measure a Colorizer on a split beside the baseline that copies the outline; means over panels.

    {"panels", "psnr", "psnr_off_line", "l1", ..., "outline_copy_psnr", ...}, without those that no panel has (a PSNR
    of equal pictures is infinite). Size and outline are those the colorizer was trained on; `limit` takes that many
    panels, evenly spread.
    """
    dataset = PairDataset(pairs, split, colorizer.size, colorizer.outline)
    dataset.require_rows()
    indices = spread(len(dataset), limit or len(dataset))
    scores = measure(colorizer.colorize, dataset, indices)
    copied = measure(outline_copy, dataset, indices)
    named = scores | {f"outline_copy_{name}": value for name, value in copied.items()}
    return {"panels": len(indices)} | {name: value for name, value in named.items() if value is not None}
