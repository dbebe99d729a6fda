"""The colours of a comic: the cast's exactly, the rest by clusters."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from comicdata.flats.colours import lab_of_colours
from comicdata.images import Image
from comicdata.models.data.colours import find_colours, nearest_colours
from comicdata.models.data.pairs import PairDataset

CAST = ((241, 194, 125), (233, 180, 110), (120, 76, 50), (201, 33, 52))  # two skins that a cluster would mix


def flat(number: int, size: int) -> Image:
    """The cast in four squares on a background that no other panel has, with the noise of a JPEG file."""
    random = np.random.default_rng(number)
    picture = np.full((size, size, 3), random.integers(0, 256, 3), np.uint8)
    side = size // 4
    for at, color in enumerate(CAST):
        picture[size // 8 : size // 8 + side, at * side : (at + 1) * side] = color
    noisy = picture.astype(int) + random.integers(-1, 2, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def painted(number: int, size: int) -> Image:
    """Nothing but gradients."""
    random = np.random.default_rng(number)
    across, down = (one[..., None] for one in np.meshgrid(np.linspace(0, 1, size), np.linspace(0, 1, size)))
    first, second, third = random.integers(0, 256, (3, 3))
    return np.asarray(np.rint((first * (1 - across) + second * across + third * down) / 2), np.uint8)


@pytest.mark.parametrize("count", [8, 32])
def test_the_cast_has_its_exact_colours_however_few_there_are(
    make: Callable[..., Path], tmp_path: Path, count: int
) -> None:
    data = PairDataset(make(tmp_path, train=40, validation=0, test=0, picture=flat), "train", 64)
    palette = find_colours(data, count, 0).palette
    assert len(palette) <= count
    for color in CAST:
        assert np.abs(palette.astype(int) - color).max(axis=1).min() <= 1, color


def test_paint_has_clusters(make: Callable[..., Path], tmp_path: Path) -> None:
    """Rare colours are nearer to one of them than to the best of colours drawn at random."""
    data = PairDataset(make(tmp_path, train=40, validation=0, test=0, picture=painted), "train", 64)
    palette = find_colours(data, 32, 0).palette
    pixels = np.concatenate([data.color(index).reshape(-1, 3)[::7] for index in range(40)])

    def error(colors: Image) -> float:
        apart = lab_of_colours(pixels) - lab_of_colours(colors[nearest_colours(pixels, colors)])
        return float(np.quantile(np.linalg.norm(apart, axis=1), 0.95))

    drawn = [error(np.random.default_rng(seed).choice(pixels, 32, replace=False)) for seed in range(5)]
    assert error(palette) < min(drawn)


def test_the_same_pairs_have_the_same_colours(make: Callable[..., Path], tmp_path: Path) -> None:
    data = PairDataset(make(tmp_path, train=12, validation=0, test=0, picture=flat), "train", 64)
    first, again = find_colours(data, 16, 3), find_colours(data, 16, 3)
    assert np.array_equal(first.palette, again.palette) and np.array_equal(first.share, again.share)
    assert first.share.sum() == pytest.approx(1)
