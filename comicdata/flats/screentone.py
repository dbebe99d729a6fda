"""Screentone taken from the lines of a drawing. The rule: what is even and repeats in all directions, or lies soft over
an area, is shading; what is kept as a line must be one without it.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.near import Numbers, joined, nearest
from comicdata.images import Image

Flags = npt.NDArray[np.bool_]

BLACK = 160  # grey level below which a pixel is ink
LARGEST = 1 / 60  # of the shorter side: how wide a dot may be, and no less than SMALLEST_LIMIT pixels
SMALLEST_LIMIT = 7
ALIKE = 1.6  # how many times as large as its neighbour a dot may be
LATTICE = 1.35  # how much farther than the nearest the third and fourth neighbours may be
SPARSEST = 5  # times the side of a dot that they may lie apart
FEWEST = 16  # dots that make a tone
NET = 0.45  # share of ink in a tone of light dots, below which these are cells that thin lines part
LITTLE = 0.01  # of the page: of a smaller net nothing is said
SOFT = 0.35, 0.93  # of white: between them an area without lines is a tone


def without_tones(page: Image) -> tuple[Image, Image, int]:
    """(line, shade, cells) of (H, W) uint8, ink 0: dots of a screen and soft greys go to the shade, 255 elsewhere.

    Multiplied, line and shade are the page again but for rounding; a page without tones is its own line, byte for byte.
    `cells`: how many small even cells of paper were taken for the dots of a tone, though lines as thin as in a drawing
    part them; 0 where they are next to nothing of the page.
    """
    dots, cells = _dots(page)
    white = dots.view(np.uint8) * np.uint8(255)
    return *_without_greys(page | white, page | ~white), cells


def _without_greys(line: Image, shade: Image) -> tuple[Image, Image]:
    """Soft greys, without the lines over them, from `line` to `shade`."""
    side = 2 * max(4, round(min(line.shape) / 130)) + 1
    ground = np.asarray(cv2.morphologyEx(line, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)), np.uint8)
    low, high = SOFT
    soft = ((ground >= low * 255) & (ground <= high * 255)).astype(np.uint8)
    soft = np.asarray(cv2.morphologyEx(soft, cv2.MORPH_OPEN, np.ones((side, side), np.uint8)), np.uint8)
    at = soft > 0
    if not at.any():
        return line, shade
    level, kept = ground[at], line.copy()
    kept[at] = np.minimum(255, line[at].astype(np.uint16) * 255 // level)
    shade[at] = np.minimum(shade[at], level)
    return kept, shade


def _dots(page: Image) -> tuple[Flags, int]:
    """Which pixels belong to a screen of dots, dark on light or, where it is dense, light on dark; how many light ones
    lie in large nets.
    """
    ink = page < BLACK
    tone = np.zeros(page.shape, bool)
    cells = 0
    for screen in _screens(ink):
        place = _reach(screen)
        tone[place] |= _between(ink[place], replace(screen, dots=screen.dots[place]))
    for screen in _screens(~ink):
        around = _around(ink, screen)
        tone |= around
        lines, dots = int(around.sum()), int(screen.dots.sum())
        if lines < NET * (lines + dots) and lines + dots > LITTLE * page.size:
            cells += screen.count
    if not tone.any():
        return tone, 0
    rim = _grown(tone, 3) & ~_grown(ink & ~tone, 3) & (page < 255)
    return tone | rim, cells


@dataclass(frozen=True)
class _Screen:
    """Dots of one screen, (H, W); how far they lie from each other, how wide they are, and how many."""

    dots: Flags
    pitch: float
    width: float
    count: int


def _screens(mask: Flags) -> list[_Screen]:
    """The screens that marks, alike and evenly placed, make in (H, W), by their pitch."""
    largest = max(SMALLEST_LIMIT, round(LARGEST * min(mask.shape)))
    count, labels, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    longer, shorter = np.maximum(wide, high), np.minimum(wide, high)
    (small,) = np.nonzero((longer <= largest) & (longer <= 2 * shorter + 1) & (np.arange(count) > 0))
    if len(small) < FEWEST:
        return []
    member, pitch = _on_a_lattice(centres[small], stats[small, cv2.CC_STAT_AREA])
    screens = []
    octave = np.floor(2 * np.log2(np.maximum(pitch, 1))).astype(int)
    for step in np.unique(octave[member]).tolist():
        chosen = small[member & (octave == step)]
        is_dot = np.zeros(count, bool)
        is_dot[chosen] = True
        middle = float(np.median(pitch[member & (octave == step)]))
        screens.append(_Screen(is_dot[labels], middle, float(np.quantile(longer[chosen], 0.9)), len(chosen)))
    return screens


def _on_a_lattice(centres: Numbers, areas: npt.NDArray[np.int32]) -> tuple[Flags, Numbers]:
    """Which marks have neighbours all around, alike and equally far, or are such a mark's neighbour; their pitch."""
    far, near = nearest(centres, 7)
    pitch = far[:, 1]
    reach = LATTICE * pitch + 0.8
    own = areas[:, None].astype(np.float64)
    alike = (areas[near] <= ALIKE * own + 2) & (own <= ALIKE * areas[near] + 2)
    beside = (far <= reach[:, None]) & alike
    beside[:, 0] = False
    core = (beside.sum(axis=1) >= 4) & (pitch <= SPARSEST * np.sqrt(areas) + 1)
    one, column = np.nonzero(beside & core[:, None])
    other = near[one, column]
    group = joined(len(areas), one, other)
    member = np.bincount(group, minlength=len(areas))[group] >= FEWEST
    return member, np.minimum(pitch, _least(pitch, one, other))


