"""A mood is what the colours of a picture are to be on the whole. A network that learned few pictures of each light
heeds it too little: here the odds of every colour are shifted, alike in all places, until the picture has the mood.

Source: Saerens, Latinne, Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities" (2002),
doi 10.1162/089976602753284446: other shares of the classes are one factor for each. Differs: the factors are those
that give the shares wished for, and bounded, so that what the network is sure of stays: balloons are white at night.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from comicdata.flats.colours import lab_of_colours
from comicdata.images import Image
from comicdata.models.colorize.decoding import FAINT, TEMPERATURE, Labels
from comicdata.models.data.colours import nearest_colours

LOOKED_AT = 20_011  # pixels of a picture that sets a mood, at most
MOST = 2.0  # that a logit is shifted by
ROUNDS = 10
STEP = 1 / (1 / TEMPERATURE + 1)  # a logit counts at its place and in its region
KEPT = 0.02  # of the shares are the network's own: a mood lacks colours that the picture cannot do without
LONGEST = 0.5  # of the changes of a logit in one round
STEADY = 2.0  # added to the variances of CIELAB, where a picture has one colour alone


@dataclass(frozen=True)
class Mood:
    """`shares` (K,) of each colour of a palette, 1 in all, and `color` (3,), the mean in CIELAB."""

    shares: Tensor
    color: Tensor

    @property
    def told(self) -> Tensor:
        """(1, K + 1): as the network hears it, see `moods_of`."""
        return F.pad(self.shares.sqrt(), (0, 1), value=1.0)[None]


def mood_of(pictures: Sequence[Image], palette: Image) -> Mood | None:
    """Of pictures (H, W, 3), each counting alike; None of none. Their colours are the nearest of `palette` (K, 3)."""
    if not pictures:
        return None
    shares, colors = [], []
    for picture in pictures:
        pixels = picture.reshape(-1, 3)
        pixels = pixels[:: -(-len(pixels) // LOOKED_AT)]
        shares.append(np.bincount(nearest_colours(pixels, palette), minlength=len(palette)) / len(pixels))
        colors.append(lab_of_colours(pixels).mean(axis=0))
    return Mood(*(torch.from_numpy(np.mean(some, axis=0, dtype=np.float32)) for some in (shares, colors)))


def expected_mood(logits: Tensor, weights: Tensor, palette: Image) -> Mood:
    """What the network expects of a picture: the mean of its chances, logits (K, h, w), freed of what each colour of
    the palette (K, 3) weighed in training, (K,). Without it, choosing the likeliest everywhere gives a picture of the
    commonest colours alone.
    """
    shares = F.softmax(logits.flatten(1) - weights.log()[:, None], dim=0).mean(dim=1)
    return Mood(shares, shares @ torch.from_numpy(lab_of_colours(palette)).to(shares))


def in_mood(logits: Tensor, palette: Image, mood: Mood, regions: Labels) -> Tensor:
    """Logits (K, h, w), or (K + 1, h, w) with what is copied from hints, as they are in a mood; hints stay. `regions`
    (h, w): the closed region of each place, which has its say as in `soft`.

    Of a mood of several colours the picture gets the shares; of one colour its mean becomes that colour.
    """
    places = _Places(logits.flatten(1), regions)
    lab, shares = torch.from_numpy(lab_of_colours(palette)).to(logits), mood.shares.to(logits)
    one = (shares > 0).sum() == 1
    shift = _towards(places, lab, mood.color.to(logits)) if one else _shared(places, shares)
    return torch.cat([logits[: len(lab)] + shift[:, None, None], logits[len(lab) :]])


class _Places:
    """Logits (K, N), or (K + 1, N), of the places of `regions` (h, w), and what is painted as they change."""

    def __init__(self, logits: Tensor, regions: Labels) -> None:
        self.logits = logits
        _, numbers, areas = np.unique(regions, return_inverse=True, return_counts=True)
        self.regions = torch.from_numpy(numbers.ravel()).to(logits.device)
        self.areas = torch.from_numpy(areas).to(logits.device)

    def painted(self, shift: Tensor) -> Tensor:
        """(K, N): how much every colour has of each place when its logit is shifted (K,)."""
        shifted = torch.cat([self.logits[: len(shift)] + shift[:, None], self.logits[len(shift) :]])
        chances = F.softmax(shifted, dim=0)
        sums = chances.new_zeros(len(chances), len(self.areas)).index_add_(1, self.regions, chances)
        of_region = torch.log(sums / self.areas + FAINT)[:, self.regions]
        return F.softmax(shifted / TEMPERATURE + of_region, dim=0)[: len(shift)]


def _shared(places: _Places, shares: Tensor) -> Tensor:
    """(K,): the shift that gives each colour its share."""
    shift = torch.zeros_like(shares)
    own = places.painted(shift).mean(dim=1)
    wished = (1 - KEPT) * shares + KEPT * own / own.sum()
    for _ in range(ROUNDS):
        now = places.painted(shift).mean(dim=1)
        shift = (shift + STEP * torch.log((wished + FAINT) / (now / now.sum() + FAINT))).clamp(-MOST, MOST)
    return shift


def _towards(places: _Places, lab: Tensor, color: Tensor) -> Tensor:
    """(K,): the shift, linear in CIELAB (K, 3), that brings the mean nearest to `color` (3,); by Newton's method."""
    apart = lab - color
    slope = best = torch.zeros_like(color)
    least = math.inf
    for _ in range(ROUNDS):
        painted = places.painted((apart @ slope).clamp(-MOST, MOST))
        of_place, total = painted.sum(dim=0), painted.sum()
        missing = -painted.sum(dim=1) @ apart / total
        if (left := float(missing.square().sum())) < least:
            best, least = slope, left
        means = (painted.T @ apart) / of_place.clamp(min=FAINT)[:, None]
        within = (apart.T * painted.sum(dim=1)) @ apart - (means.T * of_place) @ means
        step = STEP * torch.linalg.solve(within / total + STEADY * torch.eye(3).to(within), missing)
        slope = slope + step * (LONGEST / (apart @ step).abs().max().clamp(min=LONGEST))
    return (apart @ best).clamp(-MOST, MOST)
