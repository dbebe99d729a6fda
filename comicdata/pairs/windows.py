"""From a panel to square windows, and the facts and filters of one window: pure functions on arrays."""

import math
from dataclasses import asdict, dataclass

import cv2
import numpy as np

from comicdata.images import Image, channel_spread, channel_sum, resize
from comicdata.records import Box, Fit

MOST_ENLARGED = 2.0  # a panel whose short side is below size / 2 is dropped, not blown up
NEARLY_SQUARE = 1.05  # up to here one window; two would be the same picture twice
EXTREME_ASPECT = 8.0
COLOURED = 24  # max - min of the channels above which a pixel has a colour
SATURATED = 40


@dataclass(frozen=True, slots=True)
class Facts:
    """What is measured on one window, in [0, 1] but for `dhash` ("d:" + 16 hex digits)."""

    black_fraction: float
    ink_canny: float
    ink_xdog: float
    saturation: float
    coloured: float
    dhash: str

    def columns(self) -> dict[str, float | str]:
        """What goes into a row of the manifest."""
        return {name: value for name, value in asdict(self).items() if name != "coloured"}


def window_boxes(width: int, height: int, fit: Fit) -> list[Box]:
    """The parts of a panel that become square windows, in pixels of the panel.

    tile: evenly spaced squares of the short side that cover the long one; center: the middle one; pad and stretch: all.
    """
    short, long = min(width, height), max(width, height)
    if fit in ("pad", "stretch"):
        return [Box(0, 0, width, height)]
    count = 1 if fit == "center" or long / short <= NEARLY_SQUARE else math.ceil(long / short)
    slack = long - short
    offsets = [slack // 2] if count == 1 else [round(i * slack / (count - 1)) for i in range(count)]
    across = width >= height
    return [Box(o, 0, o + short, short) if across else Box(0, o, short, o + short) for o in offsets]


def fit_window(picture: Image, box: Box, size: int, fit: Fit, paper: int | None = None) -> Image:
    """Cut `box` from a picture, (H, W) or (H, W, 3), and bring it to (size, size).

    `pad` keeps the aspect and fills up with `paper`, or with the median of the border where `paper` is None.
    """
    part = picture[box.y0 : box.y1, box.x0 : box.x1]
    if fit != "pad":
        return resize(part, size, size)
    scale = size / max(box.width, box.height)
    width, height = max(1, round(box.width * scale)), max(1, round(box.height * scale))
    border = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])
    canvas = np.empty((size, size, *picture.shape[2:]), np.uint8)
    canvas[:] = np.median(border, axis=0).astype(np.uint8) if paper is None else np.uint8(paper)
    top, left = (size - height) // 2, (size - width) // 2
    canvas[top : top + height, left : left + width] = resize(part, width, height)
    return canvas


def panel_drop_reason(width: int, height: int, size: int, kind: str) -> str:
    """Why a panel makes no window at this size: "tiny", "extreme", "text_only"; "" when it does."""
    if kind == "text":
        return "text_only"
    if min(width, height) * MOST_ENLARGED < size:
        return "tiny"
    return "extreme" if max(width, height) / min(width, height) > EXTREME_ASPECT else ""


def window_drop_reason(color: Image, facts: Facts) -> str:
    """Why a window is not worth training on: "blank", "no_color", "black_slab"; "" when it is."""
    median = [_median(color[..., channel]) for channel in range(3)]
    near = cv2.inRange(color, tuple(one - 10 for one in median), tuple(one + 10 for one in median))
    mean, deviation = (one[:, 0] for one in cv2.meanStdDev(color))
    overall = np.sqrt((deviation**2 + mean**2).mean() - mean.mean() ** 2)
    if cv2.countNonZero(near) >= 0.97 * near.size or overall < 6:
        return "blank"
    if facts.coloured < 0.05:
        return "no_color"
    return "black_slab" if facts.black_fraction > 0.5 else ""


def _median(channel: Image) -> float:
    """The median of uint8 values from their histogram, the mean of the two middle ones where their number is even."""
    counts = np.cumsum(np.bincount(channel.ravel(), minlength=256))
    low, high = np.searchsorted(counts, [(channel.size - 1) // 2 + 1, channel.size // 2 + 1])
    return float(low + high) / 2


def facts_of(color: Image, canny: Image, xdog: Image) -> Facts:
    """Measure one window: share of dark pixels, of ink in both outlines, of saturated pixels; difference hash."""
    spread = channel_spread(color)
    return Facts(
        black_fraction=_rounded(_share(channel_sum(color) < 240)),
        ink_canny=_rounded(1 - cv2.mean(canny)[0] / 255),
        ink_xdog=_rounded(1 - cv2.mean(xdog)[0] / 255),
        saturation=_rounded(_share(spread > SATURATED)),
        coloured=_rounded(_share(spread > COLOURED)),
        dhash=dhash(color),
    )


def _share(mask: np.ndarray) -> float:
    """Share of True."""
    return float(np.count_nonzero(mask)) / mask.size


def _rounded(value: float) -> float:
    return round(float(value), 6)


def dhash(rgb: Image) -> str:
    """64-bit difference hash: is a cell of the 9 x 8 area-averaged grey picture brighter than its left neighbour?"""
    grey = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (9, 8), interpolation=cv2.INTER_AREA)
    bits = (grey[:, 1:] > grey[:, :-1]).ravel()
    return "d:" + np.packbits(bits).tobytes().hex()
