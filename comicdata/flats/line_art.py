"""Is a picture line art, and what are its lines: the one place that tells. The rule: line art is one ink on paper, in
lines; colour that fills areas, and tones that no screen made, are a picture.
"""

import colorsys
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.errors import UsageError
from comicdata.flats.paper import Color, Floats, light, median_color, paper_color, sampled
from comicdata.flats.screentone import without_tones
from comicdata.images import Image, channel_spread, channel_sum, darkest

LOOK = 720  # pixels of the longer side, at which colours are looked at: grain and JPEG are gone there
GREY = 24  # spread of the channels that JPEG makes of grey
TINGE = 0.045  # by which a colour leaves the way from paper to ink: hardly seen
DEVIATION = 0.06  # and so much more by the darkness: ink is darker or paler, and JPEG has its way with it
FILLED = 9  # side of the least area that counts as filled: no line is as wide
FADED_PAPER = 0.16  # how far a stain may be from the colour of the paper
COLOURED = 0.004  # share of the picture that may be filled with colour: a stamp, a stain
DARKEST = 0.03  # of what is drawn: there is the colour of the ink
FAINT = 0.12  # how dark, from paper to black, the least is that counts as drawn
DARK_PAPER = 130  # mean level below which nothing is paper
PAPER, INK = 0.86, 0.3  # of the way from black to paper: above is paper, below is ink
TONES = 0.35  # area of soft tones beside that of paper, in a drawing of lines,
ROUGH, STEP = 0.1, 16  # and of those that change by so many levels within a few pixels, as a photograph does
RIM = 2  # pixels of a line's rim, on a page of 1400: what lies between ink and paper there is no tone
LEVELS, OF_LEVELS = 5, 0.7  # so few greys hold so much of the tones where they are laid flat
LITTLE = 0.4  # share of a drawing that is paper at most where it is drawn in white on black,
LINE, OF_LINES = 1 / 100, 0.3  # half as wide as so much of its shorter side, but for so much of it
HUES = ((20, "red"), (48, "orange"), (70, "yellow"), (165, "green"), (262, "blue"), (330, "purple"), (361, "red"))


@dataclass(frozen=True)
class LineArt:
    """What `read_line_art` finds in a picture.

    line: (H, W) uint8, ink 0 on paper 255, the paper evened out and without screentone.
    shade: (H, W) uint8, the tones that were taken from the lines, 255 where there are none. Laid over each other
    (multiplied), line and shade are the drawing.
    is_line_art: whether a person would call it line art; if not, line is the picture in grey, and shade empty.
    why: in words for a command.
    paper, ink: their colours, RGB. drawing: lines and tones together, (H, W) uint8, on even white paper; of a grey
    picture on white paper every pixel as it came. notes: what was decided and is not seen in `why`.
    """

    line: Image
    shade: Image
    is_line_art: bool
    why: str
    paper: Color
    ink: Color
    drawing: Image
    notes: tuple[str, ...] = ()


def read_line_art(picture: npt.NDArray[np.generic], insist: bool = False) -> LineArt:
    """The lines of a drawing, however it came: (H, W), (H, W, 1), RGB or RGBA; bool, uint8 or uint16.

    Paper may be tinted and unevenly lit, ink of any colour. `insist`: take it as line art whatever it looks like.
    UsageError for other shapes and kinds of numbers.
    """
    rgb = as_rgb(picture)
    paper = paper_color(rgb)
    even, touched = _evened(rgb, paper)
    found, why, ink = _judged(even, paper)
    page = _page(rgb, even, found, touched, ink)
    if insist and not found:
        found, why = True, f"taken as line art, though it looks like {why}"
    line, shade, cells = without_tones(page) if found else (page, np.full_like(page, 255), 0)
    notes = (f"{cells:,} small even cells are taken for a tone, so none of them is a region",) if cells else ()
    return LineArt(line, shade, found, why, paper, _on(paper, ink or (0, 0, 0)), page, notes)


def is_white_on_black(line: Image) -> bool:
    """Whether line art (H, W) uint8, ink 0, is mostly ink and its paper hardly anywhere wider than lines."""
    paper = (line >= 128).view(np.uint8)
    side = 2 * round(min(line.shape) * LINE) + 1
    share = paper.mean()
    if not 0 < share <= LITTLE:
        return False
    wide = cv2.morphologyEx(paper, cv2.MORPH_OPEN, np.ones((side, side), np.uint8))
    return bool(wide.mean() <= OF_LINES * share)


