"""Colours that were chosen, laid into a drawing of any size: one for each closed region, or soft within it.

The rule of the file: the network speaks at its own size, and every edge is one of the drawing, at the drawing's size.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from scipy.sparse import coo_array
from torch import Tensor

from comicdata.flats.colours import lab_of_colours
from comicdata.flats.regions import find_regions
from comicdata.images import Image
from comicdata.models.colorize.colorizer import Colorizer, Floats, Painted, multiplied, tiled
from comicdata.models.colorize.wishes import Style, Wishes
from comicdata.models.data.colours import rgb_of_lab
from comicdata.models.networks.palette import CELL, PaletteNetwork

Labels = npt.NDArray[np.int32]
TEMPERATURE = 0.38  # Zhang 2016, section 2.3
EVEN = 0.5  # a comic with at least this share of even area is painted in flats unless somebody wishes otherwise
BAND = 64  # cells of a part of the picture, so that memory stays bounded
INK = 128
FAINT = 1e-4  # nearly nothing: what pixels beside a line have to say, the chance of a colour nowhere in a region
GAP = 6 / 256  # closed in lines, as a share of the short side


class PaletteColorizer(Colorizer):
    """A trained chooser of colours."""

    styles = ("flats", "soft")

    @property
    def chooser(self) -> PaletteNetwork:
        return cast(PaletteNetwork, self.network)

    @property
    def style(self) -> Style:
        """What suits the comic that it learned from."""
        return "flats" if float(self.chooser.flatness) >= EVEN else "soft"

    def _brought_down(self, outline: Image) -> Image:
        """Thin lines of a large drawing are made thicker first, or they would shrink to a pale thread that no training
        window has.
        """
        thick = int(1 / self._scale(outline)) - 1
        if thick > 1:
            outline = np.asarray(cv2.erode(outline, np.ones((thick, thick), np.uint8)))
        return super()._brought_down(outline)

    def _painted(self, outline: Image, working: Image, wishes: Wishes, *, lines: bool) -> list[Painted]:
        """The lines are always laid over the colours: the network knows nothing of what is under them."""
        self._check_single(wishes)
        logits = torch.from_numpy(tiled(working, self._logits, CELL)).movedim(2, 0)
        regions = closed_regions(outline)
        palette = self.chooser.palette.cpu().numpy()
        lay = flats if (wishes.style or self.style) == "flats" else soft
        color = lay(logits, (working.shape[0], working.shape[1]), regions, outline >= INK, palette)
        return [Painted(multiplied(color, outline))]

    def _logits(self, outline: Image) -> Floats:
        """(H, W) or (H, W, C) uint8 -> (H / 4, W / 4, colours), rounded up."""
        height, width = (-(-side // CELL) for side in outline.shape[:2])
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, self.device.type == "cuda"):
            logits = self.network(self._padded(outline))
        return np.asarray(logits[0, :, :height, :width].float().movedim(0, 2).cpu().numpy())


def closed_regions(outline: Image) -> Labels:
    """(H, W) int32, from 1: the closed region of every pixel; ink belongs to the nearest."""
    return _closed_regions(outline.tobytes(), outline.shape)


@lru_cache(maxsize=2)
def _closed_regions(data: bytes, shape: tuple[int, ...]) -> Labels:
    """Found once for a drawing that is coloured again, with other hints."""
    outline = np.frombuffer(data, np.uint8).reshape(shape)
    labels = find_regions(outline, gap=round(GAP * min(shape))).labels
    labels.setflags(write=False)
    return labels


def flats(
    logits: Tensor, size: tuple[int, int], regions: Labels, paper: npt.NDArray[np.bool_], palette: Floats
) -> Image:
    """Every region (H, W) in the colour of `palette` (K, 3) that is likeliest in all of it: (H, W, 3) uint8.

    `logits` (K, h / 4, w / 4) are of the drawing at the working size (h, w); `paper` (H, W) is what has a say.
    """
    chances = _region_chances(logits, size, regions, paper)
    return np.asarray(np.rint(palette).astype(np.uint8)[chances.argmax(axis=1)][regions])


def _region_chances(
    logits: Tensor, size: tuple[int, int], regions: Labels, paper: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """(count + 1, K): how likely each colour is in each region, the mean over its paper."""
    count = int(regions.max()) + 1
    places = _places(regions.shape, size)
    seen = paper if paper.any() else np.ones_like(paper)
    own = coo_array((np.ones(int(seen.sum()), np.float32), (regions[seen], places[seen])), (count, size[0] * size[1]))
    by_place = own.tocsc()
    sums = np.zeros((count, logits.shape[0]), np.float32)
    for rows, part in _bands(logits, size):
        chances = F.softmax(part, dim=0).flatten(1).T.numpy()
        sums += by_place[:, rows.start * size[1] : rows.stop * size[1]] @ chances
    return np.asarray(sums / np.maximum(sums.sum(axis=1, keepdims=True), FAINT), np.float32)


def soft(
    logits: Tensor, size: tuple[int, int], regions: Labels, paper: npt.NDArray[np.bool_], palette: Floats
) -> Image:
    """The annealed mean of the colours, in CIELAB, which changes within a region but not across its lines: (H, W, 3).

    How likely a colour is at a place is what the network says of the place, times what it says of the whole region: a
    large one stays of one kind, instead of all kinds that it might be. Arguments as `flats`.
    """
    choice = torch.from_numpy(lab_of_colours(palette))
    inner = np.take(regions.ravel(), _middles(regions.shape, size))
    whole = torch.from_numpy(np.log(_region_chances(logits, size, regions, paper) + FAINT))
    parts = []
    for rows, part in _bands(logits, size):
        likely = part / TEMPERATURE + whole[torch.from_numpy(inner[rows])].movedim(2, 0)
        parts.append(torch.einsum("khw,kc->hwc", F.softmax(likely, dim=0), choice))
    small = torch.cat(parts).numpy()
    return rgb_of_lab(_within_regions(_from_within(small, inner), inner, regions))


def _bands(logits: Tensor, size: tuple[int, int]) -> Iterator[tuple[slice, Tensor]]:
    """The logits (K, h / 4, w / 4) brought to the working size (h, w), some rows after the other."""
    height, width = size
    for start in range(0, logits.shape[1], BAND):
        first, last = max(0, start - 1), min(logits.shape[1], start + BAND + 1)
        large = F.interpolate(logits[None, :, first:last], scale_factor=float(CELL), mode="bilinear")[0]
        rows = slice(start * CELL, min((start + BAND) * CELL, height))
        yield rows, large[:, rows.start - first * CELL : rows.stop - first * CELL, :width]


def _places(shape: tuple[int, ...], size: tuple[int, int]) -> npt.NDArray[np.int64]:
    """(H, W): the number of the pixel of the working size (h, w) in which each pixel of the drawing lies."""
    rows, columns = (
        np.minimum((np.arange(own) + 0.5) * (side / own), side - 1).astype(np.int64)
        for own, side in zip(shape, size, strict=True)
    )
    return np.asarray(rows[:, None] * size[1] + columns[None])


def _from_within(small: Floats, regions: Labels) -> Floats:
    """A picture (h, w, 3) whose pixels beside another of the regions (h, w) take what their own has further in: so near
    to a line a choice for 4 x 4 pixels is one for both of its sides.
    """
    numbers, around = regions.astype(np.float32), np.ones((2 * CELL + 1, 2 * CELL + 1), np.uint8)
    within = cv2.erode(numbers, around) == cv2.dilate(numbers, around)
    known = np.where(within, 1, FAINT).astype(np.float32)[..., None]
    sums = np.dstack([small * known, known])
    down, right = (
        (one == two)[..., None] for one, two in ((regions[1:], regions[:-1]), (regions[:, 1:], regions[:, :-1]))
    )
    for _ in range(2 * CELL):
        spread = sums.copy()
        spread[1:] += sums[:-1] * down
        spread[:-1] += sums[1:] * down
        spread[:, 1:] += sums[:, :-1] * right
        spread[:, :-1] += sums[:, 1:] * right
        sums = spread / 5
    return np.where(within[..., None], small, sums[..., :3] / sums[..., 3:])


def _within_regions(small: Floats, middle: Labels, regions: Labels) -> Floats:
    """A small picture (h, w, 3), whose pixels lie in the regions `middle` (h, w), at the size of the regions (H, W):
    bilinear among those of the four nearest pixels that lie in the same region; one too thin for that takes its mean.
    """
    height, width = regions.shape
    size = (small.shape[0], small.shape[1])
    corners = [_corners(own, side) for own, side in zip(regions.shape, size, strict=True)]
    total = np.zeros((height, width, 3), np.float32)
    weight = np.zeros((height, width), np.float32)
    for row, of_row in corners[0]:
        for column, of_column in corners[1]:
            same = middle[row[:, None], column[None]] == regions
            part = same * (of_row[:, None] * of_column[None])
            total += small[row[:, None], column[None]] * part[..., None]
            weight += part
    lacking = weight < 1e-3
    total[lacking] = _means(small, regions)[regions[lacking]]
    weight[lacking] = 1
    return np.asarray(total / weight[..., None], np.float32)


def _middles(shape: tuple[int, ...], size: tuple[int, int]) -> npt.NDArray[np.int64]:
    """(h, w): which pixel of the drawing (H, W) is the middle of each pixel of the small picture."""
    rows, columns = (
        ((np.arange(side) + 0.5) * (own / side)).astype(np.int64) for own, side in zip(shape, size, strict=True)
    )
    return np.asarray(rows[:, None] * shape[1] + columns[None])


def _corners(own: int, side: int) -> list[tuple[npt.NDArray[np.int64], Floats]]:
    """Along one side: the small pixels before and after each pixel, and what each weighs."""
    place = np.clip((np.arange(own) + 0.5) * (side / own) - 0.5, 0, side - 1)
    before = np.minimum(place.astype(np.int64), max(0, side - 2))
    part = (place - before).astype(np.float32)
    return [(before, 1 - part), (np.minimum(before + 1, side - 1), part)]


def _means(small: Floats, regions: Labels) -> Floats:
    """(count + 1, 3): the mean over each region of the small picture (h, w, 3)."""
    numbers = regions.ravel()
    places = _places(regions.shape, (small.shape[0], small.shape[1])).ravel()
    areas = np.maximum(np.bincount(numbers), 1)
    flat = small.reshape(-1, 3)
    return np.stack([np.bincount(numbers, flat[places, at]) / areas for at in range(3)], axis=1).astype(np.float32)
