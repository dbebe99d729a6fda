"""Which way a comic is read, and double pages page by page; a hand-made order of a real comic."""

import json
from pathlib import Path

import pytest

from comicdata.images import read_image
from comicdata.panels import find_panels
from comicdata.panels.order import find_order, is_double_page, read_pages
from comicdata.panels.score import iou
from comicdata.records import Box, Panel

GUIDED = Path(__file__).parents[2].parent / "shared" / "comics" / "pepper-and-carrot-e17-guided"


@pytest.mark.parametrize(
    ("asked", "said", "language", "layout", "direction", "word"),
    [
        ("auto", "", "", "page", "ltr", "nothing says otherwise"),
        ("auto", "rtl", "", "page", "rtl", "YesAndRightToLeft"),
        ("auto", "rtl", "en", "strip", "rtl", "YesAndRightToLeft"),
        ("auto", "ltr", "ja", "page", "ltr", "Manga No"),
        ("auto", "", "ja", "page", "rtl", "language is ja"),
        ("auto", "", "ja-JP", "single", "rtl", "language is ja-JP"),
        ("auto", "", "ja", "strip", "ltr", "a strip"),
        ("auto", "", "ko", "page", "ltr", "language is ko"),
        ("auto", "", "jam", "page", "ltr", "language is jam"),
        ("ltr", "rtl", "ja", "page", "ltr", "asked"),
        ("rtl", "ltr", "en", "strip", "rtl", "asked"),
    ],
)
def test_the_order_and_why(asked, said, language, layout, direction, word):
    order = find_order(asked, said=said, language=language, layout=layout)
    assert order.direction == direction and word in order.reason and order.reason in order.words


# A double page of 1400 x 1000: two pages with margins of 50, so 100 between the frames at the fold, gutters of 20.
RIGHT_TOP, RIGHT_LOW = Box(750, 50, 1350, 350), Box(750, 370, 1350, 950)
LEFT_TOP, LEFT_LOW = Box(50, 50, 650, 650), Box(50, 670, 650, 950)
SPREAD = [LEFT_TOP, RIGHT_TOP, RIGHT_LOW, LEFT_LOW]


def read(boxes, width=1400, height=1000, *, rtl=False):
    panels = [Panel(box, 0.7) for box in boxes]
    return [panel.box for panel in read_pages(panels, width, height, right_to_left=rtl)]


def test_a_double_page_is_read_page_by_page_whatever_the_heights_of_its_frames():
    assert read(SPREAD, rtl=True) == [RIGHT_TOP, RIGHT_LOW, LEFT_TOP, LEFT_LOW]
    assert read(SPREAD) == [LEFT_TOP, LEFT_LOW, RIGHT_TOP, RIGHT_LOW]
    level = [Box(50, 50, 650, 490), Box(750, 50, 1350, 490), Box(50, 510, 650, 950), Box(750, 510, 1350, 950)]
    assert read(level, rtl=True) == [level[1], level[3], level[0], level[2]]
    assert read(level) == [level[0], level[2], level[1], level[3]]


def test_what_lies_on_both_pages_follows_what_is_above_it():
    across = Box(50, 400, 1350, 600)
    tops, lows = [Box(50, 50, 650, 380), Box(750, 50, 1350, 380)], [Box(50, 620, 650, 950), Box(750, 620, 1350, 950)]
    assert read([*tops, across, *lows], rtl=True) == [tops[1], tops[0], across, lows[1], lows[0]]


def test_an_inset_follows_its_panel_on_a_double_page():
    inset = Box(800, 400, 1000, 500)
    assert read([inset, *SPREAD], rtl=True) == [RIGHT_TOP, RIGHT_LOW, inset, LEFT_TOP, LEFT_LOW]


def test_a_broad_page_of_rows_is_no_double_page():
    grid = [Box(x, y, x + 660, y + 440) for y in (50, 510) for x in (30, 710)]  # 20 between all of them
    assert not is_double_page(grid, 1400, 1000, right_to_left=False)
    assert read(grid) == grid
    strip = [Box(x, 20, x + 440, 480) for x in (20, 480, 940)]
    assert read(strip, 1400, 500) == strip
    assert read(strip[::-1], 1400, 500, rtl=True) == strip[::-1]


def test_a_page_that_is_taller_than_wide_stays_as_it_is():
    page = [Box(20, 20, 320, 480), Box(480, 20, 780, 480), Box(20, 500, 320, 980), Box(480, 500, 780, 980)]
    assert read(page, 800, 1000, rtl=True) == page


@pytest.mark.skipif(not GUIDED.is_dir(), reason="the openly licensed comics are not on this machine")
def test_the_order_that_readium_made_by_hand_for_pepper_and_carrot():
    marked = json.loads((GUIDED / "panels.json").read_text())["pages"]
    matched = 0
    for name, regions in marked.items():
        image = read_image(GUIDED / name)
        height, width = image.shape[:2]
        scale = (width / 100, height / 100)
        truth = [Box(*(round(v * s) for v, s in zip((x, y, x + w, y + h), scale * 2, strict=True)))
                 for x, y, w, h in regions]  # fmt: skip
        found = [panel.box for panel in find_panels(image) if panel.kind == "panel"]
        places = [max(range(len(truth)), key=lambda i: iou(box, truth[i])) for box in found]
        order = [place for place, box in zip(places, found, strict=True) if iou(box, truth[place]) >= 0.7]
        assert order == sorted(order), name
        matched += len({*order})
    assert matched >= 24  # of 27: one box covers two panels, one panel is missing, some are loose


def koma(columns=(80, 570), rows=4, *, beside=440, tall=345, step=365):
    return [Box(x, 120 + step * row, x + beside, 120 + step * row + tall) for row in range(rows) for x in columns]


def test_columns_of_four_koma_are_read_one_after_the_other():
    boxes = koma()
    right, left = boxes[1::2], boxes[::2]
    assert read(boxes, 1100, 1600, rtl=True) == right + left
    assert read(boxes, 1100, 1600) == boxes  # from the left the rows stay


@pytest.mark.parametrize(
    "boxes",
    [
        koma((80, 540)),  # as near beside each other as above each other: a grid
        koma(rows=3),
        koma((80,)),
        [*koma()[:-1], Box(570, 1215, 1010, 1400)],  # panels of several heights
        [Box(80, 120, 1010, 465), *koma()[2:]],
    ],
)
def test_other_pages_are_no_four_koma(boxes):
    assert read(boxes, 1100, 1600, rtl=True) == boxes


def test_the_title_of_a_column_of_four_koma_goes_with_it():
    panels = [Panel(box, 1.0, "panel") for box in koma()]
    titles = [Panel(Box(x, 40, x + 200, 90), 1.0, "text") for x in (80, 690)]
    found = read_pages([*titles, *panels], 1100, 1600, right_to_left=True)
    assert found == [titles[1], *panels[1::2], titles[0], *panels[::2]]