def as_rgb(picture: npt.NDArray[np.generic]) -> Image:
    """A picture of any depth as (H, W, 3) uint8, transparency laid over white."""
    if picture.ndim not in (2, 3) or not picture.size or (picture.ndim == 3 and picture.shape[2] not in (1, 2, 3, 4)):
        raise UsageError(f"line art of shape {picture.shape}: grey, RGB or RGBA is expected, (H, W) or (H, W, 1 to 4)")
    if picture.dtype == np.bool_:
        deep = picture.astype(np.uint8) * np.uint8(255)
    elif picture.dtype == np.uint16:
        deep = np.asarray(np.asarray(picture, np.uint16) >> 8, np.uint8)
    elif picture.dtype == np.uint8:
        deep = np.asarray(picture, np.uint8)
    else:
        raise UsageError(f"line art of {picture.dtype}: 1, 8 or 16 bits without a sign are expected")
    layers = deep[..., None] if deep.ndim == 2 else deep
    colour = layers[..., : 3 if layers.shape[2] > 2 else 1]
    if layers.shape[2] in (2, 4):
        alpha = layers[..., -1:].astype(np.uint16)
        colour = ((colour * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(colour, (*colour.shape[:2], 3)))


def _evened(rgb: Image, paper: Color) -> tuple[Image, bool]:
    """The picture on white paper, evenly lit, and whether anything was to be done."""
    field = light(rgb, paper)
    if field is None and min(paper) >= 250:
        return rgb, False
    scale = np.asarray(255 / np.asarray(paper, np.float32), np.float32)
    even = rgb * (scale if field is None else scale / field)
    return np.clip(np.rint(even), 0, 255).astype(np.uint8), True


def _judged(even: Image, paper: Color) -> tuple[bool, str, Color | None]:
    """Whether a picture on white, evenly lit paper is line art, why in words, and its ink on white."""
    ink = _ink(even)
    if ink is None:
        return True, f"line art: an empty page of {_name(paper)} paper", None
    if sum(paper) < 3 * DARK_PAPER:
        return False, "a picture in dark tones: nothing in it is paper", ink
    small = _looked_at(even)
    coloured = _coloured(small, ink)
    if coloured > COLOURED:
        return False, f"a picture in colour: {_percent(coloured)} of it is filled with colour", ink
    white, tone = _paper_and_tones(np.asarray(cv2.cvtColor(even, cv2.COLOR_RGB2GRAY), np.uint8))
    tones = float(tone.mean())
    soft = tones > TONES * white or _rough(small, tone) > ROUGH * white
    if soft and not (tones < white and _flat(small)):
        return False, f"a picture in soft tones of one colour: they cover {_percent(tones)} of it", ink
    return True, f"line art: {_name(_on(paper, ink))} ink on {_name(paper)} paper", ink


def _looked_at(rgb: Image) -> Image:
    """A copy of at most LOOK pixels, means of areas."""
    scale = LOOK / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _is_grey(rgb: Image) -> bool:
    return bool((channel_spread(sampled(rgb)) <= GREY).mean() >= 0.995)


def _ink(even: Image) -> Color | None:
    """The colour of the darkest of what is drawn on white paper, (H, W, 3); None where nothing is."""
    pixels = sampled(even)
    drawn = darkest(pixels) < (1 - FAINT) * 255
    if not drawn.any():
        return None
    level = channel_sum(pixels)
    dark = drawn & (level <= np.quantile(level[drawn], DARKEST) + 3 * GREY)
    return median_color(pixels, dark.view(np.uint8))


def _on(paper: Color, ink: Color) -> Color:
    """The colour that an ink on white has on paper of this colour."""
    red, green, blue = (round(one * white / 255) for one, white in zip(ink, paper, strict=True))
    return red, green, blue


def _coloured(small: Image, ink: Color) -> float:
    """Share of (h, w, 3), on white paper, that is filled with other colours than those between paper and one ink."""
    darkness: Floats = 255 - np.asarray(cv2.medianBlur(small, 3), np.float32)
    length = np.sqrt(np.einsum("ijk,ijk->ij", darkness, darkness))
    way = 255 - np.asarray(ink, np.float32)
    way = way / max(1.0, float(np.linalg.norm(way)))
    rest = darkness - (darkness @ way)[..., None] * way
    beside = channel_spread(rest)
    filled = cv2.morphologyEx(
        (beside > TINGE * 255 + DEVIATION * length).astype(np.uint8),
        cv2.MORPH_OPEN,
        np.ones((FILLED, FILLED), np.uint8),
    )
    if not filled.any():
        return 0.0
    return float((np.asarray(filled > 0) & ~_stains(np.asarray(filled, np.uint8), rest, beside)).mean())


def _stains(filled: Image, rest: Floats, beside: Floats) -> npt.NDArray[np.bool_]:
    """Which areas of colour, (h, w) uint8, are what age does to paper: brown, faint, and without an edge."""
    side = np.ones((9, 9), np.uint8)
    across = cv2.morphologyEx(beside, cv2.MORPH_CLOSE, side)  # lines cut through a stain without ending it
    edge = np.asarray(cv2.dilate(across, side) - cv2.erode(across, side), np.float32) > 1.5 * TINGE * 255
    rim = np.asarray(cv2.morphologyEx(filled, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))) > 0
    brown = (rest[..., 2] > rest[..., 1]) & (rest[..., 1] >= rest[..., 0] - 2) & (beside < FADED_PAPER * 255)
    count, labels = cv2.connectedComponents(filled, connectivity=8)
    flat = labels.ravel()
    area = np.maximum(np.bincount(flat, minlength=count), 1)
    rims = np.maximum(np.bincount(flat, rim.ravel(), minlength=count), 1)
    hard = np.bincount(flat, (rim & edge).ravel(), minlength=count) / rims
    of_age = (np.bincount(flat, brown.ravel(), minlength=count) > 0.9 * area) & (hard < 0.3)
    of_age[0] = False
    return np.asarray(of_age[labels])


