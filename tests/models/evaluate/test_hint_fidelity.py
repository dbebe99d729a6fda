"""What hints are worth: dots from the truth, the pixels they are judged on, and errors by hand."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from skimage import color as skimage_color

from comicdata.flats.hints import Hint, paint_hints
from comicdata.images import Image
from comicdata.models.evaluate.hint_fidelity import (
    AREAS,
    COUNTS,
    choose_dots,
    dots_of,
    mean_hints,
    measure_hints,
    spread_alone,
)

RED, BLUE = (200, 40, 30), (30, 60, 210)


def halves() -> tuple[Image, Image]:
    """128 x 128: red on the left, blue on the right, a black line of 4 pixels between."""
    truth = np.full((128, 128, 3), RED, np.uint8)
    truth[:, 64:] = BLUE
    outline = np.full((128, 128), 255, np.uint8)
    truth[:, 62:66], outline[:, 62:66] = 0, 0
    return outline, truth


def test_dots_have_the_colour_of_the_truth_and_the_name_decides_them() -> None:
    outline, truth = halves()
    dots = choose_dots(outline, truth, "w1")
    assert len(dots) == max(COUNTS) and len({(dot.x, dot.y) for dot in dots}) == len(dots)
    assert all(outline[int(dot.y), int(dot.x)] == 255 for dot in dots)
    assert all(dot.color == (RED if dot.x < 64 else BLUE) and dot.radius == 2 for dot in dots)
    assert dots == choose_dots(outline, truth, "w1") != choose_dots(outline, truth, "w2")
    assert choose_dots(np.zeros((128, 128), np.uint8), truth, "w1") == []


def test_areas_are_off_the_lines_and_of_the_colour_of_their_hint() -> None:
    outline, truth = halves()
    areas = dots_of([Hint(60, 40, 4, RED), Hint(100, 90, 4, BLUE)], outline, truth).areas
    rows, columns = np.mgrid[:128, :128]
    red, blue = np.hypot(columns - 60, rows - 40), np.hypot(columns - 100, rows - 90)
    sides = columns < 62, columns >= 66
    at = (red <= 4) & sides[0] | (blue <= 4) & sides[1]
    within = (red <= 24) & sides[0] | (blue <= 24) & sides[1]
    dotted = (red <= 4) | (blue <= 4)
    for found, expected in ((areas["at"], at), (areas["near"], within & ~dotted)):
        assert (found != expected).sum() <= 0.06 * expected.sum()  # a drawn disc is no exact one
        assert not found[:, 62:66].any()
    assert not (areas["at"] & areas["near"]).any()
    assert not areas["near"][:, 66:76][:60].any()  # close to the red hint, and blue
    assert (areas["off_line"] == (outline == 255)).all()


def test_errors_of_a_painter_that_lays_the_hints_on_grey() -> None:
    outline, truth = halves()
    grey = np.full((128, 128, 3), 128, np.uint8)

    def paint(lines: Image, hints: Sequence[Hint]) -> Image:
        dots = paint_hints(hints, *lines.shape)
        return np.where(dots[..., 3:] > 0, dots[..., :3], grey)

    found = measure_hints(paint, grey, outline, truth, "w3")
    lab = skimage_color.rgb2lab
    error = skimage_color.deltaE_ciede2000(lab(truth), lab(grey))
    dots = choose_dots(outline, truth, "w3")
    assert list(found) == list(COUNTS) and set(found[1]) == set(AREAS)
    for count in COUNTS:
        areas = dots_of(dots[:count], outline, truth).areas
        assert found[count]["at"][:2] == (
            pytest.approx(0, abs=1e-4),
            pytest.approx(error[areas["at"]].mean(), abs=1e-3),
        )
        assert found[count]["near"][:2] == (pytest.approx(error[areas["near"]].mean(), abs=1e-3),) * 2
        assert found[count]["off_line"][0] < found[count]["off_line"][1]
        assert found[count]["off_line"][1] == pytest.approx(error[outline == 255].mean(), abs=1e-3)
        alone = skimage_color.deltaE_ciede2000(lab(truth), lab(spread_alone(dots[:count], outline)))
        assert found[count]["off_line"][2] == pytest.approx(alone[outline == 255].mean(), abs=1e-3)
    gains = [found[count]["off_line"][1] - found[count]["off_line"][0] for count in COUNTS]
    assert gains == sorted(gains)


def test_without_a_network_every_place_has_the_colour_of_the_nearest_hint() -> None:
    """On either side of a wall the hint of that side, though the other one is nearer as the crow flies."""
    outline = np.full((64, 128), 255, np.uint8)
    outline[:, 40:44] = 0
    red, blue = Hint(8, 32, 1, (255, 0, 0)), Hint(120, 32, 1, (0, 0, 255))
    made = spread_alone([red, blue], outline)
    assert (made[:, :40] == red.color).all() and (made[:, 48:] == blue.color).all()


def test_a_window_without_paper_has_no_number() -> None:
    _, truth = halves()
    found = measure_hints(lambda lines, hints: truth, truth, np.zeros((128, 128), np.uint8), truth, "w4")
    assert all(math.isnan(one) for areas in found.values() for both in areas.values() for one in both)
    means = mean_hints([found, {count: dict.fromkeys(AREAS, (1.0, 3.0, 5.0)) for count in COUNTS}])
    assert means == {
        "windows": 2,
        "counts": {
            str(count): {area: {"hinted": 1.0, "plain": 3.0, "hints_spread": 5.0} for area in AREAS} for count in COUNTS
        },
    }
    assert mean_hints([found])["counts"]["1"]["at"] == {"hinted": None, "plain": None, "hints_spread": None}
