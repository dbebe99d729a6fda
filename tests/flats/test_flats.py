"""Line art to regions and colours: what is one region, what is two, and who has which colour."""

import tracemalloc

import cv2
import numpy as np
import pytest

from comicdata.flats import Painted, Regions, find_regions, paint
from comicdata.flats.hints import Area, Hint, Stroke, no_hints
from comicdata.records import Box

RED, GREEN, BLUE = (255, 0, 0), (0, 200, 0), (0, 0, 250)


def paper(height: int = 200, width: int = 300) -> np.ndarray:
    return np.full((height, width), 255, np.uint8)


def two_boxes() -> np.ndarray:
    """Paper with two boxes that share a wall: their insides are (43..137) and (143..237) across, (43..157) down."""
    line = paper()
    cv2.rectangle(line, (40, 40), (240, 160), 0, 5)
    cv2.line(line, (140, 40), (140, 160), 0, 5)
    return line


def label(regions: Regions, x: int, y: int) -> int:
    return int(regions.labels[y, x])


def test_boxes_and_paper_are_regions_in_order_of_appearance() -> None:
    regions = find_regions(two_boxes())
    assert regions.count == 3 and regions.labels.dtype == np.int32
    assert (label(regions, 5, 5), label(regions, 90, 100), label(regions, 190, 100)) == (1, 2, 3)
    assert set(np.unique(regions.labels)) == {1, 2, 3}  # nothing is unpainted, ink included
    assert regions.areas.tolist() == [0, *(int((regions.labels == one).sum()) for one in (1, 2, 3))]
    assert regions.neighbours.pairs.tolist() == [[1, 2], [1, 3], [2, 3]]
    assert regions.neighbours.open.tolist() == [0, 0, 0]


def test_a_gap_is_closed_and_a_loose_stroke_is_no_wall() -> None:
    line = two_boxes()
    line[90:102, 135:146] = 255
    cv2.line(line, (70, 80), (100, 120), 0, 4)
    regions = find_regions(line)
    assert regions.count == 3 and label(regions, 90, 70) != label(regions, 190, 100)
    assert find_regions(line, gap=0).count == 2
    one, two = sorted((label(regions, 60, 100), label(regions, 190, 100)))
    at = regions.neighbours.pairs.tolist().index([one, two])
    assert 8 <= regions.neighbours.open[at] <= 16


def test_no_region_crosses_a_gutter_and_outside_panels_is_nothing() -> None:
    panels = [Box(160, 0, 300, 200), Box(0, 0, 140, 200)]
    regions = find_regions(paper(), panels)
    assert (label(regions, 200, 5), label(regions, 20, 5), label(regions, 150, 100)) == (1, 2, 0)
    assert regions.count == 2 and not (regions.labels[:, 140:160]).any()


def test_hinted_regions_have_exactly_the_colour_and_others_their_default() -> None:
    regions = find_regions(two_boxes())
    plain = paint(regions)
    painted = paint(regions, [Hint(90, 100, 4, RED)])
    assert painted.image()[100, 90].tolist() == list(RED)
    assert painted.hinted.tolist() == [2] and painted.unsure.tolist() == [1, 3]
    assert (painted.colours[[1, 3]] == plain.colours[[1, 3]]).all()
    assert len(np.unique(plain.colours[1:], axis=0)) == 3


def test_a_second_round_changes_only_what_it_reaches() -> None:
    regions = find_regions(two_boxes())
    first = paint(regions, [Hint(90, 100, 4, RED)])
    second = paint(regions, [Hint(90, 100, 4, RED), Hint(190, 100, 4, BLUE)], previous=first)
    assert (second.colours != first.colours).any(1).tolist() == [False, False, False, True]


