"""Who appears in the drawn comic: colours and heads, the same in every panel of a series."""

import colorsys
from dataclasses import dataclass

import numpy as np

from comicdata.drawn.art import SHADED, Colour
from comicdata.drawn.heads import BOB, HAT, SPIKES, Head, any_head

PALE: Colour = (255, 226, 200)
BROWN: Colour = (150, 100, 72)
NOT_BLACK = 90  # mean of a colour that the outline does not take for ink


@dataclass(frozen=True)
class Character:
    """One of the cast; `trim` is the bobble in the hair, or the band of the hat."""

    name: str
    skin: Colour
    hair: Colour
    top: Colour
    bottom: Colour
    head: Head
    trim: Colour
    shoes: Colour = (206, 96, 84)


@dataclass(frozen=True)
class Cast:
    """At least two people, and the cat with its belly."""

    people: tuple[Character, ...]
    cat: Colour
    belly: Colour


BAND: Colour = (250, 208, 74)
CAST = Cast(
    (
        Character("Mina", (255, 222, 196), (236, 122, 54), (66, 184, 176), (246, 214, 96), BOB, (240, 96, 130)),
        Character("Jo", (222, 168, 128), (92, 146, 236), (250, 208, 74), (132, 150, 196), SPIKES, BAND),
        Character("Professor Plum", (250, 212, 190), (214, 210, 222), (172, 122, 208), (150, 196, 108), HAT, BAND),
    ),
    cat=(156, 222, 178),
    belly=(244, 250, 232),
)


def any_cast(seed: int, number: int, *, shapes: bool = False) -> Cast:
    """The cast of series `number`: three people and a cat in colours of their own.

    `shapes`: with heads that nobody has drawn; without, bob, spikes and hat as ever.
    """
    rng = np.random.default_rng([seed, number])
    shoes, cat, belly = (any_colour(rng) for _ in range(3))
    people = []
    for name, head in zip(("One", "Two", "Three"), (BOB, SPIKES, HAT), strict=True):
        skin = any_skin(rng)
        hair, top, bottom, trim = (any_colour(rng) for _ in range(4))
        people.append(Character(name, skin, hair, top, bottom, any_head(rng) if shapes else head, trim, shoes))
    return Cast(tuple(people), cat, belly)


def any_colour(rng: np.random.Generator) -> Colour:
    """Any colour, pale and greyish ones among them, that is no ink, in its shade neither."""
    while True:
        dull = rng.uniform() < 0.3
        saturation = rng.uniform(0.05, 0.85) if dull else rng.uniform(0.35, 0.8)
        red, green, blue = colorsys.hsv_to_rgb(rng.uniform(), saturation, rng.uniform(0.55, 1.0))
        colour = round(255 * red), round(255 * green), round(255 * blue)
        if SHADED * sum(colour) / 3 > NOT_BLACK:
            return colour


def any_skin(rng: np.random.Generator) -> Colour:
    """From pale to brown, more often pale; one in three as no human has it."""
    if rng.uniform() < 0.3:
        return any_colour(rng)
    share = rng.uniform() ** 1.5
    red, green, blue = (round(pale + (brown - pale) * share) for pale, brown in zip(PALE, BROWN, strict=True))
    return red, green, blue
