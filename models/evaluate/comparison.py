"""The picture of an evaluation: what was made of a few panels, side by side under words."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import cv2
import numpy as np

from comicdata.images import Image, beside

LABEL = 30  # height of a line of words
COLUMNS = {
    "outline_copy": "outline",
    "model": "colorizer",
    "mood": "told its mean colour",
    "hinted_1": "with 1 hint",
    "hinted_4": "with 4 hints",
    "hinted_16": "with 16 hints",
    "truth": "truth",
    "mean_color": "mean colour",
    "nearest": "nearest",
    "lowres_ceiling": "low-res ceiling",
}


def draw_rows(
    rows: Sequence[tuple[str, Mapping[str, Image | None]]], titles: Mapping[str, str] = MappingProxyType(COLUMNS)
) -> Image:
    """One picture: a head with `titles`, then each row of pictures of one size under its words, if any. White where a
    row lacks a picture that another has; a column that no row has is left out.
    """
    names = [name for name in titles if any(made.get(name) is not None for _, made in rows)]
    if not names:
        return np.full((LABEL, LABEL, 3), 255, np.uint8)
    size = next(picture.shape for _, made in rows for picture in made.values() if picture is not None)
    missing = np.full(size, 255, np.uint8)
    parts = [beside([_words(titles[name], size[1]) for name in names], gap=0)]
    for words, made in rows:
        if words:
            parts.append(_words(words, size[1] * len(names)))
        parts.append(beside([missing if (one := made.get(name)) is None else one for name in names], gap=0))
    return beside(parts, axis=0, gap=0)


def _words(text: str, width: int) -> Image:
    """Dark words on white, (LABEL, width, 3)."""
    strip = np.full((LABEL, width, 3), 255, np.uint8)
    cv2.putText(strip, text, (5, LABEL - 9), cv2.FONT_HERSHEY_SIMPLEX, 0.65, (30, 30, 30), 1, cv2.LINE_AA)
    return strip
