"""From a run folder to its network, ready for use."""

import logging
from pathlib import Path

import torch
from torch import nn

from comicdata.errors import IntegrityError, UsageError
from comicdata.models.networks.options import NetworkOptions
from comicdata.models.runs.checkpoint import Weights, load_weights
from comicdata.models.runs.palette import check_palette
from comicdata.models.runs.records import check_saved, unfinished
from comicdata.models.runs.settings import network_of

log = logging.getLogger(__name__)


def fitting(weights: Weights, run: Path) -> NetworkOptions:
    """The options of the network that the weights of `run` say they are of; IntegrityError where they do not fit it."""
    try:
        check_saved(weights.config)
        options = network_of(weights.config)
        with torch.device("meta"):  # no memory is taken for a network that has other shapes than the file
            options.build().load_state_dict(weights.tensors, assign=True)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, UsageError) as error:
        first = " ".join(" ".join(str(error).split("\n\t")[:2]).split())[:300]  # torch lists every tensor that is wrong
        raise IntegrityError(f"{run}: the weights do not fit their own description ({first})") from error
    return options


def load_network(run: Path, device: torch.device) -> tuple[nn.Module, Weights]:
    """The network of a run folder, of a stage's folder or of a file of weights, ready for use.

    UsageError when there are no weights, IntegrityError when they are damaged or of another network.
    """
    weights = load_weights(run)
    if run.is_dir():
        check_palette(run, weights.tensors)
        if words := unfinished(run):
            log.warning("%s: %s", run, words)
    network = fitting(weights, run).build()
    network.load_state_dict(weights.tensors)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval().requires_grad_(False), weights
