"""A choice of many is spread over all of them."""

import itertools

import pytest

from comicdata.records import spread


@pytest.mark.parametrize(("count", "wanted"), [*itertools.product((0, 1, 17, 18, 19, 35, 36, 1000), (1, 6, 18))])
def test_choices_are_equally_far_apart(count, wanted):
    chosen = spread(count, wanted)
    assert len(chosen) == len(set(chosen)) == min(count, wanted) and all(0 <= index < count for index in chosen)
    steps = [after - before for before, after in itertools.pairwise([*chosen, count])]
    assert not steps or max(steps) - min(steps) <= 1
