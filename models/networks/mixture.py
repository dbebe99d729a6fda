"""The discretised mixture of logistics over RGB: how likely a colour is, and colours drawn from it.

Source: Salimans, Karpathy, Chen, Kingma, "PixelCNN++" (2017), arXiv 1701.05517, sections 2.1 and 2.2. The rule of the
file: M components of one pixel are 10 * M numbers in the order of `_parts`, and colours lie on the 256 levels.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

PER_COMPONENT = 10  # a weight, three means, three scales, and three slopes between the channels
LEVEL = 2 / 255  # from one level to the next in [-1, 1]
LOWEST_LOG_SCALE = -7.0
EDGE = 0.999
SMALLEST_UNIFORM = 1e-5
LEAST_MASS = 1e-5  # below, the difference of two numbers near 1 is noise: density times width instead


def _parts(parameters: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(B, 10 M, ...) -> logits (B, M, ...), means, log scales, slopes, each (B, 3, M, ...)."""
    parts = parameters.reshape(len(parameters), PER_COMPONENT, -1, *parameters.shape[2:])
    return parts[:, 0], parts[:, 1:4], parts[:, 4:7].clamp_min(LOWEST_LOG_SCALE), torch.tanh(parts[:, 7:10])


def log_likelihood(parameters: Tensor, color: Tensor) -> Tensor:
    """Nats per pixel: parameters (B, 10 M, H, W) and color (B, 3, H, W), on the levels of [-1, 1] -> (B, H, W).

    Green's mean leans on red, blue's on red and green (equation 3). The two outermost levels take all that lies
    beyond them (equation 2), so the 256^3 colours together have probability 1.
    """
    logits, means, log_scales, slopes = _parts(parameters)
    red, green, _ = color.unbind(1)
    leaning = torch.stack(
        [
            torch.zeros_like(slopes[:, 0]),
            slopes[:, 0] * red[:, None],
            slopes[:, 1] * red[:, None] + slopes[:, 2] * green[:, None],
        ],
        dim=1,
    )
    channels = _log_mass(color[:, :, None], means + leaning, log_scales)
    return torch.logsumexp(torch.log_softmax(logits, dim=1) + channels.sum(dim=1), dim=1)


def _log_mass(value: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """Log of the mass of a logistic on the level around `value`."""
    inverse = torch.exp(-log_scale)
    centred = value - mean
    upper, lower = inverse * (centred + LEVEL / 2), inverse * (centred - LEVEL / 2)
    mass = torch.sigmoid(upper) - torch.sigmoid(lower)
    middle = inverse * centred
    log_density = middle - log_scale - 2 * F.softplus(middle)
    inside = torch.where(mass > LEAST_MASS, torch.log(mass.clamp_min(1e-12)), log_density + math.log(LEVEL))
    below, above = upper - F.softplus(upper), -F.softplus(lower)
    return torch.where(value < -EDGE, below, torch.where(value > EDGE, above, inside))


def bits_per_dimension(parameters: Tensor, color: Tensor) -> Tensor:
    """(B,): bits that one channel of one pixel costs; 8 for a uniform guess over the 256 levels."""
    nats = -log_likelihood(parameters, color).flatten(1).mean(dim=1)
    return nats / (3 * math.log(2))


def draw(parameters: Tensor, uniform: Tensor, temperature: float = 1.0) -> Tensor:
    """One colour per row: parameters (N, 10 M), uniform (N, M + 3) in [0, 1) -> (N, 3) on the levels of [-1, 1].

    The component by the Gumbel trick, then red, green, blue by the inverse of their distribution function. A
    temperature below 1 sharpens both, 0 leaves the most likely component and its means.
    Differs: the paper's code leaves values between the levels; the distribution is over levels, so we round.
    """
    logits, means, log_scales, slopes = _parts(parameters)
    count = logits.shape[1]
    safe = uniform.clamp(SMALLEST_UNIFORM, 1 - SMALLEST_UNIFORM)
    chosen = (logits - temperature * torch.log(-torch.log(safe[:, :count]))).argmax(dim=1)
    rows = torch.arange(len(chosen), device=chosen.device)
    spread = temperature * torch.exp(log_scales[rows, :, chosen]) * torch.logit(safe[:, count:])
    red, green, blue = (means[rows, :, chosen] + spread).unbind(1)
    green_red, blue_red, blue_green = slopes[rows, :, chosen].unbind(1)
    red = _level(red)
    green = _level(green + green_red * red)
    blue = _level(blue + blue_red * red + blue_green * green)
    return torch.stack([red, green, blue], dim=1)


def _level(value: Tensor) -> Tensor:
    """The nearest of the 256 levels of [-1, 1]."""
    return ((value.clamp(-1, 1) + 1) * (1 / LEVEL)).round() * LEVEL - 1
