"""Panels of drawn strips and pages with known boxes, and of real comics where they are at hand."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from comicdata.drawn import cut_slices, draw_episode
from comicdata.images import read_image
from comicdata.panels import cut_panel, find_layout, find_panels, make_strips, pictures_of
from comicdata.panels.reading import reading_order
from comicdata.panels.score import iou, matched, score
from comicdata.records import Box

COMICS = Path(__file__).parents[2].parent / "shared" / "comics"


def boxes_of(strip):
    return [panel.box for panel in find_panels(strip) if panel.kind == "panel"]


def textured(height, width, seed=0):
    """A picture without flat rows or columns."""
    rng = np.random.default_rng(seed)
    small = rng.integers(30, 226, (max(2, height // 20), max(2, width // 20), 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def canvas_with(boxes, width=600, height=2000, gutter=(255, 255, 255)):
    canvas = np.empty((height, width, 3), np.uint8)
    canvas[:] = gutter
    for index, box in enumerate(boxes):
        canvas[box.y0 : box.y1, box.x0 : box.x1] = textured(box.height, box.width, index)
    return canvas


STACK = [Box(0, 50, 600, 500), Box(30, 580, 570, 900), Box(0, 920, 600, 1900)]


@pytest.mark.parametrize("gutter", [(255, 255, 255), (0, 0, 0), (250, 240, 200), (140, 190, 220)])
def test_panels_between_gutters_of_any_flat_colour(gutter):
    (strip,) = make_strips([canvas_with(STACK, gutter=gutter)], "strip")
    assert boxes_of(strip) == STACK


def test_gradient_gutter():
    canvas = canvas_with(STACK)
    rows = np.rint(np.linspace((255, 220, 200), (180, 220, 255), 2000)).astype(np.uint8)[:, None]
    for box in [Box(0, 0, 600, 50), Box(0, 500, 600, 580), Box(0, 900, 600, 920), Box(0, 1900, 600, 2000)]:
        canvas[box.y0 : box.y1] = rows[box.y0 : box.y1]
    canvas[580:900, :30], canvas[580:900, 570:] = rows[580:900], rows[580:900]
    (strip,) = make_strips([canvas], "strip")
    assert score(boxes_of(strip), STACK, 0.9).f1 == 1


def test_columns_inside_a_row_are_read_left_to_right():
    boxes = [Box(20, 40, 290, 500), Box(310, 40, 580, 250), Box(310, 270, 580, 500), Box(20, 540, 580, 900)]
    (strip,) = make_strips([canvas_with(boxes, height=960)], "strip")
    assert boxes_of(strip) == boxes


def test_two_full_bleed_panels_without_a_gutter_are_cut_at_low_confidence():
    strip_image = np.concatenate([textured(500, 600, 1) // 3, 120 + textured(520, 600, 2) // 2])
    (strip,) = make_strips([strip_image], "strip")
    panels = find_panels(strip)
    assert [panel.box.as_list() for panel in panels] == [[0, 0, 600, 500], [0, 500, 600, 1020]]
    assert all(panel.confidence < 0.5 for panel in panels)


def test_flat_art_under_a_white_gutter_stays_in_its_panel():
    canvas = canvas_with(STACK)
    canvas[920:1100] = (120, 180, 230)  # a flat sky
    (strip,) = make_strips([canvas], "strip")
    assert boxes_of(strip) == STACK


def test_the_thick_line_of_a_frame_beside_a_gutter_is_part_of_the_panel():
    canvas = canvas_with(STACK)
    canvas[920:926] = canvas[1894:1900] = 0
    (strip,) = make_strips([canvas], "strip")
    assert boxes_of(strip) == STACK


def test_lettering_in_the_gutter_is_text():
    canvas = canvas_with([Box(0, 20, 600, 500), Box(0, 720, 600, 1200)], height=1240)
    cv2.putText(canvas, "MEANWHILE ...", (140, 620), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (0, 0, 0), 3)
    (strip,) = make_strips([canvas], "strip")
    kinds = [panel.kind for panel in find_panels(strip)]
    assert kinds.count("panel") == 2 and boxes_of(strip) == [Box(0, 20, 600, 500), Box(0, 720, 600, 1200)]


@pytest.mark.parametrize("seed", range(3))
def test_the_drawn_comic_is_found_and_file_borders_do_not_matter(seed):
    found, truth = [], []
    for number in (1, 2):
        episode = draw_episode(seed, number)
        results = []
        for cut in (1, 2):
            slices = cut_slices(episode.strip, cut)
            (strip,) = make_strips(slices)
            assert strip.layout == "strip" and (strip.image == episode.strip).all()
            results.append(find_panels(strip))
        assert results[0] == results[1]
        shift = 10_000 * number
        found += [Box(b.x0, b.y0 + shift, b.x1, b.y1 + shift) for b in boxes_of(strip)]
        truth += [Box(p.box.x0, p.box.y0 + shift, p.box.x1, p.box.y1 + shift) for p in episode.panels]
    assert score(found, truth, 0.5).f1 >= 0.97
    assert score(found, truth, 0.9).f1 >= 0.9


def page(boxes, **options):
    return canvas_with(boxes, width=1000, height=1450, **options)


GRID = [Box(40, 40, 480, 500), Box(510, 40, 960, 500), Box(40, 540, 960, 900), Box(40, 940, 300, 1400)]
GRID += [Box(330, 940, 960, 1400)]


@pytest.mark.parametrize("gutter", [(255, 255, 255), (10, 10, 10), (244, 236, 214)])
def test_a_page_grid_in_reading_order(gutter):
    (strip,) = make_strips([page(GRID, gutter=gutter)], "page")
    found = boxes_of(strip)
    assert [max(range(5), key=lambda j, box=box: iou(box, GRID[j])) for box in found] == [0, 1, 2, 3, 4]
    assert score(found, GRID, 0.9).f1 == 1


def test_a_balloon_that_bridges_a_gutter_does_not_join_two_panels():
    image = page(GRID)
    cv2.ellipse(image, (250, 520), (110, 60), 0, 0, 360, (255, 255, 255), -1)
    cv2.ellipse(image, (250, 520), (110, 60), 0, 0, 360, (0, 0, 0), 4)
    (strip,) = make_strips([image], "page")
    assert score(boxes_of(strip), GRID, 0.75).f1 == 1


def framed(canvas, box):
    """White paper in a black frame, with some lines."""
    cv2.rectangle(canvas, (box.x0, box.y0), (box.x1 - 1, box.y1 - 1), (0, 0, 0), 3)
    middle = ((box.x0 + box.x1) // 2, (box.y0 + box.y1) // 2)
    cv2.circle(canvas, middle, min(box.width, box.height) // 3, (0, 0, 0), 2)


def balloon(canvas, middle, axes):
    cv2.ellipse(canvas, middle, axes, 0, 0, 360, (255, 255, 255), -1)
    cv2.ellipse(canvas, middle, axes, 0, 0, 360, (0, 0, 0), 3)


@pytest.mark.parametrize("order", ["ltr", "rtl"])
def test_a_balloon_over_an_upright_gutter_does_not_join_two_framed_panels(order):
    canvas = np.full((800, 600, 3), 255, np.uint8)
    boxes = [Box(20, 40, 240, 360), Box(248, 40, 580, 360), Box(20, 400, 580, 760)]
    for box in boxes:
        framed(canvas, box)
    balloon(canvas, (245, 120), (70, 60))
    (strip,) = make_strips([canvas], "strip")
    found = [panel.box for panel in find_panels(strip, order)]
    assert score(found, boxes, 0.95).f1 == 1
    assert [box.x0 > 100 for box in found] == ([False, True, False] if order == "ltr" else [True, False, False])


def test_a_bright_stripe_in_a_picture_is_no_upright_gutter():
    canvas = canvas_with([Box(0, 40, 600, 500)], height=540)
    canvas[300:500, 300:307] = 255
    assert boxes_of(make_strips([canvas], "strip")[0]) == [Box(0, 40, 600, 500)]


def test_frames_on_white_paper_are_found_where_the_strip_then_turns_black():
    canvas = np.zeros((1500, 600, 3), np.uint8)
    canvas[:820] = 255
    boxes = [Box(30, 40, 570, 380), Box(30, 400, 570, 780)]
    for box in boxes:
        framed(canvas, box)
    balloon(canvas, (450, 390), (80, 60))
    canvas[800:1200] = textured(400, 600)
    balloon(canvas, (200, 790), (60, 50))
    (strip,) = make_strips([canvas], "strip")
    assert score(boxes_of(strip), [*boxes, Box(0, 800, 600, 1200)], 0.9).f1 == 1


def test_a_page_without_gutters_is_one_panel_at_low_confidence():
    (strip,) = make_strips([textured(1450, 1000)], "page")
    (panel,) = find_panels(strip)
    assert panel.box == Box(0, 0, 1000, 1450) and panel.confidence < 0.5


def test_figures_without_frames_beside_filled_panels_are_panels_with_the_paper_around_none():
    image = np.full((1450, 1000, 3), 255, np.uint8)
    filled = [Box(60, 900, 460, 1390), Box(500, 900, 940, 1390)]
    figures = [Box(100, 200, 400, 660), Box(560, 160, 900, 660)]
    for box in filled:
        image[box.y0 : box.y1, box.x0 : box.x1] = (60, 120, 170)
        cv2.rectangle(image, (box.x0, box.y0), (box.x1 - 1, box.y1 - 1), (0, 0, 0), 3)
    for box in figures:
        middle = (box.x0 + box.x1) // 2
        corners = np.array([(middle, box.y0), (box.x0, box.y1 - 1), (box.x1 - 1, box.y1 - 1)])
        cv2.fillPoly(image, [corners], (190, 90, 60))
    (strip,) = make_strips([image], "page")
    assert score(boxes_of(strip), [*filled, *figures], 0.9).f1 == 1


def test_reading_order_of_an_inset_row():
    shuffled = [GRID[i] for i in (4, 2, 0, 3, 1)]
    assert reading_order(shuffled) == GRID


def test_layouts():
    strip = canvas_with(STACK)
    assert find_layout([strip[:700], strip[700:1300], strip[1300:]]) == "strip"
    assert find_layout([page(GRID), page(GRID), page(GRID)]) == "page"  # equally wide pages are no strip
    assert find_layout([textured(1450, 1000, seed) for seed in range(4)]) == "page"  # full-bleed pages break off
    assert find_layout([strip]) == "strip"
    assert find_layout([textured(560, 567)]) == "single"
    assert find_layout([page(GRID)]) == "page"


def test_slices_of_odd_width_are_brought_to_the_common_one():
    strip = canvas_with(STACK)
    odd = cv2.resize(strip[700:1300], (300, 300), interpolation=cv2.INTER_AREA)
    (stitched,) = make_strips([strip[:700], odd, strip[1300:]], "strip")
    assert stitched.image.shape == (2000, 600, 3) and stitched.tops == (0, 700, 1300)


def test_the_pictures_a_box_touches():
    (strip,) = make_strips([canvas_with(STACK)[y : y + 500] for y in range(0, 2000, 500)], "strip")
    assert pictures_of(strip, Box(0, 0, 600, 500)) == (0,)
    assert pictures_of(strip, Box(0, 499, 600, 1001)) == (0, 1, 2)
    assert cut_panel(strip, Box(10, 20, 40, 90)).shape == (70, 30, 3)


@pytest.mark.parametrize("layout", ["auto", "strip", "page", "single"])
def test_one_pixel_and_a_blank_picture(layout):
    for picture in (np.zeros((1, 1, 3), np.uint8), np.full((900, 600, 3), 255, np.uint8)):
        (strip,) = make_strips([picture], layout)
        for panel in find_panels(strip):
            assert panel.box.x1 <= picture.shape[1] and panel.box.y1 <= picture.shape[0]


def test_a_long_low_picture_of_noise_is_one_unsure_panel():
    noise = np.random.default_rng(0).integers(0, 256, (40, 20_000, 3), dtype=np.uint8)
    (panel,) = find_panels(make_strips([noise], "page")[0])
    assert panel.box == Box(0, 0, 20_000, 40) and panel.confidence < 0.5


def test_scores_by_hand():
    a, b, far = Box(0, 0, 10, 10), Box(0, 0, 10, 8), Box(50, 50, 60, 60)
    assert iou(a, b) == 0.8 and iou(a, far) == 0
    assert matched([a, b], [a], 0.5) == 1
    assert score([a, far], [a], 0.5).precision == 0.5 and score([a], [a, far], 0.5).recall == 0.5


def test_pepper_and_carrot_17_against_boxes_drawn_by_hand():
    folder = COMICS / "pepper-and-carrot-e17-guided"
    if not folder.is_dir():
        pytest.skip("the comics are not beside this checkout")
    right = total = 0
    for name, truth in json.loads((folder / "panels.json").read_text())["pages"].items():
        (strip,) = make_strips([read_image(folder / name)], "page")
        scale = np.array(strip.image.shape[1::-1]) / 100
        corners = [(np.array([x, y, x + w, y + h]) * [*scale, *scale]).round().astype(int) for x, y, w, h in truth]
        right += matched(boxes_of(strip), [Box(*corner.tolist()) for corner in corners], 0.7)
        total += len(truth)
    assert total == 27 and right >= 24
