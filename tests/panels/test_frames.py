"""Closed frames in a picture: found where four lines end at their corners, not where a line goes on or divides them."""

import numpy as np
import pytest

from comicdata.panels.frames import find_frames
from comicdata.records import Box

FRAME = Box(60, 40, 180, 140)


def drawn(*lines: tuple[int, int, int, int]) -> np.ndarray:
    """Light grey paper, (240, 320, 3), with black lines x0, y0, x1, y1 of three pixels."""
    image = np.full((240, 320, 3), 200, np.uint8)
    for x0, y0, x1, y1 in lines:
        image[y0 - 1 : y1 + 2, x0 - 1 : x1 + 2] = 0
    return image


SIDES = ((60, 40, 180, 40), (60, 140, 180, 140), (60, 40, 60, 140), (180, 40, 180, 140))


def test_a_closed_frame_is_found_where_it_is():
    (found,) = find_frames(drawn(*SIDES), 40)
    assert all(abs(a - b) <= 2 for a, b in zip(found.as_list(), FRAME.as_list(), strict=True))


@pytest.mark.parametrize(
    "lines",
    [
        SIDES[:3],  # one side is missing
        (*SIDES, (120, 40, 120, 140)),  # a window with a bar
        ((0, 40, 319, 40), (0, 140, 319, 140), (60, 0, 60, 239), (180, 0, 180, 239)),  # tiles go on
    ],
)
def test_open_divided_and_continued_frames_are_none(lines):
    assert find_frames(drawn(*lines), 40) == []


def test_a_frame_smaller_than_asked_for_is_none():
    assert find_frames(drawn(*SIDES), 110) == []
