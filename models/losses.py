"""The terms of the losses: every one a mean over pixels or patches, named, weighted, and logged as weighted."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from comicdata.models.auto_painter import Adversarial, ColorizerConfig

Features = Callable[[Tensor], Tensor]
TV_EPS = 1e-6


def generator_terms(
    config: ColorizerConfig,
    output: Tensor,
    truth: Tensor,
    *,
    logits: Tensor | None = None,
    features: Features | None = None,
) -> dict[str, Tensor]:
    """The weighted terms whose sum the generator minimises. `output`, `truth`: (B, 3, H, W) in [-1, 1].

    `logits` are the discriminator's on the output, None while it does not take part; `features` is needed where
    weight_feature is not 0. Source: auto-painter, equation of the total loss (section 3.3).
    """
    terms = {"l1": config.weight_l1 * F.l1_loss(output, truth)}
    if config.weight_feature and features is not None:
        terms["feature"] = config.weight_feature * feature_loss(features, output, truth)
    if config.weight_tv:
        terms["tv"] = config.weight_tv * total_variation(output)
    if logits is not None:
        terms["adversarial"] = config.weight_adversarial * adversarial_loss(config.adversarial, logits, real=True)
    return terms


def discriminator_terms(config: ColorizerConfig, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """Half the loss on real patches and half on made ones, from their logits. Source: pix2pix, section 3.3."""
    return {
        "d_real": 0.5 * adversarial_loss(config.adversarial, real, real=True),
        "d_fake": 0.5 * adversarial_loss(config.adversarial, fake, real=False),
    }


def adversarial_loss(form: Adversarial, logits: Tensor, *, real: bool) -> Tensor:
    """Distance of logits from "real" or "made": cross entropy, or squares (LSGAN, arXiv 1611.04076).

    Differs: auto-painter writes log(1 - D), which has no gradient where D is sure; as in all its code, -log D.
    """
    target = torch.full_like(logits, float(real))
    if form == "bce":
        return F.binary_cross_entropy_with_logits(logits, target)
    return F.mse_loss(logits, target)


def feature_loss(features: Features, output: Tensor, truth: Tensor) -> Tensor:
    """Mean squared distance of feature maps; no gradient flows into the truth."""
    with torch.no_grad():
        wanted = features(truth)
    return F.mse_loss(features(output), wanted)


def total_variation(output: Tensor) -> Tensor:
    """Mean over pixels and channels of sqrt(dx^2 + dy^2 + eps) of (B, C, H, W): isotropic, finite at flat places."""
    right = output[..., :-1, 1:] - output[..., :-1, :-1]
    below = output[..., 1:, :-1] - output[..., :-1, :-1]
    return torch.sqrt(right.square() + below.square() + TV_EPS).mean()
