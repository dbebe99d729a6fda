"""Which page an entry means, and boxes that make no sense on it."""

import json
import re

import pytest

from comicdata.errors import UsageError
from comicdata.panels.corrected import Pages, as_panels, boxes_of, read_corrected
from comicdata.panels.exchange.entries import Entry, Region
from comicdata.records import Box, Panel


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("crawl/local/toon/e01/0001.jpg", {1}),
        ("e01/0001.jpg", {1}),
        ("toon/e01/0001", {1}),
        ("0001.jpg", {1, 2}),
        ("vol.cbz#a/p1.png", {1}),
        ("elsewhere/a/p1.png", set()),
        ("my/vol/a/p1", {1}),
        ("p1.jpg", set()),
        ("e01/0002.jpg", set()),
        ("e01", {3}),
        ("toon/e01.5", {4}),
        ("other/e01", {3}),
        ("", set()),
    ],
)
def test_a_page_is_found_by_the_end_of_its_path(name, found):
    pages = Pages({1: ["local/toon/e01/0001.jpg", "vol.cbz#a/p1.png"], 2: ["local/toon/e02/0001.jpg"],
                   3: ["e01"], 4: ["local/toon/e01.5"]})  # fmt: skip
    assert pages.find(name) == found


def entry(*corners, size=(200, 300), percent=False):
    return Entry("p.png", tuple(Region(one, percent) for one in corners), size, place="file:7")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (entry((0, 0, 201.6, 100)), "reaches out of the page, which is 200x300"),
        (entry((0, 250, 100, 400)), "reaches out"),
        (entry((-5, 0, 100, 100)), "reaches out"),
        (entry((10, 10, 10.4, 100)), "no area"),
        (entry((500, 10, 600, 100)), "reaches out"),
        (entry((0, 0, 100, 100), (0, 0, 100, 100)), "panels 1 and 2"),
        (entry((0, 0, 100, 100), (150, 0, 200, 9), (0, 0, 100, 90)), "panels 1 and 3"),
        (entry((0, 0, 10, 10), size=(400, 600)), "was 400x600 pixels and is 200x300"),
    ],
)
def test_boxes_that_make_no_sense_are_one_line(given, words):
    with pytest.raises(UsageError, match=re.escape(words)) as caught:
        boxes_of(given, 200, 300)
    assert "file:7" in str(caught.value) and "p.png" in str(caught.value)


def test_insets_overlaps_and_roundings_are_fine():
    fine = entry((0, 0, 200, 200), (20, 20, 120, 150), (0, 190, 200, 301), (0, 0, 100, 20))
    assert [box.as_list() for _, box in boxes_of(fine, 200, 300)][2] == [0, 190, 200, 300]
    whole = entry((0, 0, 100.2, 50), (0, 50, 100, 100), size=None, percent=True)
    assert [box.as_list() for _, box in boxes_of(whole, 200, 300)] == [[0, 0, 200, 150], [0, 150, 200, 300]]


def test_what_was_found_just_so_stays_as_found():
    found = [Panel(Box(0, 0, 50, 50), 0.4), Panel(Box(60, 0, 90, 9), 0.7, "text")]
    boxes = [(Region((0, 0, 0, 0)), found[1].box), (Region((0, 0, 0, 0), kind="panel"), Box(0, 0, 50, 50)),
             (Region((0, 0, 0, 0)), Box(0, 0, 50, 51)), (Region((0, 0, 0, 0), kind="panel"), found[1].box)]  # fmt: skip
    assert as_panels(boxes, found) == [
        found[1], found[0], Panel(Box(0, 0, 50, 51), 1.0), Panel(found[1].box, 1.0)]  # fmt: skip


def test_the_panels_of_pictures_by_all_their_names(tmp_path):
    (tmp_path / "f").write_text(json.dumps({"input": "x/b.png", "panels": [{"box": [0, 0, 9, 9]}]}))
    corrected = read_corrected([tmp_path / "f"], [["a.png"], ["b.png", "my/x/b.png"]])
    assert corrected.panels(0, 10, 10) is None and corrected.panels(1, 10, 10) == [Panel(Box(0, 0, 9, 9))]
    with pytest.raises(UsageError, match="reaches out"):
        corrected.panels(1, 5, 5)
    with pytest.raises(UsageError, match=r"no page 'x/b.png' here; a page here is 'a.png'"):
        read_corrected([tmp_path / "f"], [["a.png"], ["y/b.png"]])
    with pytest.raises(UsageError, match="any of 2 pages"):
        read_corrected([tmp_path / "f"], [["1/x/b.png"], ["2/x/b.png"]])
