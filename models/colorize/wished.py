"""What a person wishes, over what a network says: regions that follow a hint, hints exactly, other choices, the
background. Regions are numbered as in `Drawing.regions`.
"""

from collections.abc import Collection, Mapping

import cv2
import numpy as np
import numpy.typing as npt

from comicdata.flats.colours import lab_of_colours
from comicdata.flats.hints import Color
from comicdata.images import Image
from comicdata.models.colorize.decoding import Floats, Labels, Mask, Numbers, likeliest
from comicdata.models.networks.palette import ALIKE

SAME_THING = 0.6  # of what is likely in two regions, the least in common when they are the same thing
PALE = 90.0  # lightness from which on a colour may be paper's: no hint beside it changes that
FADES = 1 / 16  # of the short side: so far from a hint, soft colours have a third of what it changes
BORDER = 0.25  # of the border of a panel, the least that a background has
ALSO = 0.05  # and the least of each further part of it
TRIES = 16  # for each sample asked for


def news(hints: Image, guessed: Image) -> Image:
    """Hints (h, w, 4) uint8 without those that have the colour (h, w, 3) that is guessed where they lie, or one hardly
    to be told from it: who leaves what is right as it is wants nothing else to change.
    """
    apart = np.linalg.norm(lab_of_colours(hints[..., :3]) - lab_of_colours(guessed), axis=2)
    return np.where((apart < ALIKE)[..., None], np.uint8(0), hints)


def followers(before: Floats, told: Floats, colors: Image, given: Mapping[int, Color]) -> dict[int, Color]:
    """The regions that the network, not told of the hints, takes for the same thing as a hinted one, with its colour.

    `before` (count, K) are the chances of regions without hints over the first of `colors`; `told` (count, N) those
    with hints over all of them, which decide between several hints; `given`: the hinted regions. Never what may be
    paper, a balloon or the white of an eye.
    """
    palette = colors[: before.shape[1]]
    numbers, light = likeliest(before, palette), lab_of_colours(palette)[:, 0]
    number_of = {tuple(color): at for at, color in enumerate(colors.tolist())}
    hinted = np.array(sorted(given), np.int64)
    followed: dict[int, Color] = {}
    for label in np.flatnonzero(np.isin(numbers, numbers[hinted]) & (light[numbers] < PALE)).tolist():
        same = hinted[numbers[hinted] == numbers[label]]
        same = same[np.minimum(before[same], before[label]).sum(axis=1) >= SAME_THING]
        if label and label not in given and len(same):
            likely = [told[label, number_of.get(given[one], numbers[label])] for one in same.tolist()]
            followed[label] = given[int(same[int(np.argmax(likely))])]
    return followed


def samples(chances: Floats, colors: Image, areas: npt.NDArray[np.int64], count: int, seed: int) -> list[Numbers]:
    """At most `count` choices of a colour for every region, each (regions,) numbers in `colors`, none twice: first what
    is likeliest, then others drawn by their chances, the likelier before. Regions that are alike change together; what
    may be paper, a balloon or the white of an eye stays.
    """
    first = likeliest(chances, colors)
    pale = lab_of_colours(colors)[:, 0] >= PALE
    groups, group_of = np.unique(first, return_inverse=True)
    sums = np.zeros((len(groups), len(colors)))
    np.add.at(sums, group_of, chances * areas[:, None])
    shares = sums / np.maximum(sums.sum(axis=1, keepdims=True), 1e-9)
    stays = pale[groups] | (sums.sum(axis=1) == 0)
    shares[stays] = np.arange(len(colors)) == groups[stays, None]
    random, ways = np.random.default_rng(seed), np.cumsum(shares, axis=1)
    found: dict[bytes, tuple[float, Numbers]] = {}
    for _ in range(TRIES * (count - 1)):
        drawn = np.minimum((ways < random.random((len(groups), 1))).sum(axis=1), len(colors) - 1)
        odds = float((np.log(shares[np.arange(len(groups)), drawn] + 1e-9) * sums.sum(axis=1)).sum())
        if (colors[drawn] != colors[groups]).any():
            found.setdefault(colors[drawn].tobytes(), (odds, drawn[group_of]))
        if len(found) == count - 1:
            break
    ranked = sorted(found.values(), key=lambda one: -one[0])
    return [first, *(numbers for _, numbers in ranked)]


def background_regions(regions: Labels, numbers: Numbers, apart: Collection[int]) -> Numbers:
    """The regions that make up the background, none where nothing looks like one: that with most of the border, and
    others at the border that are taken for the same thing. `numbers`: the colour chosen for each; `apart`: regions that
    are none, such as balloons.
    """
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    share = np.bincount(border, minlength=len(numbers)) / len(border)
    share[[0, *apart]] = 0
    most = int(share.argmax())
    if share[most] < BORDER:
        return np.zeros(0, np.int64)
    return np.flatnonzero((share >= ALSO) & (numbers == numbers[most]))


def with_hints(lab: Floats, regions: Labels, hints: Image, paper: Mask, given: Mapping[int, Color]) -> Floats:
    """Soft colours (H, W, 3) in CIELAB that have every hint's own at the hint, and towards it around it, within the
    region; `hints` (H, W, 4) as drawn.
    """
    result = lab.copy()
    reach = min(regions.shape) * FADES
    said = (hints[..., 3] > 0) & paper
    for label in given:
        x, y, width, height = cv2.boundingRect((regions == label).view(np.uint8))
        place = (slice(y, y + height), slice(x, x + width))
        inside = regions[place] == label
        dots = said[place] & inside
        if dots.any():
            change = _changes(result[place], hints[place], dots, reach)
            result[place] += change * inside[..., None]
    return result


def _changes(lab: Floats, hints: Image, dots: Mask, reach: float) -> Floats:
    """What to add within one region: at each dot what its colour lacks, elsewhere the mean of that, the nearer dots
    first (Shepard, "A two-dimensional interpolation function for irregularly-spaced data", 1968), fading out.
    """
    colors, numbers = np.unique(hints[dots][:, :3], axis=0, return_inverse=True)
    lacks = lab_of_colours(colors)[numbers.reshape(-1)] - lab[dots]
    total, weight = np.zeros_like(lab), np.zeros(dots.shape, np.float32)
    nearest = np.full(dots.shape, np.inf, np.float32)
    for number in range(len(colors)):
        others = np.ones(dots.shape, np.uint8)
        others[dots] = numbers.reshape(-1) != number
        far = cv2.distanceTransform(others, cv2.DIST_L2, 5)
        share = 1 / (far * far + np.float32(1e-3))
        total += share[..., None] * lacks[numbers.reshape(-1) == number].mean(axis=0)
        weight += share
        nearest = np.minimum(nearest, far)
    change = total * (np.exp(-nearest / np.float32(reach)) / weight)[..., None]
    change[dots] = lacks
    return np.asarray(change, np.float32)
