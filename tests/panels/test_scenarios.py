"""Panels of drawn strips and pages of every difficulty, file borders, streaming, and reading order."""

import itertools

import numpy as np
import pytest

from comicdata.drawn import cut_slices
from comicdata.drawn.pages import PAGES, draw_page
from comicdata.drawn.strips import STRIPS, draw_strip
from comicdata.errors import UsageError
from comicdata.images import decode, encode_jpeg
from comicdata.panels import find_panels, make_strips, stream_panels
from comicdata.panels.gutters import find_runs
from comicdata.panels.reading import reading_order
from comicdata.panels.rows import read_rows
from comicdata.panels.rules import RULES
from comicdata.panels.score import count, score
from comicdata.records import Box

SEED = 300  # not one of the seeds that benchmarks/README.md quotes
FLOOR = {"full bleed": 0.6}  # two paintings in like colours that meet without a line stay one panel


def found_in(image, layout, **options):
    (strip,) = make_strips([decode(encode_jpeg(image, 85), "drawn")], layout)
    return [panel.box for panel in find_panels(strip, **options) if panel.kind == "panel"]


def test_scenarios_are_the_same_for_the_same_seed_and_their_truth_lies_inside():
    for draw, name in ((draw_strip, "bridging balloons"), (draw_page, "insets")):
        one, again, other = draw(name, 1), draw(name, 1), draw(name, 2)
        assert (one.image == again.image).all() and one.boxes == again.boxes and one.boxes != other.boxes
        height, width = one.image.shape[:2]
        assert all(0 <= box.x0 < box.x1 <= width and 0 <= box.y0 < box.y1 <= height for box in one.boxes)
    with pytest.raises(UsageError, match="bridging balloons"):
        draw_strip("no such", 0)


@pytest.mark.parametrize("name", STRIPS)
def test_every_kind_of_strip(name):
    drawn = draw_strip(name, SEED)
    assert score(found_in(drawn.image, "strip"), drawn.boxes, 0.5).f1 >= FLOOR.get(name, 0.85)


@pytest.mark.parametrize("name", PAGES)
def test_every_kind_of_page(name):
    drawn = draw_page(name, SEED)
    assert score(found_in(drawn.image, "page"), drawn.boxes, 0.5).f1 >= 0.85


@pytest.mark.parametrize("name", ["shared lines", "white lines", "splash", "bleeding lookalikes"])
def test_newer_kinds_of_page_and_their_opposites(name):
    drawn = draw_page(name, 200)
    assert score(found_in(drawn.image, "page"), drawn.boxes, 0.5).f1 >= 0.85


@pytest.mark.parametrize("name", ["open skies", "sunsets", "fades with figures", "figures on black"])
def test_newer_kinds_of_strip_and_their_opposites(name):
    drawn = draw_strip(name, 200)
    assert score(found_in(drawn.image, "strip"), drawn.boxes, 0.5).f1 >= 0.85


@pytest.mark.parametrize("name", ["gradient", "bridging balloons", "full bleed", "staggered", "paper"])
def test_file_borders_make_no_difference_stitched_or_streamed(name):
    image = draw_strip(name, SEED).image
    (strip,) = make_strips([image], "strip")
    whole = find_panels(strip)
    assert whole
    for low, high in ((40, 90), (500, 900)):
        slices = cut_slices(image, low, low=low, high=high)
        assert find_panels(make_strips(slices, "strip")[0]) == whole
        streamed = list(stream_panels(lambda slices=slices: iter(slices)))
        assert [cut.panel for cut in streamed] == whole
        tops = np.cumsum([0, *map(len, slices)])
        for cut in streamed:
            box = cut.panel.box
            assert (cut.image == image[box.y0 : box.y1, box.x0 : box.x1]).all()
            touched = [i for i in range(len(slices)) if tops[i] < box.y1 and tops[i + 1] > box.y0]
            assert list(cut.pictures) == touched


def test_streaming_lets_go_of_what_is_above_the_panel():
    """Slices alive at any time: those of the run in hand and the one being read, never the strip."""
    import weakref

    image = draw_strip("white", SEED).image
    alive: list[weakref.ref] = []
    most = 0

    def slices():
        nonlocal most
        for y in range(0, len(image), 200):
            part = image[y : y + 200].copy()
            alive.append(weakref.ref(part))
            yield part
            del part
            most = max(most, sum(ref() is not None for ref in alive))

    for _ in stream_panels(slices):
        pass
    tallest = max(run.box.height for run in find_runs(read_rows([image])))
    assert most <= tallest // 200 + 4 < len(alive) / 4


def test_a_strip_without_any_gutter_is_cut_before_it_fills_the_memory():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (2000, 60, 3), dtype=np.uint8)
    runs = find_runs(read_rows([image]))
    assert len(runs) > 1 and max(run.box.height for run in runs) <= RULES.longest_share * 60
    assert [runs[0].box.y0, *(run.box.y1 for run in runs)] == [0, *(run.box.y0 for run in runs[1:]), 2000]
    assert all(run.confidence < 0.5 for run in runs)


def test_right_to_left():
    grid = [Box(0, 0, 10, 10), Box(12, 0, 30, 10), Box(0, 12, 30, 20), Box(0, 22, 14, 40), Box(16, 22, 30, 40)]
    assert reading_order(grid[::-1], right_to_left=True) == [grid[i] for i in (1, 0, 2, 4, 3)]
    inset = Box(13, 1, 18, 5)
    assert reading_order([inset, *grid])[:3] == [grid[0], grid[1], inset]
    page, strip = draw_page("grid", SEED), draw_strip("columns", SEED)
    for drawn, layout in ((page, "page"), (strip, "strip")):
        ltr, rtl = found_in(drawn.image, layout), found_in(drawn.image, layout, reading_order="rtl")
        assert ltr != rtl and sorted(ltr, key=Box.as_list) == sorted(rtl, key=Box.as_list)
        for one, following in itertools.pairwise(rtl):
            if one.y0 + 10 < following.y1 and following.y0 + 10 < one.y1:  # side by side
                assert following.x0 < one.x0


def test_counts_by_hand():
    left, right, both = Box(0, 0, 10, 10), Box(12, 0, 22, 10), Box(0, 0, 22, 10)
    merged = count([both], [left, right])
    assert (merged.cut, merged.merged, merged.merge_rate, merged.hits) == (0, 1, 1.0, (0, 0, 0))
    cut = count([left, right], [both])
    assert (cut.cut, cut.merged, cut.cut_rate) == (1, 0, 1.0)
    inset = Box(1, 1, 4, 4)
    right_boxes = count([left, inset], [left, inset])
    assert (right_boxes.cut, right_boxes.merged, right_boxes.hits) == (0, 0, (2, 2, 2))
    total = right_boxes + merged
    assert (total.found, total.truth) == (3, 4) and total.at(0.5).f1 == 4 / 7
