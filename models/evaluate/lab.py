"""CIELAB and the colour difference CIEDE2000, fast enough for every pixel of thousands of windows: float32, no angles.

scikit-image has both several times slower; the tests compare with it.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.images import Image

Floats = npt.NDArray[np.float32]
PART = 8192  # pixels
WHITE = np.array([0.95047, 1.0, 1.08883])  # D65, observer of 2 degrees
FROM_LINEAR = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)  # linear sRGB -> XYZ
TO_LAB = np.array([[0, 116, 0, -16], [500, -500, 0, 0], [0, 200, -200, 0]], np.float32)


def _linear() -> Floats:
    """The transfer function of sRGB (IEC 61966-2-1) for the 256 values of a channel."""
    value = np.arange(256) / 255
    return np.where(value > 0.04045, ((value + 0.055) / 1.055) ** 2.4, value / 12.92).astype(np.float32)


LINEAR = _linear()
SCALED = (FROM_LINEAR / WHITE[:, None]).astype(np.float32)


def lab_of(rgb: Image) -> Floats:
    """(H, W, 3) uint8 sRGB -> CIELAB under D65 (CIE 15:2004, section 8.2.1), L in [0, 100]."""
    ratio = np.asarray(cv2.transform(cv2.LUT(rgb, LINEAR), SCALED))
    root = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + np.float32(16 / 116))
    return np.asarray(cv2.transform(root, TO_LAB), dtype=np.float32)


def de2000_map(output_lab: Floats, truth_lab: Floats) -> Floats:
    """CIEDE2000 colour difference of two (H, W, 3) CIELAB -> (H, W); 0 is equal, about 1 is just visible.

    Source: Sharma, Wu, Dalal, "The CIEDE2000 color-difference formula" (2005), equations 2 to 22, all weights 1.
    """
    return np.concatenate([_de2000(output_lab[rows], truth_lab[rows]) for rows in strips(truth_lab.shape)])


def strips(shape: tuple[int, ...]) -> list[slice]:
    """The rows of an array (H, W, ...) in parts of about PART pixels: what is made of each stays in the cache."""
    step = max(1, PART // max(1, shape[1]))
    return [slice(top, top + step) for top in range(0, max(1, shape[0]), step)]


def _de2000(output_lab: Floats, truth_lab: Floats) -> Floats:
    """Hues are kept as directions: their mean is the direction between them, and its cosines come from multiples of
    one angle.
    """
    (l1, a1, b1), (l2, a2, b2) = cv2.split(output_lab), cv2.split(truth_lab)
    mean_chroma = (np.sqrt(a1 * a1 + b1 * b1) + np.sqrt(a2 * a2 + b2 * b2)) / 2
    stretch = 1.5 - 0.5 * _saturation(mean_chroma)
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.sqrt(a1 * a1 + b1 * b1), np.sqrt(a2 * a2 + b2 * b2)
    cosine, sine = _direction_between(a1, b1, c1, a2, b2, c2)
    chroma = (c1 + c2) / 2
    lightness = (l1 - l2) / _lightness_scale((l1 + l2) / 2)
    saturated = (c1 - c2) / (1 + 0.045 * chroma)
    hue = _hue_difference(a1, b1, c1, a2, b2, c2) / (1 + 0.015 * chroma * _hue_scale(cosine, sine))
    turned = lightness**2 + saturated**2 + hue**2 + _rotation(chroma, cosine, sine) * saturated * hue
    return np.asarray(np.sqrt(np.maximum(turned, 0)), dtype=np.float32)


def _saturation(chroma: Floats) -> Floats:
    """sqrt(C^7 / (C^7 + 25^7)), of equations 4 and 17."""
    third = chroma * chroma * chroma
    seventh = third * third * chroma
    return np.asarray(np.sqrt(seventh / (seventh + np.float32(25**7))))


def _direction_between(a1: Floats, b1: Floats, c1: Floats, a2: Floats, b2: Floats, c2: Floats) -> tuple[Floats, Floats]:
    """Cosine and sine of the mean hue (equation 14), on the shorter side; a colour without chroma has no say."""
    tiny = np.float32(1e-12)
    n1, n2 = np.maximum(c1, tiny), np.maximum(c2, tiny)
    x, y = a1 / n1 + a2 / n2, b1 / n1 + b2 / n2
    length = np.maximum(np.sqrt(x * x + y * y), tiny)
    return np.asarray(x / length), np.asarray(y / length)


def _lightness_scale(mean: Floats) -> Floats:
    """S_L, equation 15."""
    square = (mean - 50) ** 2
    return np.asarray(1 + 0.015 * square / np.sqrt(20 + square))


def _hue_difference(a1: Floats, b1: Floats, c1: Floats, a2: Floats, b2: Floats, c2: Floats) -> Floats:
    """2 sqrt(C1 C2) sin(dh / 2), equation 11: what of the distance in a and b is not chroma, signed by the turn."""
    squared = (a1 - a2) ** 2 + (b1 - b2) ** 2 - (c1 - c2) ** 2
    return np.asarray(np.copysign(np.sqrt(np.maximum(squared, 0)), a2 * b1 - a1 * b2))


def _hue_scale(cosine: Floats, sine: Floats) -> Floats:
    """T, equation 15, where cos(n h - d) = cos(n h) cos(d) + sin(n h) sin(d)."""
    cosine2, sine2 = 2 * cosine * cosine - 1, 2 * sine * cosine
    cosine3, sine3 = cosine2 * cosine - sine2 * sine, sine2 * cosine + cosine2 * sine
    cosine4, sine4 = 2 * cosine2 * cosine2 - 1, 2 * sine2 * cosine2
    return np.asarray(
        1
        - 0.17 * _turned(cosine, sine, 30)
        + 0.24 * cosine2
        + 0.32 * _turned(cosine3, sine3, -6)
        - 0.20 * _turned(cosine4, sine4, 63)
    )


def _turned(cosine: Floats, sine: Floats, degrees: float) -> Floats:
    """cos(angle - degrees)."""
    angle = np.radians(degrees)
    return np.asarray(cosine * np.float32(np.cos(angle)) + sine * np.float32(np.sin(angle)))


def _rotation(chroma: Floats, cosine: Floats, sine: Floats) -> Floats:
    """R_T, equations 16, 17 and 21."""
    from_blue = np.arctan2(_turned(cosine, sine, 5), _turned(cosine, sine, 275))  # hue less 275 degrees
    near = np.exp(-np.square(from_blue * np.float32(180 / math.pi / 25)))
    turn = np.maximum(near, np.float32(1e-6)) * np.float32(math.pi / 3)  # numpy's sine is slow where it is tiny
    return np.asarray(np.sin(turn) * np.float32(-2) * _saturation(chroma))
