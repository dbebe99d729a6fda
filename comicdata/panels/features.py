"""What a chord through a cell looks like, as some thirty numbers: the strip of picture beside it, made level."""

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image
from comicdata.panels.lines import Chord, Separators
from comicdata.panels.paper import Flags, Mask, median, spans

REACH = 12  # pixels on both sides of a chord, at the size of the analysis
SAMPLES = 128  # along it
_ALONG = np.linspace(0.01, 0.99, SAMPLES)[:, None]
_ACROSS = np.arange(-REACH, REACH + 1)[:, None, None]
_SHIFTED = np.arange(5)[:, None] + np.arange(SAMPLES - 1)  # by -2 to 2 samples
_Floats = npt.NDArray[np.float64]


def features(page: Separators, chord: Chord) -> _Floats:
    """How a chord is covered, straight, thick, dark or light; how the pictures on its two sides differ, or go on."""
    places = _beside(chord)
    strip = _level(page.image, places, cv2.INTER_LINEAR)
    grey = cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY).astype(np.float64)
    marks = _level(page.strokes[chord.upright], places, cv2.INTER_NEAREST)
    shorter = min(page.image.shape[:2])
    around = [chord.rivals / 10, chord.place, chord.framed, chord.covered]
    return np.array(
        [
            *_cover(marks), *_profile(grey, marks), *_sides(strip, grey), *_step(strip), *around,
            chord.length / shorter, float(chord.upright),
        ]
    )  # fmt: skip


def _beside(chord: Chord) -> npt.NDArray[np.float32]:
    """The places of the strip beside a chord, (2 * REACH + 1, SAMPLES, 2), the chord its middle row."""
    along = chord.start + (chord.end - chord.start) * _ALONG
    return np.asarray(along + _ACROSS * chord.normal, np.float32)


def _level(image: Image, places: npt.NDArray[np.float32], interpolation: int) -> Image:
    """The pixels at these places."""
    level = cv2.remap(image, places[..., 0], places[..., 1], interpolation, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(level, np.uint8)


def _cover(marks: Mask) -> list[float]:
    """Shares of the chord that are marked: in all, at both ends, in the worst eighth; the longest hole; and of the
    lines a few pixels beside it, which tell a line from a hatching.
    """
    middle: Flags = np.asarray((marks[REACH - 1 : REACH + 2] > 0).any(axis=0))
    eighths = middle.reshape(8, -1).mean(axis=1)
    holes = [end - start for start, end in spans(~middle, 1)]
    beside = (marks[[REACH + at for at in (-10, -7, -4, 4, 7, 10)]] > 0).mean(axis=1)
    ends = sorted((middle[:12].mean(), middle[-12:].mean()))
    return [
        middle.mean(), (marks[REACH] > 0).mean(), *ends, eighths.min(), float(np.sort(eighths)[2]),
        max(holes, default=0) / SAMPLES, len(holes) / 10, *beside,
    ]  # fmt: skip


def _profile(grey: _Floats, marks: Mask) -> list[float]:
    """How dark or light the chord is, how evenly, and how thick what is marked is, how evenly."""
    on = (marks[REACH - 1 : REACH + 2] > 0).any(axis=0)
    if not on.any():
        return [0.0] * 10
    if not on.all():
        grey, marks = grey[:, on], marks[:, on]
    core = grey[REACH - 1 : REACH + 2]
    dark, light = core.min(axis=0), core.max(axis=0)
    beside = median(grey[[2, 3, 4, 5, -6, -5, -4, -3]])
    thick, place = _thickness(marks > 0), np.argmin(grey[REACH - 4 : REACH + 5], axis=0)
    middle = median(np.stack([dark, light, beside - dark, light - beside, thick]), axis=1).tolist()
    uneven = np.stack([dark, light, thick, place]).std(axis=1).tolist()
    return [
        middle[0] / 255, uneven[0] / 64, middle[1] / 255, uneven[1] / 64, middle[2] / 255, middle[3] / 255,
        float((dark < 90).mean()), float((light > 215).mean()), middle[4] / 10, uneven[2] / 5 + uneven[3] / 10,
    ]  # fmt: skip


def _thickness(marked: npt.NDArray[np.bool_]) -> _Floats:
    """Marked pixels that hang together with the middle row, per column."""
    up = np.logical_and.accumulate(marked[REACH::-1], axis=0).sum(axis=0)
    down = np.logical_and.accumulate(marked[REACH:], axis=0).sum(axis=0)
    return np.asarray(np.maximum(up, 1) + np.maximum(down, 1) - 1, np.float64)


def _step(strip: Image) -> list[float]:
    """How the two sides differ right beside the chord, and each from the chord, along how much of it."""
    upper, middle, lower = (
        strip[REACH + a : REACH + b].astype(np.float64).mean(axis=0) for a, b in ((-5, -2), (-1, 2), (3, 6))
    )
    sides = np.abs(upper - lower).max(axis=1)
    own = sorted(float((np.abs(side - middle).max(axis=1) >= 24).mean()) for side in (upper, lower))
    return [float((sides >= 24).mean()), float(median(sides)) / 128, *own]


def _sides(strip: Image, grey: _Floats) -> list[float]:
    """How the pictures on both sides differ in colour and grain, and whether the one goes on in the other."""
    upper, lower = strip[:5].astype(np.float64).mean(axis=0), strip[-5:].astype(np.float64).mean(axis=0)
    apart = np.abs(upper - lower).max(axis=1)
    steps = [np.diff(cv2.blur(one[None], (3, 1))[0]) for one in (grey[:5].mean(axis=0), grey[-5:].mean(axis=0))]
    norm = float(np.sqrt((steps[0] ** 2).sum() * (steps[1] ** 2).sum()))
    around = np.concatenate([steps[1][-2:], steps[1], steps[1][:2]])
    goes_on = float((steps[0] * around[_SHIFTED]).sum(axis=1).max()) / (norm + 300)
    alike = float((apart < 16).mean())
    calm = sorted(float(np.abs(one).mean()) / 20 for one in steps)
    return [float(apart.mean()) / 128, float(median(apart)) / 128, alike, goes_on, *calm]
