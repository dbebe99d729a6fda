"""Regions that stay white: balloons hold lettering and hardly more; faces, textures and toned regions are none."""

import cv2
import numpy as np
import pytest

from comicdata.drawn.comic import draw_episode
from comicdata.flats.balloons import find_balloons
from comicdata.flats.ink import find_ink
from comicdata.flats.lettering import _is_face
from comicdata.flats.regions import find_regions
from comicdata.flats.white import white_regions
from comicdata.outlines import canny_black
from comicdata.records import Box


def page() -> np.ndarray:
    """A framed panel with a horizon, (420, 600)."""
    line = np.full((420, 600), 255, np.uint8)
    cv2.rectangle(line, (20, 20), (580, 400), 0, 3)
    cv2.line(line, (20, 300), (580, 310), 0, 2)
    return line


def say(line: np.ndarray, words: list[str], x: int, y: int) -> None:
    for row, text in enumerate(words):
        cv2.putText(line, text, (x, y + 26 * row), cv2.FONT_HERSHEY_DUPLEX, 0.6, 0, 1, cv2.LINE_AA)


def balloon(line: np.ndarray) -> None:
    shape = np.zeros(line.shape, np.uint8)
    cv2.ellipse(shape, (180, 120), (120, 60), 0, 0, 360, 1, -1)
    cv2.fillPoly(shape, [np.array([[200, 172], [225, 168], [250, 230]])], 1)
    outlines, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(line, outlines, -1, 0, 2)
    say(line, ["I AM LEAVING", "for the land of", "the three moons"], 105, 100)


