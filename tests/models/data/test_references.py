"""Groups of one series, and what is told of them."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.measure import label

from comicdata.models.data.pairs import PairDataset, Sampling, make_batch
from comicdata.models.data.references import GROUP, members, region_areas, turned


def test_a_group_is_of_one_series_and_begins_with_its_first() -> None:
    series = np.array([0] * 3 + [1] * 40 + [2])
    for first in (0, 5, 42):
        group = members(first, series, np.random.default_rng(first))
        assert group[0] == first and len(group) == GROUP and {*series[group]} == {series[first]}
        assert len({*group}) == (GROUP if series[first] == 1 else 3) and group.count(first) == 1
    assert members(43, series, np.random.default_rng(0)) == [43] * GROUP


def test_half_of_the_groups_are_of_neighbours() -> None:
    series = np.zeros(1000, np.int64)
    spans = [np.ptp(members(500, series, np.random.default_rng(seed))) for seed in range(200)]
    assert 60 <= sum(span <= 12 for span in spans) <= 140


def test_the_area_of_a_cell_is_that_of_the_smallest_region_in_it() -> None:
    """Against scikit-image, cell by cell."""
    outline = np.full((38, 50), 255, np.uint8)
    cv2.rectangle(outline, (6, 6), (20, 22), 0, 1)
    cv2.circle(outline, (34, 18), 9, 0, 2)
    outline[0:4, 0:4] = 0
    labels = label(outline > 200, connectivity=1)
    areas = region_areas(outline)
    assert areas.shape == (10, 13) and areas[0, 0] == 0
    for row in range(10):
        for column in range(13):
            there = {*labels[4 * row : 4 * row + 4, 4 * column : 4 * column + 4].ravel().tolist()} - {0}
            assert areas[row, column] == min(((labels == one).sum() for one in there), default=0)


def test_a_turned_comic_keeps_its_greys_and_what_is_alike() -> None:
    colors = np.array([[0, 0, 0], [255, 255, 255], [128, 128, 128], [200, 40, 40], [201, 40, 40]], np.uint8)
    for seed in range(20):
        made = turned(colors, np.random.default_rng(seed)).astype(int)
        assert made[0].tolist() == [0, 0, 0] and made[1].tolist() == [255, 255, 255] and np.ptp(made[2]) == 0
        assert np.abs(made[3] - made[4]).max() <= 12
    many = np.random.default_rng(0).integers(0, 256, (500, 3), dtype=np.uint8)
    assert np.abs(turned(many, np.random.default_rng(1)).astype(int) - many).mean() > 20


@pytest.fixture(scope="module")
def series(make: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("references") / "pairs", train=18, validation=0, test=0)


def test_batches_are_groups_whatever_their_size(series: Path) -> None:
    """Two groups at once are the same as one after the other; every pair leads a group once an epoch."""
    data, sampling = PairDataset(series, "train", 64), Sampling(3, 32, references=True)
    both = make_batch(data, sampling, images=12, count=2 * GROUP)
    parts = [make_batch(data, sampling, images=12 + GROUP * part, count=GROUP) for part in range(2)]
    assert both.ids == parts[0].ids + parts[1].ids
    assert (both.color[GROUP:] == parts[1].color).all()
    assert both.conditions.areas is not None and both.conditions.areas.shape == (2 * GROUP, 8, 8)
    assert both.conditions.panels is not None and both.conditions.panels.shape == (2 * GROUP,)
    leaders = {make_batch(data, sampling, images=GROUP * at, count=GROUP).ids[0] for at in range(len(data))}
    assert leaders == {row.id for row in data.rows}
