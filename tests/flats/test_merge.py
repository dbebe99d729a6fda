"""The order in which pieces of paper are joined: always the least parted pair of all, whatever was joined before."""

import numpy as np
import pytest

from comicdata.flats.merge import MergeOptions, Pieces, Sides, join


def random_sides(seed: int, count: int, hub: bool) -> Sides:
    """Pieces of all sizes, each beside a few others, and beside one large one where there is a hub."""
    random = np.random.default_rng(seed)
    pairs = {tuple(sorted(one)) for one in random.integers(1, count, (3 * count, 2)).tolist() if one[0] != one[1]}
    pairs |= {(1, other) for other in range(2, count)} if hub else set()
    area = np.concatenate([[0], np.exp(random.uniform(3, 11, count - 1)).astype(np.int64)])
    area[1] = 10**7 if hub else area[1]
    length = random.integers(2, 60, len(pairs)).astype(np.float64)
    open_ = np.minimum(length, random.integers(0, 40, len(pairs)))
    chance = open_ * random.uniform(0, 0.8, len(pairs))
    return Sides(np.array(sorted(pairs)), length, open_, chance, 4 * area, area, 0.4, 1.0)


def joined_the_slow_way(sides: Sides, options: MergeOptions) -> list[int]:
    pieces, into = Pieces(sides, options), list(range(len(sides.rim)))
    limit = np.log(options.parted / (1 - options.parted))
    while True:
        beside = [(one, two) for one, near in enumerate(pieces.near) for two in near if one < two]
        values = [(pieces.odds(one, two), one, two) for one, two in beside if pieces.near[one][two].open]
        value, one, two = min(values, default=(limit, 0, 0))
        if value >= limit:
            return into
        keep, gone = (one, two) if len(pieces.near[one]) >= len(pieces.near[two]) else (two, one)
        pieces.unite(keep, gone)
        into = [keep if label == gone else label for label in into]


@pytest.mark.parametrize("hub", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_least_parted_pair_is_always_joined_first(seed: int, hub: bool) -> None:
    sides, options = random_sides(seed, 40, hub), MergeOptions()
    found = join(sides, options).tolist()
    assert found == joined_the_slow_way(sides, options) and 2 < len(set(found)) < 40
