"""Which pieces of paper become one: what is known of them stays right while they are joined, and what parts them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from comicdata.flats.gaps import Gaps
from comicdata.flats.merge import MergeOptions, Pieces, Wall, Walls, find_walls, join


def blocks(seed: int) -> tuple[np.ndarray, np.ndarray, Gaps]:
    """A label map of 5 x 6 blocks with ink and closings between some of them: (100, 120)."""
    random = np.random.default_rng(seed)
    pieces = np.kron(np.arange(1, 31, dtype=np.int32).reshape(5, 6), np.ones((20, 20), np.int32))
    ink = np.zeros(pieces.shape, bool)
    ink[19::20], ink[:, 19::20] = random.random(120) < 0.7, random.random(100)[:, None] < 0.7
    closing = np.where(ink, 0, random.integers(0, 40, pieces.shape)).astype(np.uint16)
    space = cv2.distanceTransform((~ink).view(np.uint8), cv2.DIST_L2, 3)
    return pieces, ink, Gaps(closing, random.normal(0, 2, 41), 0.4, 1.0, space)


@pytest.mark.parametrize("seed", range(3))
def test_pieces_that_are_joined_are_as_if_they_had_been_one(seed: int) -> None:
    pieces, ink, gaps = blocks(seed)
    one = Pieces(find_walls(pieces, ink, gaps), MergeOptions())
    for keep, gone in ((1, 2), (8, 7), (1, 7), (1, 8)):
        if gone in one.near[keep]:
            one.unite(keep, gone)
            pieces = np.where(pieces == gone, keep, pieces)
    fresh = Pieces(find_walls(pieces, ink, gaps), MergeOptions())
    for label in np.unique(pieces).tolist():
        assert one.near[label].keys() == fresh.near[label].keys()
        for other, wall in one.near[label].items():
            same = fresh.near[label][other]
            assert wall.shut == pytest.approx(same.shut) and replace(wall, shut=0) == replace(same, shut=0)
        assert (one.rim[label], one.area[label], one.open[label], one.room[label]) == (
            fresh.rim[label], fresh.area[label], fresh.open[label], fresh.room[label]
        )  # fmt: skip


def between(odds: float, opening: float, width: float) -> Walls:
    """Two fields of 150 x 150 pixels with a common side, inked but for an opening that one closing shuts."""
    wall = Wall(150, opening, opening / (1 + np.exp(-odds)), width, {1: int(opening)})
    sizes = np.array([0.0, 600, 600]), np.array([0.0, 22_500, 22_500]), np.array([0.0, 75, 75])
    return Walls(np.array([[1, 2]]), [wall], *sizes, [0.0, odds], [0, int(opening)], 0.5, 1.0)


def test_a_likely_closing_parts_and_an_unlikely_one_across_the_open_does_not() -> None:
    assert join(between(4, 16, 8), MergeOptions()).tolist() == [0, 1, 2]
    assert len(set(join(between(-4, 140, 70), MergeOptions())[1:].tolist())) == 1


def test_a_sliver_is_one_with_the_piece_from_which_closings_part_it_least() -> None:
    sure = [0.0, 6.0, 6.0]
    found = Walls(
        np.array([[1, 2], [2, 3]]), [Wall(30, 8, 2, 4, {1: 8}), Wall(30, 12, 11, 4, {2: 12})],
        np.array([0.0, 600, 60, 600]), np.array([0.0, 22_500, 150, 22_500]), np.array([0.0, 75, 5, 75]),
        sure, [0, 8, 12], 0.5, 1.0,
    )  # fmt: skip
    first, sliver, last = join(found, MergeOptions())[1:].tolist()
    assert sliver == first != last
