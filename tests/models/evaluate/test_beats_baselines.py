"""A small network after seconds of learning, against what needs no network at all."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from comicdata.models.data.pairs import Batch
from comicdata.models.evaluate.baselines import describe, nearest
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.train.learners import AdversarialLearner

STEPS, BATCH = 100, 8


def as_bytes(pictures: Tensor) -> Tensor:
    return torch.round((pictures + 1) * 127.5).to(torch.uint8)


def test_the_figures_of_panels_never_seen(drawn: Callable[..., tuple[Tensor, Tensor, Tensor]]) -> None:
    outline, color, _ = drawn(80, seed=0)
    changes = {"size": 256, "crop": 64, "batch_size": BATCH, "images": STEPS * BATCH, "adversarial_start": 10**6}
    config = resolve_config(
        "pix2pix", "small", {**changes, "decay_start": STEPS * 4, "decay_end": STEPS * 8, "ema": 0.98}
    )
    learner = AdversarialLearner(replace(config, device="cpu"), torch.device("cpu"), Path("run"))
    random = torch.Generator().manual_seed(0)
    pixels = as_bytes(outline), as_bytes(color)
    for step in range(STEPS):
        chosen = torch.randint(len(outline), (BATCH,), generator=random)
        learner.step(Batch(("",) * BATCH, *(one[chosen] for one in pixels)), step * BATCH)

    held_out, truth, background = drawn(40, seed=99)
    with torch.no_grad():
        painted = learner.average(held_out)
    figure = ~background & (held_out > 0.5)  # off the lines
    mean = color.mean((0, 2, 3), keepdim=True).expand_as(truth)
    known, wanted = (
        np.stack([describe(one[0].numpy()) for one in as_bytes(pictures)]) for pictures in (outline, held_out)
    )
    none = np.full(len(wanted), -1)
    found = nearest(wanted, none, known, np.arange(len(known)))
    errors = {
        name: float((picture - truth).abs().mean(1, keepdim=True)[figure].mean())
        for name, picture in {"learned": painted, "mean": mean, "nearest": color[found], "paper": held_out}.items()
    }
    assert errors["learned"] < 0.8 * min(errors["mean"], errors["nearest"], errors["paper"]), errors
