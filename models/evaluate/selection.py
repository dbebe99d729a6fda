"""Which weights are the best: one number from validation, the smaller the better.

Not the mean error over all pixels: backgrounds have arbitrary colours, so that error grows while characters are still
being learned; and it likes dull pictures, which an adversarial term then improves and the error calls worse. So: the
error off the lines and outside each panel's largest area of one colour, and an amount for dullness or garishness.
"""

import math

import numpy as np
from skimage.measure import label

from comicdata.images import Image
from comicdata.models.evaluate.metrics import Mask, Panels, colourfulness, l1, mean_of_finite, off_line

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


def selection(panels: Panels) -> dict[str, float | None]:
    """l1_foreground, colourfulness_ratio and `score` of panels, as means over them."""
    errors, made, true = [], [], []
    for outline, output, truth in panels:
        errors.append(l1(output, truth, foreground(outline, truth)))
        made.append(colourfulness(output))
        true.append(colourfulness(truth))
    error = mean_of_finite(errors)
    ratio = sum(made) / sum(true) if sum(true) else None
    if error is None or ratio is None:
        return {"l1_foreground": error, "colourfulness_ratio": ratio, "score": error}
    off = abs(math.log2(max(ratio, 1e-3)))
    return {"l1_foreground": error, "colourfulness_ratio": ratio, "score": error + PRICE * max(0.0, off - FREE)}
