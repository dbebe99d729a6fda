"""Points near each other and what hangs together, against looking at all pairs."""

import numpy as np
import pytest

from comicdata.flats.near import joined, near_pairs, nearest


@pytest.mark.parametrize("reach", [3.0, 17.5, 400.0])
@pytest.mark.parametrize("count", [0, 1, 120])
def test_pairs_are_those_within_reach_however_few_are_looked_at_at_a_time(
    monkeypatch: pytest.MonkeyPatch, count: int, reach: float
) -> None:
    random = np.random.default_rng(3)
    points, others = random.integers(-9, 90, (count, 2)) * 1.0, random.integers(0, 200, (200, 2)) * 1.0
    apart = np.hypot(*(points[:, None] - others[None]).transpose(2, 0, 1))
    for most in (1_000_000, 50):
        monkeypatch.setattr("comicdata.flats.near.CHUNK", most)
        found = list(zip(*(one.tolist() for one in near_pairs(points, others, reach)), strict=True))
        assert sorted(found) == [tuple(one) for one in np.argwhere(apart <= reach).tolist()]


def test_the_nearest_come_in_order_with_each_itself_in_front() -> None:
    points = np.random.default_rng(4).random((50, 2)) * 1000
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    far, near = nearest(points, 7)
    assert (near == np.argsort(apart, axis=1)[:, :7]).all()
    assert np.allclose(far, np.sort(apart, axis=1)[:, :7])
    assert nearest(points[:3], 7)[1].shape == (3, 3)


def test_a_group_is_all_that_pairs_lead_to_numbered_as_they_appear() -> None:
    assert joined(7, np.array([6, 3, 5]), np.array([3, 1, 4])).tolist() == [0, 1, 2, 1, 3, 3, 1]
    assert joined(3, np.zeros(0, int), np.zeros(0, int)).tolist() == [0, 1, 2]
    chain = np.random.default_rng(5).permutation(1000)
    assert not joined(1000, chain[1:], chain[:-1]).any()
