"""From how likely each colour is in each place to colours: one for each closed region, or soft within it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from scipy.sparse import coo_array, csr_array
from torch import Tensor

from comicdata.flats.colours import lab_of_colours
from comicdata.images import Image
from comicdata.models.networks.palette import ALIKE, CELL

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]
TEMPERATURE = 0.6  # of the annealed mean: Zhang 2016, section 2.3
UNTOLD = 0.25  # the same where there is nothing but the drawing to go by: a mean of all that might be is a fog
KIND = 25.0  # CIELAB: the standard deviation of colours that are of one kind, and may be averaged
BAND = 16  # cells of a part of the picture: what is enlarged of it is read again while it is near at hand
FAINT = 1e-4  # nearly nothing: what pixels beside a line have to say, the chance of a colour nowhere in a region


@dataclass(frozen=True)
class Drawing:
    """Line art to decode by: `regions` (H, W), the closed region of each pixel; `paper` (H, W), the pixels that have a
    say; `size` (h, w), the working size, at which the network saw it.
    """

    regions: Labels
    paper: Mask
    size: tuple[int, int]

    @property
    def count(self) -> int:
        """Of labels, 0 among them."""
        return int(self.regions.max()) + 1

    def regions_at(self, size: tuple[int, int]) -> Labels:
        """(h, w): the region of each pixel of the drawing made as small as `size`."""
        return np.take(self.regions.ravel(), _middles(self.regions.shape, size))


@dataclass(frozen=True)
class Choice:
    """What the network says: `logits` (K, h / 4, w / 4) over `colors` (K, 3) uint8, those of the palette and, behind
    them, of references. With hints one more, over the colour of `copied` (h / 4, w / 4), a number in `colors`, which
    then has those of the hints behind the K; `melted` (h / 4, w / 4, 3): what is laid softly there, CIELAB.
    """

    logits: Tensor
    colors: Image
    copied: Numbers | None = None
    melted: Floats | None = None
    temperature: float = TEMPERATURE

    @property
    def palette(self) -> int:
        """K."""
        return len(self.logits) - (self.copied is not None)

    def painted_as(self, palette: Image | None) -> "Choice":
        """The same with other colours (K, 3) for those of the palette, where there are any."""
        if palette is None:
            return self
        return replace(self, colors=np.concatenate([palette, self.colors[len(palette) :]]))


def region_chances(choice: Choice, drawing: Drawing) -> Floats:
    """(count, N): how likely each of the N colours is in each region, the mean over its paper."""
    count, (height, width) = drawing.count, drawing.size
    regions, places = drawing.regions, _places(drawing.regions.shape, drawing.size)
    seen = drawing.paper if drawing.paper.any() else np.ones_like(drawing.paper)
    own = coo_array((np.ones(int(seen.sum()), np.float32), (regions[seen], places[seen])), (count, height * width))
    by_place = own.tocsc()
    sums = np.zeros((count, len(choice.colors)), np.float32)
    for rows, part in _bands(choice.logits, drawing.size):
        chances = F.softmax(part, dim=2).flatten(0, 1).numpy()
        here = by_place[:, rows.start * width : rows.stop * width]
        sums[:, : choice.palette] += here @ chances[:, : choice.palette]
        if choice.copied is not None:
            copied = _enlarged(choice.copied, rows, width).ravel()
            sums += here @ csr_array((chances[:, -1], copied, np.arange(len(copied) + 1)), (len(copied), sums.shape[1]))
    return np.asarray(sums / np.maximum(sums.sum(axis=1, keepdims=True), FAINT), np.float32)


def likeliest(chances: Floats, colors: Image) -> Numbers:
    """(count,): the colour of each region, by its number: the one that is likeliest together with those like it."""
    return np.asarray((chances @ likeness(colors)).argmax(axis=1))


def narrowed(chances: Floats, colors: Image, numbers: Numbers) -> Floats:
    """The chances of regions (count, N) when each is to have the colour of its number, or one like it."""
    return np.asarray(chances * likeness(colors)[numbers] + FAINT * (np.arange(len(colors)) == numbers[:, None]))


def likeness(colors: Image, deviation: float = ALIKE) -> Floats:
    """(N, N): how like the colours are, see `likeness` of the network."""
    lab = lab_of_colours(colors)
    return np.asarray(np.exp(-np.square(lab[:, None] - lab[None]).sum(axis=2) / (2 * deviation**2)), np.float32)


def soft(choice: Choice, drawing: Drawing, chances: Floats) -> Floats:
    """What `softly` gives at the size of the drawing, (H, W, 3): it changes within a region, not across its lines."""
    return _within_regions(softly(choice, drawing, chances), drawing.regions_at(drawing.size), drawing.regions)


def softly(choice: Choice, drawing: Drawing, chances: Floats) -> Floats:
    """The annealed mean of the colours of the likeliest kind at the working size, (h, w, 3) CIELAB.

    How likely a colour is at a place is what the network says of the place, times what it says of the whole region
    (`chances`, as `region_chances` gives them): a large one stays of one kind, instead of all kinds that it might be.
    Differs: the paper's mean is over all colours, and that of a red and a green is a grey.
    """
    lab = torch.from_numpy(lab_of_colours(choice.colors))
    kinds = torch.from_numpy(likeness(choice.colors, KIND))
    inner = drawing.regions_at(drawing.size)
    whole, parts = torch.from_numpy(np.log(chances + FAINT)), []
    laid = None if choice.melted is None else cv2.resize(choice.melted, None, fx=CELL, fy=CELL)
    for rows, part in _bands(choice.logits, drawing.size):
        of_region = whole[torch.from_numpy(inner[rows]).long()]
        likely = part / choice.temperature
        likely[..., : choice.palette] += of_region[..., : choice.palette]
        if choice.copied is None:
            parts.append(_mean_of_kind(F.softmax(likely, dim=2), lab, kinds))
            continue
        copied = torch.from_numpy(_enlarged(choice.copied, rows, drawing.size[1]))
        likely[..., -1] += of_region.gather(2, copied[..., None])[..., 0]
        own = lab[copied] if laid is None else torch.from_numpy(laid[rows, : drawing.size[1]])
        parts.append(_mean_of_kind(F.softmax(likely, dim=2), lab, kinds, copied, own))
    return _from_within(torch.cat(parts).numpy(), inner)


def _mean_of_kind(
    weights: Tensor, lab: Tensor, kinds: Tensor, copied: Tensor | None = None, laid: Tensor | None = None
) -> Tensor:
    """(h, w, 3): of the colours (N, 3) that weigh (h, w, K), or (h, w, K + 1) where the last is that of the number
    `copied` (h, w), laid as `laid` (h, w, 3), the mean of those that are of a kind with the one that most are of a
    kind with; `kinds` (N, N).
    """
    count = weights.shape[2] - (copied is not None)
    own = weights[..., :count]
    sums = own @ kinds[:count, :count]
    if copied is not None:
        sums += weights[..., -1:] * kinds[copied][..., :count]
    kind = kinds[sums.argmax(dim=2)]
    own = own * kind[..., :count]
    total, mean = own.sum(dim=2, keepdim=True), own @ lab[:count]
    if copied is not None and laid is not None:
        one = weights[..., -1:] * kind.gather(2, copied[..., None])
        total, mean = total + one, mean + one * laid
    return mean / total


def _bands(logits: Tensor, size: tuple[int, int]) -> Iterator[tuple[slice, Tensor]]:
    """The logits (K, h / 4, w / 4) brought to the working size, (h, w, K), some rows after the other."""
    height, width = size
    logits = logits[None].contiguous(memory_format=torch.channels_last)
    for start in range(0, logits.shape[2], BAND):
        first, last = max(0, start - 1), min(logits.shape[2], start + BAND + 1)
        large = F.interpolate(logits[:, :, first:last], scale_factor=float(CELL), mode="bilinear")[0].movedim(0, 2)
        rows = slice(start * CELL, min((start + BAND) * CELL, height))
        yield rows, large[rows.start - first * CELL : rows.stop - first * CELL, :width]


def _enlarged(cells: npt.NDArray[np.int64], rows: slice, width: int) -> npt.NDArray[np.int64]:
    """Some rows of what belongs to cells, for every pixel of the working size."""
    places = np.arange(rows.start, rows.stop) // CELL
    return np.asarray(cells[places[:, None], (np.arange(width) // CELL)[None]])


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
    large = np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    corners = [_corners(own, side) for own, side in zip(regions.shape, small.shape[:2], strict=True)]
    alone = np.zeros(regions.shape, np.bool_)  # where one of the four lies in another region
    for row, _ in corners[0]:
        for column, _ in corners[1]:
            alone |= middle[row[:, None], column[None]] != regions
    y, x = np.nonzero(alone)
    own, total, weight = regions[y, x], np.zeros((len(y), 3), np.float32), np.zeros(len(y), np.float32)
    for row, of_row in corners[0]:
        for column, of_column in corners[1]:
            near = row[y], column[x]
            part = (middle[near] == own) * (of_row[y] * of_column[x])
            total += small[near] * part[:, None]
            weight += part
    lacking = weight < 1e-3
    if lacking.any():
        total[lacking], weight[lacking] = _means(small, regions, own[lacking]), 1
    large[y, x] = total / weight[:, None]
    return large


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


def _means(small: Floats, regions: Labels, labels: Labels) -> Floats:
    """(N, 3): for each of N labels the mean over its region (H, W) of the small picture (h, w, 3)."""
    wanted = np.zeros(int(regions.max()) + 1, np.bool_)
    wanted[labels] = True
    here = wanted[regions]
    numbers, seen = regions[here], small.reshape(-1, 3)[_places(regions.shape, (small.shape[0], small.shape[1]))[here]]
    areas = np.maximum(np.bincount(numbers, minlength=len(wanted)), 1)
    sums = [np.bincount(numbers, seen[:, at], len(wanted)) / areas for at in range(3)]
    return np.stack(sums, axis=1).astype(np.float32)[labels]
