"""Telling lettering and balloons in the gutter from pictures: lettering is many small marks on paper."""

import cv2
import numpy as np

from comicdata.images import Image, channel_spread
from comicdata.panels.paper import WHITE, Colour, Mask, has_frame, is_close, is_like, share
from comicdata.panels.rules import RULES


def is_text(part: Image, ground: Mask, above: Colour, below: Colour, width: int) -> bool:
    """Whether a part (h, w, 3) between background colours is a caption or a balloon; `ground` (h, w) is what of it has
    these colours, `width` is the strip's or page's.

    Low, mostly background, hardly any colour, and no mark larger than a letter but the outline around all of it.
    White is the paper of a balloon on any background; on a dark one a balloon is told by its round shape from a figure
    in white; a low box may have a paper of its own.
    """
    height = part.shape[0]
    if height >= RULES.text_height_share * width:
        return False
    if height <= RULES.caption_share * width and _is_caption(part, width):
        return True
    paper = ground
    if max(above.min(), below.min()) > 128 or _is_balloon(paper, width):
        has_white = is_close(above, WHITE) or is_close(below, WHITE)
        paper = paper if has_white else paper | is_like(part, WHITE)
    elif _is_figure(paper, width):
        return False
    if height > RULES.framed_text_share * width and has_frame(paper):
        return False
    return share(paper) >= RULES.text_paper_share and is_lettering(part, paper, width)


def _is_balloon(paper: Mask, width: int) -> bool:
    """Whether the largest thing on dark ground is round, with few dents, and no rectangle as wide as a picture."""
    contour = _largest(paper)
    if contour is None:
        return False
    area = cv2.contourArea(contour)
    solid = area >= RULES.balloon_solid_share * cv2.contourArea(cv2.convexHull(contour))
    narrow = paper.shape[1] < RULES.balloon_width_share * width
    return solid and (narrow or area <= RULES.balloon_round_share * paper.size)


def _is_figure(paper: Mask, width: int) -> bool:
    """Whether the largest thing on dark ground is larger than a letter both ways."""
    contour = _largest(paper)
    return contour is not None and min(cv2.boundingRect(contour)[2:]) > RULES.letter_share * width


def _largest(paper: Mask) -> cv2.typing.MatLike | None:
    """The outline of the largest thing that is not paper."""
    contours, _ = cv2.findContours(~paper, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return max(contours, key=cv2.contourArea, default=None)


def _is_caption(part: Image, width: int) -> bool:
    """Whether one colour, whatever it is, fills a low box, and letters are all there is on it."""
    inner = part[:: max(1, part.shape[0] // 32), :: max(1, part.shape[1] // 64)].reshape(-1, 3)
    paper = is_like(part, np.median(inner, axis=0).astype(np.float32))
    return share(paper) >= RULES.caption_paper_share and is_lettering(part, paper, width)


def is_lettering(part: Image, paper: Mask, width: int) -> bool:
    """Whether what is not paper has no colour and consists of letters: marks that are small beside `width`; of those
    that touch a straight frame, what is within it.
    """
    if share((channel_spread(part) > 40).astype(np.uint8) & ~paper) >= RULES.text_colour_share:
        return False
    rim = 2 * RULES.outline_thickness
    if min(paper.shape) > 4 * rim and has_frame(paper):
        paper = np.ascontiguousarray(paper[rim:-rim, rim:-rim])
    count, _, stats, _ = cv2.connectedComponentsWithStats(~paper, connectivity=8)
    sizes = stats[1:count, [cv2.CC_STAT_HEIGHT, cv2.CC_STAT_WIDTH]]
    thin = stats[1:count, cv2.CC_STAT_AREA] <= RULES.outline_thickness * 2 * sizes.sum(axis=1)
    outline = (sizes / paper.shape > RULES.outline_share).all(axis=1) & thin  # of the balloon or the caption box
    letters = sizes[:, 0][~outline]
    return count > 1 and not (letters > RULES.letter_share * width).any()