def test_a_second_round_counts_over_the_first_where_it_says_something_else() -> None:
    regions = find_regions(two_boxes())
    first = paint(regions, [Hint(90, 100, 9, RED), Hint(190, 100, 9, GREEN)])
    second = paint(regions, [Hint(90, 120, 1, BLUE)], previous=first)
    assert second.given == {2: BLUE, 3: GREEN} and second.notes == ()
    assert (second.colours != first.colours).any(1).tolist() == [False, False, True, False]
    assert second.hinted.tolist() == [2, 3] and second.unsure.tolist() == [1]


@pytest.mark.parametrize(
    ("hint", "said"), [(Hint(40, 100, 1, RED), "lies on ink"), (Hint(900, 100, 1, RED), "lies outside the picture")]
)
def test_a_hint_on_ink_or_outside_goes_to_the_nearest_region(hint: Hint, said: str) -> None:
    painted = paint(find_regions(two_boxes()), [hint])
    assert len(painted.hinted) == 1 and said in painted.notes[0]


def test_of_two_colours_in_one_region_the_one_with_more_pixels_wins() -> None:
    painted = paint(find_regions(two_boxes()), [Hint(90, 60, 4, GREEN), Hint(90, 100, 9, RED), Hint(90, 140, 5, GREEN)])
    assert painted.colours[2].tolist() == list(RED)
    said = "#ff0000 at (90, 100) covers most of it, so without effect: #00c800 at (90, 60)"
    assert painted.notes == (f"a region has hints of 2 colours: {said}",)


def layer(*shapes: tuple[int, int, int, int, tuple[int, int, int]]) -> np.ndarray:
    hints = no_hints(200, 300)
    for x0, y0, x1, y1, color in shapes:
        hints[y0:y1, x0:x1] = (*color, 255)
    return hints


@pytest.mark.parametrize(
    "hints",
    [
        [Stroke(((60, 60), (200, 140)), 4, BLUE)],
        [Area(((50, 50), (230, 50), (230, 150), (50, 150)), BLUE)],
        layer((60, 90, 220, 110, BLUE)),
        [layer((60, 90, 100, 110, BLUE)), Hint(190, 100, 3, BLUE)],
    ],
)
def test_strokes_areas_and_layers_colour_every_region_they_run_through(hints: object) -> None:
    painted = paint(find_regions(two_boxes()), hints)
    assert painted.hinted.tolist() == [2, 3] and (painted.colours[2:] == BLUE).all()


def test_a_brush_that_slips_over_a_line_means_one_region() -> None:
    assert paint(find_regions(two_boxes()), layer((90, 90, 150, 150, BLUE))).hinted.tolist() == [2]


def test_white_regions_are_white_unless_hinted_and_defaults_come_from_the_palette() -> None:
    regions = find_regions(two_boxes())
    painted = paint(regions, palette=[GREEN, BLUE], white={1, 3})
    assert painted.colours[1:].tolist() in ([[255] * 3, list(GREEN), [255] * 3], [[255] * 3, list(BLUE), [255] * 3])
    assert paint(regions, [Hint(190, 100, 2, RED)], white={1, 3}).colours[3].tolist() == list(RED)
    assert "one colour" in paint(regions, palette=[RED]).notes[0]


@pytest.mark.parametrize("line", [paper(), paper(1, 1), paper() * 0, paper(1, 300) * 0])
def test_empty_and_black_pages_are_one_region(line: np.ndarray) -> None:
    regions = find_regions(line)
    painted = paint(regions, [Hint(0, 0, 3, RED)])
    assert isinstance(painted, Painted) and regions.count == 1 and (painted.image() == RED).all()


def ring(gaps: int = 0, width: int = 5) -> np.ndarray:
    """A circle round (200, 200) of radius 120, cut at evenly spaced places."""
    line = np.full((400, 400), 255, np.uint8)
    cv2.circle(line, (200, 200), 120, 0, width)
    for turn in np.linspace(0, 2 * np.pi, gaps, endpoint=False):
        cv2.circle(line, (round(200 + 120 * np.cos(turn)), round(200 + 120 * np.sin(turn))), 11, 255, -1)
    return line


