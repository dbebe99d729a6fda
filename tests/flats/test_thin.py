"""Lines of one pixel: they keep their ends and holes, whatever the ink looks like."""

import cv2
import numpy as np
import pytest

from comicdata.flats.thin import thinned


def drawn(seed: int) -> np.ndarray:
    """Strokes of many widths over each other, up to the edges: (120, 160) bool."""
    random = np.random.default_rng(seed)
    ink = np.zeros((120, 160), np.uint8)
    for _ in range(12):
        points = random.integers(0, (160, 120), (4, 2)).astype(np.int32)
        cv2.polylines(ink, [points], False, 1, int(random.integers(1, 12)))
    return ink > 0


def pieces(mask: np.ndarray, connectivity: int) -> int:
    framed = np.pad(mask, 1, constant_values=connectivity == 4).view(np.uint8)
    return int(cv2.connectedComponents(framed, connectivity=connectivity)[0])


@pytest.mark.parametrize("seed", range(5))
def test_what_is_left_hangs_together_as_the_ink_did_and_is_hardly_anywhere_two_wide(seed: int) -> None:
    ink = drawn(seed)
    thin = thinned(ink)
    assert not (thin & ~ink).any()
    assert pieces(thin, 8) == pieces(ink, 8) and pieces(~thin, 4) == pieces(~ink, 4)
    assert (thin[1:, 1:] & thin[:-1, 1:] & thin[1:, :-1] & thin[:-1, :-1]).sum() <= 2  # where lines cross
    assert (thinned(thin) == thin).all()


def test_a_bar_becomes_its_middle_line_nearly_as_long() -> None:
    ink = np.zeros((40, 100), bool)
    ink[15:22, 10:90] = True
    rows, columns = np.nonzero(thinned(ink))
    assert set(rows[(columns > 20) & (columns < 80)].tolist()) == {18}
    assert columns.min() <= 14 and columns.max() >= 85


def test_a_blot_becomes_a_point_and_nothing_stays_nothing() -> None:
    assert thinned(np.ones((9, 9), bool)).sum() == 1
    assert not thinned(np.zeros((1, 3), bool)).any()
