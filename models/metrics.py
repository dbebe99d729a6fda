"""How close a picture in colour is to the truth: plain numbers from uint8 pictures, averaged over panels."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image
from comicdata.models.data import PairDataset

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
INK = 250  # paler than this is paper: an outline that was made smaller has grey borders
SSIM_BORDER = 3  # half a window: nearer to the border SSIM would see pixels that are not there
FLAT_STEP = 8  # a channel changes by at most this much around a pixel of a flat region, so JPEG noise passes,
FLAT_SPREAD = 2.0  # its Lab colours spread by at most this much, so a long soft gradient does not,
FLAT_SHARE = 0.005  # and it fills at least this share of the picture


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


def lab_of(rgb: Image) -> Floats:
    """(H, W, 3) uint8 sRGB -> CIELAB under D65, L in [0, 100]."""
    from skimage.color import rgb2lab

    return np.asarray(rgb2lab(rgb.astype(np.float32) / 255), dtype=np.float32)


def ssim_map(output: Image, truth: Image) -> Floats:
    """Structural similarity around every pixel, a mean over the channels: two (H, W, 3) uint8 -> (H, W), 1 is equal.

    A strip of SSIM_BORDER pixels along the border is nan; the mean of the rest is scikit-image's
    `structural_similarity` (windows of 7 x 7). Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment:
    from error visibility to structural similarity" (2004), equation 13. Values near the border of a mask see a little
    of what is beyond it. Pictures under 7 pixels give nan.
    """
    from skimage.metrics import structural_similarity

    values = np.full(truth.shape[:2], np.nan, np.float32)
    if min(values.shape) > 2 * SSIM_BORDER:
        pair = truth.astype(np.float32), output.astype(np.float32)
        inner = slice(SSIM_BORDER, -SSIM_BORDER)
        whole = structural_similarity(*pair, channel_axis=2, data_range=255, full=True)[1]
        values[inner, inner] = whole.mean(axis=2)[inner, inner]
    return values


def de2000_map(output_lab: Floats, truth_lab: Floats) -> Floats:
    """CIEDE2000 colour difference of two (H, W, 3) CIELAB -> (H, W); 0 is equal, about 1 is just visible."""
    from skimage.color import deltaE_ciede2000

    return np.asarray(deltaE_ciede2000(truth_lab, output_lab), dtype=np.float32)


def mean_under(values: Floats, mask: Mask | None) -> float:
    """The mean of a map (H, W), under a mask, without its nan; nan where nothing is left."""
    chosen = values if mask is None else values[mask]
    known = chosen[~np.isnan(chosen)]
    return float(known.mean(dtype=np.float64)) if known.size else math.nan


def colourfulness(rgb: Image) -> float:
    """How colourful (H, W, 3) uint8 is: 0 for greys, about 100 and more for posters.

    Source: Hasler, Suesstrunk, "Measuring colourfulness in natural images" (2003), section 7, the metric in RGB.
    """
    red, green, blue = (rgb[..., channel].astype(np.float64) for channel in range(3))
    against, warm = red - green, (red + green) / 2 - blue
    return math.hypot(against.std(), warm.std()) + 0.3 * math.hypot(against.mean(), warm.mean())


def flat_regions(truth: Image, truth_lab: Floats, paper: Mask) -> npt.NDArray[np.int32]:
    """(H, W): the number of the region in which the truth has one colour, from 1; 0 elsewhere.

    A region is connected, lies in the mask `paper`, and keeps to FLAT_STEP, FLAT_SPREAD and FLAT_SHARE.
    """
    around = np.ones((3, 3), np.uint8)
    step = np.asarray(cv2.subtract(cv2.dilate(truth, around), cv2.erode(truth, around)))
    calm = (step.max(axis=2) <= FLAT_STEP) & paper
    count, regions = cv2.connectedComponents(calm.astype(np.uint8), connectivity=4, ltype=cv2.CV_32S)
    areas, spreads = region_spreads(truth_lab, regions, count)
    keep = (areas >= FLAT_SHARE * calm.size) & (spreads <= FLAT_SPREAD)
    keep[0] = False
    numbers = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    return np.asarray(numbers[regions], dtype=np.int32)


def region_spreads(
    lab: Floats, regions: npt.NDArray[Any], count: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Pixels of each region 0 .. count - 1, and how far its colours spread: the root of the sum of the variances of
    L, a and b.
    """
    flat = regions.ravel()
    areas = np.bincount(flat, minlength=count).astype(np.float64)
    variance = np.zeros(count)
    for channel in range(3):
        values = lab[..., channel].ravel().astype(np.float64)
        mean = np.bincount(flat, values, count) / np.maximum(areas, 1)
        variance += np.bincount(flat, np.square(values - mean[flat]), count) / np.maximum(areas, 1)
    return areas, np.sqrt(variance)


def background_consistency(output_lab: Floats, regions: npt.NDArray[np.int32]) -> float:
    """How far the colours of an output spread where the truth has one colour: the mean of `region_spreads` over the
    regions of `flat_regions`, weighted by area. 0 is one colour each; nan without a region. It does not ask whether
    the colour is right: paper left white has 0.
    """
    areas, spreads = region_spreads(output_lab, regions, int(regions.max(initial=0)) + 1)
    return float(np.average(spreads[1:], weights=areas[1:])) if len(areas) > 1 else math.nan


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
