"""How close a picture in colour is to the truth: plain numbers from uint8 pictures, averaged over panels."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image
from comicdata.models.evaluate.lab import Floats, strips

Mask = npt.NDArray[np.bool_]
Sums = npt.NDArray[np.int32]
Panels = Iterable[tuple[Image, Image, Image]]  # outline, output, truth: (H, W), (H, W, 3) and (H, W, 3)
INK = 250  # paler than this is paper: an outline that was made smaller has grey borders
SSIM_SIZE = 7  # of a window; nearer to the border than half of it SSIM would see pixels that are not there
FLAT_STEP = 8  # a channel changes by at most this much around a pixel of a flat region, so JPEG noise passes,
FLAT_SPREAD = 2.0  # its Lab colours spread by at most this much, so a long soft gradient does not,
FLAT_SHARE = 0.005  # and it fills at least this share of the picture


def off_line(outline: Image) -> Mask:
    """(H, W) bool: the pixels of an outline (H, W) uint8 without any ink, whose colour is not given away."""
    return outline >= INK


def l1(output: Image, truth: Image, mask: Mask | None = None) -> float:
    """Mean absolute difference of two (H, W, 3) uint8 on the scale [-1, 1] (so at most 2); nan under an empty mask."""
    return _mean_difference(output, truth, mask, cv2.NORM_L1) / 127.5


def psnr(output: Image, truth: Image, mask: Mask | None = None) -> float:
    """Peak signal-to-noise ratio in dB of two (H, W, 3) uint8, range 255; inf when equal, nan under an empty mask."""
    error = _mean_difference(output, truth, mask, cv2.NORM_L2SQR)
    return 10 * math.log10(255**2 / error) if error else math.inf


def _mean_difference(output: Image, truth: Image, mask: Mask | None, norm: int) -> float:
    """Mean of a difference over channels and pixels; nan under an empty mask."""
    if mask is None:
        return cv2.norm(output, truth, norm) / output.size if output.size else math.nan
    pixels = cv2.countNonZero(_bytes(mask))
    return cv2.norm(output, truth, norm, _bytes(mask)) / (3 * pixels) if pixels else math.nan


def _bytes(mask: Mask) -> Image:
    """A mask as OpenCV wants it."""
    return np.ascontiguousarray(mask).view(np.uint8)


@dataclass(frozen=True)
class Windows:
    """Of one picture (H, W, 3), in the window around every pixel: the sum, and SSIM_SIZE^2 times the sum of squares
    less the square of the sum. Exact, in whole numbers.
    """

    picture: Image
    sums: Sums
    spread: Sums


def windows_of(picture: Image) -> Windows:
    """What SSIM has to know of one picture, whatever it is compared with; (H, W, 3) uint8."""
    sums = _window_sums(picture)
    return Windows(picture, sums, SSIM_SIZE**2 * _window_sums(_product(picture, picture)) - sums * sums)


def _product(left: Image, right: Image) -> npt.NDArray[np.uint16]:
    return np.asarray(cv2.multiply(left, right, dtype=cv2.CV_16U), dtype=np.uint16)


def _window_sums(values: npt.NDArray[Any]) -> Sums:
    return np.asarray(cv2.boxFilter(values, cv2.CV_32S, (SSIM_SIZE, SSIM_SIZE), normalize=False), dtype=np.int32)


def ssim_map(output: Windows, truth: Windows) -> Floats:
    """Structural similarity around every pixel, a mean over the channels: `windows_of` two pictures -> (H, W), 1 is
    equal.

    A strip of half a window along the border is nan; the mean of the rest is scikit-image's `structural_similarity`
    (windows of 7 x 7). Source: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to
    structural similarity" (2004), equation 13. Values near the border of a mask see a little of what is beyond it.
    Pictures under 7 pixels give nan.
    """
    values = np.full(truth.sums.shape[:2], np.nan, np.float32)
    if min(values.shape) < SSIM_SIZE:
        return values
    products = _window_sums(_product(output.picture, truth.picture))
    inner = slice(SSIM_SIZE // 2, -(SSIM_SIZE // 2))
    every = [_ssim(output, truth, products, rows) for rows in strips(values.shape)]
    values[inner, inner] = np.concatenate(every)[inner, inner]
    return values


def _ssim(output: Windows, truth: Windows, products: Sums, rows: slice) -> Floats:
    """(rows, W). Everything is in units of the sums: SSIM_SIZE^2 times a mean, and variances are those of samples."""
    pixels = SSIM_SIZE**2
    c1, c2 = (0.01 * 255 * pixels) ** 2, (0.03 * 255) ** 2 * pixels * (pixels - 1)
    left, right = output.sums[rows], truth.sums[rows]
    both = left * right
    above = (_floats(2 * both) + c1) * (_floats(2 * (pixels * products[rows] - both)) + c2)
    below = (_floats(left * left + right * right) + c1) * (_floats(output.spread[rows] + truth.spread[rows]) + c2)
    return np.asarray(cv2.transform(above / below, np.full((1, 3), 1 / 3, np.float32)))


def _floats(sums: Sums) -> Floats:
    return sums.astype(np.float32)


def mean_under(values: Floats, mask: Mask | None) -> float:
    """The mean of a map (H, W), under a mask, without its nan; nan where nothing is left."""
    known = np.isfinite(values) if mask is None else np.isfinite(values) & mask
    return float(cv2.mean(values, _bytes(known))[0]) if known.any() else math.nan


def colourfulness(rgb: Image) -> float:
    """How colourful (H, W, 3) uint8 is: 0 for greys, about 100 and more for posters.

    Source: Hasler, Suesstrunk, "Measuring colourfulness in natural images" (2003), section 7, the metric in RGB.
    """
    opponents = cv2.transform(rgb.astype(np.float32), np.array([[1, -1, 0], [0.5, 0.5, -1]], np.float32))
    mean, deviation = (values.ravel() for values in cv2.meanStdDev(opponents))
    return math.hypot(*deviation) + 0.3 * math.hypot(*mean)


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
    keep[0] = False  # what is in no region
    numbers = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    return np.asarray(numbers[regions], dtype=np.int32)


def region_spreads(
    lab: Floats, regions: npt.NDArray[Any], count: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Pixels of each region 1 .. count - 1 (0, which is none, has 0), and how far its colours spread: the root of the
    sum of the variances of L, a and b.
    """
    inside = np.flatnonzero(regions)
    numbers, colors = regions.ravel()[inside], lab.reshape(-1, 3)[inside].astype(np.float64)
    areas = np.bincount(numbers, minlength=count).astype(np.float64)
    pixels = np.maximum(areas, 1)
    squared = np.bincount(numbers, np.einsum("nc,nc->n", colors, colors), count) / pixels
    for channel in range(3):
        squared -= np.square(np.bincount(numbers, colors[:, channel], count) / pixels)
    return areas, np.sqrt(np.maximum(squared, 0))


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


def measure(panels: Panels) -> dict[str, float | None]:
    """l1 and psnr, over all pixels and off the lines, as means over panels; None where no panel has a number."""
    values: dict[str, list[float]] = {"l1": [], "psnr": [], "l1_off_line": [], "psnr_off_line": []}
    for outline, output, truth in panels:
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
