"""The part of palette that is told something: what hints spread, and a mood, change what the drawing makes likely.

It is a small part, so a drawing that is coloured again with other hints takes hardly any time.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from comicdata.models.networks.layers import Block, Pointwise

SPREAD_PLANES = 5  # what hints spread: red, green, blue, nearness, and where a hint is
THINGS = 8  # channels that say what a place is of, to compare it with that of its hint


class Listener(nn.Module):
    """Logits (B, colors + 1, h, w), what the drawing is of (B, C, h, w), what hints spread (B, 5, h, w) in [0, 1],
    from which cells (B, h, w), and the mood (B, colors + 1) -> other logits: the same, before it learned.

    Every place is told what its hint lies on, so that a dot on a shirt is none for the sky; and decides how much the
    colours of the mood count there, and how little those that it lacks.
    """

    def __init__(self, channels: int, colors: int) -> None:
        super().__init__()
        self.thing = Pointwise(channels, THINGS)
        self.near = Block(channels + THINGS + SPREAD_PLANES, channels)
        self.far = nn.Sequential(Block(channels, channels, stride=2), Block(channels, channels))
        self.mood = nn.ModuleList(nn.Linear(colors + 1, channels) for _ in range(3))
        self.both = Block(channels, channels)
        self.change = Pointwise(channels, colors + 1)
        self.heed = Pointwise(channels, 2)
        for layer in (self.change, self.heed):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, logits: Tensor, features: Tensor, spread: Tensor, sources: Tensor, mood: Tensor) -> Tensor:
        at_near, at_far, at_last = (layer(mood)[..., None, None] for layer in self.mood)
        thing = self.thing(features)
        places = sources.long().flatten(1)[:, None].expand(-1, THINGS, -1)
        hinted = thing.flatten(2).gather(2, places).view_as(thing)
        heard = spread[:, 3:4] > 0
        said = torch.cat([(hinted - thing) * heard, (2 * spread[:, :3] - 1) * heard, spread[:, 3:]], dim=1)
        near = self.near(torch.cat([features, said], dim=1)) + at_near
        far = self.far(near) + at_far
        value = self.both(near + F.interpolate(far, size=near.shape[2:], mode="nearest")) + at_last
        return self._added(logits, value, mood)

    def _added(self, logits: Tensor, value: Tensor, mood: Tensor) -> Tensor:
        """Logits + change(value) + heed(value) for the colours that the mood has and for those that it lacks: one
        product for each sample, since maps of so many channels are what takes the time.
        """
        there, known = mood[:, None, :-1], mood[:, None, -1:]
        heeded = F.pad(torch.cat([there, known * (there == 0)], dim=1), (0, 1))
        always = torch.cat([self.change.weight.T, self.change.bias[None]])[None].expand(len(mood), -1, -1)
        inputs = torch.cat([self.heed(value), value, torch.ones_like(value[:, :1])], dim=1)
        rows = torch.baddbmm(_rows(logits), _rows(inputs), torch.cat([heeded, always], dim=1))
        return rows.transpose(1, 2).reshape(logits.shape)


def _rows(value: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, h w, C), which is how it lies in memory."""
    return value.flatten(2).transpose(1, 2)
