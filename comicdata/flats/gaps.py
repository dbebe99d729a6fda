"""Gaps in lines, closed so that the closing continues the line: from open end to open end, or on to the next ink.

More closings are drawn than are right. Each is judged twice, by itself and then among its rivals, as an end goes on in
one way only; `merge.py` decides by that and by what the closings part.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.closings import Links, Rays, Space, find_links, find_rays, ray_lines
from comicdata.flats.ends import Ends, Floats, Places, find_ends
from comicdata.flats.ink import Mask
from comicdata.flats.judges import log_odds

GAP = 18.0  # widths of a line: the widest gap that is closed unless it is said
USUAL = 4.5  # pixels: the width of the lines that the judges were fitted to
NARROW, WIDE = 1.3, 18.0  # pixels: lines count as no narrower and no wider
MOST = 40_000  # ends: a picture with more is no line art, and nothing is closed
LEAST = 0.01  # closings with less of a chance are not drawn
LINKS, RAYS = 6, 2  # closings of one end with others, and on to ink, the likeliest
SURE = 0.5  # a link with such a chance is a line that others may end at
NUMBERS = 65_535  # closings at most, the likeliest

Numbers = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Gaps:
    """`closing` (H, W) uint16: the number of the closing there, off the ink, 0 where none is; `odds` (M + 1,), the log
    of the odds that a closing is right, by its number; `paired`, the share of ends that have a likely partner: low
    where ends are those of loose strokes, high where lines are broken; `scale`: how wide lines are beside those that
    the judges were fitted to; `space` (H, W) float32: how far each pixel is from ink."""

    closing: Numbers
    odds: Floats
    paired: float
    scale: float
    space: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Candidates:
    """Whatever may close the gaps of a drawing, with the signs of the second judges."""

    links: Links
    rays: Rays
    link_signs: Floats
    ray_signs: Floats
    paired: float


def close_gaps(ink: Mask, gap: int | None = None) -> Gaps:
    """What may close gaps of up to `gap` pixels, by default GAP times the width of the lines."""
    ends = find_ends(ink)
    width = min(max(ends.width, NARROW), WIDE)
    space = Space(ink, width / USUAL)
    reach = GAP * width if gap is None else gap
    closing, odds, paired = np.zeros(ink.shape, np.uint16), np.zeros(0), 0.0
    if reach > 0 and 0 < len(ends) <= MOST:
        found = find_candidates(ends, space, reach)
        lines, odds = likely(found, ends)
        draw(closing, lines)
        closing[ink] = 0
        paired = found.paired
    return Gaps(closing, np.concatenate([[0.0], odds]), paired, space.scale, space.free)


def draw(picture: npt.NDArray[np.uint16] | npt.NDArray[np.uint8], lines: list[Floats]) -> None:
    """Draws lines, (P, 2) x, y each, by their numbers from 1, the later over the others."""
    for number, line in enumerate(lines, 1):
        cv2.polylines(picture, [np.rint(line).astype(np.int32)], False, number, 1, cv2.LINE_4)


def find_candidates(ends: Ends, space: Space, reach: float) -> Candidates:
    """All closings up to so long, judged by themselves, and what each is beside its rivals."""
    count = len(ends)
    links = find_links(ends, space, reach)
    weight = np.exp(log_odds("link", links.signs).clip(-8, 8))
    alone, partners = matched(links, weight, np.zeros(count))
    best = np.zeros(count)
    for end in (links.one, links.two):
        np.maximum.at(best, end, alone)
    paired = float((best > SURE).mean())
    rays = find_rays(ends, space, reach, links.lines[alone > SURE])
    onward = np.exp(log_odds("ray", rays.signs).clip(-8, 8))
    other = np.zeros(count)
    np.maximum.at(other, rays.end, onward)
    together, ways = matched(links, weight, other)
    rival = np.log(np.maximum(_rivals(links, weight, count), 1e-4))
    others = np.stack([other[links.one], other[links.two]]).clip(0, 20)
    link_signs = np.column_stack(
        [logit(alone), logit(together), np.full(len(alone), paired), np.log(weight),
         others.max(0), others.min(0), rival.max(0), rival.min(0), links.signs]
    )  # fmt: skip
    chance = onward / ways[rays.end]
    partner = 1 - 1 / partners[rays.end]
    ray_signs = np.column_stack(
        [logit(chance), logit(partner), np.full(len(chance), paired), partner, np.log(other[rays.end]),
         np.log(onward), rays.signs]
    )  # fmt: skip
    return Candidates(links, rays, link_signs, ray_signs, paired)


def matched(links: Links, weight: Floats, other: Floats, rounds: int = 8) -> tuple[Floats, Floats]:
    """Chances (M,) of links by their weights beside stopping, where each end has one partner at most or goes on in a
    way of the weight `other` (N,); and of each end the weights of all it may do, stopping with 1: (N,).

    Source: belief propagation for matchings (Zdeborova and Mezard, "The number of matchings in random graphs", 2006).
    """
    one, two, count = links.one, links.two, len(other)
    to_two = to_one = np.ones(len(weight))
    for turn in range(rounds + 1):
        ways = 1 + other + np.bincount(one, weight * to_one, count) + np.bincount(two, weight * to_two, count)
        if turn < rounds:
            to_two, to_one = 1 / (ways[one] - weight * to_one), 1 / (ways[two] - weight * to_two)
    both = weight * to_two * to_one
    return both / (1 + both), ways


def _rivals(links: Links, weight: Floats, count: int) -> Floats:
    """Of each link the weight of the likeliest other at its two ends: (2, M)."""
    best, second = np.zeros(count), np.zeros(count)
    for end in (links.one, links.two):
        np.maximum.at(best, end, weight)
    for end in (links.one, links.two):
        np.maximum.at(second, end, np.where(weight < best[end], weight, 0))
    return np.stack([np.where(weight < best[end], best[end], second[end]) for end in (links.one, links.two)])


def likely(found: Candidates, ends: Ends) -> tuple[list[Floats], Floats]:
    """The lines and the log odds of the closings to draw, the likeliest last: some of each end."""
    link, ray = log_odds("link among others", found.link_signs), log_odds("ray among others", found.ray_signs)
    linked = _first((found.links.one, found.links.two), link, len(ends), LINKS)
    onward = _first((found.rays.end,), ray, len(ends), RAYS)
    lines = [*found.links.lines[linked], *ray_lines(found.rays, onward, ends)]
    odds = np.concatenate([link[linked], ray[onward]])
    order = np.argsort(odds, kind="stable")[-NUMBERS:]
    return [lines[at] for at in order.tolist()], odds[order]


def _first(ends: tuple[Places, ...], odds: Floats, count: int, most: int) -> Places:
    """Which closings are likely enough, and among the `most` likeliest of all their ends."""
    used = [0] * count
    kept = []
    order = np.argsort(-odds, kind="stable")
    order = order[odds[order] >= np.log(LEAST / (1 - LEAST))]
    for at, *mine in zip(order.tolist(), *(end[order].tolist() for end in ends), strict=True):
        if all(used[end] < most for end in mine):
            for end in mine:
                used[end] += 1
            kept.append(at)
    return np.array(kept, np.int64)


def logit(chance: Floats) -> Floats:
    """The log of the odds of chances, none of them certain."""
    kept = chance.clip(1e-6, 1 - 1e-6)
    odds: Floats = np.log(kept / (1 - kept))
    return odds