@pytest.mark.parametrize("gaps", [1, 3, 5])
def test_closings_bend_as_the_line_does(gaps: int) -> None:
    regions = find_regions(ring(gaps))
    assert regions.count == 2
    inside = np.hypot(*(np.indices((400, 400)) - 200)) < 120
    assert ((regions.labels == label(regions, 200, 200)) != inside).sum() < 2500  # half of the line, and a little


def test_strokes_that_stop_short_of_a_line_part_nothing() -> None:
    line = ring()
    for x in (120, 160, 200, 240, 280):
        cv2.line(line, (x, 150), (x, 270), 0, 4)
    assert find_regions(line).count == 2


def test_dust_is_no_line_and_unlit_paper_is_paper() -> None:
    dusty, random = ring(), np.random.default_rng(1)
    dusty[random.integers(0, 400, 300), random.integers(0, 400, 300)] = 0
    assert find_regions(dusty).count == 2
    shaded = (ring().astype(float) * np.linspace(1, 0.5, 400)).astype(np.uint8)
    assert find_regions(shaded).count == 2


def test_a_region_is_never_parted_from_its_neighbour_by_unpainted_pixels() -> None:
    painted = paint(find_regions(ring()), [Hint(200, 200, 5, RED), Hint(5, 5, 2, BLUE)])
    assert {tuple(one) for one in np.unique(painted.image().reshape(-1, 3), axis=0)} == {RED, BLUE}


def test_more_regions_than_sixteen_bits_hold_are_joined_and_said() -> None:
    line = np.full((1820, 1820), 255, np.uint8)
    line[::7] = line[:, ::7] = 0
    regions = find_regions(line)
    assert regions.count == regions.labels.max() == 65_535
    assert regions.notes[0].startswith("67,600 regions are more than a picture of numbers holds")


def test_the_same_drawing_has_the_same_colours_at_most_24() -> None:
    line = np.full((300, 300), 255, np.uint8)
    line[::15] = line[:, ::15] = 0
    one, two = (paint(find_regions(line)) for _ in range(2))
    assert (one.colours == two.colours).all() and len(np.unique(one.colours[1:], axis=0)) <= 24
    first, second = one.regions.neighbours.pairs.T
    assert (one.colours[first] != one.colours[second]).any(1).all()


def test_a_colour_reaches_what_only_a_gap_parts_and_stops_at_lines() -> None:
    line = paper()
    cv2.rectangle(line, (40, 40), (240, 160), 0, 3)
    cv2.circle(line, (100, 100), 4, 0, 3)  # a fragment, enclosed by one colour
    painted = paint(find_regions(line), [Hint(200, 100, 3, RED)])
    assert painted.colours[label(painted.regions, 100, 100)].tolist() == list(RED)
    assert painted.unsure.tolist() == [1]


def test_specks_among_specks_become_what_lies_around_them() -> None:
    line = paper()
    line[60:140, 60:140] = 0
    line[62:138:6, 62:138:6] = 255  # dots of paper, 1 pixel each, hundreds of them in solid black
    assert find_regions(line).count == 1


def test_a_piece_is_a_region_from_the_square_of_a_line_on() -> None:
    """Lines 9 pixels wide: 81 pixels of paper."""
    line = paper(300, 400)
    cv2.rectangle(line, (40, 40), (360, 260), 0, 9)
    line[100:200, 100:200] = line[100:200, 220:320] = 0
    line[145:152, 145:152] = 255
    line[140:156, 260:276] = 255
    regions = find_regions(line)
    assert regions.count == 3 and label(regions, 148, 148) == label(regions, 60, 60) != label(regions, 268, 148)


def test_what_no_hint_means_looks_like_no_hint_beside_it() -> None:
    regions = find_regions(two_boxes())
    plain = paint(regions)
    red, green, blue = plain.colours[3].tolist()
    painted = paint(regions, [Hint(90, 100, 4, (red - 2, green, blue + 3))], previous=plain)
    moved = np.abs(painted.colours.astype(int) - painted.colours[2]).sum(1)
    assert moved[3] > 60 and (painted.colours[1] == plain.colours[1]).all()
    assert painted.unsure.tolist() == [1, 3]


