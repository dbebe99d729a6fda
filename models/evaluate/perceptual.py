"""Distances that see what a VGG16 sees: LPIPS between a colouring and its truth, KID and FID between all of both.

The rule of the file: weights come from files that the user gives, and a figure says which network made it. KID and FID
here are of VGG16, so they are not those of Inception that papers print.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from comicdata.errors import UsageError
from comicdata.images import Image
from comicdata.models.networks.layers import find_device, to_range, to_tensor
from comicdata.models.networks.vgg import WIDTHS, VGG16Features, read_named

Matrix = npt.NDArray[np.float64]
ALL_WIDTHS = (*WIDTHS, 0, 512, 512, 512)  # up to relu5_3
CHANNELS = (64, 128, 256, 512, 512)  # of the five layers looked at: relu1_2, 2_2, 3_3, 4_3 and 5_3
TRUTH = "truth"
ROWS = 1024  # of the kernel of KID at once, which is as large as the square of the number of windows
BACKBONE_CURE = (
    "give the VGG16 of --vgg-weights: model.safetensors of https://huggingface.co/timm/vgg16.tv_in1k (528 MB)"
)
LINEAR_CURE = "docs/evaluate.md says how to make it of the published LPIPS weights"


class VGG16Taps(VGG16Features):
    """VGG16 up to relu5_3 that tells what five of its layers see; frozen."""

    def __init__(self) -> None:
        super().__init__(ALL_WIDTHS)

    def taps(self, color: Tensor) -> list[Tensor]:
        """RGB (B, 3, H, W) in [-1, 1], at the size given -> relu1_2, 2_2, 3_3, 4_3 and 5_3, (B, C, h, w) each."""
        value = self.normalised(color)
        seen = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                seen.append(value)
            value = layer(value)
        return [*seen, value]


def lpips(left: Sequence[Tensor], right: Sequence[Tensor], weights: Sequence[Tensor]) -> Tensor:
    """(B,): LPIPS of two lists of (B, C, h, w), with (1, C, 1, 1) weights each; 0 is equal.

    Source: Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable Effectiveness of Deep Features as a Perceptual
    Metric" (2018), arXiv 1801.03924, equation 1; the weights are laid on the squares, as in the authors' code.
    """
    total = left[0].new_zeros(len(left[0]))
    for one, other, weight in zip(left, right, weights, strict=True):
        total = total + ((_unit(one) - _unit(other)).square() * weight).sum(dim=1).mean(dim=(1, 2))
    return total


def _unit(features: Tensor) -> Tensor:
    """Every position's channels at length 1."""
    return features / (features.square().sum(dim=1, keepdim=True).sqrt() + 1e-10)


def kid(left: Matrix, right: Matrix) -> float | None:
    """Kernel distance of two sets of features (N, d) and (M, d): the unbiased squared MMD with (x.y / d + 1)^3.

    0 for sets of one distribution, on average, so it can be a little below. None with fewer than two in a set.
    Source: Binkowski, Sutherland, Arbel, Gretton, "Demystifying MMD GANs" (2018), arXiv 1801.01401, section 4.
    """
    if min(len(left), len(right)) < 2:
        return None

    def total(one: Matrix, other: Matrix) -> float:
        parts = (one[top : top + ROWS] for top in range(0, len(one), ROWS))
        return sum(float(((part @ other.T / one.shape[1] + 1) ** 3).sum()) for part in parts)

    def within(one: Matrix) -> float:
        itself = float(((np.square(one).sum(axis=1) / one.shape[1] + 1) ** 3).sum())
        return (total(one, one) - itself) / (len(one) * (len(one) - 1))

    return within(left) + within(right) - 2 * total(left, right) / (len(left) * len(right))


def fid(left: Matrix, right: Matrix) -> float | None:
    """Frechet distance of the Gaussians through two sets of features (N, d) and (M, d).

    None unless both sets have more members than features have dimensions: their covariance would be singular, and the
    figure an artefact of N. Source: Heusel and others, "GANs Trained by a Two Time-Scale Update Rule" (2017), arXiv
    1706.08500, equation 6.
    """
    if min(len(left), len(right)) <= left.shape[1]:
        return None
    means = [one.mean(axis=0) for one in (left, right)]
    first, second = (np.atleast_2d(np.cov(one, rowvar=False)) for one in (left, right))
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()  # the trace of (S1 S2)^(1/2)
    return float(np.square(means[0] - means[1]).sum() + np.trace(first) + np.trace(second) - 2 * shared)


class Perceptual:
    """Looks at every colouring beside its truth, and says in the end how far all of a colorizer are.

    `features`: VGG16 as safetensors, for KID and FID. `linear`: the five layers of LPIPS, with VGG16 in the same file
    or in `features`. UsageError when a file is not what it has to be.
    """

    def __init__(self, features: Path | None, linear: Path | None, device: str = "auto") -> None:
        place = find_device(device)
        self.network = VGG16Taps()
        self.network.load_state_dict(_read_backbone(features, linear))
        self.network.to(place)
        self.weights = None if linear is None else [one.to(place) for one in _read_linear(linear)]
        self.compares_sets = features is not None
        self.device = place
        self.pooled: dict[str, list[Matrix]] = {}

    @torch.inference_mode()
    def look(self, made: Mapping[str, Image | None], truth: Image) -> dict[str, float]:
        """Take in the colourings (H, W, 3) of one pair, by colorizer; None is passed over. Returns LPIPS of each."""
        known = self._seen(TRUTH, truth)
        found = {}
        for name, picture in made.items():
            if picture is not None:
                seen = self._seen(name, picture)
                if self.weights is not None:
                    found[name] = float(lpips(seen, known, self.weights))
        return found

    def _seen(self, name: str, picture: Image) -> list[Tensor]:
        seen = self.network.taps(to_range(to_tensor(picture[None]).to(self.device)))
        self.pooled.setdefault(name, []).append(seen[-1].mean(dim=(2, 3))[0].double().cpu().numpy())
        return seen

    def distances(self, name: str) -> dict[str, float | None]:
        """kid_vgg16 and fid_vgg16 of all that a colorizer made; None where they are no number, {} without weights."""
        if not self.compares_sets:
            return {}
        own, true = (np.array(self.pooled.get(one, [])).reshape(-1, CHANNELS[-1]) for one in (name, TRUTH))
        return {"kid_vgg16": kid(own, true), "fid_vgg16": fid(own, true)}


def _read_backbone(features: Path | None, linear: Path | None) -> dict[str, Tensor]:
    """From the file of LPIPS when VGG16 is in it and no other is given."""
    path = features or linear
    assert path is not None
    wanted = {name: value.shape for name, value in VGG16Taps().state_dict().items()}
    return read_named(_existing(path, BACKBONE_CURE), wanted, "the plain VGG16", BACKBONE_CURE)


def _read_linear(path: Path) -> list[Tensor]:
    wanted = {f"lin{at}.model.1.weight": torch.Size((1, channels, 1, 1)) for at, channels in enumerate(CHANNELS)}
    return list(read_named(_existing(path, LINEAR_CURE), wanted, "the linear layers of LPIPS", LINEAR_CURE).values())


def _existing(path: Path, cure: str) -> Path:
    if not path.is_file():
        raise UsageError(f"{path}: no such file; {cure}")
    return path
