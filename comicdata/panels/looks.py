"""What tells slices of a strip from pages, kept of one look at a picture: a few rows, its margins, whether art reaches
its sides. A Look is small, whatever the picture is.
"""

from dataclasses import dataclass

import numpy as np

from comicdata.images import Image
from comicdata.panels.paper import BLACK, WHITE, Colour, is_close, is_like, row_shares
from comicdata.panels.rows import uniform_rows
from comicdata.panels.rules import RULES

CHUNK = 64  # rows of a margin that are looked at together: most margins end within them


@dataclass(frozen=True)
class End:
    """One end of a picture, seen from outside: its first rows (n, W, 3), and how many rows there are one colour.

    A seam, a row or two that whoever cut the strip left at the border, is part of no margin and ends none.
    """

    rows: Image
    margin: int
    colour: Colour

    @property
    def is_paper(self) -> bool:
        """Whether the margin is white or black: a flat sky at the end of a picture is art."""
        return self.margin > 0 and (is_close(self.colour, WHITE) or is_close(self.colour, BLACK))


@dataclass(frozen=True)
class Look:
    """One picture: its size, its two ends, and whether art touches its left and its right side."""

    width: int
    height: int
    top: End
    bottom: End
    reaches_sides: bool

    @property
    def blank(self) -> bool:
        return self.top.margin >= self.height


def look_at(picture: Image) -> Look:
    """What is kept of a picture, (H, W, 3) uint8."""
    height, width = picture.shape[:2]
    sides = np.ascontiguousarray(picture[:, [0, -1]].transpose(1, 0, 2))
    reaches = not uniform_rows(sides).any()
    return Look(width, height, _end_of(picture), _end_of(picture[::-1]), reaches)


def _end_of(picture: Image) -> End:
    """The upper end of a picture."""
    seam = min(RULES.seam, picture.shape[0] - 1)
    colour = np.median(picture[seam], axis=0).astype(np.float32)
    return End(picture[: 2 * RULES.seam].copy(), _margin(picture[seam:], colour, seam), colour)


def _margin(picture: Image, colour: Colour, seam: int) -> int:
    """Rows of one colour from the upper end on, `seam` rows above `picture` included; 0 where art begins there."""
    for start in range(0, picture.shape[0], CHUNK):
        plain = row_shares(is_like(np.ascontiguousarray(picture[start : start + CHUNK]), colour)) >= RULES.uniform_share
        if not plain.all():
            found = start + int(plain.argmin())
            return found + seam if found else 0
    return int(picture.shape[0]) + seam
