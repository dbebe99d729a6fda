"""The cast as it stands in a panel: people, heads, faces, and the cat."""

import numpy as np

from comicdata.drawn.art import INK, WHITE, Canvas, Colour, at, ellipse
from comicdata.drawn.cast import Cast, Character
from comicdata.drawn.heads import Part

BLUSH: Colour = (255, 150, 150)
MOODS = ("happy", "shocked", "sly", "sad")


def draw_person(canvas: Canvas, who: Character, x: float, foot: float, height: float, mood: str, arm: float) -> None:
    """A whole figure standing at (x, foot); `arm` in -1..1 lowers or raises the arms."""
    unit = height / 6
    neck = foot - 3.7 * unit
    for side in (-1, 1):
        canvas.limb(at(x, foot, unit, (0.34 * side, -1.6), (0.38 * side, -0.2)), 0.42 * unit, who.bottom)
        canvas.shape(ellipse(x + 0.48 * side * unit, foot - 0.1 * unit, 0.36 * unit, 0.17 * unit), who.shoes)
        hand = at(x, neck, unit, (1.35 * side, 0.9 - 1.3 * arm))[0]
        canvas.limb(np.array([[x + 0.55 * side * unit, neck + 0.45 * unit], hand]), 0.34 * unit, who.top)
        canvas.shape(ellipse(hand[0], hand[1], 0.22 * unit, 0.22 * unit), who.skin)
    body = at(x, neck, unit, (-0.5, 0), (0.5, 0), (0.72, 1.2), (0.86, 2.35), (-0.86, 2.35), (-0.72, 1.2))
    canvas.shape(body, who.top, shade=0.22)
    canvas.shape(at(x, neck, unit, (-0.22, -0.1), (0.22, -0.1), (0, 0.34)), who.skin)
    draw_head(canvas, who, x, neck - 0.92 * unit, 1.22 * unit, mood)


def draw_head(canvas: Canvas, who: Character, x: float, y: float, radius: float, mood: str) -> None:
    """A head with hair and face around (x, y)."""
    _parts(canvas, who, who.head.behind, x, y, radius)
    canvas.shape(ellipse(x, y + 0.1 * radius, radius, 0.95 * radius), who.skin, shade=0.1)
    _parts(canvas, who, who.head.over, x, y, radius)
    _face(canvas, x, y + 0.2 * radius, radius, mood)


def _parts(canvas: Canvas, who: Character, parts: tuple[Part, ...], x: float, y: float, radius: float) -> None:
    for part in parts:
        canvas.shape(part.outline * radius + (x, y), getattr(who, part.fill), shade=part.shade)


def _face(canvas: Canvas, x: float, y: float, r: float, mood: str) -> None:
    """Eyes, brows, cheeks and mouth; `mood` is one of MOODS."""
    for side in (-1, 1):
        eye_x, eye_y = x + 0.4 * side * r, y - 0.12 * r
        tall = {"shocked": 0.27, "sly": 0.1}.get(mood, 0.2)
        canvas.shape(ellipse(eye_x, eye_y, 0.17 * r, tall * r), WHITE, ink=2)
        canvas.shape(ellipse(eye_x + 0.03 * r, eye_y + 0.03 * r, 0.08 * r, min(tall, 0.13) * r), INK, ink=0)
        lift = {"shocked": -0.5, "sad": -0.36}.get(mood, -0.36)
        tilt = {"sly": 0.12, "sad": -0.14}.get(mood, 0.0)
        canvas.line(at(eye_x, eye_y, r, (-0.17, lift - tilt * side), (0.17, lift + tilt * side)), 3)
        canvas.shape(ellipse(x + 0.62 * side * r, y + 0.2 * r, 0.13 * r, 0.08 * r), BLUSH, ink=0)
    if mood == "shocked":
        canvas.shape(ellipse(x, y + 0.42 * r, 0.16 * r, 0.22 * r), (206, 84, 92))
    elif mood == "happy":
        canvas.shape(ellipse(x, y + 0.28 * r, 0.34 * r, 0.3 * r, 0, 180), (206, 84, 92))
    elif mood == "sad":
        canvas.line(ellipse(x, y + 0.56 * r, 0.24 * r, 0.18 * r, 200, 340), 3)
    else:
        canvas.line(at(x, y, r, (-0.25, 0.4), (0.05, 0.45), (0.3, 0.3)), 3)


def draw_cat(canvas: Canvas, cast: Cast, x: float, foot: float, size: float, mood: str) -> None:
    """The cat, sitting at (x, foot), twice as tall as `size`."""
    tail = ellipse(x + 0.75 * size, foot - 0.75 * size, 0.5 * size, 0.55 * size, 120, -60)
    canvas.limb(tail, 0.16 * size, cast.cat)
    canvas.shape(ellipse(x, foot - 0.52 * size, 0.62 * size, 0.55 * size), cast.cat, shade=0.15)
    for side in (-1, 1):
        canvas.shape(ellipse(x + 0.3 * side * size, foot - 0.08 * size, 0.2 * size, 0.12 * size), cast.cat)
        ear = at(x, foot - 1.3 * size, size, (0.2 * side, -0.4), (0.56 * side, -0.85), (0.68 * side, -0.15))
        canvas.shape(ear, cast.cat)
    canvas.shape(ellipse(x, foot - 1.25 * size, 0.74 * size, 0.6 * size), cast.cat, shade=0.1)
    canvas.shape(ellipse(x, foot - 0.5 * size, 0.3 * size, 0.36 * size), cast.belly, ink=0)
    _face(canvas, x, foot - 1.2 * size, 0.72 * size, mood)
    for side in (-1, 1):
        for tilt in (-0.06, 0.08):
            canvas.line(at(x, foot - size, size, (0.42 * side, tilt), (0.85 * side, 2 * tilt)), 2)
