"""The stages as one colorizer: small picture, background, polishing; consistent colorization, and two-step pix2pix.

Source: Kang, Choo, Chang, "Consistent Comic Colorization with Pixel-wise Background Classification" (2017), figure 1.
The rule of the file: every stage was trained alone, and only here do they meet.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from comicdata.errors import UsageError
from comicdata.images import Image
from comicdata.models.colorize.colorizer import PLAIN, TILE, Colorizer, Painted, picture_seed
from comicdata.models.colorize.wishes import Color, Wishes
from comicdata.models.networks.background import BackgroundDetector, mean_color
from comicdata.models.networks.layers import STRIDE, to_image, to_range
from comicdata.models.networks.pixelcnn import LowResolutionColorizer
from comicdata.models.networks.polishing import PolishingConfig, enlarge, gather
from comicdata.models.runs.load import load_network
from comicdata.models.runs.records import CONFIG, model_of, read_config
from comicdata.models.runs.settings import check_fits, network_of

PIXELS = TILE * TILE  # that go through the polishing network at once, at least one picture
FIRST, MIDDLE, LAST = "low-resolution", "background", "polishing"


class StagedColorizer(Colorizer):
    """Trained stages. The working size and the outline are those that the polishing network was trained on.

    A panel goes through whole, never in tiles: it has one background, and its small picture is drawn in one go.
    """

    def __init__(
        self, networks: dict[str, nn.Module], configs: dict[str, dict[str, Any]], device: torch.device
    ) -> None:
        super().__init__(networks[LAST], configs[LAST], device)
        self.first = networks[FIRST]
        self.detector = cast(BackgroundDetector, networks[MIDDLE]) if MIDDLE in networks else None
        self.multiple = max(network_of(config).multiple for config in configs.values())

    @property
    def heeds(self) -> frozenset[str]:
        return super().heeds | {"samples", *([] if self.detector is None else ["background"])}

    @classmethod
    def of_stages(cls, run: Path, device: torch.device) -> "StagedColorizer":
        """From RUN/stages/<stage>/weights.safetensors; UsageError names the stage that has none yet, or two that
        know other lines.
        """
        networks: dict[str, nn.Module] = {}
        configs: dict[str, dict[str, Any]] = {}
        for stage in (LAST, FIRST, MIDDLE):
            if stage == MIDDLE and not cast(PolishingConfig, network_of(configs[LAST])).background:
                continue
            folder = run / "stages" / stage
            if not (folder / "weights.safetensors").is_file():
                raise UsageError(f"{run}: the stage {stage} has no weights yet; go on with: {_train_command(run)}")
            networks[stage], weights = load_network(folder, device)
            configs[stage] = weights.config
            check_fits(run, configs[LAST], weights.config)
        return cls(networks, configs, device)

    @torch.inference_mode()
    def _paint_all(self, outline: Image, wishes: Wishes, seed: int) -> list[Painted]:
        """At the size given; the small pictures of one outline differ, all else is shared."""
        lines = self._padded(outline)
        return self._finish(lines, self._draw(lines, wishes.samples, seed), outline.shape[:2], wishes.background)

    @torch.inference_mode()
    def colorize_many(self, outlines: Sequence[Image], wishes: Wishes = PLAIN) -> list[Image]:
        """As `colorize` one by one, up to rounding: each has the random numbers it would have alone. Drawing pixel by
        pixel costs nearly the same for one and for eight.
        """
        size = (self.size, self.size)
        if any(outline.shape != size for outline in outlines):
            return super().colorize_many(outlines, wishes)
        lines = torch.cat([self._padded(outline) for outline in outlines])
        if isinstance(self.first, LowResolutionColorizer):
            small = self.first.one_each(lines, [picture_seed(wishes.seed, outline) for outline in outlines])
        else:
            small = self.first(lines).float()
        return [one.image for one in self._finish(lines, small, size, None)]

    def _finish(self, lines: Tensor, small: Tensor, size: tuple[int, ...], background: Color | None) -> list[Painted]:
        """Hide the background of small pictures (N, 3, h, w), lay one colour there, polish; a few at a time, so memory
        does not grow with N. `lines` has one or N.
        """
        mask = None if self.detector is None else self.detector.mask(lines)
        few = max(1, PIXELS // (lines.shape[2] * lines.shape[3]))
        made: list[Painted] = []
        for start in range(0, len(small), few):
            part = slice(start, start + few)
            own = slice(None) if len(lines) == 1 else part
            made += self._polish(lines[own], small[part], None if mask is None else mask[own], size, background)
        return made

    def _polish(
        self, lines: Tensor, small: Tensor, mask: Tensor | None, size: tuple[int, ...], background: Color | None
    ) -> list[Painted]:
        """As `_finish`, all at once; `mask` (1 or N, 1, H, W) is 1 on the background."""
        height, width = size
        count = len(small)
        mask = None if mask is None else mask.expand(count, -1, -1, -1)
        lines = lines.expand(count, -1, -1, -1)
        color = None if mask is None else self._background_color(small, mask, (height, width), background)
        channels = gather(small, torch.ones_like(lines) if mask is None else 1 - mask, lines, mask, color)
        with torch.autocast(self.device.type, torch.bfloat16, self.device.type == "cuda"):
            output = self.network(channels)
        flats = [{}] * count if mask is None else [{"background": _as_picture(one[0, :height, :width])} for one in mask]
        return [
            Painted(
                to_image(one[:, :height, :width]), layers={**flat, "low-resolution": _enlarged(little, height, width)}
            )
            for one, flat, little in zip(output, flats, small, strict=True)
        ]

    def _draw(self, lines: Tensor, samples: int, seed: int) -> Tensor:
        """Small pictures (samples, 3, h, w), the likeliest first; two-step's come from its dropout, in no order.

        Its first is drawn without, so that one colouring is the same with every seed.
        """
        if isinstance(self.first, LowResolutionColorizer):
            return self.first.ranked(lines, samples, torch.Generator().manual_seed(seed))[0]
        plain: Tensor = self.first(lines)
        if samples == 1:
            return plain.float()
        self.first.train()
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices):  # dropout knows no other random numbers than torch's own
            torch.manual_seed(seed)
            noisy = [self.first(lines) for _ in range(samples - 1)]
        self.first.eval()
        return torch.cat([plain, *noisy]).float()

    def _background_color(self, small: Tensor, mask: Tensor, size: tuple[int, int], wanted: Color | None) -> Tensor:
        """(samples, 3, 1, 1): the wanted colour, or the mean of each small picture under the mask, border left out."""
        if wanted is not None:
            return to_range(torch.tensor(wanted, device=self.device)).view(1, 3, 1, 1).expand(len(small), -1, -1, -1)
        large = enlarge(small, mask.shape[2:])
        return mean_color(large[..., : size[0], : size[1]], mask[..., : size[0], : size[1]])


def _train_command(run: Path) -> str:
    """What goes on with the stages of a run."""
    model = model_of(read_config(run), "MODEL") if (run / CONFIG).is_file() else "MODEL"
    return f"comicdata train {model} --pairs PAIRS --run {run}"


def _as_picture(mask: Tensor) -> Image:
    """(H, W) of 0 and 1 -> uint8 of 0 and 255."""
    return np.ascontiguousarray(mask.mul(255).to(torch.uint8).cpu().numpy())


def _enlarged(small: Tensor, height: int, width: int) -> Image:
    """A small picture (3, h, w) as squares of 8 x 8, cut to (height, width, 3)."""
    little = to_image(small)
    size = (little.shape[1] * STRIDE, little.shape[0] * STRIDE)
    return np.ascontiguousarray(cv2.resize(little, size, interpolation=cv2.INTER_NEAREST)[:height, :width])
