"""The paper of a page: what is flooded from its border, paper that is made plain, pictures torn by balloons."""

import cv2
import numpy as np

from comicdata.panels.flood import flooded, paper_flood
from comicdata.panels.tinted import plain_paper
from comicdata.panels.torn import mended
from comicdata.records import Box


def test_paper_is_flooded_from_the_border_and_not_into_a_closed_frame():
    paper = np.full((60, 80), 255, np.uint8)
    paper[20:40, 20:22] = paper[20:40, 48:50] = paper[20:22, 20:50] = paper[38:40, 20:50] = 0
    flood = flooded(paper)
    assert flood[0, 0] == flood[59, 79] == 255
    assert not flood[22:38, 22:48].any() and np.count_nonzero(flood) == 60 * 80 - 20 * 30


def test_the_flood_stays_out_of_a_gap_of_ink_that_reaches_the_border():
    paper = np.zeros((60, 80), np.uint8)
    paper[:10] = 255
    paper[10:60, 40:42] = 255  # a line of ink down to the border, two pixels wide
    assert np.count_nonzero(paper_flood(paper, dark=True)[14:]) == 0
    assert np.count_nonzero(paper_flood(paper, dark=False)[14:]) == 2 * 46


def test_what_is_full_of_specks_is_a_painting_and_no_paper():
    paper = np.full((100, 100), 255, np.uint8)
    assert paper_flood(paper, dark=False).all()
    paper[5:95:6, 5:95:6] = 0  # 225 specks on less than 10,000 pixels
    assert not paper_flood(paper, dark=False).any()


def test_paper_that_darkens_downwards_is_made_plain_and_the_picture_kept():
    rows = np.linspace(250, 200, 300).round().astype(np.uint8)
    image = np.repeat(np.repeat(rows[:, None, None], 240, axis=1), 3, axis=2)
    image[80:220, 60:180] = (30, 90, 160)
    plain = plain_paper(image)
    assert len(np.unique(plain[:40].reshape(-1, 3), axis=0)) == 1
    assert (plain[90:210, 70:170] == (30, 90, 160)).all()


def test_plain_paper_and_cells_of_two_tints_stay_as_they_are():
    plain = np.full((300, 240, 3), 255, np.uint8)
    tints = plain.copy()
    tints[:150, :120] = tints[150:, 120:] = 180
    assert plain_paper(plain) is plain and plain_paper(tints) is tints


def outline(*corners: tuple[int, int]) -> tuple[np.ndarray, Box]:
    contour = np.array(corners, np.int32)[:, None]
    x, y, w, h = cv2.boundingRect(contour)
    return contour, Box(x, y, x + w, y + h)


def test_the_interlocking_halves_of_a_torn_picture_are_one_and_neighbours_stay_two():
    left = outline((0, 0), (70, 0), (40, 50), (70, 100), (0, 100))  # the balloons bit into its right side
    right = outline((75, 0), (120, 0), (120, 100), (75, 100), (45, 50))
    beside = outline((75, 0), (120, 0), (120, 100), (75, 100))
    ((contours, around),) = mended([left, right])
    assert len(contours) == 2 and around == Box(0, 0, 121, 101)
    assert [box for _, box in mended([left, beside])] == [left[1], beside[1]]
