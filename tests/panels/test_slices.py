"""A strip with slices that are not there: nothing is glued over the gap, and everything else stays where it was."""

import json
import shutil

import numpy as np
import pytest

from comicdata.cli.main import run
from comicdata.drawn import draw_episode
from comicdata.files import seal
from comicdata.images import encode_png, read_image, resize
from comicdata.pairs.manifest import file_of, read_rows
from comicdata.pairs.recut import is_strip, recut_panel
from comicdata.panels.slices import stitched, stretches
from comicdata.records import EpisodeRecord, ImageRecord

HEIGHT = 400
NEAR = 8  # rows of background that make a gutter


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A crawl of a drawn strip in slices, its pairs, and the strip itself."""
    place = tmp_path_factory.mktemp("stitched")
    strip = draw_episode(40, 1, panels=6).strip
    folder = place / "in" / "toon" / "e1"
    folder.mkdir(parents=True)
    for index, y in enumerate(range(0, strip.shape[0], HEIGHT), 1):
        (folder / f"{index:03d}.png").write_bytes(encode_png(strip[y : y + HEIGHT]))
    assert run(["crawl", str(place / "in" / "toon"), "--out", str(place / "crawl"), "-q"]) == 0
    assert pairs_of(place) == 0
    return place, strip


@pytest.fixture
def own(whole, tmp_path):
    """A copy of the crawl that a test may damage, and the strip."""
    shutil.copytree(whole[0] / "crawl", tmp_path / "crawl")
    return tmp_path, whole[1]


def pairs_of(place):
    return run(["make-pairs", str(place / "crawl"), "--out", str(place / "pairs"), "--workers", "1", "-q"])


def rows_of(place):
    return read_rows(place / "pairs")


def boxes(rows, least=0, most=10**9):
    return {row.panel_box for row in rows if row.panel_box[1] >= least and row.panel_box[3] <= most}


def never_fetched(place, numbers):
    """The record as the crawl leaves it when these slices could not be had."""
    (path,) = (place / "crawl").glob("*/*/*/episode.json")
    record = json.loads(path.read_text())
    gone = [image for image in record["images"] if int(image["file_name"][:4]) in numbers]
    for image in gone:
        (path.parent / image["file_name"]).unlink()
    record["images"] = [image for image in record["images"] if image not in gone]
    record |= {"status": "partial", "missing": [[image["url"], "403"] for image in gone]}
    path.write_text(json.dumps(seal(record)))


def crossing(whole, number):
    """Whether a panel of the whole strip goes on at both borders of a slice (from 1), with more than a sliver of it."""
    ends = [number * HEIGHT - HEIGHT, number * HEIGHT]
    found = [row.panel_box for row in rows_of(whole[0])]
    return all(any(y0 + 100 < end < y1 - 100 for _, y0, _, y1 in found) for end in ends)


@pytest.fixture(scope="module")
def torn(whole):
    """The number of a slice in the middle whose loss tears two panels."""
    last = -(-whole[1].shape[0] // HEIGHT)
    return next(number for number in range(3, last - 1) if crossing(whole, number))


def check_pixels(place, strip):
    """Every kept window is the stated part of the true strip, and so is every panel that is cut again."""
    rows = rows_of(place)
    assert is_strip(place / "crawl", rows)
    for row in rows:
        x0, y0, x1, y1 = row.panel_box
        assert (recut_panel(place / "crawl", row, strip=True) == strip[y0:y1, x0:x1]).all()
        if row.kept:
            a, b, c, d = row.crop_box
            expected = resize(np.ascontiguousarray(strip[y0:y1, x0:x1][b:d, a:c]), 256, 256)
            assert (read_image(file_of(place / "pairs", row, "color")) == expected).all()


def test_a_damaged_slice_leaves_a_gap_and_moves_nothing(whole, own, torn):
    place, strip = own
    (path,) = (place / "crawl").glob(f"*/*/e1/{torn:04d}.png")
    path.write_bytes(path.read_bytes()[:-60])
    assert pairs_of(place) == 3
    start, end = (torn - 1) * HEIGHT, torn * HEIGHT
    rows, before = rows_of(place), rows_of(whole[0])
    check_pixels(place, strip)
    assert not any(path.name in row.source_files for row in rows)
    lost = {row.panel_box for row in rows if row.drop_reason == "gap"}
    assert {y1 for _, _, _, y1 in lost if y1 <= start} == {start}
    assert {y0 for _, y0, _, _ in lost if y0 >= end} == {end}
    apart = boxes(before, most=start - NEAR) | boxes(before, least=end + NEAR)
    assert boxes([row for row in rows if row.drop_reason != "gap"]) == apart and len(apart) >= 3
    ids = {row.id for row in before if row.panel_box in apart}
    assert ids == {row.id for row in rows if row.drop_reason != "gap"}  # also of what lies below the gap


def test_a_slice_that_was_never_fetched_is_a_gap_too(whole, own, torn):
    place, strip = own
    never_fetched(place, {torn})
    assert pairs_of(place) == 0
    start, end = (torn - 1) * HEIGHT, torn * HEIGHT
    rows, before = rows_of(place), rows_of(whole[0])
    check_pixels(place, np.concatenate([strip[:start], strip[end:]]))
    assert not any(row.panel_box[1] < start < row.panel_box[3] for row in rows)
    assert {row.panel_box[1] >= start for row in rows if row.drop_reason == "gap"} == {True, False}
    below = {(x0, y0 - HEIGHT, x1, y1 - HEIGHT) for x0, y0, x1, y1 in boxes(before, least=end + NEAR)}
    kept = [row for row in rows if row.drop_reason != "gap"]
    assert boxes(kept) == boxes(before, most=start - NEAR) | below and below


@pytest.mark.parametrize("first", [True, False])
def test_missing_slices_at_an_end_cost_the_panel_there(whole, own, torn, first):
    place, _ = own
    last = -(-own[1].shape[0] // HEIGHT)
    never_fetched(place, set(range(1, torn)) if first else set(range(torn, last + 1)))
    assert pairs_of(place) == 0
    rows = rows_of(place)
    (gap,) = {row.panel_box for row in rows if row.drop_reason == "gap"}
    assert gap[1] == 0 if first else gap[3] == (torn - 1) * HEIGHT
    assert any(row.kept for row in rows)


def test_the_slice_fetched_after_all_mends_everything(whole, own, torn):
    place, _ = own
    saved = (place / "crawl" / "local" / "toon" / "e1" / "episode.json").read_text()
    (path,) = (place / "crawl").glob(f"*/*/e1/{torn:04d}.png")
    data = path.read_bytes()
    never_fetched(place, {torn})
    assert pairs_of(place) == 0
    path.write_bytes(data)
    path.with_name("episode.json").write_text(saved)
    assert pairs_of(place) == 0 and rows_of(place) == rows_of(whole[0])


def record_of(status, names, missing=0):
    images = [ImageRecord(name, "", 1, width, height, f"u/{name}") for name, width, height in names]
    lost = tuple((f"lost/{n}", "404") for n in range(missing))
    return EpisodeRecord("s", "s", "e", "", "", status, "", tuple(images), missing=lost)


def test_stretches_follow_the_ordinals_of_partial_episodes_only():
    names = [(f"{n:04d}.jpg", 10, 10) for n in (1, 2, 4, 5)]
    parts = stretches(record_of("partial", names, missing=2), [0, 1, 2, 3])
    assert [(one.slices, one.torn_above, one.torn_below) for one in parts] == [
        (range(2), False, True),
        (range(2, 4), True, True),  # two are missing and only one place is free before the last
    ]
    moved = record_of("ok", [("0001-aaaaaaaa.jpg", 10, 10), ("0001.jpg", 10, 10), ("0003.jpg", 10, 10)])
    assert [(one.slices, one.torn_above, one.torn_below) for one in stretches(moved, [0, 1, 2])] == [
        (range(3), False, False)
    ]
    assert [(one.slices, one.torn_above, one.torn_below) for one in stretches(moved, [1])] == [
        (range(1, 2), True, True)
    ]


def test_slices_lie_at_the_commonest_width():
    strip = stitched(record_of("ok", [("0001.jpg", 20, 30), ("0002.jpg", 40, 100), ("0003.jpg", 40, 7)]).images)
    assert (strip.width, strip.tops) == (40, (0, 60, 160, 167))
    assert [strip.touched(*rows) for rows in ((0, 60), (59, 61), (160, 161), (0, 167))] == [
        (0,),
        (0, 1),
        (2,),
        (0, 1, 2),
    ]


def test_a_short_first_slice_hides_no_strip(tmp_path):
    """All panels lie in the second slice, which is taller than where it begins."""
    strip = draw_episode(40, 1, panels=6).strip
    top = np.full((60, strip.shape[1], 3), 255, np.uint8)
    folder = tmp_path / "in" / "toon" / "e1"
    folder.mkdir(parents=True)
    for index, part in enumerate((top, strip), 1):
        (folder / f"{index}.png").write_bytes(encode_png(part))
    assert run(["crawl", str(tmp_path / "in" / "toon"), "--out", str(tmp_path / "crawl"), "-q"]) == 0
    make = ["make-pairs", str(tmp_path / "crawl"), "--out", str(tmp_path / "pairs"), "--workers", "1", "-q"]
    assert run([*make, "--layout", "strip"]) == 0
    rows = rows_of(tmp_path)
    assert rows and max(row.panel_box[3] for row in rows) <= strip.shape[0]
    check_pixels(tmp_path, np.concatenate([top, strip]))


def test_pages_are_no_strip(tmp_path):
    random = np.random.default_rng(2)
    pages = [random.integers(0, 256, (300, 280, 3), dtype=np.uint8) for _ in range(2)]
    folder = tmp_path / "in" / "toon" / "e1"
    folder.mkdir(parents=True)
    for index, page in enumerate(pages, 1):
        (folder / f"{index}.png").write_bytes(encode_png(page))
    assert run(["crawl", str(tmp_path / "in" / "toon"), "--out", str(tmp_path / "crawl"), "-q"]) == 0
    assert pairs_of(tmp_path) == 0
    rows = rows_of(tmp_path)
    assert not is_strip(tmp_path / "crawl", rows)
    for row in rows:
        page = pages[int(row.source_files[0][:4]) - 1]
        x0, y0, x1, y1 = row.panel_box
        assert (recut_panel(tmp_path / "crawl", row, strip=False) == page[y0:y1, x0:x1]).all()
