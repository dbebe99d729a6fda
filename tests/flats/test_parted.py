"""Which boxes a page is cut into, and which paper beside panels stays white."""

import cv2
import numpy as np
import pytest

from comicdata.flats.drawing import Wanted, flat_drawing
from comicdata.flats.hints import Hint
from comicdata.flats.margins import margins
from comicdata.flats.parted import parted
from comicdata.flats.regions import find_regions
from comicdata.records import Box, Panel


def page(height: int = 300, width: int = 400) -> np.ndarray:
    return np.full((height, width), 255, np.uint8)


def across(line: np.ndarray, x0: int, x1: int, *rows: int) -> None:
    for y in rows:
        line[y - 1 : y + 2, x0:x1] = 0


def framed(line: np.ndarray, *boxes: Box) -> None:
    for box in boxes:
        part = line[box.y0 : box.y1, box.x0 : box.x1]
        part[:3] = part[-3:] = part[:, :3] = part[:, -3:] = 0


def finds(monkeypatch: pytest.MonkeyPatch, boxes: list[Box]) -> None:
    monkeypatch.setattr("comicdata.flats.cut.find_panels", lambda strip: [Panel(box, 1.0) for box in boxes])


LEFT, RIGHT, BELOW = Box(20, 20, 190, 140), Box(210, 20, 380, 140), Box(20, 160, 380, 280)


def test_panels_with_frames_and_gutters_stay() -> None:
    line = page()
    framed(line, LEFT, RIGHT, BELOW)
    assert parted([LEFT, RIGHT, BELOW], line == 0) == [LEFT, RIGHT, BELOW]


def test_panels_without_frames_stay_where_nothing_runs_across() -> None:
    line = page()
    for box in (LEFT, RIGHT, BELOW):
        across(line, box.x0, box.x1, box.y0 + 30, box.y0 + 60, box.y0 + 90)
    assert parted([LEFT, RIGHT, BELOW], line == 0) == [LEFT, RIGHT, BELOW]


def test_a_cut_through_lines_of_the_drawing_is_none() -> None:
    line = page()
    framed(line, Box(20, 20, 380, 140), BELOW)
    across(line, 60, 340, 40, 60, 100, 120)
    left, right = Box(20, 20, 200, 140), Box(200, 20, 380, 140)
    assert parted([left, right, BELOW], line == 0) == [Box(20, 20, 380, 140), BELOW]


def test_boxes_that_lie_over_one_another_at_a_slanted_gutter_stay() -> None:
    line = page()
    for x in (205, 215):
        cv2.line(line, (x, 20), (x - 20, 139), 0, 3)
    across(line, 20, 180, 40, 60, 80, 100, 120)
    across(line, 218, 380, 30, 50, 70, 90, 110)
    boxes = [Box(20, 20, 207, 140), Box(195, 20, 380, 140)]
    assert parted(boxes, line == 0) == boxes


def test_a_panel_reaches_to_its_frame_and_not_over_it() -> None:
    line = page()
    framed(line, Box(60, 120, 340, 280))
    for x in range(80, 330, 40):
        line[123:277, x : x + 2] = 0
    assert parted([Box(60, 150, 340, 280)], line == 0) == [Box(60, 120, 340, 280)]


def test_what_lies_between_boxes_of_one_drawing_is_in_it() -> None:
    line = page()
    across(line, 60, 340, 40, 60, 100, 120)
    assert parted([Box(50, 30, 150, 130), Box(260, 30, 350, 130)], line == 0) == [Box(50, 30, 350, 130)]


def test_a_side_that_faces_no_other_reaches_to_where_nothing_is_drawn() -> None:
    line = page()
    across(line, 60, 340, 40, 60, 100, 120)
    assert parted([Box(50, 30, 250, 130), BELOW], line == 0) == [Box(50, 30, 340, 130), BELOW]


def test_a_frame_with_lines_that_end_at_it_on_both_sides_is_a_cut() -> None:
    """Two panels with one line between them."""
    line = page()
    cv2.line(line, (200, 20), (200, 139), 0, 3)
    across(line, 60, 340, 40, 60, 100, 120)
    boxes = [Box(50, 20, 200, 140), Box(200, 20, 350, 140)]
    assert parted(boxes, line == 0) == boxes


@pytest.mark.parametrize("gap", [range(0), range(60, 100)])
def test_a_balloon_with_letters_over_a_gutter_joins_no_panels(gap: range) -> None:
    line = page()
    framed(line, LEFT, RIGHT)
    cv2.ellipse(line, (200, 80), (50, 22), 0, 0, 360, 255, -1)
    cv2.ellipse(line, (200, 80), (50, 22), 0, 0, 360, 0, 2)
    for y in gap[::8]:
        cv2.line(line, (170, y + 4), (230, y + 4), 0, 2)  # words
    assert parted([LEFT, RIGHT], line == 0) == [LEFT, RIGHT]


