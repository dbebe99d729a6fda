"""Telling lettering and balloons in the gutter from pictures: lettering is many small marks on paper."""

import cv2
import numpy as np

from comicdata.images import Image, channel_spread
from comicdata.panels.paper import WHITE, Colour, Mask, is_like, paper_mask
from comicdata.panels.rules import RULES


def is_text(part: Image, above: Colour, below: Colour, width: int) -> bool:
    """Whether a part (h, w, 3) between background colours is a caption or a balloon; `width` is the strip's or page's.

    Low, mostly background, hardly any colour, and no mark larger than a letter but the outline around all of it.
    White is the paper of a balloon on any background, unless the part is as wide as a picture.
    """
    if part.shape[0] >= RULES.text_height_share * width:
        return False
    paper = paper_mask(part, above, below)
    if part.shape[1] < RULES.balloon_width_share * width or max(above.min(), below.min()) > 128:
        paper = paper | is_like(part, WHITE)
    return paper.mean() >= RULES.text_paper_share and is_lettering(part, paper, width)


def is_lettering(part: Image, paper: Mask, width: int) -> bool:
    """Whether what is not paper has no colour and consists of letters: marks that are small beside `width`."""
    if (channel_spread(part) > 40).mean() >= RULES.text_colour_share:
        return False
    count, _, stats, _ = cv2.connectedComponentsWithStats((~paper).astype(np.uint8), connectivity=8)
    sizes = stats[1:count, [cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH]] / paper.shape
    outline = (sizes > RULES.outline_share).all(axis=1)  # of the balloon or the caption box
    letters = stats[1:count, cv2.CC_STAT_HEIGHT][~outline]
    return not (letters > RULES.letter_share * width).any()
