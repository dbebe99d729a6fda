"""The pointer: every place of a drawing looks for its like in coloured pictures, and takes its colour.

Sources: Vinyals, Fortunato, Jaitly, "Pointer Networks" (2015), arXiv 1506.03134 (attention that chooses among its
inputs); Merity and others, "Pointer Sentinel Mixture Models" (2016), arXiv 1609.07843 (what is not found is left to a
classifier, by one more weight in the same softmax).
Differs: keys and queries see line art only, so a reference in other colours is found as well.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comicdata.models.networks.layers import Pointwise, normalisation

SHARPNESS = 10.0  # of the likeness of two places, before any step


class Pointer(nn.Module):
    """What a drawing is of, (B, channels, h, w) -> the places to ask of it, (B, D, h, w)."""

    def __init__(self, channels: int, size: int) -> None:
        super().__init__()
        self.within = nn.Sequential(Pointwise(channels, size), normalisation("group", size), nn.SiLU())
        self.query = nn.Linear(size, size)
        self.key = nn.Linear(size, size)
        self.null = nn.Linear(size, 1)
        self.sharpness = nn.Parameter(torch.tensor(math.log(SHARPNESS)))

    def forward(self, features: Tensor) -> Tensor:
        value: Tensor = self.within(features)
        return value

    def asks(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Places (..., D) -> what each asks for, (..., D) of length 1, and how likely nothing answers, (...), before
        the softmax.
        """
        return F.normalize(self.query(places), dim=-1), self.null(places)[..., 0]

    def answers(self, places: Tensor) -> Tensor:
        """Places (..., D) -> what each answers to, likewise."""
        return F.normalize(self.key(places), dim=-1)

    def found(self, query: Tensor, key: Tensor, null: Tensor, known: Tensor) -> Tensor:
        """The logarithm of what each of N places takes from each of T of the references, and last of what it leaves:
        (B, N, T + 1), from query (B, N, D), key (B, T, D), null (B, N), and which of the T count, (B, T).

        More references alone make nothing likelier: their weights are divided by their number.
        """
        alike = query @ key.transpose(1, 2) * self.sharpness.exp()
        count = known.sum(dim=1).clamp(min=1).log()[:, None, None]
        alike = alike.masked_fill(~known[:, None], -math.inf) - count
        return F.log_softmax(torch.cat([alike, null[..., None]], dim=2), dim=2)
