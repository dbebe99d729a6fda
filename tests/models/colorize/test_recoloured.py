"""Palettes that a person gives: c00 replaces, other names limit."""

import numpy as np
import pytest

from comicdata.errors import UsageError
from comicdata.layers.palettes import Palette, Swatch
from comicdata.models.colorize.recoloured import recoloured

RED, BLUE, CREAM = (230, 60, 50), (40, 90, 220), (250, 240, 200)
COLORS = np.array([RED, BLUE, CREAM, RED], np.uint8)  # the last one fills up
NIGHT = (20, 30, 60)


def painted(*swatches: tuple[tuple[int, int, int], str]) -> list[tuple[int, ...]]:
    given = Palette("p", tuple(Swatch(color, name) for color, name in swatches))
    return [tuple(one) for one in recoloured(COLORS, given, "p.gpl").tolist()]


def test_a_colour_of_the_run_s_names_replaces_it_and_what_repeats_it() -> None:
    assert painted((NIGHT, "c00"), (NIGHT, "c02")) == [NIGHT, BLUE, NIGHT, NIGHT]


def test_colours_of_other_names_are_all_there_may_be() -> None:
    """Cream (CIELAB 95, -1, 20) is 103 from pure red (53, 80, 67), and 163 from pure blue (32, 79, -108)."""
    red, blue = (255, 0, 0), (0, 0, 255)
    assert painted((blue, "sea"), (red, "")) == [red, blue, red, red]
    assert painted(((7, 7, 7), "ink")) == [(7, 7, 7)] * 4
    assert painted((RED, "mine"), *(((at % 250, at // 250, 9), f"x{at}") for at in range(5000)))[0] == RED


def test_both_at_once_replace_some_and_limit_the_rest() -> None:
    assert painted((NIGHT, "c01"), (CREAM, "paper")) == [CREAM, NIGHT, CREAM, CREAM]


@pytest.mark.parametrize(
    ("swatches", "words"),
    [
        ([(NIGHT, "c03")], "p.gpl: c03: this run has c00 to c02; give a palette"),
        ([(NIGHT, "c00"), (RED, "c00")], "p.gpl: c00 stands twice, in different colours"),
    ],
)
def test_names_that_the_run_does_not_have_are_one_line(
    swatches: list[tuple[tuple[int, int, int], str]], words: str
) -> None:
    with pytest.raises(UsageError) as said:
        painted(*swatches)
    assert str(said.value).startswith(words)