def face(line: np.ndarray) -> None:
    cv2.circle(line, (430, 160), 80, 0, 3, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(line, (430 + 30 * side, 145), 9, 0, -1, cv2.LINE_AA)
        cv2.line(line, (430 + 44 * side, 118), (430 + 18 * side, 122), 0, 3, cv2.LINE_AA)
    cv2.ellipse(line, (430, 195), (26, 12), 0, 0, 180, 0, 3, cv2.LINE_AA)
    cv2.line(line, (430, 155), (436, 172), 0, 2, cv2.LINE_AA)


def where(labels: np.ndarray, found: set[int]) -> np.ndarray:
    return np.isin(labels, list(found))


def test_a_balloon_is_found_with_its_tail_and_its_letters_and_the_face_is_not():
    line = page()
    balloon(line)
    face(line)
    regions = find_regions(line, [Box(20, 20, 580, 400)])
    found = where(regions.labels, regions.balloons) & ~regions.ink
    truth = np.zeros(line.shape, np.uint8)
    cv2.ellipse(truth, (180, 120), (117, 57), 0, 0, 360, 1, -1)
    assert found[(truth > 0) & ~regions.ink].mean() >= 0.98
    assert found[205, 233]
    assert not found[160, 400] and not found[350, 300] and not found[60, 500]


def test_a_caption_box_is_found():
    line = page()
    cv2.rectangle(line, (40, 330), (240, 390), 0, 2)
    say(line, ["Meanwhile, at the", "house of Chaosah"], 60, 355)
    regions = find_regions(line, [Box(20, 20, 580, 400)])
    found = where(regions.labels, regions.balloons)
    assert found[336, 200] and found[360, 232] and not found[100, 300] and not found[350, 450]


def test_a_sign_in_a_large_picture_and_a_texture_are_no_balloons():
    line = page()
    say(line, ["TO THE STATION"], 200, 150)  # lettering on the sky: it holds more than that
    rng = np.random.default_rng(1)
    for x, y in zip(rng.integers(30, 570, 150), rng.integers(315, 390, 150), strict=True):
        length = int(rng.integers(4, 20))
        cv2.line(line, (int(x), int(y)), (int(x + length), int(y + rng.integers(-8, 8))), 0, 1)
    regions = find_regions(line, [Box(20, 20, 580, 400)])
    assert where(regions.labels, regions.balloons).mean() <= 0.01


def test_the_paper_around_a_drawing_stays_white_and_what_is_toned_does_not():
    line = np.full((300, 300), 255, np.uint8)
    cv2.circle(line, (150, 150), 90, 0, 3)
    regions = find_regions(line)
    white = white_regions(regions)
    assert white == {int(regions.labels[5, 5])}
    shade = np.where(regions.labels == regions.labels[5, 5], np.uint8(190), np.uint8(255))
    assert white_regions(regions, shade) == set()


def test_bad_pages_hold_no_balloons():
    dust = np.full((600, 800), 255, np.uint8)
    at = np.random.default_rng(4).integers(0, [600, 800], (30_000, 2))
    dust[at[:, 0], at[:, 1]] = 0
    for line in (
        np.full((1, 1), 255, np.uint8),
        np.zeros((50, 60), np.uint8),
        np.full((40, 2000), 255, np.uint8),
        dust,
    ):
        regions = find_regions(line)
        assert regions.balloons == set()


def test_a_balloon_that_is_open_on_one_side_is_completed_and_the_art_beside_it_is_not_taken():
    line = page()
    cv2.ellipse(line, (180, 120), (120, 60), 0, 0, 360, 0, 2)
    say(line, ["I AM LEAVING", "for the land of", "the three moons"], 105, 100)
    line[70:150, 280:310] = 255  # bright art there: no outline was drawn
    regions = find_regions(line, [Box(20, 20, 580, 400)])
    found = where(regions.labels, regions.balloons) & ~regions.ink
    truth = np.zeros(line.shape, np.uint8)
    cv2.ellipse(truth, (180, 120), (117, 57), 0, 0, 360, 1, -1)
    assert found[(truth > 0) & ~regions.ink].mean() >= 0.9
    assert found[truth == 0].mean() <= 0.03
    assert regions.labels[120, 400] == regions.labels[250, 60] != regions.labels[125, 95]


def test_windows_beads_and_eyes_are_no_lettering():
    line = page()
    cv2.rectangle(line, (40, 40), (260, 200), 0, 2)
    for y in range(60, 180, 30):
        for x in range(55, 245, 20):
            cv2.rectangle(line, (x, y), (x + 10, y + 14), 0, -1)
    face(line)
    regions = find_regions(line, [Box(20, 20, 580, 400)])
    assert not regions.balloons


@pytest.mark.parametrize("brows", [0, 1])
def test_eyes_over_a_mouth_are_no_lettering_and_words_in_their_place_are(brows):
    line = page()
    cv2.circle(line, (300, 180), 90, 0, 3, cv2.LINE_AA)
    for x in (274, 326):
        cv2.ellipse(line, (x, 170), (12, 8), 0, 0, 360, 0, 2, cv2.LINE_AA)
        cv2.line(line, (x - 8, 148), (x + 8, 148), 0, 6 * brows or 1)
    cv2.ellipse(line, (300, 200), (40, 12), 0, 0, 180, 0, 4, cv2.LINE_AA)
    assert not find_balloons(line < 128).any()
    eyes = np.array([[262, 162, 286, 178], [314, 162, 338, 178], [260, 198, 340, 214]], float)
    assert _is_face(eyes) and not _is_face(eyes + np.array([[0, 0, 20, 0], [0] * 4, [0] * 4]))


def test_leaves_around_a_closed_balloon_do_not_hide_its_lettering():
    line = page()
    cv2.ellipse(line, (180, 120), (120, 60), 0, 0, 360, 0, 2)
    say(line, ["I AM LEAVING", "for the land of", "the three moons"], 105, 100)
    rng = np.random.default_rng(3)
    for x, y in zip(rng.integers(30, 330, 300), rng.integers(30, 290, 300), strict=True):
        if ((x - 180) / 135) ** 2 + ((y - 120) / 75) ** 2 > 1:
            cv2.ellipse(line, (int(x), int(y)), (6, 3), float(rng.integers(0, 180)), 0, 300, 0, 1)
    regions = find_regions(line, [Box(20, 20, 580, 400)])
    found = where(regions.labels, regions.balloons) & ~regions.ink
    truth = np.zeros(line.shape, np.uint8)
    cv2.ellipse(truth, (180, 120), (117, 57), 0, 0, 360, 1, -1)
    assert found[(truth > 0) & ~regions.ink].mean() >= 0.95
    assert found[truth == 0].mean() <= 0.01


def test_letters_four_times_as_large_are_found_too():
    line = page()
    balloon(line)
    large = cv2.resize(line, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    regions = find_regions(large)
    truth = np.zeros(line.shape, np.uint8)
    cv2.ellipse(truth, (180, 120), (115, 55), 0, 0, 360, 1, -1)
    found = where(regions.labels, regions.balloons)
    assert found[cv2.resize(truth, large.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0].mean() >= 0.95
    assert not found[4 * 160, 4 * 430]


def test_a_picture_of_two_shapes_is_no_balloon() -> None:
    """A disc and a square in a row, as large as each other: two letters on paper without end, to a machine."""
    shapes = np.zeros((64, 64), np.uint8)
    cv2.circle(shapes, (17, 34), 9, 1, -1)
    shapes[24:40, 31:47] = 1
    assert not find_balloons(cv2.morphologyEx(shapes, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0).any()


@pytest.mark.parametrize(("episode", "panel"), [(3, 1), (4, 0), (4, 1)])
def test_eyes_and_dotted_backgrounds_of_the_drawn_comic_are_no_balloons(episode, panel):
    """In its own panels, small: what is taken is white in them."""
    drawn = draw_episode(7, episode, panels=4)
    box = drawn.panels[panel].box
    colored = np.ascontiguousarray(drawn.strip[box.y0 : box.y1, box.x0 : box.x1])
    scale = 256 / min(colored.shape[:2])
    colored = cv2.resize(colored, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ink = find_ink(canny_black(colored))
    found = find_balloons(ink) & ~ink
    assert found.sum() > 1_000 and (colored.min(axis=2) >= 235)[found].mean() >= 0.9
