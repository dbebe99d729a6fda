"""Paper that is not one colour: darker downwards, dotted with a screen, full of grain. First it is made plain."""

import cv2
import numpy as np

from comicdata.images import Image
from comicdata.panels.paper import Mask, is_like, share, within
from comicdata.panels.rules import RULES


def plain_paper(image: Image) -> Image:
    """A page, (H, W, 3), whose paper is one colour though it was shaded or dotted; any other page as it is.

    Such paper is seen along both sides of the page: blurred, both are of one colour in every row, as cells of two tints
    side by side are not.
    """
    side = RULES.paper_side
    if min(image.shape[:2]) < 8 * side:
        return image
    sides = np.concatenate([image[:, :side], image[:, -side:]], axis=1)
    colour = np.median(sides.reshape(-1, 3), axis=0).astype(np.float32)
    if share(is_like(sides, colour)) >= RULES.paper_plain_share:
        return image
    reach = RULES.paper_blur
    smooth = np.asarray(cv2.blur(image, (reach, reach)), np.uint8)
    ends = smooth[:, [side // 2, -side // 2]]
    rows = np.asarray(cv2.blur(ends.mean(axis=1)[None], (2 * reach + 1, 1))[0], np.float32)
    agree = within(np.ascontiguousarray(ends[:, :1]), np.ascontiguousarray(ends[:, 1:]), RULES.tolerance)
    if share(agree) < RULES.paper_side_share:
        return image
    paper: Mask = within(smooth, _rows_of(rows, image.shape[1]), RULES.tolerance)
    return np.where(paper[..., None] > 0, rows.max(axis=0).astype(np.uint8), image)


def _rows_of(colours: np.ndarray, width: int) -> Image:
    return np.repeat(np.rint(colours).astype(np.uint8)[:, None], width, axis=1)