def _paper_and_tones(grey: Image) -> tuple[float, npt.NDArray[np.bool_]]:
    """The share of (H, W) that is paper, and what is neither paper nor ink, nor the rim where the two meet."""
    paper, ink = grey >= PAPER * 255, grey <= INK * 255
    side = 2 * round(RIM * max(1.0, max(grey.shape) / 1400)) + 1
    beside_paper, beside_ink = (cv2.dilate(one.view(np.uint8), np.ones((side, side), np.uint8)) for one in (paper, ink))
    return float(paper.mean()), ~(paper | ink | (beside_paper & beside_ink).view(bool))


def _rough(small: Image, tone: npt.NDArray[np.bool_]) -> float:
    """The share of (h, w, 3) that is tone, (H, W), and uneven: screens are means here."""
    grey = cv2.blur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), (5, 5))
    change = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))
    within = cv2.resize(tone.view(np.uint8) * np.uint8(255), small.shape[1::-1], interpolation=cv2.INTER_AREA)
    return float(((within >= 128) & (change > STEP)).mean())


def _flat(small: Image) -> bool:
    """Whether the tones of (h, w, 3) are few greys laid flat, as screens and fills are: screens are means here."""
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    middle = cv2.erode(((grey > INK * 255) & (grey < PAPER * 255)).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    counts = np.bincount(grey[middle], minlength=256).astype(np.float64)
    total, held = counts.sum(), 0.0
    for _ in range(LEVELS):
        mass = np.convolve(counts, np.ones(9), "same")
        peak = int(np.argmax(mass))
        held += mass[peak]
        counts[max(0, peak - 4) : peak + 5] = 0
    return bool(total and held >= OF_LEVELS * total)


def _page(rgb: Image, even: Image, found: bool, touched: bool, ink: Color | None) -> Image:
    """The drawing in grey, (H, W): as it is where it is grey on white already, else from ink to paper."""
    if not touched and _is_grey(rgb):
        return rgb[..., 0].copy()
    if not found or ink is None:
        return np.asarray(cv2.cvtColor(even, cv2.COLOR_RGB2GRAY), np.uint8)
    steps = (np.arange(256) - min(ink)) * 255 / max(1, 255 - min(ink))
    return np.asarray(cv2.LUT(darkest(even), np.clip(np.rint(steps), 0, 255).astype(np.uint8)), np.uint8)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.015 else f"{100 * share:.1f} %"


def _name(color: Color) -> str:
    """A word for the colour of ink or paper."""
    hue, lightness, _ = colorsys.rgb_to_hls(*(one / 255 for one in color))
    if max(color) - min(color) <= 14:
        return "black" if lightness < 0.3 else "grey" if lightness < 0.86 else "white"
    name = next(word for limit, word in HUES if hue * 360 < limit)
    if name in ("orange", "yellow"):
        return "brown" if lightness < 0.55 else "cream" if lightness > 0.9 else "yellowed"
    dark = lightness < 0.2 and max(color) - min(color) < 45
    return "black" if dark else f"pale {name}" if lightness > 0.8 else name
