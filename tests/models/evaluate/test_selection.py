"""The number that chooses the best weights: characters count, backgrounds do not, and neither does dullness pass."""

import colorsys

import numpy as np
import pytest

from comicdata.images import Image
from comicdata.models.evaluate.metrics import colourfulness
from comicdata.models.evaluate.selection import foreground, selection

PAPER, DRESS, SKIN = (120, 190, 230), (220, 60, 90), (245, 200, 170)


def panel() -> tuple[Image, Image]:
    """A figure of two colours on a large flat background, with its outline."""
    truth = np.full((40, 40, 3), PAPER, np.uint8)
    outline = np.full((40, 40), 255, np.uint8)
    truth[10:30, 10:30] = truth[30, 30] = outline[10, 10] = 0
    outline[10:30, 10:30] = 0
    for rows, color in ((slice(11, 20), DRESS), (slice(20, 29), SKIN)):
        truth[rows, 11:29] = color
        outline[rows, 11:29] = 255
    return outline, truth


def test_the_largest_area_of_one_colour_is_left_out() -> None:
    outline, truth = panel()
    expected = np.zeros((40, 40), bool)
    expected[11:29, 11:29] = True
    found = foreground(outline, truth)
    found[30, 30] = False  # a speck of another colour counts, too
    assert np.array_equal(found, expected)


def test_painted_panels_without_flat_areas_count_whole() -> None:
    truth = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    outline = np.full((40, 40), 255, np.uint8)
    outline[3] = 0
    assert np.array_equal(foreground(outline, truth), outline == 255)


def test_another_background_costs_nothing_and_another_dress_does() -> None:
    outline, truth = panel()
    other = np.where((truth == PAPER).all(axis=2)[..., None], np.uint8([90, 200, 150]), truth)
    dress = np.where((truth == DRESS).all(axis=2)[..., None], np.uint8([60, 90, 220]), truth)
    perfect, background, wrong = (selection([(outline, one, truth)])["score"] for one in (truth, other, dress))
    assert perfect == 0
    assert background == pytest.approx(0, abs=1e-6)
    assert wrong is not None and wrong > 0.3


def test_a_grey_picture_pays_for_its_dullness() -> None:
    outline, truth = panel()
    grey = np.repeat(truth.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    half = ((truth.astype(int) + grey) // 2).astype(np.uint8)
    for picture, free in ((grey, False), (half, False), (truth, True)):
        found = selection([(outline, picture, truth)])
        error, score = found["l1_foreground"], found["score"]
        assert error is not None and score is not None
        assert (score == error) == free


def test_colorfulness_by_its_formula() -> None:
    random = np.random.default_rng(1)
    picture = random.integers(0, 256, (9, 7, 3)).astype(np.uint8)
    pixels = [tuple(int(one) for one in pixel) for pixel in picture.reshape(-1, 3)]
    first, second = [r - g for r, g, _ in pixels], [(r + g) / 2 - b for r, g, b in pixels]
    sums = [(sum(one) / 63, sum(value**2 for value in one) / 63) for one in (first, second)]
    variance = sum(square - mean**2 for mean, square in sums)
    expected = variance**0.5 + 0.3 * sum(mean**2 for mean, _ in sums) ** 0.5
    assert colourfulness(picture) == pytest.approx(expected, rel=1e-4)
    assert colourfulness(np.full((4, 4, 3), 77, np.uint8)) == 0
    vivid = np.uint8([[[int(255 * one) for one in colorsys.hsv_to_rgb(hue / 12, 1, 1)] for hue in range(12)]])
    assert colourfulness(vivid) > 100


def test_nothing_to_choose_by() -> None:
    line = np.zeros((4, 4), np.uint8)
    grey = np.zeros((4, 4, 3), np.uint8)
    assert selection([(line, grey, grey)])["score"] is None
    assert selection([])["score"] is None
