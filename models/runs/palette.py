"""palette.gpl of a run: the colours that its network chooses from, as painting programs open them (GIMP, Krita,
Inkscape). The rule of the file: the weights hold the colours; this is their copy, and never another one.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import Tensor

from comicdata.errors import IntegrityError
from comicdata.files import on_disk, write_atomic
from comicdata.flats.hints import Color
from comicdata.images import Image
from comicdata.layers.palettes import Swatch, gpl_bytes
from comicdata.models.networks.palette import FILE

log = logging.getLogger(__name__)
NAME = "the colours of this run"
MOVE = "move it elsewhere (colorize takes edited colours with --palette)"
CURE = "the same train command writes them again"


def palette_files(tensors: Mapping[str, Tensor], prefix: str = "") -> dict[str, bytes]:
    """What a run keeps beside weights with these tensors; nothing beside those of other networks."""
    if f"{prefix}palette" not in tensors:
        return {}
    shares = palette_shares(tensors[f"{prefix}palette"], tensors[f"{prefix}share"])
    return {FILE: gpl_bytes(NAME, [*shares])}


def palette_shares(palette: Tensor, share: Tensor) -> dict[Swatch, float]:
    """The colours of a run (K, 3), each once, by its name, with its share of the comic's area, of those (K,)."""
    colors = shown_colors(palette)
    found: dict[Swatch, float] = {}
    for color, name, part in zip(map(_color, colors), names_of(colors), share.tolist(), strict=True):
        swatch = Swatch(color, name)
        found[swatch] = found.get(swatch, 0.0) + part
    return found


def shown_colors(palette: Tensor) -> Image:
    """Colours (K, 3) from 0 to 255, as they are painted: uint8."""
    return np.asarray(np.rint(palette.float().cpu().numpy()), np.uint8)


def names_of(colors: Image) -> list[str]:
    """What the colours (K, 3) are called, by their number: c00, c01, ...; one that stands again has its first name."""
    first: dict[Color, str] = {}
    return [first.setdefault(_color(color), f"c{number:02}") for number, color in enumerate(colors)]


def _color(color: Image) -> Color:
    red, green, blue = color.tolist()
    return red, green, blue


def check_palette(run: Path, tensors: Mapping[str, Tensor], prefix: str = "") -> None:
    """IntegrityError when RUN/palette.gpl does not hold the colours in the weights; one that is missing is said."""
    for name, data in palette_files(tensors, prefix).items():
        path = run / name
        if not path.is_file():
            log.warning("%s: missing; the colours are taken from the weights (%s)", path, CURE)
        elif on_disk(path) != data:
            raise IntegrityError(f"{path}: not the colours that this run was trained with; {MOVE}, and {CURE}")


def keep_files(run: Path, files: Mapping[str, bytes]) -> None:
    """Write what is not there yet."""
    for name, data in files.items():
        if not (run / name).is_file():
            write_atomic(run / name, data)
