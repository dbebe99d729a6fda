"""The pointer: every place of a drawing looks for its like in coloured pictures, and takes its colour.

Sources: Vinyals, Fortunato, Jaitly, "Pointer Networks" (2015), arXiv 1506.03134 (attention that chooses among its
inputs); Merity and others, "Pointer Sentinel Mixture Models" (2016), arXiv 1609.07843 (what is not found is left to a
classifier); Bromley and others, "Signature Verification using a Siamese Time Delay Neural Network" (1993).
Differs: places see line art only, so a reference in other colours is found as well; what is left to the classifier
goes by the best answer alone.
"""

import math
from collections.abc import Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comicdata.models.networks.layers import Pointwise, normalisation

SHARPNESS = 20.0  # of the likeness of two places, before any step, after which it hardly moves
ONE_SIDED = 10.0  # likewise where places ask for other than they answer to
NEVER = -1e4  # the likeness to what does not count


class Pointer(nn.Module):
    """What a drawing is of, (B, finest, h, w), and at (h / 2, w / 2), (h / 4, w / 4) and so on, `coarser` channels in
    all -> the places to ask of it, (B, D, h, w).

    `mutual`: a place asks for what it answers to, so that whatever a drawing shows finds itself, and its near copies
    nearly so. Without, as in older runs, two layers say what is asked and what is answered.
    """

    def __init__(self, finest: int, coarser: int, size: int, *, mutual: bool) -> None:
        super().__init__()
        self.finest, self.mutual = finest, mutual
        self.within = nn.Sequential(Pointwise(finest + coarser, size), normalisation("group", size), nn.SiLU())
        self.query = None if mutual else nn.Linear(size, size)
        self.key = nn.Linear(size, size)
        self.null = nn.Linear(size, 1)
        if mutual:
            nn.init.constant_(self.null.bias, SHARPNESS)  # everything is alike before any step
        self.sharpness = nn.Parameter(torch.tensor(math.log(SHARPNESS if mutual else ONE_SIDED)))

    def coarser(self, levels: Sequence[Tensor]) -> Tensor:
        """(B, D, h, w): what the coarser levels, the finest of them first, add to the first layer, which multiplies
        them before they are enlarged: the same, for less.
        """
        parts = torch.split(self._first.weight[:, self.finest :], [level.shape[1] for level in levels], dim=1)
        added: Tensor | None = None
        for level, part in zip(reversed(levels), reversed(parts), strict=True):
            own = _product(level, part)
            added = F.interpolate(own if added is None else own + added, scale_factor=2.0, mode="nearest")
        return cast(Tensor, added)

    def forward(self, features: Tensor) -> Tensor:
        """`features` (B, finest + D, h, w): behind the finest channels what `coarser` gave."""
        finest, added = features[:, : self.finest], features[:, self.finest :]
        value = _product(finest, self._first.weight[:, : self.finest], self._first.bias) + added
        _, norm, activation = self.within
        return cast(Tensor, activation(norm(value)))

    @property
    def _first(self) -> Pointwise:
        return cast(Pointwise, self.within[0])

    def asks(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Places (..., D) -> what each asks for, (..., D) of length 1, and how much nothing answers, (...): from which
        likeness on, times the sharpness, it rather takes what it finds.
        """
        ask = self.key if self.query is None else self.query
        return F.normalize(ask(places), dim=-1), self.null(places)[..., 0]

    def answers(self, places: Tensor) -> Tensor:
        """Places (..., D) -> what each answers to, likewise."""
        return F.normalize(self.key(places), dim=-1)

    def found(
        self, query: Tensor, key: Tensor, null: Tensor, known: Tensor | None = None, sharper: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """What each of N places takes from each of T of the references, if it takes anything, (B, N, T), and how much
        it leaves, (B, N): from query (B, N, D), key (B, T, D), null (B, N), and which of the T count, (B, T), all where
        nothing is said. `sharper`: all likeness counts so many times.

        More of the same references make nothing likelier: what is left goes by the best answer, or, in older runs,
        by the mean of all.
        """
        alike = (sharper * self.sharpness.exp() * query) @ key.transpose(1, 2)
        if known is not None:
            alike = alike.masked_fill(~known[:, None], NEVER)
        if self.mutual:
            level = alike.amax(dim=2)
        else:
            count = torch.full_like(null[:, :1], key.shape[1]) if known is None else known.sum(dim=1, keepdim=True)
            level = alike.logsumexp(dim=2) - count.clamp(min=1).log()
        return alike.softmax(dim=2), torch.sigmoid(sharper * null - level)


def _product(value: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A 1 x 1 convolution by a part of a layer."""
    return F.linear(value.movedim(1, -1), weight, bias).movedim(-1, 1)