def _least(pitch: Numbers, one: npt.NDArray[np.intp], other: npt.NDArray[np.intp]) -> Numbers:
    """For every mark the least pitch of the cores it neighbours: at the edge of a screen its own says little."""
    least = np.full(len(pitch), np.inf)
    np.minimum.at(least, other, pitch[one])
    return least


def _reach(screen: _Screen) -> tuple[slice, slice]:
    """The part of the page in which a screen changes anything."""
    margin = round(4 * (screen.pitch + screen.width)) + 8
    sides = (np.flatnonzero(screen.dots.any(axis=axis)) for axis in (1, 0))
    rows, columns = (slice(max(0, int(side[0]) - margin), int(side[-1]) + margin + 1) for side in sides)
    return rows, columns


def _between(ink: Flags, screen: _Screen) -> Flags:
    """The dark dots of a screen, and what in its area is no line: dots that touch each other or a line."""
    area = _closed(screen.dots, 1.5 * screen.pitch)
    rest = ink & ~screen.dots & _grown(area, 2 * round(screen.pitch / 2) + 1)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(rest.astype(np.uint8), connectivity=8)
    longer = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    crumb = longer <= 2 * screen.pitch
    crumb[0] = False
    length = round(1.5 * screen.width) + 2
    lines = rest & ~crumb[labels]
    kept = _grown(_along(lines, length), 3) & lines
    return np.asarray(screen.dots | (crumb[labels] & area) | (lines & ~kept & area))


def _around(ink: Flags, screen: _Screen) -> Flags:
    """The ink between the light dots of a dense screen; what is farther from any than dots lie apart is drawn."""
    area = _closed(screen.dots, 1.5 * screen.pitch)
    between = ink & area
    apart = np.asarray(cv2.distanceTransform((~screen.dots).astype(np.uint8), cv2.DIST_L2, 5))
    reach = max(1.5, 0.8 * screen.pitch)
    solid = between & (apart > reach)
    return between & ~_grown(solid, 2 * round(reach) + 1)


def _along(mask: Flags, length: int) -> Flags:
    """What of the mask holds a straight piece of this length, in any of eight directions."""
    kept = np.zeros(mask.shape, bool)
    image = mask.astype(np.uint8)
    half = length // 2
    for turn in np.arange(8) * np.pi / 8:
        x, y = round(half * float(np.cos(turn))), round(half * float(np.sin(turn)))
        piece = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
        cv2.line(piece, (half - x, half - y), (half + x, half + y), 1)
        kept |= cv2.morphologyEx(image, cv2.MORPH_OPEN, piece) > 0
    return kept


def _grown(mask: Flags, side: int) -> Flags:
    return np.asarray(cv2.dilate(mask.astype(np.uint8), _disc(side)) > 0)


def _closed(mask: Flags, width: float) -> Flags:
    """The area that marks closer to each other than `width` make together."""
    side = 2 * round(width / 2) + 1
    padded = cv2.copyMakeBorder(mask.astype(np.uint8), side, side, side, side, cv2.BORDER_CONSTANT, value=0)
    whole = cv2.erode(cv2.dilate(padded, _disc(side)), _disc(side))
    return np.asarray(whole[side:-side, side:-side] > 0)


def _disc(side: int) -> Image:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
