"""What a person wishes of a colouring: one value, handed on from the command to the network."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from comicdata.flats.hints import Mark
from comicdata.flats.rims import Rim
from comicdata.images import Image
from comicdata.models.colorize.references import Reference
from comicdata.records import Box

Color = tuple[int, int, int]  # 0 to 255 each
Style = Literal["flats", "soft"]


@dataclass(frozen=True)
class Wishes:
    """`seed` serves networks that draw at random; `samples` different colourings, the likeliest first; `background` is
    the colour of the background. `hints` say what colour is where, in pixels of the picture: marks, and layers
    (H, W, 4) of its size. `follow`: what is the same thing as a hinted region follows it. `moods`: pictures (H, W, 3)
    that have the colours wished for, one colour is a picture of one pixel. `style`: one colour for each closed region
    ("flats"), or colours that may change within one ("soft"); None is what suits the comic. `palette` (K, 3): what the
    colours of a run's palette are painted as, see `recoloured`. `references`: what is kept of coloured panels
    (`PaletteColorizer.reference`), whose colours are taken over; `memory`: of panels coloured before, which count for
    less; near copies of the drawing itself are left out of both unless `near_copies`. `remember`: what is kept of the
    colouring is wished for. `suggest`: so many places where a hint would help most are looked for, too. `layers`: what
    a picture is made of is kept, too. `at`: where the picture begins in the one that a person knows, x and y. `rim`:
    what a panel in colour shows of the paper of its page.
    """

    seed: int = 0
    samples: int = 1
    background: Color | None = None
    hints: Sequence[Mark | Image] = ()
    follow: bool = True
    moods: Sequence[Image] = ()
    style: Style | None = None
    palette: Image | None = None
    suggest: int = 0
    layers: bool = False
    references: Sequence[Reference] = ()
    memory: Sequence[Reference] = ()
    near_copies: bool = False
    remember: bool = False
    at: tuple[int, int] = (0, 0)
    rim: Rim | None = None

    def inside(self, box: Box) -> "Wishes":
        """For one panel of a picture: what of the hints lies in it, in its own coordinates."""
        own = [_moved(box, hint) for hint in self.hints if is_inside(box, hint)]
        return replace(self, hints=own, at=(self.at[0] + box.x0, self.at[1] + box.y0))


def is_inside(box: Box, hint: Mark | Image) -> bool:
    """Whether the centre of a hint, or any part of a layer, lies in a box."""
    if isinstance(hint, np.ndarray):
        return bool(hint[box.y0 : box.y1, box.x0 : box.x1, 3].any())
    return box.x0 <= hint.x < box.x1 and box.y0 <= hint.y < box.y1


def _moved(box: Box, hint: Mark | Image) -> Mark | Image:
    if isinstance(hint, np.ndarray):
        return np.ascontiguousarray(hint[box.y0 : box.y1, box.x0 : box.x1])
    return hint.moved(-box.x0, -box.y0)
