"""How sure a panel is: gutters, lines and other panels around it, and whether anything fills it."""

import cv2
import numpy as np
import pytest

from comicdata.drawn.scenes import paint
from comicdata.panels import find_panels, make_strips
from comicdata.panels.paper import solid_confidence
from comicdata.panels.rules import RULES


def sure(image):
    (strip,) = make_strips([image], "page")
    return [panel.confidence for panel in find_panels(strip)]


def test_panels_that_share_a_line_are_nearly_as_sure_as_those_beside_a_gutter():
    page = np.full((1400, 1000, 3), 255, np.uint8)
    for number, (y0, y1, x0, x1) in enumerate([(40, 600, 40, 480), (40, 600, 520, 960), (640, 1360, 40, 500)]):
        page[y0:y1, x0:x1] = paint(np.random.default_rng(number), x1 - x0, y1 - y0) // 2  # dark: it fills its box
        cv2.rectangle(page, (x0, y0), (x1 - 1, y1 - 1), (0, 0, 0), 6)
    page[640:1360, 500:960] = paint(np.random.default_rng(9), 460, 720) // 2
    cv2.rectangle(page, (497, 640), (959, 1359), (0, 0, 0), 6)
    found = sure(page)
    assert len(found) == 4 and found[:2] == [1, 1]
    one_side = (3 + RULES.adjoining_confidence) / 4
    assert found[2:] == pytest.approx([one_side] * 2, abs=0.02)


def test_a_frame_or_paint_makes_a_box_sure_and_a_figure_alone_does_not():
    drawing = np.full((300, 200), 255, np.uint8)  # 255 where it is paper
    cv2.circle(drawing, (100, 150), 60, 0, 3)
    assert solid_confidence(drawing) == RULES.loose_confidence
    cv2.rectangle(drawing, (0, 0), (199, 299), 0, 3)
    assert solid_confidence(drawing) == 1
    assert solid_confidence(np.zeros((300, 200), np.uint8)) == 1
