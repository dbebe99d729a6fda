"""Where a hint would help: in large regions of unsure colour, once for what is the same thing, never on ink."""

import numpy as np

from comicdata.flats.regions import Regions, find_regions
from comicdata.models.colorize.suggestions import suggest

COLORS = np.array([[255, 0, 0], [0, 0, 255], [250, 10, 0], [255, 255, 255]], np.uint8)
SURE, TORN, NEAR = [0, 0, 0, 1], [0.5, 0.5, 0, 0], [0.5, 0, 0.5, 0]


def rooms(*widths: int) -> Regions:
    """Rooms beside each other, walls of 4 pixels between them, 100 high."""
    outline = np.full((100, sum(widths) + 4 * (len(widths) - 1)), 255, np.uint8)
    for place in np.cumsum(widths)[:-1] + 4 * np.arange(len(widths) - 1):
        outline[:, place : place + 4] = 0
    found = find_regions(outline, gap=0)
    assert found.count == len(widths)
    return found


def chances_of(regions: Regions, *rows: list[float]) -> np.ndarray:
    """By the order of the rooms, from left to right."""
    labels = list(dict.fromkeys(regions.labels[50][~regions.ink[50]].tolist()))
    chances = np.zeros((regions.count + 1, len(COLORS)), np.float32)
    chances[labels] = rows
    return chances


def columns(regions: Regions, chances: np.ndarray, count: int, given: tuple[int, ...] = ()) -> list[float]:
    guesses = COLORS[chances.argmax(axis=1)]
    return [one.hint.x for one in suggest(regions, chances, guesses, COLORS, given, count)]


def test_the_large_and_unsure_come_first_and_one_of_what_is_the_same_thing() -> None:
    regions = rooms(60, 40, 120, 80, 70)
    chances = chances_of(regions, TORN, TORN, SURE, NEAR, [0, 0, 0.5, 0.5])
    found = columns(regions, chances, 9)
    # 120 wide but sure: nothing; torn between red and blue, or red and white: most; between two reds: little
    assert [x >= 60 for x in found[:2]].count(True) == 1  # one of the torn pair, and the last room
    assert any(x < 60 for x in found) and any(x > 316 for x in found)
    assert not any(64 <= x < 104 or 108 <= x < 228 for x in found)


def test_dots_lie_in_the_middle_of_paper_in_the_colour_that_is_guessed() -> None:
    regions = rooms(60, 90)
    chances = chances_of(regions, TORN, [0, 0.6, 0, 0.4])
    guesses = COLORS[chances.argmax(axis=1)]
    one, other = suggest(regions, chances, guesses, COLORS, (), 2)
    assert one.gain > other.gain and (one.hint.color, other.hint.color) == ((0, 0, 255), (255, 0, 0))
    for found, left, right in ((one.hint, 64, 154), (other.hint, 0, 60)):
        assert abs(found.x - (left + right) / 2) <= 6 and 20 <= found.y <= 80 and found.radius == 1
        assert not regions.ink[int(found.y), int(found.x)]


def test_what_was_said_is_not_asked_for_nor_what_follows_it() -> None:
    regions = rooms(60, 40, 50)
    chances = chances_of(regions, TORN, TORN, [0.4, 0, 0, 0.6])
    said = int(regions.labels[50, 30])
    assert [x > 104 for x in columns(regions, chances, 5, (said,))] == [True]


def test_nothing_is_suggested_where_all_is_ink_or_sure() -> None:
    ink = find_regions(np.zeros((40, 40), np.uint8), gap=0)
    assert suggest(ink, np.ones((ink.count + 1, 4), np.float32) / 4, COLORS[[0] * (ink.count + 1)], COLORS, (), 3) == []
    regions = rooms(60, 40)
    assert columns(regions, chances_of(regions, SURE, SURE), 3) == []
