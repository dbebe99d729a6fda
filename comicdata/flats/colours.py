"""Default colours of regions: few, neighbours clearly apart, the same drawing always the same."""

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from comicdata.flats.graph import Neighbours
from comicdata.flats.hints import Color
from comicdata.images import Image

Distances = npt.NDArray[np.float64]

WHITE: Color = (255, 255, 255)
# Light enough for black lines, in an order in which each is far from those before it.
COLOURS: tuple[Color, ...] = (
    (244, 162, 97), (116, 185, 232), (153, 204, 120), (226, 125, 168), (250, 222, 120), (141, 130, 206),
    (98, 190, 178), (214, 106, 92), (202, 190, 170), (176, 214, 235), (196, 142, 96), (222, 186, 224),
    (88, 140, 196), (214, 228, 158), (166, 106, 150), (250, 196, 178), (128, 158, 104), (160, 160, 176),
    (236, 170, 60), (108, 206, 226), (190, 96, 122), (172, 226, 196), (148, 120, 96),
)  # fmt: skip


def default_colours(
    neighbours: Neighbours,
    count: int,
    white: Collection[int] = (),
    palette: Sequence[Color] | None = None,
    fixed: Mapping[int, Color] | None = None,
) -> Image:
    """(count + 1, 3) uint8: at most 24 colours, white those of `white`, and those of `fixed` as they are; row 0 is
    white too.

    A colouring of the graph of regions: each region, those with most neighbours first, takes the colour that lies
    farthest from those of its neighbours, the least used one among equals.
    """
    choice = np.array(COLOURS if palette is None else palette, np.uint8).reshape(-1, 3)
    set_to = dict.fromkeys(white, WHITE) | dict(fixed or {})
    others = list(dict.fromkeys([WHITE, *set_to.values()]))
    every = np.vstack([choice, np.array(others, np.uint8)])
    apart = _Apart(choice)
    near = _near(neighbours, count)
    chosen = np.full(count + 1, -1)
    chosen[0] = len(choice)
    number = {color: len(choice) + at for at, color in enumerate(others)}
    for label, color in set_to.items():
        chosen[label] = number[color]
    used = np.zeros(len(choice))
    for one in sorted(np.flatnonzero(chosen < 0).tolist(), key=lambda one: (-len(near[one]), one)):
        least = np.full(len(choice), ENOUGH)
        for other in {*chosen[near[one]].tolist()} - {-1}:
            least = np.minimum(least, apart.from_color(tuple(every[other].tolist())))
        farthest = np.flatnonzero(least == least.max())
        best = int(farthest[used[farthest].argmin()])
        chosen[one] = best
        used[best] += 1
    return np.ascontiguousarray(every[chosen])


ENOUGH = 25.0  # dE: colours farther apart are as good as any
SAME = 10.0  # dE: nearer ones look alike beside each other


def alike(neighbours: Neighbours, colours: Image) -> npt.NDArray[np.int32]:
    """Those of the K pairs of neighbours, (N, 2), whose colours (count + 1, 3) look the same."""
    one, two = _lab(colours)[neighbours.pairs.T]
    found: npt.NDArray[np.int32] = neighbours.pairs[np.sqrt(((one - two) ** 2).sum(-1)) < SAME]
    return found


def _near(neighbours: Neighbours, count: int) -> list[list[int]]:
    near: list[list[int]] = [[] for _ in range(count + 1)]
    for one, two in neighbours.pairs.tolist():
        near[one].append(two)
        near[two].append(one)
    return near


class _Apart:
    """How far colours lie from those of a choice (N, 3), asked for one by one: a table of all pairs of a large palette
    would fill the memory.
    """

    def __init__(self, choice: Image) -> None:
        self._lab = _lab(choice)
        self._known: dict[Color, Distances] = {}

    def from_color(self, color: Color) -> Distances:
        """(N,): as the eye sees it (CIE 1976), at most ENOUGH."""
        if color not in self._known:
            one = _lab(np.array([color], np.uint8))
            self._known[color] = np.minimum(np.sqrt(((self._lab - one) ** 2).sum(-1)), ENOUGH)
        return self._known[color]


def lab_of_colours(rgb: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """(..., 3) sRGB from 0 to 255 -> CIELAB."""
    import cv2

    values = np.asarray(rgb, np.float32)
    lab = cv2.cvtColor((values / 255).reshape(-1, 1, 3), cv2.COLOR_RGB2LAB)
    return np.asarray(lab, np.float32).reshape(values.shape)


def _lab(colours: Image) -> Distances:
    return lab_of_colours(colours).astype(np.float64)
