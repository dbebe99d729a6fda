"""Auto-painter: pix2pix's networks with other losses and hints. The rule of the file: every term of the losses is a
mean over pixels or patches, named, weighted, and logged as weighted.

Source: Liu, Qin, Luo, Wang, "Auto-painter" (2017), arXiv 1705.01908, section 3.3.
"""

from collections.abc import Callable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from comicdata.models.networks.pix2pix import PIX2PIX, SMALL, Adversarial, ColorizerConfig

Features = Callable[[Tensor], Tensor]
TV_EPS = 1e-6
# The weights as published: L1 100, feature 0.01, adversarial 1, total variation 1e-4 (paper); 50, 1e-4, 1, 1e-3 (the
# authors' code). Differs: their total variation is the sum of dx^2 + dy^2 over 512 x 512 x 3 = 786,432 values, so 1e-3
# there weighs as 786 would on a mean; and their VGG saw pictures in another range (vgg.py). Here all losses are means,
# so that a weight means the same at every size; with these weights L1 and the discriminator decide. Differs: five
# channels with hints always, and half of the samples without any, so that one network serves both.
AUTO_PAINTER = replace(PIX2PIX, model="auto-painter", hints=True, weight_feature=0.01, weight_tv=1e-4)
# Differs: the paper deconvolves; with few weights and little training that leaves a faint checkerboard on flat colour.
SMALL_PAINTER = replace(SMALL, model="auto-painter", hints=True, upsampling="resize", weight_tv=1.0)
PRESETS: dict[str, dict[str, ColorizerConfig]] = {
    "pix2pix": {"small": SMALL, "paper": PIX2PIX, "authors": PIX2PIX},
    "auto-painter": {
        "small": SMALL_PAINTER,
        "paper": AUTO_PAINTER,
        "authors": replace(
            AUTO_PAINTER,
            width=48,
            kernel=3,
            discriminator_width=48,
            weight_l1=50.0,
            weight_feature=1e-4,
            weight_tv=1e-3,
        ),
    },
}


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