def test_two_hints_that_look_alike_stay_as_they_are() -> None:
    near = (255, 4, 0)
    painted = paint(find_regions(two_boxes()), [Hint(90, 100, 4, RED), Hint(190, 100, 4, near)])
    assert painted.colours[2:].tolist() == [list(RED), list(near)]


def tall() -> np.ndarray:
    line = np.full((40_000, 30), 255, np.uint8)
    line[::8_000] = 0
    return line


@pytest.mark.parametrize(
    ("hint", "hinted"),
    [
        (Stroke(((5, 100),), 1_000_000, RED), 1),
        (Stroke(((5, 100), (20, 39_000)), 100_000, RED), 5),
        (Stroke(((5, 100), (20, 200)), 2, RED), 1),
        (Hint(5, 39_900, 1_000_000, RED), 1),
        (Area(((5, 100), (25, 100), (25, 39_900), (5, 39_900)), RED), 5),
    ],
)
def test_hints_of_any_size_on_a_drawing_taller_than_what_is_drawn_at_once(hint: object, hinted: int) -> None:
    painted = paint(find_regions(tall(), gap=0), [hint])
    assert len(painted.hinted) == hinted and (painted.colours[painted.hinted] == RED).all()


def test_notes_on_many_hints_are_few() -> None:
    regions = find_regions(two_boxes())
    outside = [Hint(400 + number, 10, 1, RED) for number in range(2000)]
    on_ink = [Hint(40, 100, 1, RED)] * 5
    notes = paint(regions, [*outside, *on_ink]).notes
    assert len(notes) == 11 and "1,995 more hints: outside the picture" in notes
    assert sum("on ink" in note for note in notes) == 5
    colours = [Hint(90, 60 + number % 90, 1, (number % 256, number // 256, 9)) for number in range(1000)]
    (note,) = paint(regions, colours).notes
    assert "hints of 1000 colours" in note and note.endswith(" and more") and len(note) < 300


def test_a_painted_hint_outside_all_panels_goes_to_the_nearest_region_and_where_there_is_none_nowhere() -> None:
    hints = layer((200, 60, 220, 70, RED))
    painted = paint(find_regions(two_boxes(), [Box(0, 0, 140, 200), Box(250, 0, 300, 200)]), hints)
    assert (painted.colours[painted.hinted] == RED).all() and len(painted.hinted) == 1
    assert painted.notes == ("a hint painted at (200, 60) lies outside the panels; the nearest region has its colour",)
    nothing = paint(find_regions(two_boxes(), []), hints)
    assert not len(nothing.hinted)
    assert nothing.notes == ("a hint painted at (200, 60) lies outside the panels; there is no region",)
    assert paint(find_regions(two_boxes()), hints).notes == ()


def test_a_palette_of_ten_thousand_colours_needs_no_table_of_all_pairs() -> None:
    palette = [(number % 256, number // 256, 90) for number in range(10_000)]
    tracemalloc.start()
    painted = paint(find_regions(two_boxes()), palette=palette)
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()
    assert {tuple(one) for one in painted.colours[1:].tolist()} <= set(palette)
    assert len(np.unique(painted.colours[1:], axis=0)) == 3


def test_a_small_eye_does_not_take_the_colour_of_the_skin_around_it():
    line = np.full((160, 160), 255, np.uint8)
    cv2.circle(line, (80, 80), 70, 0, 3)
    cv2.ellipse(line, (60, 70), (10, 13), 0, 0, 360, 0, 2)
    cv2.ellipse(line, (60, 70), (4, 6), 0, 0, 360, 0, -1)
    regions = find_regions(line)
    painted = paint(regions, [Hint(90, 110, 4, (250, 210, 180))])
    colour = painted.colours[regions.labels]
    assert tuple(colour[110, 90]) == (250, 210, 180) != tuple(colour[70, 53])
