"""Ink to lines of one pixel.

Source: Guo and Hall, "Parallel thinning with two-subiteration algorithms" (1989), algorithm A1.
"""

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.ink import Mask
from comicdata.flats.near import Indices
from comicdata.images import Image

WHOLE = 4  # turns in which most of the ink goes: all of it is looked at; then only where some is gone


def thinned(ink: Mask) -> Mask:
    """What is left of ink (H, W) when its rims are taken off, in turns from two sides, as long as it stays whole: lines
    with their ends, one pixel wide and connected by corners."""
    left = np.pad(ink, 1).view(np.uint8)
    before = []
    for turn in range(WHOLE):
        before.append(left)
        left = left & cv2.LUT(cv2.filter2D(left, -1, BITS, borderType=cv2.BORDER_CONSTANT), 1 - GOES[turn % 2])
    square = np.ones((3, 3), np.uint8)
    waiting = [np.flatnonzero((cv2.dilate(one - left, square) & left).view(bool)) for one in before[-2:]]
    _take_off(left, waiting)
    return left[1:-1, 1:-1].view(bool)


def _take_off(left: Image, waiting: list[Indices]) -> None:
    """Goes on until nothing changes; `waiting`: the places that are to be looked at in the next turn, and in that after
    it."""
    flat, ring = left.ravel(), ring_of(left.shape[1])
    last = np.empty(flat.size, np.int32)  # where in a list each place comes last

    def each_once(places: Indices) -> Indices:
        last[places] = number = np.arange(len(places), dtype=np.int32)
        kept: Indices = places[last[places] == number]
        return kept

    turn = WHOLE
    while any(map(len, waiting)):
        now, then = waiting
        code = np.zeros(len(now), np.uint8)
        for bit, offset in enumerate(ring):
            code |= flat[now + offset] << bit
        gone = now[GOES[turn % 2][code] > 0]
        flat[gone] = 0
        near = (gone[:, None] + ring).ravel()
        near = each_once(near[flat[near] > 0])
        waiting = [each_once(np.concatenate([then[flat[then] > 0], near])), near]
        turn += 1


def ring_of(width: int) -> Indices:
    """The 8 neighbours of a place in a raveled picture, clockwise from above."""
    return np.array([-width, -width + 1, 1, width + 1, width, width - 1, -1, -width - 1])


def _goes() -> npt.NDArray[np.uint8]:
    """By the 256 states of the ring, a bit each, whether the pixel in it goes, in both kinds of turns: (2, 256)."""
    n, ne, e, se, s, sw, w, nw = ((np.arange(256)[:, None] >> np.arange(8)) & 1).T
    pieces = (1 - n & (ne | e)) + (1 - e & (se | s)) + (1 - s & (sw | w)) + (1 - w & (nw | n))
    pairs = np.minimum((nw | n) + (ne | e) + (se | s) + (sw | w), (n | ne) + (e | se) + (s | sw) + (w | nw))
    rim = (pieces == 1) & (pairs >= 2) & (pairs <= 3)
    kept = np.stack([(n | ne | 1 - se) & e, (s | sw | 1 - nw) & w])
    goes: npt.NDArray[np.uint8] = (rim & (kept == 0)).astype(np.uint8)
    return goes


GOES = _goes()
BITS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)  # of the ring, as a kernel
