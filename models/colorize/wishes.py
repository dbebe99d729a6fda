"""What a person wishes of a colouring: one value, handed on from the command to the network."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from comicdata.flats.hints import Mark
from comicdata.records import Box

Color = tuple[int, int, int]  # 0 to 255 each
Style = Literal["flats", "soft"]


@dataclass(frozen=True)
class Wishes:
    """`seed` serves networks that draw at random; `samples` different colourings, the likeliest first; `background` is
    the colour of the background. `hints` say what colour is where, in pixels of the picture. `style`: one colour for
    each closed region ("flats"), or colours that may change within one ("soft"); None is what suits the comic.
    """

    seed: int = 0
    samples: int = 1
    background: Color | None = None
    hints: Sequence[Mark] = ()
    style: Style | None = None

    def inside(self, box: Box) -> "Wishes":
        """For one panel of a picture: the hints whose centre lies in it, in its own coordinates."""
        return replace(self, hints=[hint.moved(-box.x0, -box.y0) for hint in self.hints if is_inside(box, hint)])


def is_inside(box: Box, hint: Mark) -> bool:
    """Whether the centre of a hint lies in a box."""
    return box.x0 <= hint.x < box.x1 and box.y0 <= hint.y < box.y1
