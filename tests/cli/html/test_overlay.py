"""Overlays: every label can be read, whatever lies beneath it, and unsure panels are told from sure ones."""

import numpy as np
import pytest

from comicdata.cli.html.pieces import LETTERING, SURE, UNSURE_PANEL, overlay
from comicdata.records import Box, Panel

PAGE = np.full((900, 700, 3), 255, np.uint8)


def area(image, colour):
    """Rows and columns of all pixels of a colour."""
    return np.nonzero((image == colour).all(2))


@pytest.mark.parametrize(
    ("panel", "colour"),
    [
        (Panel(Box(100, 100, 500, 500), 0.9, "panel"), SURE),
        (Panel(Box(100, 100, 500, 500), 0.89, "panel"), UNSURE_PANEL),
        (Panel(Box(100, 100, 500, 500), 0.2, "text"), LETTERING),
    ],
)
def test_the_colour_of_a_frame_says_how_sure_it_is(panel, colour):
    drawn = overlay(PAGE, [panel])
    assert tuple(drawn[300, 100]) == colour and (drawn[300, 300] == 255).all() and (PAGE == 255).all()
    others = {SURE, UNSURE_PANEL, LETTERING} - {colour}
    assert not any(area(drawn, other)[0].size for other in others)


@pytest.mark.parametrize("ground", [0, 255, SURE, UNSURE_PANEL])
def test_a_label_is_white_on_a_plate_whatever_is_drawn_there(ground):
    page = np.empty_like(PAGE)
    page[:] = ground
    plate = overlay(page, [Panel(Box(100, 100, 500, 500), 1.0, "panel")])[104:116, 104:150].reshape(-1, 3)
    assert (plate == 255).all(1).any() and (plate == SURE).all(1).mean() > 0.3
    assert (plate.min(1) >= 30).all()  # nothing of the page: between the plate and its words


def test_labels_of_boxes_with_one_corner_do_not_cover_each_other():
    box = Box(100, 100, 500, 500)
    one, two = (overlay(PAGE, [Panel(box, 1.0, "panel"), Panel(Box(100, 100, 480, right), 0.5, "panel")])
                for right in (480, 460))  # fmt: skip
    for drawn in (one, two):
        rows, columns = area(drawn, SURE)
        assert ((rows < 125) & (rows > 104) & (columns > 104) & (columns < 150)).sum() > 200  # the first, at the corner
        rows, columns = area(drawn, UNSURE_PANEL)
        assert ((rows < 125) & (columns > 400)).sum() > 200  # the second, at the next one


def test_a_panel_smaller_than_its_label_at_the_edge_is_drawn():
    assert overlay(PAGE, [Panel(Box(695, 895, 700, 900), 1.0, "panel")]).shape == PAGE.shape
