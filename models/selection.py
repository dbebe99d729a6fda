"""Which weights are the best: one number from validation, the smaller the better.

Not the mean error over all pixels: backgrounds have arbitrary colours, so that error grows while characters are still
being learned; and it likes dull pictures, which an adversarial term then improves and the error calls worse. So: the
error off the lines and outside each panel's largest area of one colour, and an amount for dullness or garishness.
"""

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from skimage.measure import label

from comicdata.images import Image
from comicdata.models.metrics import l1, mean_of_finite, off_line

Mask = npt.NDArray[np.bool_]
SHADES = 16  # levels of a channel that count as one colour
FREE = 0.5  # powers of two that colourfulness may be off: from 0.71 to 1.41 times the truth
PRICE = 0.1  # of each further power of two, in units of l1


def foreground(outline: Image, truth: Image) -> Mask:
    """(H, W) bool: pixels off the lines that are not in the largest area of one colour, which stands for the
    background; all pixels off the lines where that area is less than a tenth of the panel.
    """
    paper = off_line(outline)
    steps = (truth // (256 // SHADES)).astype(np.int32)
    areas = label((steps[..., 0] * SHADES + steps[..., 1]) * SHADES + steps[..., 2] + 1, connectivity=1, background=0)
    sizes = np.bincount(areas[paper], minlength=1)
    largest = int(sizes.argmax())
    return paper & (areas != largest) if sizes[largest] >= paper.size / 10 else paper


def colorfulness(picture: Image) -> float:
    """0 for grey, about 100 for vivid. Source: Hasler, Suesstrunk (2003), doi 10.1117/12.477378."""
    red, green, blue = np.moveaxis(picture.astype(np.float32), 2, 0)
    first, second = red - green, (red + green) / 2 - blue
    spread = math.hypot(float(first.std()), float(second.std()))
    return spread + 0.3 * math.hypot(float(first.mean()), float(second.mean()))


def selection(panels: Iterable[tuple[Image, Image, Image]]) -> dict[str, float | None]:
    """l1_foreground, colorfulness_ratio and `score` of (outline, output, truth) triples, as means over panels."""
    errors, made, true = [], [], []
    for outline, output, truth in panels:
        errors.append(l1(output, truth, foreground(outline, truth)))
        made.append(colorfulness(output))
        true.append(colorfulness(truth))
    error = mean_of_finite(errors)
    ratio = sum(made) / sum(true) if sum(true) else None
    if error is None or ratio is None:
        return {"l1_foreground": error, "colorfulness_ratio": ratio, "score": error}
    off = abs(math.log2(max(ratio, 1e-3)))
    return {"l1_foreground": error, "colorfulness_ratio": ratio, "score": error + PRICE * max(0.0, off - FREE)}
