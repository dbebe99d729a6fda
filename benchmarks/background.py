"""How well backgrounds are found without being told: the paper's form of the detector, and others, on the drawn comic.

python benchmarks/background.py [--only "paper, Gumbel"] [--size 64] [--kinds flat|all]
One seed; everything at 64 x 64 takes about 15 minutes on one core. With `--kinds all` the detector learns from flat
backgrounds, gradients and patterns, as they come, and is judged on flat ones and on the others apart.

"foreground from 8 x 8" is how a public re-implementation read the paper: the foreground is not the detector's own
colour, but the small picture (here the true one, so as good as it can be), and the mean of the background divides by
the area of the picture instead of the mask's. 8 x 8 is an eighth of the side, as 32 of 256; 32 x 32 is nearly sharp.
"""

import argparse
import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from comicdata.drawn import draw_episode
from comicdata.images import resize
from comicdata.models.networks.background import SMALL, BackgroundDetector, Layers, background_loss, mean_color
from comicdata.models.networks.layers import to_range, to_tensor
from comicdata.outlines import canny_black

LOOKS = (150, 500)
FLAT, OTHERS = ("flat",), ("gradient", "pattern")
Loss = Callable[[Layers, Tensor], Tensor]
Panels = tuple[Tensor, Tensor, Tensor]


def panels(count: int, seed: int, kinds: tuple[str, ...], size: int) -> Panels:
    """Outline and colour in [-1, 1], true background; panels with backgrounds of these kinds only."""
    found: list[tuple[np.ndarray, ...]] = []
    for number in itertools.count(1):
        episode = draw_episode(seed, number, width=max(300, size + 100))
        for panel in (one for one in episode.panels if one.background_kind in kinds):
            side = min(panel.box.width, panel.box.height)
            color = episode.strip[panel.box.y0 :, panel.box.x0 :][:side, :side]
            whole = (canny_black(color), color, panel.background[:side, :side].astype(np.uint8) * 255)
            found.append(tuple(resize(np.ascontiguousarray(one), size, size) for one in whole))
        if len(found) >= count:
            break
    outline, color, background = (to_tensor(np.stack(one[:count])) for one in zip(*found, strict=True))
    return to_range(outline), to_range(color), background == 255


def unnormalised(layers: Layers, color: Tensor) -> Tensor:
    """The paper's composite with a mean that divides by the area of the picture."""
    mean = (color * layers.background).mean(dim=(2, 3), keepdim=True)
    return F.l1_loss(layers.own * layers.maps[:, :1] + mean * layers.background, color)


def low_resolution_foreground(side: int, *, normalised: bool) -> Loss:
    """The foreground is the true picture at side x side, enlarged."""

    def loss(layers: Layers, color: Tensor) -> Tensor:
        large = F.interpolate(F.adaptive_avg_pool2d(color, side), size=color.shape[2:], mode="bilinear")
        background = layers.background
        mean = mean_color(color, background) if normalised else (color * background).mean(dim=(2, 3), keepdim=True)
        return F.l1_loss(large * (1 - background) + mean * background, color)

    return loss


VARIANTS: dict[str, tuple[str, Loss]] = {
    "paper, Gumbel": ("gumbel", background_loss),
    "paper, soft": ("soft", background_loss),
    "paper, soft, mean over the picture": ("soft", unnormalised),
} | {
    f"foreground from {side} x {side}, soft, mean over the {'mask' if normalised else 'picture'}": (
        "soft",
        low_resolution_foreground(side, normalised=normalised),
    )
    for side in (8, 32)
    for normalised in (True, False)
}


def judge(network: BackgroundDetector, judged: Panels) -> str:
    """IoU off the lines, and how much of what was found lies on lines."""
    fresh, _, truth = judged
    paper = fresh > 0.9
    found = torch.cat([network.mask(one) > 0 for one in fresh.split(20)])
    overlap = float((found & truth & paper).sum() / ((found | truth) & paper).sum())
    lines = float((found & ~paper).sum() / found.sum().clamp_min(1))
    return f"IoU {overlap:.3f} ({lines:.0%} of it on lines)"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="", help="part of a name")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--kinds", choices=["flat", "all"], default="flat")
    options = parser.parse_args()
    torch.set_num_threads(1)
    mixed = options.kinds == "all"
    outline, color, _ = panels(400, 0, FLAT + OTHERS if mixed else FLAT, options.size)
    judged = {"flat": panels(100, 99, FLAT, options.size)}
    if mixed:
        judged["others"] = panels(100, 99, OTHERS, options.size)
    for name, (assignment, loss_of) in VARIANTS.items():
        if options.only not in name:
            continue
        torch.manual_seed(0)
        network = BackgroundDetector(replace(SMALL, assignment=assignment))  # type: ignore[arg-type]
        optimizer = torch.optim.Adam(network.parameters(), 2e-3, (0.5, 0.999))
        for iteration in range(1, max(LOOKS) + 1):
            chosen = torch.randint(len(outline), (8,))
            optimizer.zero_grad()
            loss = loss_of(network.decide(outline[chosen]), color[chosen])
            loss.backward()
            optimizer.step()
            if iteration in LOOKS:
                seen = "; ".join(f"{kind} {judge(network, one)}" for kind, one in judged.items())
                print(f"{name}: {iteration} iterations: {seen}; L1 {float(loss.detach()):.3f}", flush=True)


if __name__ == "__main__":
    main()
