"""Lines that part panels: geometry, sums along leaning lines, chords, and what is cut and what stays whole."""

import numpy as np
import pytest

from comicdata.drawn.scenes import paint
from comicdata.panels import find_panels, make_strips
from comicdata.panels.lines import ALONG, STEEPEST, chords, leaning_sums, separators
from comicdata.panels.parting import Least, Part, drawn_in, hull, parted
from comicdata.panels.polygons import area, bounds, clipped, of_box
from comicdata.records import Box

SQUARE = of_box(Box(0, 0, 100, 60))


def test_a_polygon_is_cut_along_a_line():
    right = clipped(SQUARE, (40, 0), (1, 0))
    assert bounds(right) == Box(40, 0, 100, 60) and area(right) == 3600
    corner = clipped(SQUARE, (0, 20), (-1, -1))  # x + y <= 20
    assert area(corner) == pytest.approx(200) and bounds(corner) == Box(0, 0, 20, 20)
    assert len(clipped(SQUARE, (200, 0), (1, 0))) == 0 and area(np.zeros((0, 2))) == 0
    assert area(clipped(SQUARE, (200, 0), (-1, 0))) == 6000


def test_sums_along_lines_that_lean():
    layer = np.zeros((1, 40, ALONG), np.uint8)
    layer[0, 17] = 1
    sums = leaning_sums(layer)
    assert sums.shape == (1, 40 + STEEPEST, STEEPEST + 1)
    assert sums[0, 17 + STEEPEST, 0] == ALONG and sums[0, 16 + STEEPEST, 0] == 0
    noise = np.random.default_rng(0).integers(0, 256, (2, 40, ALONG), dtype=np.uint8)
    level = leaning_sums(noise)[:, STEEPEST:, 0]
    np.testing.assert_array_equal(level, noise.sum(axis=2))
    whole = leaning_sums(np.ones((1, 40, ALONG), np.uint8))
    inside = whole[0, STEEPEST : STEEPEST + 40 - STEEPEST - 1]
    np.testing.assert_array_equal(inside, ALONG)  # every line inside crosses every column once


def painted(width, height, *lines, seed=0):
    """A painting with black or white lines over it, (x0, y0, x1, y1, thickness, colour)."""
    import cv2

    image = paint(np.random.default_rng(seed), width, height)
    for x0, y0, x1, y1, thick, colour in lines:
        cv2.line(image, (x0, y0), (x1, y1), (colour,) * 3, thick)
    return image


@pytest.mark.parametrize("line", [(0, 300, 600, 300), (0, 280, 600, 380), (250, 0, 250, 700), (200, 0, 330, 700)])
@pytest.mark.parametrize("colour", [0, 255])
def test_a_line_from_border_to_border_is_the_most_covered_chord(line, colour):
    image = painted(600, 700, (*line, 4, colour))
    page = separators(image, np.zeros(image.shape[:2], np.uint8))
    cell = of_box(Box(0, 0, 600, 700))
    best = max(chords(page, cell, 40), key=lambda one: one.covered)
    assert best.covered > 0.9 and best.upright == (line[1] == 0)
    assert np.abs(np.concatenate([best.start, best.end]) - line).max() <= 6


def test_what_is_drawn_in_a_part_has_a_box_without_the_ground_around_it():
    content = np.zeros((60, 100), np.uint8)
    content[10:30, 20:50] = 255
    content[40:55, 70:90] = 255
    assert drawn_in(content, clipped(SQUARE, (60, 0), (-1, 0))) == Box(20, 10, 50, 30)
    assert bounds(hull(content)) == Box(20, 10, 89, 54)
    (whole,) = parted(separators(np.full((60, 100, 3), 255, np.uint8), ~content), Part(hull(content)), Least(0.5, 0.5))
    assert whole.chance == 1


def found_in(image, layout="page"):
    (strip,) = make_strips([image], layout)
    return find_panels(strip)


def bad_pictures():
    rng = np.random.default_rng(0)
    specks = np.full((1200, 900, 3), 255, np.uint8)
    specks[rng.integers(0, 1200, 30_000), rng.integers(0, 900, 30_000)] = 0
    yield "noise", rng.integers(0, 256, (900, 700, 3), dtype=np.uint8)
    yield "one colour", np.full((900, 700, 3), (200, 120, 40), np.uint8)
    yield "black", np.zeros((900, 700, 3), np.uint8)
    yield "specks", specks
    yield "a pixel", np.zeros((1, 1, 3), np.uint8)
    yield "a row", np.full((1, 900, 3), 200, np.uint8)
    yield "a ribbon", rng.integers(0, 256, (40, 20_000, 3), dtype=np.uint8)
    yield "a thread", rng.integers(0, 256, (20_000, 40, 3), dtype=np.uint8)


@pytest.mark.parametrize(("name", "image"), [pytest.param(*one, id=one[0]) for one in bad_pictures()])
@pytest.mark.parametrize("layout", ["page", "strip"])
def test_bad_pictures_give_a_few_boxes_inside_them_or_none(name, image, layout):
    panels = found_in(image, layout)
    height, width = image.shape[:2]
    assert len(panels) <= (70 if name == "a thread" else 3)
    for panel in panels:
        assert 0 <= panel.box.x0 < panel.box.x1 <= width and 0 <= panel.box.y0 < panel.box.y1 <= height
        assert 0 <= panel.confidence <= 1
