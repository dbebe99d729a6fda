"""Outlines against plain rewrites of their formulas."""

import json
from typing import get_args

import cv2
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from comicdata.errors import UsageError
from comicdata.outlines import CANNY_PRESETS, XDOG_PRESETS, CannyBlack, Outlines, XDoG, canny_black, xdog
from comicdata.records import CannyPreset, XDoGPreset


def colourful(height=120, width=90):
    rng = np.random.default_rng(5)
    small = rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)


def test_canny_black_is_the_formula_to_the_bit():
    rgb = cv2.GaussianBlur(colourful(), (5, 5), 1)
    bgr = rgb[:, :, ::-1].copy()
    edges = cv2.Canny(bgr, 100, 180)
    black = np.mean(bgr, axis=2) < 80
    expected = 255 - np.where(black, 255, edges)
    got = canny_black(rgb)
    assert got.dtype == np.uint8 and (got == expected).all()
    assert 0.02 < (got == 0).mean() < 0.9


def test_black_uses_the_mean_of_channels_not_luma():
    saturated = np.zeros((20, 20, 3), np.uint8)
    saturated[:] = (20, 20, 203)  # mean 81, luma 41
    assert (canny_black(saturated) == 255).all()
    saturated[:] = (20, 20, 199)  # mean 79.67
    assert (canny_black(saturated) == 0).all()


@pytest.mark.parametrize("parameters", XDOG_PRESETS.values(), ids=XDOG_PRESETS.keys())
def test_xdog_is_the_formula_of_the_paper(parameters):
    rgb = cv2.GaussianBlur(colourful(256, 256), (0, 0), 1.5)
    luminance = (rgb @ np.array([0.299, 0.587, 0.114])) / 255
    narrow = gaussian_filter(luminance, parameters.sigma, mode="mirror", truncate=8)
    wide = gaussian_filter(luminance, parameters.sigma * parameters.k, mode="mirror", truncate=8)
    u = (1 + parameters.p) * narrow - parameters.p * wide
    expected = 255 * np.where(u >= parameters.eps, 1, 1 + np.tanh(parameters.phi * (u - parameters.eps)))
    got = xdog(rgb, **vars(parameters))
    assert (np.abs(got.astype(float) - expected) > 24).mean() < 0.01  # kernels are cut at 3 sigma, grey is 8 bit
    assert 0.01 < (got < 128).mean() < 0.6


def test_xdog_sigma_grows_with_the_size():
    line = np.full((512, 512, 3), 255, np.uint8)
    line[:, 250:258] = 90
    assert (xdog(line, size=512) == xdog(line, sigma=0.8, size=256)).all()


def test_paper_stays_paper_and_one_pixel_works():
    assert (xdog(np.full((40, 40, 3), 230, np.uint8)) == 255).all()
    assert canny_black(np.full((1, 1, 3), 255, np.uint8)).tolist() == [[255]]
    assert xdog(np.full((1, 1, 3), 255, np.uint8)).tolist() == [[255]]


def test_presets_are_those_that_the_options_name():
    assert tuple(CANNY_PRESETS) == get_args(CannyPreset) and tuple(XDOG_PRESETS) == get_args(XDoGPreset)
    assert XDOG_PRESETS["classic"] == XDoG(sigma=0.8, k=1.6, p=20, eps=0.5, phi=10)
    assert [XDOG_PRESETS[name] for name in ("thin", "colorizer", "thick")] == [
        XDoG(sigma=one) for one in (0.3, 0.4, 0.5)
    ]
    with pytest.raises(UsageError, match="outline preset bold: not known; there are colorizer, thin"):
        Outlines.of_presets("reference", "bold")


def test_ink_grows_from_lines_only_to_the_reference_to_fine_edges():
    rgb = cv2.GaussianBlur(colourful(), (5, 5), 1)
    ink = {name: Outlines(canny=one).draw("canny", rgb) == 0 for name, one in CANNY_PRESETS.items()}
    lines, reference, fine = ink["lines-only"], ink["reference"], ink["fine"]
    assert not (lines & ~reference).any() and not (reference & ~fine).any()
    assert lines.sum() < reference.sum() < fine.sum()
    assert (lines == (cv2.Canny(rgb[:, :, ::-1].copy(), 100, 180) > 0)).all()


def test_settings_survive_the_way_through_json():
    for outlines in (Outlines(), Outlines.of_presets("fine", "classic")):
        assert Outlines.of_values(json.loads(json.dumps(outlines.values()))) == outlines
    assert Outlines.of_values({"xdog": {"preset": "mine", "sigma": 2}}) == Outlines(xdog=XDoG(sigma=2))


def test_constants_of_the_reference():
    assert CannyBlack() == CannyBlack(low=100, high=180, black=80)
    assert XDoG() == XDoG(sigma=0.4, k=4.5, p=19, eps=0.01, phi=1e9)
