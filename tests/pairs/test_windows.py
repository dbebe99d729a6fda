"""Windows cover a panel; filters and facts on drawn windows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comicdata.images import resize
from comicdata.pairs.windows import (
    NEARLY_SQUARE,
    _median,
    dhash,
    facts_of,
    fit_window,
    panel_drop_reason,
    window_boxes,
    window_drop_reason,
)
from comicdata.records import Box

sides = st.integers(1, 900)


@given(sides, sides)
def test_tiles_are_squares_of_the_short_side_that_cover_the_long_one(width, height):
    boxes = window_boxes(width, height, "tile")
    short = min(width, height)
    assert all(box.width == box.height == short for box in boxes)
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in boxes)
    if max(width, height) > NEARLY_SQUARE * short:
        covered = np.zeros((height, width), bool)
        for box in boxes:
            covered[box.y0 : box.y1, box.x0 : box.x1] = True
        assert covered.all()
        assert len(boxes) == -(-max(width, height) // short)


def test_known_tiles():
    assert window_boxes(300, 100, "tile") == [Box(0, 0, 100, 100), Box(100, 0, 200, 100), Box(200, 0, 300, 100)]
    assert window_boxes(100, 150, "tile") == [Box(0, 0, 100, 100), Box(0, 50, 100, 150)]
    assert window_boxes(100, 150, "center") == [Box(0, 25, 100, 125)]
    assert window_boxes(100, 150, "stretch") == [Box(0, 0, 100, 150)]


def test_pad_keeps_the_aspect_and_takes_the_colour_of_the_border():
    panel = np.full((100, 50, 3), (10, 200, 30), np.uint8)
    panel[40:60, 20:30] = 255
    window = fit_window(panel, Box(0, 0, 50, 100), 64, "pad")
    assert window.shape == (64, 64, 3)
    assert (window[:, :16] == (10, 200, 30)).all() and (window[:, 48:] == (10, 200, 30)).all()
    assert (window[32, 32] > 200).all()
    line_art = fit_window(np.zeros((100, 50), np.uint8), Box(0, 0, 50, 100), 64, "pad", paper=255)
    assert (line_art[:, :16] == 255).all() and (line_art[:, 20:44] == 0).all()


@pytest.mark.parametrize(
    ("width", "height", "kind", "reason"),
    [
        (127, 900, "panel", "tiny"),
        (128, 1024, "panel", ""),
        (200, 1700, "panel", "extreme"),
        (600, 400, "panel", ""),
        (600, 400, "text", "text_only"),
    ],
)
def test_panels_that_make_no_window(width, height, kind, reason):
    assert panel_drop_reason(width, height, 256, kind) == reason


def noise(*colour):
    spread = np.random.default_rng(2).integers(-40, 40, (256, 256, 3))
    return (np.array(colour) + spread).clip(0, 255).astype(np.uint8)


def reason_for(color, **facts):
    paper = np.full(color.shape[:2], 255, np.uint8)
    return window_drop_reason(color, replace(facts_of(color, paper, paper), **facts))


def test_windows_not_worth_training_on():
    assert reason_for(np.full((256, 256, 3), (40, 160, 90), np.uint8)) == "blank"
    grey = np.repeat(noise(128, 128, 128)[..., :1], 3, axis=2)
    assert reason_for(grey) == "no_color"
    assert reason_for(noise(200, 90, 60)) == ""
    assert reason_for(noise(200, 90, 60), black_fraction=0.51) == "black_slab"


def test_a_window_is_blank_by_the_median_and_the_deviation():
    speck = np.full((256, 256, 3), (200, 60, 60), np.uint8)
    speck[:7] = (20, 200, 20)  # 2.7 % of another colour: 97 % are still near the median
    assert reason_for(speck) == "blank"
    speck[:9] = (20, 200, 20)
    assert reason_for(speck) == ""
    quiet = np.random.default_rng(4).integers(100, 118, (256, 256, 3), dtype=np.uint8)  # std 5.2
    assert quiet.std() < 6 and reason_for(quiet) == "blank"


@pytest.mark.parametrize("size", [1, 2, 9, 10, 999, 1000])
def test_the_median_of_a_channel(size):
    values = np.random.default_rng(size).integers(0, 256, size, dtype=np.uint8)
    assert _median(values) == np.median(values)


def test_facts_are_fractions_of_the_window():
    color = np.full((256, 256, 3), 255, np.uint8)
    color[:64] = (79, 79, 79)  # a quarter is dark
    color[128:] = (250, 100, 100)  # half is saturated
    outline = np.full((256, 256), 255, np.uint8)
    outline[:32] = 0
    facts = facts_of(color, outline, np.full_like(outline, 255))
    assert (facts.black_fraction, facts.saturation) == (0.25, 0.5)
    assert (facts.ink_canny, facts.ink_xdog) == (0.125, 0.0)


def test_dhash_of_a_ramp_and_of_a_copy():
    ramp = np.tile(np.linspace(0, 255, 256).astype(np.uint8)[None, :, None], (256, 1, 3))
    assert dhash(ramp) == "d:" + "f" * 16
    assert dhash(ramp[:, ::-1]) == "d:" + "0" * 16
    blobs = np.random.default_rng(3).integers(60, 200, (7, 7, 3), dtype=np.uint8)
    picture = resize(blobs, 256, 256)
    brighter = (picture.astype(int) * 1.1).clip(0, 255).astype(np.uint8)
    distance = (int(dhash(picture)[2:], 16) ^ int(dhash(brighter)[2:], 16)).bit_count()
    assert distance <= 5
