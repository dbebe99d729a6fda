"""The comic the project draws itself: deterministic by seed, in vertical strips, with its own truth."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.drawn.art import (
    BACKDROPS,
    INK,
    WHITE,
    Canvas,
    draw_backdrop,
    draw_balloon,
    light_colour,
    mixed,
)
from comicdata.drawn.cast import CAST, Cast, Character
from comicdata.drawn.figures import MOODS, draw_cat, draw_head, draw_person
from comicdata.errors import UsageError
from comicdata.files import write_atomic
from comicdata.images import Image, encode_jpeg, encode_png
from comicdata.records import Box

MARGIN = 22
FRAME = 3
TITLES = ("The lost sandwich", "A cloud for rent", "The very small dragon", "Tea at noon", "Up the wrong tree")
SAYINGS = (
    ("Did you hear", "that?"),
    ("It was like this", "when I got here!"),
    ("The cat ate", "my homework."),
    ("Science!",),
    ("I have a plan.",),
    ("Not the good", "tea cups!"),
    ("Where did it go?",),
    ("Shh ... it sleeps.",),
    ("One more cake", "and I explode."),
    ("We are so late!",),
    ("Meow?",),
    ("You had ONE job.",),
)
CAPTIONS = ("Later that day ...", "Meanwhile ...", "Nobody noticed.", "Three cakes later ...")


@dataclass(frozen=True)
class DrawnPanel:
    """A panel and its truth. `box` lies in the strip, frame included; `background` (h, w) is True where the backdrop
    shows; `flats` (h, w, 3) is one colour per region, without ink, lettering, shade and pattern.
    """

    box: Box
    background: npt.NDArray[np.bool_]
    flats: Image
    background_kind: Literal["flat", "gradient", "pattern"]


@dataclass(frozen=True)
class DrawnEpisode:
    """One episode: the strip, (H, W, 3) uint8, and its panels from top to bottom."""

    number: int
    title: str
    strip: Image
    panels: tuple[DrawnPanel, ...]


def draw_episode(seed: int, number: int, *, width: int = 690, panels: int = 6, cast: Cast = CAST) -> DrawnEpisode:
    """Draw one episode. The cast looks the same in every panel; poses and backgrounds are arbitrary."""
    if width < 300 or panels < 1:
        raise UsageError(f"width {width}, panels {panels}: an episode needs 300 pixels and one panel")
    rng = np.random.default_rng([seed, number])
    boxes, height = _layout(rng, width, panels)
    strip = _gutter(rng, width, height)
    _write_captions(strip, boxes, rng)
    drawn = [
        _draw_panel(np.random.default_rng([seed, number, index]), box, strip, cast) for index, box in enumerate(boxes)
    ]
    return DrawnEpisode(number, TITLES[number % len(TITLES)], strip, tuple(drawn))


def _layout(rng: np.random.Generator, width: int, panels: int) -> tuple[list[Box], int]:
    """Boxes from top to bottom: most as wide as the strip, some narrower, gaps of 50 to 150 pixels."""
    boxes, y = [], round(rng.uniform(50, 150))
    for _ in range(panels):
        height = round(width * rng.uniform(0.62, 0.95))
        inset = round(width * rng.uniform(0.12, 0.22)) if rng.uniform() < 0.2 else 0
        left = MARGIN + (inset if rng.uniform() < 0.5 else 0)
        boxes.append(Box(left, y, left + width - 2 * MARGIN - inset, y + height))
        y += height + round(rng.uniform(50, 150))
    return boxes, y


def _gutter(rng: np.random.Generator, width: int, height: int) -> Image:
    """What lies behind the panels: white, black, or a slow gradient of two pale colours."""
    kind = rng.choice(["white", "white", "black", "gradient"])
    if kind != "gradient":
        return np.full((height, width, 3), 255 if kind == "white" else 0, np.uint8)
    ends = [np.array(mixed(light_colour(rng, 1.0), WHITE, 0.5), float) for _ in range(2)]
    rows = np.linspace(ends[0], ends[1], height)
    return np.repeat(np.rint(rows).astype(np.uint8)[:, None], width, axis=1)


def _write_captions(strip: Image, boxes: list[Box], rng: np.random.Generator) -> None:
    """Sometimes a line of lettering in a gutter that is tall enough."""
    for upper, lower in pairwise(boxes):
        if lower.y0 - upper.y1 < 110 or rng.uniform() > 0.5:
            continue
        colour = WHITE if strip[upper.y1 + 1, 0].mean() < 100 else INK
        text, y = str(rng.choice(CAPTIONS)), (upper.y1 + lower.y0) // 2 + 8
        (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 0.9, 1)
        place = ((strip.shape[1] - width) // 2, y)
        cv2.putText(strip, text, place, cv2.FONT_HERSHEY_DUPLEX, 0.9, colour, 1, cv2.LINE_AA)


def _draw_panel(rng: np.random.Generator, box: Box, strip: Image, cast: Cast) -> DrawnPanel:
    """Draw one panel into the strip."""
    canvas = Canvas(box.width, box.height)
    kind = str(rng.choice(["flat", "flat", "flat", *BACKDROPS]))
    draw_backdrop(canvas, kind, rng)
    scene = SCENES[int(rng.integers(len(SCENES)))]
    heads = scene(canvas, cast, rng)
    if rng.uniform() < 0.75:
        lines = SAYINGS[int(rng.integers(len(SAYINGS)))]
        x, y = heads[int(rng.integers(len(heads)))]
        draw_balloon(canvas, lines, x + rng.uniform(-60, 60), 20 + 22 * len(lines), (x, y))
    frame = np.array([[0, 0], [box.width, 0], [box.width, box.height], [0, box.height], [0, 0]], float)
    canvas.line(frame, 2 * FRAME)
    picture, flats, background = canvas.finish()
    strip[box.y0 : box.y1, box.x0 : box.x1] = picture
    name: Literal["flat", "gradient", "pattern"] = (
        "flat" if kind == "flat" else "gradient" if kind == "gradient" else "pattern"
    )
    return DrawnPanel(box, background, flats, name)


Heads = list[tuple[float, float]]  # where balloons point


def _mood(rng: np.random.Generator) -> str:
    return str(rng.choice(MOODS))


def _anyone(cast: Cast, rng: np.random.Generator) -> Character:
    return cast.people[int(rng.integers(len(cast.people)))]


def _close_up(canvas: Canvas, cast: Cast, rng: np.random.Generator) -> Heads:
    """One head, large, with shoulders."""
    who = _anyone(cast, rng)
    x, unit = canvas.width * rng.uniform(0.35, 0.65), canvas.height * 0.23
    y = canvas.height * 0.66
    shoulders = np.array([[x - 2.1 * unit, canvas.height + 9], [x - 1.5 * unit, y + 1.1 * unit]])
    mirrored = np.array([[x + 1.5 * unit, y + 1.1 * unit], [x + 2.1 * unit, canvas.height + 9]])
    canvas.shape(np.vstack([shoulders, mirrored]), who.top, shade=0.1)
    draw_head(canvas, who, x, y, unit * 1.12, _mood(rng))
    return [(x, y - unit)]


def _full_figure(canvas: Canvas, cast: Cast, rng: np.random.Generator) -> Heads:
    """One person and sometimes the cat, standing."""
    who = _anyone(cast, rng)
    x, foot, height = canvas.width * rng.uniform(0.3, 0.6), canvas.height * 0.95, canvas.height * 0.68
    draw_person(canvas, who, x, foot, height, _mood(rng), rng.uniform(-1, 1))
    if rng.uniform() < 0.6:
        draw_cat(canvas, cast, x + canvas.width * 0.28, foot, canvas.height * 0.14, _mood(rng))
    return [(x, foot - 0.9 * height)]


def _two_people(canvas: Canvas, cast: Cast, rng: np.random.Generator) -> Heads:
    """Two of the cast side by side."""
    first, second = rng.permutation(len(cast.people))[:2]
    heads = []
    for index, share in ((first, 0.27), (second, 0.72)):
        x, height = canvas.width * share, canvas.height * rng.uniform(0.6, 0.7)
        draw_person(canvas, cast.people[index], x, canvas.height * 0.95, height, _mood(rng), rng.uniform(-1, 1))
        heads.append((x, canvas.height * 0.95 - 0.9 * height))
    return heads


def _half_figure(canvas: Canvas, cast: Cast, rng: np.random.Generator) -> Heads:
    """One person from the waist up, large, beside the cat."""
    who = _anyone(cast, rng)
    x, height = canvas.width * rng.uniform(0.28, 0.45), canvas.height * 1.15
    foot = canvas.height * 1.36
    draw_person(canvas, who, x, foot, height, _mood(rng), rng.uniform(-0.6, 1))
    draw_cat(canvas, cast, canvas.width * 0.78, canvas.height * 0.98, canvas.height * 0.2, _mood(rng))
    return [(x, foot - 0.88 * height)]


def _the_cat(canvas: Canvas, cast: Cast, rng: np.random.Generator) -> Heads:
    """The cat alone has the stage, with marks of surprise."""
    x, foot, size = canvas.width * rng.uniform(0.4, 0.6), canvas.height * 0.96, canvas.height * 0.3
    draw_cat(canvas, cast, x, foot, size, _mood(rng))
    for angle in np.radians([200, 225, 315, 340]):
        ray = np.array([[np.cos(angle), np.sin(angle)]]) * np.array([[1.15], [1.45]]) * size
        canvas.line(ray + np.array([x, foot - 1.3 * size]), 3)
    return [(x, foot - 1.9 * size)]


SCENES: tuple[Callable[[Canvas, Cast, np.random.Generator], Heads], ...] = (
    _close_up,
    _full_figure,
    _two_people,
    _half_figure,
    _the_cat,
)


def cut_slices(strip: Image, seed: int = 0, *, low: int = 700, high: int = 1100) -> list[Image]:
    """Cut a strip into slices of arbitrary height, as sites do, through panels and all; stacked they are the strip."""
    rng = np.random.default_rng([seed, strip.shape[0]])
    slices, y = [], 0
    while y < strip.shape[0]:
        end = y + int(rng.integers(low, high + 1))
        if strip.shape[0] - end < low // 2:
            end = strip.shape[0]
        slices.append(np.ascontiguousarray(strip[y:end]))
        y = end
    return slices


def write_site(folder: Path, *, seed: int = 0, episodes: int, panels: int = 6) -> None:
    """Write the comic as a small static site (list, episode pages, lazy pictures, robots.txt), and truth.json."""
    if episodes < 1:
        raise UsageError(f"episodes {episodes}: at least 1")
    truth, items = {}, []
    with ThreadPoolExecutor(
        os.cpu_count()
    ) as pool:  # it is OpenCV and NumPy that draw, which let others work meanwhile
        drawn = pool.map(lambda number: _write_episode(folder, seed, number, panels), range(1, episodes + 1))
        for number, (name, boxes) in enumerate(drawn, 1):
            truth[f"e{number:03d}"] = boxes
            title = f"Episode {number}: {name}"
            items.append(f'<li><a href="episodes/{number}/index.html">{escape(title)}</a></li>')
    write_atomic(folder / "images" / "blank.png", encode_png(np.full((1, 1, 3), 255, np.uint8)))
    write_atomic(folder / "robots.txt", b"User-agent: *\nDisallow: /private/\n")
    write_atomic(folder / "truth.json", (json.dumps(truth, indent=1) + "\n").encode())
    listing = f'<h1>The drawn comic</h1><p>by comicdata, CC0-1.0</p><ul class="episodes">{"".join(items)}</ul>'
    write_atomic(folder / "index.html", _html("The drawn comic", listing))


def _write_episode(folder: Path, seed: int, number: int, panels: int) -> tuple[str, list[list[int]]]:
    """The title of the episode, and the boxes of its panels."""
    episode, tags = draw_episode(seed, number, panels=panels), []
    for index, part in enumerate(cut_slices(episode.strip, seed), 1):
        name = f"images/{episode.number}/{index:02d}.jpg"
        write_atomic(folder / name, encode_jpeg(part))
        tags.append(f'<img alt="" data-url="../../{name}" src="../../images/blank.png">')
    body = f'<h1>{escape(episode.title)}</h1><div id="viewer">{"".join(tags)}</div>'
    write_atomic(folder / "episodes" / str(episode.number) / "index.html", _html(episode.title, body))
    return episode.title, [panel.box.as_list() for panel in episode.panels]


def _html(title: str, body: str) -> bytes:
    head = f'<meta charset="utf-8"><title>{escape(title)}</title>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'.encode()
