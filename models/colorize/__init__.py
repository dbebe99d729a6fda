"""A run and line art to colours, at any size."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from comicdata.errors import UsageError
from comicdata.models.colorize.chosen import PaletteColorizer
from comicdata.models.colorize.colorizer import Colorizer
from comicdata.models.colorize.pages import colorize_picture
from comicdata.models.colorize.sheets import Colorized, LeftAlone
from comicdata.models.colorize.staged import StagedColorizer
from comicdata.models.colorize.wishes import Wishes
from comicdata.models.networks.layers import find_device
from comicdata.models.networks.palette import PaletteNetwork
from comicdata.models.runs.load import load_network

__all__ = [
    "Colorized",
    "Colorizer",
    "LeftAlone",
    "PaletteColorizer",
    "Wishes",
    "colorize_picture",
    "load_colorizer",
    "make_colorizer",
]


def load_colorizer(run: Path | str, device: str = "auto") -> Colorizer:
    """From a RUN folder (its weights, or those of its stages) or a .safetensors file; errors as `load_weights`."""
    run, place = Path(run), find_device(device)
    if (run / "stages").is_dir():
        return StagedColorizer.of_stages(run, place)
    network, weights = load_network(run, place)
    if stage := weights.config.get("stage"):
        raise UsageError(f"{run}: only the stage {stage} of {weights.config['model']}; give the run folder itself")
    return make_colorizer(network, weights.config, place)


def make_colorizer(network: nn.Module, config: dict[str, Any], device: torch.device) -> Colorizer:
    """The colorizer of one network, trained or learning, by its options."""
    kind = PaletteColorizer if isinstance(network, PaletteNetwork) else Colorizer
    return kind(network, config, device)
