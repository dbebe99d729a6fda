"""From the options of a network to the network, fresh or with the weights of a run."""

from pathlib import Path

import torch
from torch import nn

from comicdata.errors import IntegrityError
from comicdata.models.networks.background import BackgroundConfig, BackgroundDetector
from comicdata.models.networks.pix2pix import ColorizerConfig, UNet
from comicdata.models.networks.pixelcnn import LowResolutionColorizer, LowResolutionConfig
from comicdata.models.networks.polishing import PolishingNetwork
from comicdata.models.networks.two_step import SmallPicturePainter, TwoStepConfig
from comicdata.models.runs.checkpoint import Weights, load_weights
from comicdata.models.runs.settings import NetworkConfig, network_of


def build_network(config: NetworkConfig) -> nn.Module:
    """The network that the options describe, freshly initialised from torch's random numbers."""
    if isinstance(config, ColorizerConfig):
        return UNet(config)
    if isinstance(config, LowResolutionConfig):
        return LowResolutionColorizer(config)
    if isinstance(config, BackgroundConfig):
        return BackgroundDetector(config)
    return SmallPicturePainter(config) if isinstance(config, TwoStepConfig) else PolishingNetwork(config)


def load_network(run: Path, device: torch.device) -> tuple[nn.Module, Weights]:
    """The network of a run folder, of a stage's folder or of a file of weights, ready for use.

    UsageError when there are no weights, IntegrityError when they are damaged or of another network.
    """
    weights = load_weights(run)
    try:
        network = build_network(network_of(weights.config))
        network.load_state_dict(weights.tensors)
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise IntegrityError(f"{run}: the weights do not fit their own description ({error})") from error
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval().requires_grad_(False), weights
