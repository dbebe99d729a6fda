"""Heads of hair, hats and beards: outlines around a skull of radius 1, each in a colour of whoever wears it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from comicdata.drawn.art import Points, ellipse

Fill = Literal["hair", "top", "bottom", "trim"]
FILLS: tuple[Fill, ...] = ("hair", "top", "bottom", "trim")
OFTEN = (0.4, 0.15, 0.1, 0.35)  # what else is on a head has one of these fills
MORE = (0.3, 0.3, 0.25, 0.15)  # chances of none to three such parts


@dataclass(frozen=True, eq=False)
class Part:
    """A filled outline, (N, 2) in radii around the centre of the head; `fill` names a colour of the character."""

    outline: Points
    fill: Fill = "hair"
    shade: float = 0.0


@dataclass(frozen=True, eq=False)
class Head:
    """What is drawn over the skull, and what behind it."""

    over: tuple[Part, ...]
    behind: tuple[Part, ...] = ()


def polygon(*points: tuple[float, float]) -> Points:
    """An outline by its corners."""
    return np.array(points, float)


def both_sides(x: float, y: float, rx: float, ry: float, fill: Fill = "hair") -> tuple[Part, Part]:
    """An ellipse on either side of the face."""
    return Part(ellipse(-x, y, rx, ry), fill), Part(ellipse(x, y, rx, ry), fill)


_BOB_FRINGE = np.vstack(
    [ellipse(0, 0.1, 1.02, 1.05, 180, 360), polygon((0.7, -0.2), (0.2, -0.4), (-0.1, -0.15), (-0.6, -0.3))]
)
_SPIKES = polygon(
    *((-1.05, 0.2), (-1.45, -0.35), (-0.95, -0.5), (-1.1, -1.15), (-0.5, -0.85), (-0.2, -1.55), (0.15, -0.95)),
    *((0.75, -1.45), (0.7, -0.8), (1.35, -0.85), (0.98, -0.35), (1.4, 0.05), (0.95, 0.2)),
    *((0.75, -0.25), (0.45, -0.05), (0.2, -0.35), (-0.15, -0.05), (-0.45, -0.35), (-0.8, -0.1)),
)

BOB = Head(
    over=(Part(_BOB_FRINGE), Part(ellipse(0.75, -0.75, 0.2, 0.2), "trim")),
    behind=(Part(ellipse(0, -0.05, 1.22, 1.18), shade=0.12),),
)
SPIKES = Head(over=(Part(_SPIKES),))
HAT = Head(
    over=(
        Part(polygon((-0.75, -0.5), (-0.55, -1.9), (0.65, -1.9), (0.75, -0.5)), "top", 0.15),
        Part(polygon((-0.74, -0.85), (0.74, -0.85), (0.76, -0.5), (-0.76, -0.5)), "trim"),
        Part(ellipse(0, -0.48, 1.35, 0.2), "top"),
        *both_sides(0.3, 0.62, 0.36, 0.15),
    ),
    behind=(Part(polygon((-1.0, 0.1), (1.0, 0.1), (0.85, 1.15), (0, 1.75), (-0.85, 1.15))),),
)


def any_head(rng: np.random.Generator) -> Head:
    """A head that nobody has drawn: hair or a hat, perhaps a bun, long hair behind, tufts at the ears, a beard, and
    often something else, on one side or on both.
    """
    hat = rng.uniform() < 0.3
    over = _any_hat(rng) if hat else (Part(_any_hair(rng), "trim" if rng.uniform() < 0.2 else "hair"),)
    behind: tuple[Part, ...] = ()
    if rng.uniform() < (0.7 if hat else 0.3):
        wide, low = rng.uniform(0.9, 1.3), rng.uniform(0.7, 1.9)
        behind += (
            Part(polygon((-1.0, -0.3), (1.0, -0.3), (wide, low), (0, low + rng.uniform(-0.3, 0.4)), (-wide, low))),
        )
    if not hat and rng.uniform() < 0.3:
        angle, wide, tall = np.radians(rng.uniform(200, 340)), rng.uniform(0.2, 0.55), rng.uniform(0.2, 0.5)
        behind += (Part(ellipse(1.2 * np.cos(angle), 1.2 * np.sin(angle), wide, tall)),)
    if rng.uniform() < 0.3:
        over += both_sides(0.98, rng.uniform(-0.1, 0.3), rng.uniform(0.12, 0.33), rng.uniform(0.15, 0.45))
    if rng.uniform() < 0.25:
        chin = rng.uniform(1.15, 1.6)
        over += (Part(polygon((-0.8, 0.7), (0, 0.8), (0.8, 0.7), (0.5, chin), (-0.5, chin))),)
    for _ in range(int(rng.choice(4, p=MORE))):
        more = _anything(rng)
        over, behind = (over + more, behind) if rng.uniform() < 0.5 else (over, behind + more)
    return Head(over, behind)


def _anything(rng: np.random.Generator) -> tuple[Part, ...]:
    """An outline of any corners, pointed or round, at the rim of the skull above the cheeks, or one on either side."""
    fill: Fill = FILLS[int(rng.choice(len(FILLS), p=OFTEN))]
    corners, pointed, around = int(rng.integers(3, 9)), rng.uniform() < 0.4, np.linspace(0, 2 * np.pi, 49)[:-1]
    radii = rng.uniform(0.4 if pointed else 0.7, 1.0, corners)
    spans = np.interp(around, np.linspace(0, 2 * np.pi, corners + 1), np.append(radii, radii[0]))
    if pointed:
        spans *= 1 - rng.uniform(0.2, 0.5) * abs(np.sin(corners * around / 2))
    lean, (wide, tall) = rng.uniform(0, np.pi), rng.uniform(0.15, 0.6, size=2)
    x, y = wide * spans * np.cos(around), tall * spans * np.sin(around)
    turned = np.stack([x * np.cos(lean) - y * np.sin(lean), x * np.sin(lean) + y * np.cos(lean)], axis=1)
    angle = np.radians(rng.uniform(-180, 0))
    outline = turned + np.array([1.05 * np.cos(angle), 1.05 * np.sin(angle) - 0.1])
    one = Part(outline, fill)
    return (one, Part(outline * (-1, 1), fill)) if rng.uniform() < 0.5 else (one,)


def _any_hair(rng: np.random.Generator) -> Points:
    """Waves, lumps or spikes from ear to ear over the top, and a fringe."""
    ear, bumps, tall = rng.uniform(150, 195), int(rng.integers(5, 15)), rng.uniform(0.05, 0.5)
    along = np.linspace(0, bumps, 60)
    spikes = along % 1 + rng.uniform(-0.3, 0.3, 60)
    lift = (np.sin(np.pi * along), abs(np.sin(np.pi * along)), spikes)[int(rng.integers(3))]
    angles = np.radians(np.linspace(ear, 540 - ear, 60))
    rim = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (1.04 + tall * lift)[:, None]
    count = int(rng.integers(2, 7))
    fringe = np.stack([np.linspace(0.75, -0.75, count), rng.uniform(-0.6, 0, count)], axis=1)
    return np.vstack([rim, fringe])


def _any_hat(rng: np.random.Generator) -> tuple[Part, ...]:
    """A crown of any outline, often a band around it, often a brim."""
    fill: Fill = "top" if rng.uniform() < 0.5 else "bottom"
    base, low = rng.uniform(0.75, 1.1), rng.uniform(-0.6, -0.35)
    count, lean = int(rng.integers(1, 6)), rng.uniform(-0.4, 0.4)
    top = np.stack([np.linspace(-base, base, count + 2)[1:-1] + lean, rng.uniform(-2.0, -1.1, count)], axis=1)
    parts: tuple[Part, ...] = (Part(np.vstack([polygon((-base, low)), top, polygon((base, low))]), fill, 0.15),)
    if rng.uniform() < 0.6:
        edge = low - rng.uniform(0.15, 0.4)
        band = polygon((-base, edge), (base, edge), (base, low), (-base, low))
        parts += (Part(band, "trim"),)
    if rng.uniform() < 0.6:
        parts += (Part(ellipse(0, low, base + rng.uniform(0.1, 0.6), rng.uniform(0.1, 0.25)), fill),)
    return parts
