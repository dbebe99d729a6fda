"""The paper of a page: what is flooded from its border, paper that is made plain, pictures torn by balloons."""

from collections.abc import Callable

import cv2
import numpy as np

from comicdata.panels import find_panels
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


def test_only_clean_bands_beside_a_frame_are_paper_where_specks_fill_it():
    specks = np.full((240, 200), 255, np.uint8)
    specks[20:100:5, 20:180:5] = specks[120:220:5, 20:180:5] = 0
    assert not paper_flood(specks, dark=False).any()  # no frame around them
    framed = specks.copy()
    for y0, y1 in ((14, 104), (112, 226)):
        framed[[y0, y1 - 1], 14:186] = framed[y0:y1, [14, 185]] = 0
        framed[y0, 60:120] = framed[y0 + 30 : y0 + 34, 14] = 255
    flood = paper_flood(framed, dark=False)
    expected = np.full_like(framed, 255)
    expected[14:104, 14:186] = expected[112:226, 14:186] = 0
    assert (flood == expected).all()
    assert not paper_flood(framed, dark=True).any()


def test_a_low_picture_that_hangs_on_its_frame_is_no_caption_and_lettering_in_one_is():
    def panel(draw: Callable[[np.ndarray], None]) -> str:
        page = np.full((1400, 1000, 3), 255, np.uint8)
        for y0, y1 in ((40, 560), (860, 1360)):
            page[y0:y1, 40:960] = (90, 140, 200)
        cv2.rectangle(page, (40, 600), (960, 820), (0, 0, 0), 2)
        draw(page)
        return next(one.kind for one in find_panels(page) if 590 < one.box.y0 < 610)

    def arm(page: np.ndarray) -> None:
        line = np.array([(640, 600), (460, 700), (440, 770), (540, 780), (760, 600)])
        cv2.polylines(page, [line], False, (0, 0, 0), 3)

    def words(page: np.ndarray) -> None:
        for y in (680, 740, 800):
            cv2.putText(page, "lettering in a frame", (80, y), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (0, 0, 0), 3)

    assert panel(arm) == "panel" and panel(words) == "text"


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
