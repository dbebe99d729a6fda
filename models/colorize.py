"""From line art to colour at any size: a picture is painted at the scale the network knows and keeps its own lines."""

from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from comicdata.errors import UsageError
from comicdata.images import Image, resize
from comicdata.models.data import OutlineChoice
from comicdata.models.layers import find_device, to_image, to_range, to_tensor
from comicdata.models.networks import load_network
from comicdata.models.settings import network_of
from comicdata.outlines import OutlineKind, canny_black, xdog

Floats = npt.NDArray[np.float32]
LARGEST_ENLARGEMENT = 2.0
TILE = 1024  # longest side that goes through the network at once; TILE - OVERLAP is a multiple of 2^8
OVERLAP = 256


class Colorizer:
    """A trained generator. `size`: the working size it was trained at; `outline`: the outline it knows."""

    def __init__(self, network: nn.Module, config: dict[str, Any], device: torch.device) -> None:
        self.network = network
        self.config = config
        self.device = device
        self.size = int(config["size"])
        self.multiple = network_of(config).multiple

    @property
    def outline(self) -> OutlineKind:
        """canny or xdog; a network that learned both is given canny."""
        choice = cast(OutlineChoice, self.config["outline"])
        return "canny" if choice == "mix" else choice

    @classmethod
    def load(cls, run: Path, device: str = "auto") -> "Colorizer":
        """From a RUN folder (its weights.safetensors) or a .safetensors file; errors as `load_weights`."""
        place = find_device(device)
        network, weights = load_network(run, place)
        return cls(network, weights.config, place)

    def colorize(self, outline: Image, *, seed: int = 0) -> Image:
        """(H, W) uint8, ink 0 on paper 255 -> (H, W, 3) uint8 of the same size.

        The short side is scaled to `size` (enlarged twice at most), because lines of another thickness are unknown to
        the network. Where that changed the size, only the colours come back from it: they are brought to the size of
        the input and multiplied by its lines, which so stay sharp. `seed` serves networks that draw at random.
        """
        if outline.ndim != 2 or outline.dtype != np.uint8 or not outline.size:
            raise UsageError(f"line art of shape {outline.shape}, {outline.dtype}: (H, W) uint8 is expected")
        torch.manual_seed(seed)
        height, width = outline.shape
        scale = min(LARGEST_ENLARGEMENT, self.size / min(height, width))
        working = outline
        if scale != 1:
            working = resize(outline, max(1, round(width * scale)), max(1, round(height * scale)))
        color = self._paint(working)
        if scale == 1:
            return color
        color = resize(_without_lines(color, working), width, height)
        return _multiplied(color, outline)

    def _paint(self, outline: Image) -> Image:
        """At the size given; above TILE in overlapping tiles that fade into each other, so memory stays bounded."""
        height, width = outline.shape
        total = np.zeros((height, width, 3), np.float32)
        weight = np.zeros((height, width, 1), np.float32)
        for top in _starts(height):
            for left in _starts(width):
                window = (slice(top, top + TILE), slice(left, left + TILE))
                tile = outline[window]
                fade = np.outer(_fade(tile.shape[0]), _fade(tile.shape[1]))[..., None]
                total[window] += self._forward(tile) * fade
                weight[window] += fade
        return np.asarray(np.rint(total / weight), dtype=np.uint8)

    def _forward(self, outline: Image) -> Image:
        """Mirror the borders out to a multiple of 2^depth, run, cut back."""
        height, width = outline.shape
        below, right = -height % self.multiple, -width % self.multiple
        padded = cv2.copyMakeBorder(outline, 0, below, 0, right, cv2.BORDER_REFLECT)
        value = to_range(to_tensor(np.asarray(padded, np.uint8)[None]).to(self.device))
        with torch.inference_mode(), torch.autocast(self.device.type, torch.bfloat16, self.device.type == "cuda"):
            output = self.network(value)
        return to_image(output[0, :, :height, :width])


def _starts(length: int) -> range:
    """Where tiles begin along one side."""
    return range(0, max(1, length - OVERLAP), TILE - OVERLAP)


def _fade(length: int) -> Floats:
    """Weights along one side of a tile: rising over OVERLAP, falling over OVERLAP, never 0."""
    place = np.arange(1, length + 1, dtype=np.float32)
    return np.asarray(np.minimum(np.minimum(place, place[::-1]), OVERLAP) / OVERLAP, dtype=np.float32)


def _without_lines(color: Image, outline: Image) -> Image:
    """Paint the pixels under a line with the palest colour beside it, so that enlarged lines leave no dark seam."""
    paler = np.asarray(cv2.dilate(color, np.ones((5, 5), np.uint8)))
    return np.where((outline < 128)[..., None], paler, color)


def _multiplied(color: Image, outline: Image) -> Image:
    """The layer mode "multiply" of painting programs: ink stays, paper lets the colour through."""
    return np.asarray(cv2.multiply(color, np.repeat(outline[..., None], 3, axis=2), scale=1 / 255), dtype=np.uint8)


def is_line_art(rgb: Image, *, tolerance: int = 24, share: float = 0.995) -> bool:
    """Whether (H, W, 3) uint8 has no colour: channels within `tolerance` of each other on nearly all pixels.

    The tolerance forgives what JPEG does to grey.
    """
    spread = rgb.max(axis=2).astype(np.int16) - rgb.min(axis=2)
    return bool((spread <= tolerance).mean() >= share)


def outline_of(rgb: Image, kind: OutlineKind) -> Image:
    """The outline (H, W) uint8 of a picture in colour, at its native resolution, as make-pairs draws it."""
    return canny_black(rgb) if kind == "canny" else xdog(rgb)
