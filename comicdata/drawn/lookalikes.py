"""Pictures of things that look like panels and are none: windows, shelves, fences, tiles, a floor, bars of a cage."""

import itertools

import cv2
import numpy as np

from comicdata.drawn.art import INK, light_colour
from comicdata.drawn.scenes import Rng, any_art, paint
from comicdata.images import Image


def lookalike(rng: Rng, width: int, height: int) -> Image:
    """A picture, (height, width, 3), of one of these things."""
    return KINDS[int(rng.integers(len(KINDS)))](rng, width, height)


def window(rng: Rng, width: int, height: int) -> Image:
    """A window with a cross, in a wall; other scenery behind the panes."""
    picture = _wall(rng, width, height)
    x0, y0 = round(width * rng.uniform(0.08, 0.3)), round(height * rng.uniform(0.06, 0.25))
    x1, y1 = round(width * rng.uniform(0.6, 0.94)), round(height * rng.uniform(0.6, 0.92))
    picture[y0:y1, x0:x1] = any_art(rng, x1 - x0, y1 - y0)
    thick = int(rng.integers(3, 9))
    cv2.rectangle(picture, (x0, y0), (x1, y1), INK, thick)
    for part in np.linspace(0, 1, int(rng.integers(3, 5)))[1:-1]:
        x = round(x0 + (x1 - x0) * part)
        cv2.line(picture, (x, y0), (x, y1), INK, thick)
    y = round(y0 + (y1 - y0) * rng.uniform(0.35, 0.6))
    cv2.line(picture, (x0, y), (x1, y), INK, thick)
    return picture


def shelf(rng: Rng, width: int, height: int) -> Image:
    """A case of books: boards from side to side of the case, and books of all widths upright between them."""
    picture = _wall(rng, width, height)
    x0, x1 = round(width * rng.uniform(0, 0.2)), round(width * rng.uniform(0.8, 1))
    boards = np.linspace(height * rng.uniform(0, 0.1), height * rng.uniform(0.9, 1), int(rng.integers(3, 6)))
    for top, foot in itertools.pairwise(boards):
        x = x0
        while x < x1 - 12:
            span = int(rng.integers(10, 44))
            y = round(top + (foot - top) * rng.uniform(0.05, 0.4))
            corners = (x, y), (min(x + span, x1), round(foot))
            cv2.rectangle(picture, *corners, light_colour(rng, rng.uniform(0.3, 0.9)), -1)
            cv2.rectangle(picture, *corners, INK, 2)
            x += span
    for y in boards:
        cv2.line(picture, (x0, round(y)), (x1, round(y)), INK, 5)
    return picture


def fence(rng: Rng, width: int, height: int) -> Image:
    """Posts and two rails from side to side before a landscape."""
    picture = paint(rng, width, height)
    colour, step = light_colour(rng, 0.7), int(rng.integers(50, 120))
    rails = [round(height * at) for at in (rng.uniform(0.35, 0.5), rng.uniform(0.7, 0.85))]
    for y in rails:
        cv2.rectangle(picture, (-9, y), (width + 9, y + 16), colour, -1)
        cv2.rectangle(picture, (-9, y), (width + 9, y + 16), INK, 3)
    for x in range(int(rng.integers(0, step)), width, step):
        top = round(height * 0.25)
        cv2.rectangle(picture, (x, top), (x + 22, height + 9), colour, -1)
        cv2.rectangle(picture, (x, top), (x + 22, height + 9), INK, 3)
    return picture


def tiles(rng: Rng, width: int, height: int) -> Image:
    """A wall of tiles: lines at equal steps from border to border, figures before it."""
    picture = np.full((height, width, 3), light_colour(rng), np.uint8)
    step = int(rng.integers(60, 160))
    for x in range(int(rng.integers(0, step)), width, step):
        cv2.line(picture, (x, 0), (x, height), INK, 2)
    for y in range(int(rng.integers(0, step)), height, step):
        cv2.line(picture, (0, y), (width, y), INK, 2)
    _figures(rng, picture, 3)
    return picture


def floor(rng: Rng, width: int, height: int) -> Image:
    """A wall and a floor in two colours, an inked line between them from side to side, figures standing before it."""
    picture = _wall(rng, width, height)
    y = round(height * rng.uniform(0.5, 0.8))
    lean = round(height * rng.uniform(-0.08, 0.08))
    points = np.array([(0, y), (width, y + lean), (width, height), (0, height)], np.int32)
    cv2.fillPoly(picture, [points], light_colour(rng, rng.uniform(0.4, 0.9)), cv2.LINE_AA)
    cv2.line(picture, (0, y), (width, y + lean), INK, int(rng.integers(2, 5)), cv2.LINE_AA)
    _figures(rng, picture, int(rng.integers(1, 4)))
    return picture


def corner(rng: Rng, width: int, height: int) -> Image:
    """The corner of a room: an upright line from the ceiling to where two lines of the floor begin."""
    picture = _wall(rng, width, height)
    x, y = round(width * rng.uniform(0.3, 0.7)), round(height * rng.uniform(0.55, 0.75))
    right = np.array([(x, 0), (width, 0), (width, height), (x, y)], np.int32)
    cv2.fillPoly(picture, [right], light_colour(rng, 0.8))
    ends = (0, round(height * 0.9)), (width, round(height * 0.95))
    cv2.fillPoly(
        picture, [np.array([(x, y), ends[0], (0, height), (width, height), ends[1]], np.int32)], (150, 120, 96)
    )
    for end in ((x, 0), *ends):
        cv2.line(picture, (x, y), end, INK, 3, cv2.LINE_AA)
    _figures(rng, picture, 2)
    return picture


KINDS = (window, shelf, fence, tiles, floor, corner)


def _wall(rng: Rng, width: int, height: int) -> Image:
    """Plain paint or a slow change of colour."""
    if rng.uniform() < 0.4:
        return paint(rng, width, height)
    ends = np.array([light_colour(rng, rng.uniform(0.6, 1)), light_colour(rng, rng.uniform(0.6, 1))], np.float32)
    rows = ends[0] + (ends[1] - ends[0]) * np.linspace(0, 1, height)[:, None]
    return np.repeat(np.rint(rows).astype(np.uint8)[:, None], width, axis=1)


def _figures(rng: Rng, picture: Image, count: int) -> None:
    """Heads on shoulders that stand on the lower border."""
    height, width = picture.shape[:2]
    for _ in range(count):
        x, radius = round(width * rng.uniform(0.1, 0.9)), round(min(width, height) * rng.uniform(0.08, 0.16))
        y, colour = round(height * rng.uniform(0.3, 0.6)), light_colour(rng)
        body = np.array(
            [(x - 2 * radius, height), (x - radius, y + radius), (x + radius, y + radius), (x + 2 * radius, height)]
        )
        cv2.fillPoly(picture, [body.astype(np.int32)], light_colour(rng, 0.6), cv2.LINE_AA)
        cv2.polylines(picture, [body.astype(np.int32)], True, INK, 3, cv2.LINE_AA)
        cv2.circle(picture, (x, y), radius, colour, -1, cv2.LINE_AA)
        cv2.circle(picture, (x, y), radius, INK, 3, cv2.LINE_AA)
