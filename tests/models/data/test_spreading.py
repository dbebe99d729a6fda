"""Hints handed on over paper: the nearest by the shortest way, worked out by a search of our own."""

import heapq

import numpy as np
import pytest

from comicdata.flats.colours import lab_of_colours
from comicdata.images import Image
from comicdata.models.data.spreading import LINE, REACH, melted, spread_hints

CELL = 4


def brute(outline: Image, hints: Image) -> tuple[Image, Image]:
    """Colour and nearness of every cell, by a heap, cell after cell."""
    height, width = (-(-side // CELL) for side in outline.shape)
    ink, color = np.zeros((height, width)), {}
    for y in range(height):
        for x in range(width):
            place = (slice(y * CELL, (y + 1) * CELL), slice(x * CELL, (x + 1) * CELL))
            ink[y, x] = 1 - outline[place].min() / 255
            for row in hints[place].reshape(-1, 4).tolist():
                if row[3] and (y, x) not in color:
                    color[y, x] = tuple(row[:3])
    cost = 1 + LINE * ink**2
    far, nearest = dict.fromkeys(color, 0.0), dict(color)
    heap = [(0.0, one) for one in color]
    while heap:
        length, (y, x) = heapq.heappop(heap)
        if length > far[y, x]:
            continue
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                there = (y + down, x + right)
                if there != (y, x) and 0 <= there[0] < height and 0 <= there[1] < width:
                    way = length + np.hypot(down, right) * CELL * (cost[y, x] + cost[there]) / 2
                    if way < far.get(there, np.inf) - 1e-9:
                        far[there], nearest[there] = way, nearest[y, x]
                        heapq.heappush(heap, (way, there))
    grid = [[(*nearest[y, x], far[y, x]) for x in range(width)] for y in range(height)]
    values = np.array(grid)
    return values[..., :3].astype(np.uint8), np.rint(255 * np.exp(-values[..., 3] / REACH)).astype(np.uint8)


@pytest.mark.parametrize("size", [(32, 48), (37, 51), (4, 4), (3, 90)])
def test_every_cell_has_the_hint_of_the_shortest_way(size: tuple[int, int]) -> None:
    random = np.random.default_rng(size[0])
    outline = np.where(random.random(size) < 0.03, 0, 255).astype(np.uint8)
    hints = np.zeros((*size, 4), np.uint8)
    for number in range(3):
        y, x = (int(random.integers(side)) for side in size)
        hints[y, x] = (60 * number, 255 - 60 * number, 7, 255)
    (found, sources), (color, near) = spread_hints(outline, hints), brute(outline, hints)
    assert np.abs(found[..., 3].astype(int) - near).max() <= 1
    ties = (found[..., :3] != color).any(axis=2)  # of two equally short ways either will do
    assert ties.mean() < 0.1
    first: dict[tuple[int, int], list[int]] = {}
    for y, x in np.argwhere(hints[..., 3] > 0).tolist():
        first.setdefault((y // CELL, x // CELL), hints[y, x, :3].tolist())
    for (y, x), source in np.ndenumerate(sources):
        assert found[y, x, :3].tolist() == first[divmod(int(source), sources.shape[1])]
    assert {(y, x) for y, x in np.argwhere(found[..., 4] > 0).tolist()} == set(first)


def test_a_line_is_a_long_way() -> None:
    """Behind a wall the hint of the far side loses against one that is five times as far."""
    outline = np.full((64, 128), 255, np.uint8)
    outline[:, 60:64] = 0
    hints = np.zeros((64, 128, 4), np.uint8)
    hints[32, 56], hints[32, 120] = (255, 0, 0, 255), (0, 0, 255, 255)
    found, _ = spread_hints(outline, hints)
    assert found[8, 16].tolist()[:3] == [0, 0, 255] and found[8, 14].tolist()[:3] == [255, 0, 0]


def test_without_hints_nothing_is_said() -> None:
    for said in spread_hints(np.full((20, 20), 255, np.uint8), np.zeros((20, 20, 4), np.uint8)):
        assert not said.any()


def two_hints(outline: Image) -> Image:
    """What a red hint at the left and a blue one at the right spread."""
    hints = np.zeros((*outline.shape, 4), np.uint8)
    middle = outline.shape[0] // 2
    hints[middle, 2], hints[middle, -3] = (220, 40, 40, 255), (40, 60, 220, 255)
    return spread_hints(outline, hints)[0]


def test_colours_melt_where_they_meet_on_paper_and_not_at_their_hints() -> None:
    paper = np.full((64, 128), 255, np.uint8)
    spread = two_hints(paper)
    sharp, soft = lab_of_colours(spread[..., :3]), melted(paper, spread)
    row = soft[8]
    assert np.allclose(row[[0, -1]], sharp[8, [0, -1]], atol=0.5)
    assert np.linalg.norm(np.diff(row, axis=0), axis=1).max() < np.linalg.norm(sharp[8, 0] - sharp[8, -1]) / 6
    assert np.allclose(row[15] + row[16], sharp[8, 0] + sharp[8, -1], atol=1)  # the middle between both is their mean


def test_colours_do_not_melt_through_a_line() -> None:
    outline = np.full((64, 128), 255, np.uint8)
    outline[:, 60:68] = 0
    spread = two_hints(outline)
    sharp, soft = lab_of_colours(spread[..., :3]), melted(outline, spread)
    apart = np.linalg.norm(sharp[0, 0] - sharp[0, -1])
    assert np.linalg.norm(soft - sharp, axis=2)[:, [*range(14), *range(18, 32)]].max() < apart / 20
