"""palette.gpl of a run: the colours that its network chooses from, as painting programs open them (GIMP, Krita,
Inkscape). The rule of the file: the weights hold the colours; this is their copy, and never another one.
"""

import logging
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from comicdata.errors import IntegrityError
from comicdata.files import on_disk, write_atomic
from comicdata.flats.hints import Color, hex_of
from comicdata.layers.palettes import Swatch, gpl_bytes
from comicdata.models.networks.palette import FILE

log = logging.getLogger(__name__)
CURE = "the same train command writes them again"


def palette_files(tensors: Mapping[str, Tensor], prefix: str = "") -> dict[str, bytes]:
    """What a run keeps beside weights with these tensors; nothing beside those of other networks."""
    if f"{prefix}palette" not in tensors:
        return {}
    return {FILE: palette_bytes(tensors[f"{prefix}palette"], tensors[f"{prefix}share"])}


def palette_bytes(palette: Tensor, share: Tensor) -> bytes:
    """Colours (K, 3) from 0 to 255 and their shares of the area (K,) as a GIMP palette, each colour once."""
    named: dict[Color, str] = {}
    for (red, green, blue), part in zip(palette.round().int().tolist(), share.tolist(), strict=True):
        named.setdefault((red, green, blue), f"{part:.2%}")
    swatches = [Swatch(color, f"{hex_of(color)} {part}") for color, part in named.items()]
    return gpl_bytes("the colours of this run", swatches, columns=8, remark="each with its share of the area")


def check_palette(run: Path, tensors: Mapping[str, Tensor], prefix: str = "") -> None:
    """IntegrityError when RUN/palette.gpl does not hold the colours in the weights; one that is missing is said."""
    for name, data in palette_files(tensors, prefix).items():
        path = run / name
        if not path.is_file():
            log.warning("%s: missing; the colours are taken from the weights (%s)", path, CURE)
        elif on_disk(path) != data:
            raise IntegrityError(f"{path}: not the colours that this run was trained with; delete it, and {CURE}")


def keep_files(run: Path, files: Mapping[str, bytes]) -> None:
    """Write what is not there yet."""
    for name, data in files.items():
        if not (run / name).is_file():
            write_atomic(run / name, data)
