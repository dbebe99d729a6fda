"""One drawing is one drawing; a page of panels is cut into them, and what stands alone into what stands alone."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from comicdata.flats.cut import confident, cut_drawing
from comicdata.flats.drawing import Wanted, find_sheet
from comicdata.flats.ink import find_ink
from comicdata.flats.line_art import read_line_art
from comicdata.models.colorize.pages import panel_boxes
from comicdata.panels import find_panels
from comicdata.records import Box, Panel

WHOLE = Box(0, 0, 700, 1000)


def blank() -> np.ndarray:
    return np.full((WHOLE.height, WHOLE.width), 255, np.uint8)


def figure(page: np.ndarray, x: int, y: int) -> None:
    """Some 200 x 400 pixels: a head, a body, two legs, one beside the other."""
    cv2.circle(page, (x, y + 70), 70, 0, 3)
    cv2.rectangle(page, (x - 60, y + 140), (x + 60, y + 270), 0, 3)
    for left in (x - 50, x + 10):
        cv2.rectangle(page, (left, y + 270), (left + 40, y + 400), 0, 3)


def scene(hill: int) -> np.ndarray:
    """A figure, a sun with rays, a house, and hills over the whole width, without a frame."""
    page = blank()
    figure(page, 350, 300)
    cv2.circle(page, (580, 130), 60, 0, 3)
    for angle in np.arange(0, 2 * np.pi, np.pi / 6):
        cv2.line(page, *(tuple(np.int32([580 + r * np.cos(angle), 130 + r * np.sin(angle)])) for r in (75, 105)), 0, 3)
    cv2.rectangle(page, (40, 430), (180, 560), 0, 3)
    cv2.line(page, (40, 430), (110, 370), 0, 3)
    cv2.line(page, (180, 430), (110, 370), 0, 3)
    for y in range(hill, 1000, 60):
        cv2.polylines(page, [np.array([(0, y + 40), (260, y), (440, y + 30), (700, y)])], False, 0, 3)
    return page


def pictures(page: np.ndarray) -> np.ndarray:
    return np.repeat(page[..., None], 3, axis=2)


def cut(page: np.ndarray) -> list[Box]:
    return cut_drawing(page, find_ink(page), "auto")[1]


@pytest.mark.parametrize("hill", [620, 760])
def test_a_scene_without_a_frame_is_one_drawing(hill):
    page = scene(hill)
    assert cut(page) == []
    sheet = find_sheet(pictures(page), "scene", Wanted())
    assert not sheet.panels and sheet.regions.labels.min() == 1
    rgb = pictures(page)
    assert panel_boxes(SimpleNamespace(size=256), rgb, "auto", read_line_art(rgb)) == [WHOLE]


def test_panels_with_frames_are_cut_also_where_a_figure_stands_beside_them():
    page = blank()
    frames = [Box(40, 40, 660, 330), Box(40, 360, 340, 620), Box(40, 650, 660, 960)]
    for one in frames:
        cv2.rectangle(page, (one.x0, one.y0), (one.x1, one.y1), 0, 4)
        cv2.circle(page, (one.x0 + one.width // 2, one.y0 + one.height // 2), 90, 0, 4)
    cv2.circle(page, (500, 490), 100, 0, 3)
    found = cut(page)
    assert len(found) in (3, 4)
    for frame in frames:
        assert any(max(abs(a - b) for a, b in zip(one.as_list(), frame.as_list(), strict=True)) <= 6 for one in found)


def test_sketches_that_stand_apart_are_cut_apart():
    page = blank()
    for x, y in ((180, 40), (520, 40), (180, 540), (520, 540)):
        figure(page, x, y)
    found = cut(page)
    assert len(found) == 4
    assert all(one.x1 <= 350 or one.x0 >= 350 for one in found)


FRAMES = [Box(40, 40, 660, 330), Box(40, 356, 340, 620), Box(366, 356, 660, 620), Box(40, 646, 660, 960)]


def hatched(frames: list[Box]) -> np.ndarray:
    """Panels full of short strokes; gutters and margins are white, and every frame has two holes."""
    page, rng = blank(), np.random.default_rng(7)
    for one in frames:
        x, y = (rng.integers(low + 6, high - 16, 2500) for low, high in ((one.x0, one.x1), (one.y0, one.y1)))
        for start, step in zip(np.stack([x, y], axis=1), rng.integers(2, 9, (2500, 2)), strict=True):
            cv2.line(page, start.tolist(), (start + step).tolist(), 0, 1)
        cv2.rectangle(page, (one.x0, one.y0), (one.x1 - 1, one.y1 - 1), 0, 3)
        middle = (one.x0 + one.x1) // 2
        page[one.y0 - 3 : one.y0 + 4, middle : middle + 60] = 255
        page[one.y1 - 60 : one.y1 - 20, one.x1 - 4 : one.x1 + 3] = 255
    return page


def test_white_gutters_part_panels_of_dense_strokes_whose_frames_have_holes():
    rgb = pictures(hatched(FRAMES))
    found = panel_boxes(SimpleNamespace(size=256), rgb, "auto", read_line_art(rgb))
    assert len(found) == len(FRAMES)
    for one, frame in zip(found, FRAMES, strict=True):
        assert np.abs(np.subtract(one.as_list(), frame.as_list())).max() <= 4


def test_panels_of_a_strip_between_which_a_balloon_hides_the_gutter_are_coloured_like_those_beside_them():
    strip = np.full((2400, 700), 255, np.uint8)
    frames = [
        (40, 40, 660, 500),
        (40, 520, 340, 1000),
        (352, 520, 660, 1000),
        (40, 1020, 660, 1500),
        (40, 1520, 660, 2360),
    ]
    for x0, y0, x1, y1 in frames:
        cv2.rectangle(strip, (x0, y0), (x1 - 1, y1 - 1), 90, -1)
        cv2.rectangle(strip, (x0, y0), (x1 - 1, y1 - 1), 0, 4)
    for colour, thickness in ((255, -1), (0, 3)):
        cv2.ellipse(strip, (280, 510), (240, 40), 0, 0, 360, colour, thickness)
    rgb = pictures(strip)
    unsure = [panel.box for panel in find_panels(rgb) if panel.confidence < 0.5]
    assert len(unsure) == 3
    found = panel_boxes(SimpleNamespace(size=256), rgb, "auto", read_line_art(rgb))
    assert len(found) == 5 and set(unsure) < set(found)


def test_what_is_found_at_a_low_confidence_is_a_panel_only_beside_several_sure_ones():
    sure, other, low = (Panel(Box(0, y, 90, y + 80), share) for y, share in ((0, 0.9), (100, 0.5), (200, 0.49)))
    caption = Panel(Box(0, 300, 90, 330), 1.0, "text")
    assert confident([sure, low, other]) == [sure, low, other]
    assert confident([sure, caption, low]) == [sure, caption] and confident([low]) == []