def test_boxes_at_the_edge_of_the_page_and_none_at_all() -> None:
    line = page()
    line[::20] = 0
    whole = Box(0, 0, 400, 300)
    assert parted([whole], line == 0) == [whole] and parted([], line == 0) == []


def test_paper_outside_a_frame_is_margin_and_the_drawing_is_not() -> None:
    line = page()
    framed(line, LEFT, BELOW)
    cv2.line(line, (20, 240), (380, 240), 0, 3)
    loose = [Box(17, 17, 193, 143), Box(17, 157, 383, 283)]
    regions = find_regions(line, loose)
    found = margins(regions, loose, loose)
    assert found == {int(regions.labels[17, 17]), int(regions.labels[157, 17])}
    assert not found & {int(regions.labels[y, x]) for x, y in ((100, 80), (200, 200), (200, 260))}


def test_a_drawing_that_runs_to_the_edge_of_its_box_has_no_margin() -> None:
    line = page()
    across(line, 0, 400, 100, 200)
    regions = find_regions(line, [Box(0, 0, 400, 300)])
    assert regions.count == 3 and margins(regions, [Box(0, 0, 400, 300)], [Box(0, 0, 400, 300)]) == set()


def test_a_gutter_within_a_box_that_was_two_is_margin() -> None:
    line = page()
    framed(line, LEFT, RIGHT)
    both = Box(20, 20, 380, 140)
    regions = find_regions(line, [both])
    assert margins(regions, [LEFT, RIGHT], [both]) == {int(regions.labels[80, 200])}


def test_panels_that_a_person_gave_are_cut_as_they_are() -> None:
    line = page()
    across(line, 20, 380, 40, 60, 100, 120, 200)
    boxes = [Box(0, 0, 200, 300), Box(200, 0, 400, 300)]
    drawn = flat_drawing(np.repeat(line[..., None], 3, 2), "page", Wanted(panels=boxes, line_art=True))
    labels = drawn.painted.regions.labels
    assert all(labels[y, 190] != labels[y, 210] for y in (30, 80, 250))


def test_a_drawing_that_the_finder_parts_is_flat_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    line = page()
    across(line, 0, 400, 40, 60, 100, 120)
    halves = [Box(0, 20, 200, 140), Box(200, 20, 400, 140)]
    finds(monkeypatch, halves)
    drawn = flat_drawing(np.repeat(line[..., None], 3, 2), "page", Wanted(line_art=True))
    assert all(len(np.unique(drawn.painted.regions.labels[y])) == 1 for y in (50, 80, 110, 200))


def test_rounds_of_hints_in_their_order() -> None:
    line = page()
    across(line, 0, 400, 100)
    first = [Hint(50, 50, 20, (255, 0, 0)), Hint(50, 200, 20, (0, 0, 255))]
    wanted = Wanted([first, [Hint(300, 50, 2, (0, 200, 0))]], layout="single", line_art=True)
    image = flat_drawing(np.repeat(line[..., None], 3, 2), "page", wanted).painted.image()
    assert image[50, 50].tolist() == [0, 200, 0] and image[200, 50].tolist() == [0, 0, 255]


def test_a_slanted_gutter_within_a_box_is_margin_and_a_wide_field_at_its_edge_is_not() -> None:
    line = page()
    framed(line, Box(20, 20, 380, 140))
    for x in (190, 204):
        cv2.line(line, (x, 20), (x - 20, 139), 0, 3)
    line[20:23, 186:203] = line[137:140, 174:183] = 255  # the frames end at the gutter
    both = Box(20, 20, 380, 140)
    regions = find_regions(line, [both])
    found = margins(regions, [Box(20, 20, 195, 140), Box(180, 20, 380, 140)], [both])
    assert found == {int(regions.labels[80, 187])} and regions.count == 3
    across(line, 20, 23, 60)
    line[30:50, 20:23] = 255  # a frame with a hole
    regions = find_regions(line, [both])
    assert int(regions.labels[80, 100]) not in margins(regions, [Box(20, 20, 195, 140)], [both])


@pytest.mark.parametrize(("lines", "cut", "said"), [(0, True, False), (1, True, True), (2, False, False)])
def test_what_is_drawn_outside_the_panels_is_said_or_the_page_is_one_drawing(monkeypatch, lines, cut, said) -> None:
    line = page(300, 200)
    across(line, 10, 90, 50)
    across(line, 110, 190, 50)
    across(line, 20, 180, *(150, 200)[:lines])  # each as much as what both panels hold
    halves = [Box(0, 0, 100, 100), Box(100, 0, 200, 100)]
    finds(monkeypatch, halves)
    drawn = flat_drawing(np.repeat(line[..., None], 3, 2), "page", Wanted())
    assert (drawn.painted.regions.labels[290, 5] == 0) == cut
    assert [note[:42] for note in drawn.notes] == ["50% of what is drawn lies outside the pane"] * said
