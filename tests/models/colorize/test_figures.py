"""Paper around figures without a frame keeps its tone, and with --recolor no old colour is left."""

import cv2
import numpy as np
import pytest
from small_runs import save_run

from comicdata.flats.hints import Hint
from comicdata.flats.rims import Rim, paper_reached
from comicdata.models.colorize import Colorized, LeftAlone, Wishes, colorize_picture, load_colorizer
from comicdata.models.colorize.figures import framed_sides, open_rim, paper_around, within_frame
from comicdata.records import Box, Panel

FRAMED, FREE = Box(30, 30, 190, 170), Box(230, 30, 390, 170)


@pytest.fixture(scope="module")
def colorizer(tmp_path_factory):
    return load_colorizer(save_run(tmp_path_factory.mktemp("runs") / "palette", width=8, colors=4), "cpu")


def page(paper=(255, 255, 255)):
    """A ball in a frame, and one that stands on the page."""
    picture = np.full((200, 420, 3), paper, np.uint8)
    cv2.rectangle(picture, (FRAMED.x0, FRAMED.y0), (FRAMED.x1 - 1, FRAMED.y1 - 1), (0, 0, 0), 3)
    for box in (FRAMED, FREE):
        cv2.circle(picture, ((box.x0 + box.x1) // 2, 100), 50, (0, 0, 0), 3)
    return picture


def colored(colorizer, picture, wishes=None, **options):
    panels = [Panel(box) for box in (FRAMED, FREE)]
    made = colorize_picture(colorizer, picture, wishes or Wishes(style="flats"), panels=panels, **options)
    assert isinstance(made, Colorized)
    return made


def test_a_rim_is_open_where_no_frame_is_near():
    whole = page()
    assert not open_rim(whole, FRAMED).open.any() and open_rim(whole, Box(27, 27, 193, 173)).open.mean() < 0.01
    assert not open_rim(whole, Box(35, 35, 185, 165)).open.any()
    assert not open_rim(whole, Box(0, 0, 420, 200)).open.any()
    rim = open_rim(whole, FREE).open
    assert rim[0].all() and rim[:, 0].all() and rim.sum() == 2 * (160 + 140) - 4


@pytest.mark.parametrize("rim", [0, 3])
def test_a_framed_panel_of_a_page_is_coloured_as_what_is_cut_out_within_its_frame(colorizer, rim):
    """Whatever rim of paper its box has; the frame and what is beyond stay, and paper below the art is within."""
    whole = page()
    box = Box(FRAMED.x0 - rim, FRAMED.y0 - rim, FRAMED.x1 + rim, FRAMED.y1 + rim)
    made = colorize_picture(colorizer, whole, Wishes(style="flats"), panels=[Panel(box)]).images[0]
    inner = Box(FRAMED.x0 + 3, FRAMED.y0 + 3, FRAMED.x1 - 3, FRAMED.y1 - 3)
    place = slice(inner.y0, inner.y1), slice(inner.x0, inner.x1)
    alone = colorize_picture(colorizer, whole[place], Wishes(style="flats"), layout="single").images[0]
    assert np.array_equal(made[place], alone) and (alone[-5:, 40:80] != 255).any()
    beyond = np.ones(whole.shape[:2], bool)
    beyond[place] = False
    assert np.array_equal(made[beyond], whole[beyond])


def test_a_box_without_a_frame_stays_and_one_with_a_frame_ends_at_it():
    line = cv2.cvtColor(page(), cv2.COLOR_RGB2GRAY)
    assert within_frame(line, FREE) == FREE and framed_sides(line, FREE) == (False,) * 4
    found = within_frame(line, Box(27, 26, 193, 170))  # its lines are five pixels wide, the middle one on FRAMED
    assert found == Box(33, 33, 187, 167) and framed_sides(line, found) == (True,) * 4
    line[:60] = 255  # what is left is one line across, and sides with gaps
    assert within_frame(line, Box(27, 26, 193, 170)) == Box(27, 26, 193, 170)


def test_the_paper_around_is_what_is_open_and_no_body_cut_off_below():
    regions = np.ones((100, 100), np.int32)
    regions[30:, 30:70] = 2  # a bust that ends without a line
    rim = np.zeros((100, 100), bool)
    rim[[0, -1]] = rim[:, [0, -1]] = True
    paper = np.ones_like(rim)
    assert paper_around(regions, Rim(rim, paper)).tolist() == [1]
    assert paper_around(regions, Rim(np.zeros_like(rim), paper)).tolist() == []
    paper[5:95, 5:95] = False  # paint that fades into the paper
    assert paper_around(regions, Rim(rim, paper)).tolist() == []


def test_paper_of_a_picture_in_colour_goes_on_from_the_open_rim_through_gaps_that_are_wide_enough():
    start = np.zeros((60, 60), bool)
    start[0] = True
    paper = np.ones_like(start)
    paper[20:50, [20, 40]] = paper[[20, 49], 20:41] = False
    paper[20, 28:32] = True  # four pixels let nothing through
    assert (paper_reached(paper, start) == paper).sum() == 60 * 60 - 19 * 28
    paper[20, 28:36] = True
    assert paper_reached(paper, start)[35, 30]


def test_paint_without_a_line_around_it_is_coloured_and_the_paper_beside_it_is_not(colorizer):
    picture = page()
    cv2.circle(picture, (310, 100), 56, (255, 255, 255), -1)
    cv2.circle(picture, (310, 100), 40, (250, 214, 204), -1)
    made = colored(colorizer, picture, Wishes(style="flats", layers=True), recolor=True)
    away = np.hypot(*np.mgrid[-100:100, -310:110])
    painted = made.layers["painted"][30:170, 230:390]
    assert painted[away[30:170, 230:390] < 36].all() and not painted[away[30:170, 230:390] > 46].any()


def test_a_figure_without_a_frame_is_coloured_to_its_outline(colorizer):
    made, whole = colored(colorizer, page(), Wishes(style="flats", layers=True)), page()
    outside = np.hypot(*np.mgrid[-100:100, -310:110]) > 54
    outside[:, :210] = False
    assert (made.image[outside] == whole[outside]).all() and not made.layers["painted"][outside][:100].any()
    assert (made.image[100, 310] != 255).any() and (made.image[40, 40] != 255).any()  # the ball, and within the frame
    hinted = Wishes(style="flats", hints=[Hint(240, 40, 2, (10, 200, 30))])
    assert colored(colorizer, page(), hinted).image[160, 240].tolist() == [10, 200, 30]


@pytest.mark.parametrize("framed", [True, False])
def test_paper_around_one_large_panel_stays_paper_where_it_has_a_frame(colorizer, framed):
    picture = np.full((440, 460, 3), 255, np.uint8)
    cv2.rectangle(picture, (40, 40), (420, 400), (0, 0, 0) if framed else (255, 255, 255), 3)
    cv2.circle(picture, (230, 220), 150, (0, 0, 0), 3)
    made = colorize_picture(colorizer, picture, Wishes(style="flats"), layout="page")
    assert isinstance(made, Colorized)
    (box,) = made.panels
    assert (abs(box.x0 - 40) < 4) == framed and (made.image[:36] == 255).all(axis=2).any() == framed


@pytest.mark.parametrize("recolor", [False, True])
def test_paper_between_a_frame_and_the_edge_of_its_panel_stays_paper(colorizer, recolor):
    box, whole = Box(27, 24, 192, 174), page()
    made = colorize_picture(
        colorizer, whole, Wishes(style="flats"), panels=[Panel(box)], recolor=recolor, line_art=not recolor
    )
    outside = np.ones(whole.shape[:2], bool)
    outside[28:172, 28:192] = False
    assert isinstance(made, Colorized) and (made.image[outside] == whole[outside]).all()
    assert (made.image[50, 50] != 255).any()


def test_tinted_paper_stays_tinted_around_a_figure(colorizer):
    cream = (246, 238, 218)
    assert colored(colorizer, page(cream)).image[35, 235].tolist() == list(cream)


def test_an_empty_page_is_left_alone_until_somebody_hints(colorizer):
    blank = np.full((60, 80, 3), (250, 246, 238), np.uint8)
    for recolor in (False, True):
        assert colorize_picture(colorizer, blank, recolor=recolor) == LeftAlone("nothing is drawn on it")
    made = colorize_picture(colorizer, blank, Wishes(style="flats", hints=[Hint(9, 9, 2, (10, 200, 30))]))
    assert isinstance(made, Colorized) and made.image[30, 30].tolist() == [10, 200, 30]


def test_screentone_is_no_line_to_the_model_and_lies_over_the_colours(colorizer):
    picture, dots = page(), page()
    dots[42:160:4, 42:180:4] = dots[43:160:4, 42:180:4] = dots[42:160:4, 43:180:4] = dots[43:160:4, 43:180:4] = 0
    wishes = Wishes(style="flats", layers=True)
    plain, toned = colored(colorizer, picture, wishes), colored(colorizer, dots, wishes)
    assert "tones" not in plain.layers and (toned.layers["tones"] < 128).mean() > 0.03
    clear = np.s_[50:55, 34:38]
    assert (plain.layers["flats"][100, 110] == toned.layers["flats"][100, 110]).all()
    assert (plain.image[clear] == toned.image[clear]).all() and toned.image[122, 102].max() < 30


def test_with_recolor_no_old_colour_is_left_anywhere(colorizer):
    picture = page((250, 240, 120))
    picture[80:120, 80:140], picture[180:196, 10:400] = (20, 200, 40), (230, 40, 200)
    made = colored(colorizer, picture, recolor=True).image
    between = np.ones(made.shape[:2], bool)
    for box in (FRAMED, FREE):
        between[box.y0 : box.y1, box.x0 : box.x1] = False
    assert np.ptp(made[between], axis=1).max() == 0
    assert made[188, 100, 0] == round(0.299 * 230 + 0.587 * 40 + 0.114 * 200)
    inside = {tuple(one) for one in made[~between].tolist()}
    assert not inside & {(250, 240, 120), (20, 200, 40)}
