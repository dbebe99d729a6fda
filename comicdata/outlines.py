"""Colour to line art: pure functions from (H, W, 3) uint8 RGB to (H, W) uint8, ink 0 on paper 255."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from comicdata.errors import UsageError
from comicdata.images import Image, channel_sum
from comicdata.reading.shapes import MisshapenError, of_shape
from comicdata.records import CannyPreset, XDoGPreset


@dataclass(frozen=True)
class CannyBlack:
    """Parameters of `canny_black`: hysteresis thresholds, and the mean of the channels below which a pixel is ink."""

    low: float = 100
    high: float = 180
    black: int = 80


@dataclass(frozen=True)
class XDoG:
    """Parameters of `xdog`. `sigma` is the line scale in pixels at size 256; `eps` is a luminance in [0, 1]; the others
    have no unit.
    """

    sigma: float = 0.4
    k: float = 4.5
    p: float = 19
    eps: float = 0.01
    phi: float = 1e9


XDOG_PRESETS: dict[XDoGPreset, XDoG] = {
    "colorizer": XDoG(),  # with thin and thick the set of AlacGAN (arXiv 1808.03240)
    "thin": XDoG(sigma=0.3),
    "thick": XDoG(sigma=0.5),
    "pencil": XDoG(sigma=1.0, k=1.6, p=20, eps=0.3, phi=20),
    "classic": XDoG(sigma=0.8, k=1.6, p=20, eps=0.5, phi=10),  # soft, and much black: as in the XDoG paper
}
CANNY_PRESETS: dict[CannyPreset, CannyBlack] = {
    "reference": CannyBlack(),
    "lines-only": CannyBlack(black=0),
    "fine": CannyBlack(low=50, high=100),  # also faint edges; high is twice low, as Canny (1986) advises
}


def canny_black(rgb: Image, *, low: float = 100, high: float = 180, black: int = 80) -> Image:
    """Canny edges, or pixels that are dark in the picture itself.

    Canny on the colour picture in BGR order (L1 gradient, aperture 3), OR mean of the three channels < `black`.
    Run it at the native resolution and shrink afterwards: shrinking first breaks thin lines.
    Source: Kang, Choo, Chang (2017), section 2, with the constants of its public re-implementation.
    """
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    ink = cv2.Canny(bgr, low, high, apertureSize=3, L2gradient=False) > 0
    ink |= channel_sum(rgb) < 3 * black  # mean < black, without rounding
    return np.where(ink, np.uint8(0), np.uint8(255))


def xdog(
    rgb: Image,
    *,
    size: int | None = None,
    sigma: float = 0.4,
    k: float = 4.5,
    p: float = 19,
    eps: float = 0.01,
    phi: float = 1e9,
) -> Image:
    """Extended difference of Gaussians, sharpened form, on the picture already at its final size.

    S = (1 + p) G_s - p G_ks on luminance in [0, 1], s = `sigma` * `size` / 256 (`size`: the short side by default);
    T(u) = 1 where u >= eps, else 1 + tanh(phi (u - eps)).
    Source: Winnemoeller, Kyprianidis, Olsen (2012), "XDoG", equations 5 and 7; default parameters of AlacGAN.
    """
    scale = sigma * (size or min(rgb.shape[:2])) / 256
    luminance = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    sharpened = (1 + p) * _blur(luminance, scale) - p * _blur(luminance, k * scale)
    ramp = 1 + np.tanh(phi * np.minimum(sharpened - eps, 0))
    return np.asarray(np.rint(255 * ramp), dtype=np.uint8)


def _blur(plane: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of a float32 plane, kernel of 3 sigma on each side."""
    width = 2 * int(np.ceil(3 * sigma)) + 1
    return np.asarray(cv2.GaussianBlur(plane, (width, width), sigma, borderType=cv2.BORDER_REFLECT_101))


@dataclass(frozen=True)
class Outlines:
    """The settings of both outlines: what a pairs folder was drawn with, a run was trained on, colorize draws again."""

    canny: CannyBlack = CannyBlack()
    xdog: XDoG = XDoG()

    def draw(self, kind: str, rgb: Image, *, size: int | None = None) -> Image:
        """The outline "canny" or "xdog" of (H, W, 3): (H, W). `size` as in `xdog`."""
        return canny_black(rgb, **asdict(self.canny)) if kind == "canny" else xdog(rgb, size=size, **asdict(self.xdog))

    def values(self) -> dict[str, dict[str, float]]:
        """As plain values: what is written into cards and runs and hashed into params_id."""
        return asdict(self)

    @classmethod
    def of_values(cls, values: Mapping[str, Any]) -> "Outlines":
        """From plain values; what they do not say is as by default. MisshapenError for what is of no use as one."""
        made = of_shape(cls, values)
        sized = {"sigma": (made.xdog.sigma, 100), "sigma times k": (made.xdog.sigma * made.xdog.k, 100)}
        for name, (value, most) in sized.items():  # what says how large a kernel is
            if not 0 < value <= most:
                raise MisshapenError(("xdog", name), f"a number above 0 and at most {most} is expected, not {value}")
        return made

    @classmethod
    def of_presets(cls, canny: CannyPreset, xdog: XDoGPreset) -> "Outlines":
        """By name; UsageError when there is no such preset."""
        for name, there in ((canny, CANNY_PRESETS), (xdog, XDOG_PRESETS)):
            if name not in there:
                raise UsageError(f"outline preset {name}: not known; there are {', '.join(there)}")
        return cls(CANNY_PRESETS[canny], XDOG_PRESETS[xdog])
