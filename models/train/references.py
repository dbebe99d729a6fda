"""How palette learns to take colours from references: each panel of a group is coloured by some of the others."""

import math

import numpy as np
import torch
from torch import Tensor

from comicdata.flats.colours import lab_of_colours
from comicdata.models.data.colours import step_colors
from comicdata.models.data.references import GROUP, SMOOTH, turned
from comicdata.models.networks.palette import ALIKE
from comicdata.models.networks.pointer import Pointer
from comicdata.models.train.learner import Terms

ASKED = 256  # places of a panel that ask, small regions as often as large ones
KEPT = 96  # of them that answer to others
TURNED = 0.5  # of the groups are shown in other colours than their own
OTHER_SERIES = 0.1  # of the panels have references of another series
REACHABLE = 0.5  # likeness of a colour from which on the references have it
ALONE = 0.5  # weight of the loss that knows no way out: or "in none of them" may win for good
UNLIKE = 60.0  # likeness no less than e to the minus this: smaller numbers are slow, and nothing
LEAST = 1e-4  # added before a logarithm


class References:
    """Of B panels, groups of GROUP one after the other: which places ask and answer, and in what colours.

    `steps` (B, h, w): the colour of a pixel of each cell, see `cell_targets`; `areas` (B, h, w), as `region_areas`
    gives them, 0 where nothing asks; `panels` (B,).
    """

    def __init__(self, steps: Tensor, areas: Tensor, panels: Tensor) -> None:
        chances = torch.where(areas > 0, 1 / (areas + SMOOTH).sqrt(), 0).flatten(1)
        self.places = torch.multinomial(chances + 1e-12, ASKED, replacement=True)  # (B, A)
        self.counts = chances.gather(1, self.places) > 0
        self.steps = steps.flatten(1).gather(1, self.places)
        self.lab = _colors_of_groups(self.steps)  # (B, A, 3)
        self.group = _groups_shown(len(steps), steps.device)
        self.shown = _panels_shown(panels, self.group)  # (B, GROUP)

    def asking(self, values: Tensor) -> Tensor:
        """(B, D, h, w) -> (B, A, D)."""
        places = self.places[:, None].expand(-1, values.shape[1], -1)
        return values.flatten(2).gather(2, places).transpose(1, 2)

    def answering(self, values: Tensor) -> Tensor:
        """(B, KEPT, ...) of every panel -> (B, T, ...) of the group that each is shown."""
        return values.reshape(len(values) // GROUP, GROUP * KEPT, *values.shape[2:])[self.group]

    @property
    def known(self) -> Tensor:
        """(B, T): which of those that answer are of a panel shown, and paper."""
        return self.shown.repeat_interleave(KEPT, dim=1) & self.answering(self.counts[:, :KEPT])


def _colors_of_groups(steps: Tensor) -> Tensor:
    """(B, A) steps -> (B, A, 3) CIELAB, a share of the groups in colours turned as wholes."""
    own, found = step_colors(), []
    for part in torch.split(steps, GROUP):
        seed, draw = int(torch.randint(2**31, ())), float(torch.rand(()))
        colors = turned(own, np.random.default_rng(seed)) if draw < TURNED else own
        found.append(torch.from_numpy(lab_of_colours(colors)).to(steps.device)[part])
    return torch.cat(found)


def _groups_shown(count: int, device: torch.device) -> Tensor:
    """(B,): the group whose panels each of `count` panels is shown, mostly its own."""
    own, groups = torch.arange(count, device=device) // GROUP, count // GROUP
    if groups == 1:
        return own
    other = (own + torch.randint(1, groups, (count,), device=device)) % groups
    return torch.where(torch.rand(count, device=device) < OTHER_SERIES, other, own)


def _panels_shown(panels: Tensor, group: Tensor) -> Tensor:
    """(B, GROUP): which of the panels of a group are shown, one to all, never the panel itself."""
    own = panels[:, None] == panels.view(-1, GROUP)[group]
    order = torch.rand(own.shape, device=own.device).masked_fill(own, math.inf).argsort(dim=1).argsort(dim=1)
    return (order < torch.randint(1, GROUP, (len(own), 1), device=own.device)) & ~own


def pointer_terms(
    pointer: Pointer, places: Tensor, classes: Tensor, numbers: Tensor, weights: Tensor,
    given: References,
) -> tuple[Terms, Terms]:  # fmt: skip
    """-log P(colour), where P = sum of what a place takes of tokens of that colour + what it leaves x P(class).

    `places` (B, D, h, w) as the pointer gives them, `classes` (B, K, h, w) the logits without references; `numbers`
    (32^3,) from steps to the palette, `weights` (K,) of its colours. What each place leaves is logged.
    """
    asking = given.asking(places)
    query, null = pointer.asks(asking)
    key = given.answering(pointer.answers(asking[:, :KEPT]))
    shares, left = pointer.found(query, key, null, given.known)
    apart = torch.cdist(given.lab, given.answering(given.lab[:, :KEPT])).square()
    alike = torch.exp(-(apart / (2 * ALIKE**2)).clamp(max=UNLIKE))
    found = (shares * alike).sum(dim=2)
    hit = (1 - left) * found
    truth = numbers[given.steps]
    likely = given.asking(classes.detach()).softmax(dim=2).gather(2, truth[..., None])[..., 0]
    weight = weights[truth] * given.counts
    weight = weight / weight.sum().clamp(min=1e-6)
    there = weight * ((alike * given.known[:, None]).amax(dim=2) > REACHABLE)
    alone = -(found + LEAST).log()
    terms = {
        "pointer": -((hit + left * likely + LEAST).log() * weight).sum(),
        "alone": ALONE * (alone * there).sum() / there.sum().clamp(min=1e-6),
    }
    return terms, {"null_weight": (left * weight).sum()}
