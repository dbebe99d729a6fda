"""Coloured pictures as references: what of them is kept, and how a drawing takes its colours from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from comicdata.flats.colours import lab_of_colours
from comicdata.images import Image
from comicdata.models.data.references import PAPER, SMOOTH, region_areas
from comicdata.models.networks.palette import CELL
from comicdata.models.networks.pointer import Pointer
from comicdata.pairs.windows import dhash

KEPT = 384  # places of a reference
ASKED = 512  # places of a drawing that say which references are like it
MOST = 5  # references of a drawing, those that answer most of it
REMEMBERED = 2  # more, of those that are remembered, and MOST in all where there are no others
COMPARED = 96  # places of a reference that say whether it is like a drawing
COPY = 6  # bits in which the looks of two drawings differ at most, when one is a near copy of the other
SHARPER = 2.0  # all likeness counts than while it learns: what does not look quite alike is no answer
READIER = 4.0  # likeness, times the sharpness: so much less than while it learns is enough to take what is found
AGREEING = 2.0  # how much what the places around a place found counts, beside what it finds itself
FIGURE = 0.08  # of the shorter side of a panel: so far reaches what is around a place (standard deviation)
BLOCK = 4  # places a side that are one, for what is around them
SAME = 7.0  # CIELAB: colours of references no farther apart are one
BAND = 4096  # places at once, so that memory stays bounded
LEAST = 1e-9  # added before a logarithm

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]
Numbers = npt.NDArray[np.int64]
Spots = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Reference:
    """What is kept of a coloured panel: what T of its places answer to, `keys` (T, D), and their `colors` (T, 3);
    `look`: 64 bits that tell near copies of its line art; `spots` (T, 3): x and y of each place in the picture, and the
    number of its closed region; none of those that lie in no picture.
    """

    keys: Halves
    colors: Image
    look: int
    spots: Spots = field(default_factory=lambda: np.zeros((0, 3), np.int32))

    def is_copy(self, look: int) -> bool:
        return (self.look ^ look).bit_count() <= COPY

    def moved(self, x: int, y: int) -> "Reference":
        """The same in a picture that begins so far to the left and above."""
        return replace(self, spots=self.spots + np.array([x, y, 0], np.int32))


def places_of(working: Image, count: int) -> Numbers:
    """At most `count` cells of line art (h, w) that have paper, those of small regions as often as those of large ones;
    the same for the same drawing. Counted row by row.
    """
    areas = region_areas(working).ravel()
    chances = np.where(areas > 0, 1 / np.sqrt(areas + SMOOTH), 0)
    count = min(count, int((areas > 0).sum()))
    if not count:
        return np.zeros(0, np.int64)
    return np.sort(np.random.default_rng(0).choice(len(areas), count, replace=False, p=chances / chances.sum()))


def pixels_of(working: Image, places: Numbers, shape: tuple[int, ...]) -> tuple[Numbers, Numbers]:
    """Row and column (N,) of the pixel of a picture (H, W) that stands for each of these cells of its line art (h, w):
    that farthest from a line.
    """
    height, width = working.shape
    columns = -(-width // CELL)
    far = cv2.distanceTransform((working > PAPER).astype(np.uint8), cv2.DIST_L2, 3)
    whole = np.full((-(-height // CELL) * CELL, columns * CELL), -1, np.float32)
    whole[:height, :width] = far
    cells = whole.reshape(-1, CELL, columns, CELL).swapaxes(1, 2).reshape(-1, CELL * CELL)[places]
    inner = cells.argmax(axis=1)
    rows, across = places // columns * CELL + inner // CELL, places % columns * CELL + inner % CELL
    own_rows, own_across = (
        np.minimum((np.minimum(at, side - 1) + 0.5) * (own / side), own - 1).astype(np.int64)
        for at, side, own in zip((rows, across), working.shape, shape, strict=True)
    )
    return own_rows, own_across


def look_of(working: Image) -> int:
    """64 bits by which near copies of line art are told."""
    return int(dhash(np.repeat(working[..., None], 3, axis=2))[2:], 16)


def likest(query: Tensor, given: Sequence[Reference], remembered: Sequence[Reference]) -> list[Reference]:
    """The references that together answer most of what a drawing asks, query (N, D), the best first: at most MOST of
    those that are given, and a few of those that are remembered.
    """
    chosen, best = _best(query, given, MOST, torch.full((len(query),), -1.0))
    more, _ = _best(query, remembered, REMEMBERED if chosen else MOST, best)
    return chosen + more


def _best(
    query: Tensor, references: Sequence[Reference], count: int, answered: Tensor
) -> tuple[list[Reference], Tensor]:
    """At most `count` that add most to how well each question (N,) is `answered`, and how well all are then."""
    left, chosen = list(references), list[Reference]()
    alike = [(query @ _keys(one)[:: -(-len(one.keys) // COMPARED)].T).amax(dim=1) for one in left]
    while left and len(chosen) < count:
        gains = [float(torch.maximum(one, answered).sum()) for one in alike]
        best = int(np.argmax(gains))
        answered = torch.maximum(answered, alike.pop(best))
        chosen.append(left.pop(best))
    return chosen, answered


def _keys(reference: Reference, device: torch.device | None = None) -> Tensor:
    return torch.from_numpy(reference.keys.astype(np.float32)).to(device or "cpu")


def answers_of(asked: tuple[Tensor, Tensor], pointer: Pointer, references: Sequence[Reference]) -> tuple[Tensor, Image]:
    """What each place takes of each of the colours of the references, and last what it leaves: (G + 1, h, w), and those
    colours, (G, 3). `asked`: query (h, w, D) and null (h, w) of every place.

    A place asks twice: what lies beside the first answers of the places around it counts more, so that a body has its
    colours from whom its head is like. Source: Rocco and others, "Neighbourhood Consensus Networks" (2018), arXiv
    1810.10510. Differs: nothing is learned for it. Older runs ask once, as they learned to.
    """
    sharper, readier, agreeing = (SHARPER, READIER, AGREEING) if pointer.mutual else (1.0, 0.0, 0.0)
    query, null, shape = asked[0].flatten(0, 1), asked[1].flatten() - readier, asked[1].shape
    colors, number = _grouped(np.concatenate([one.colors for one in references]))
    key = torch.cat([_keys(one, query.device) for one in references])
    group, block = (torch.from_numpy(one).to(key.device) for one in (number, _blocks(*shape)))
    bands = [*zip(*(torch.split(one, BAND) for one in (block, query, null)), strict=True)]

    def found() -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """The blocks of some places, what they take of each answer, and how much they leave."""
        for own, some, none in bands:
            shares, left = pointer.found(some[None], key[None], none[None], sharper=sharper)
            yield own, shares[0], left[0]

    first = torch.zeros(int(block.max()) + 1, len(key), device=key.device)
    kept = [*found()] if len(bands) == 1 else None  # for the second time; of more, memory might not hold it
    for own, shares, _ in kept or found():
        first.index_add_(0, own, shares)
    around = (_around(first, shape, references) + LEAST) ** agreeing
    of_color = F.one_hot(group, len(colors)).to(key.dtype)
    parts = []
    for own, shares, left in kept or found():
        agreed = shares * around[own]
        sums = (agreed @ of_color) * ((1 - left) / agreed.sum(dim=1))[:, None]
        parts.append(torch.cat([sums, left[:, None]], dim=1))
    return torch.cat(parts).T.reshape(len(colors) + 1, *shape), colors


def _blocks(height: int, width: int) -> Numbers:
    """(height width,): the number of the block that each place lies in, counted row by row."""
    rows, columns = (np.arange(side) // BLOCK for side in (height, width))
    return np.asarray((rows[:, None] * (columns[-1] + 1) + columns).ravel(), np.int64)


def _around(first: Tensor, shape: Sequence[int], references: Sequence[Reference]) -> Tensor:
    """(blocks, T): how much of what the places around each block of a drawing took (blocks, T) lay around each place of
    the references. The drawing has places of this shape (h, w).
    """
    counts = [-(-side // BLOCK) for side in shape]
    down, across = (
        torch.from_numpy(_nearness(np.arange(count)[:, None] * BLOCK, min(shape))).to(first.device) for count in counts
    )
    spread = down @ first.view(counts[0], -1)  # one direction after the other, which is the same
    spread = (across @ spread.view(*counts, -1)).flatten(0, 1)
    parts = [*torch.split(spread, [len(one.keys) for one in references], dim=1)]
    for number, one in enumerate(references):
        if len(one.spots):  # those of a cast file lie nowhere
            spots = one.spots[:, :2]
            lying = torch.from_numpy(_nearness(spots, int(np.ptp(spots, axis=0).min())))
            parts[number] = parts[number] @ lying.to(first.device).T
    return torch.cat(parts, dim=1)


def _nearness(places: npt.NDArray[np.integer[Any]], side: int) -> Floats:
    """(N, N): how near places (N, D) are to each other in a picture of this shorter side; every row sums up to 1."""
    apart = np.square(places[:, None] - places[None], dtype=np.float32).sum(axis=2)
    near = np.exp(-apart / (2 * (FIGURE * max(side, 1)) ** 2))
    return np.asarray(near / near.sum(axis=1, keepdims=True), np.float32)


def with_answers(chances: Tensor, answers: Tensor, *, copies: bool) -> Tensor:
    """Chances (K, h, w), with hints one more for what they spread -> (K + G, h, w), likewise: what hints leave goes to
    the colours of references, and what those leave, by `answers` (G + 1, h, w), to the palette.
    """
    hinted = chances[-1:] if copies else chances[:0]
    unhinted = 1 - hinted.sum(dim=0, keepdim=True)
    own = chances[: len(chances) - copies]
    return torch.cat([own * answers[-1:], answers[:-1] * unhinted, hinted])


def _grouped(colors: Image) -> tuple[Image, Numbers]:
    """Colours (T, 3) -> those that stand for them (G, 3), the commonest of each group, and the group of each (T,)."""
    different, which, often = np.unique(colors, axis=0, return_inverse=True, return_counts=True)
    lab, group = lab_of_colours(different), np.full(len(different), -1)
    found: list[int] = []
    for at in np.argsort(-often, kind="stable").tolist():
        if group[at] < 0:
            near = np.square(lab - lab[at]).sum(axis=1) < SAME**2
            group[near & (group < 0)] = len(found)
            found.append(at)
    return different[found], group[which.ravel()].astype(np.int64)
