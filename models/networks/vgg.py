"""VGG16 up to relu4_3, the eye of the feature loss: plain torch, weights from a safetensors file, never trained.

Source: Simonyan, Zisserman, "Very Deep Convolutional Networks" (2014), arXiv 1409.1556, configuration D. The rule of
the file: what comes in is RGB in [-1, 1], and nothing but `normalised` prepares it.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import open_regular

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet, of RGB in [0, 1]
WIDTHS = (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512)  # 0: halved by max pooling; ends with relu4_3
LARGEST = 256
GET_IT = (
    "the published ones are model.safetensors of https://huggingface.co/timm/vgg16.tv_in1k (528 MB, torchvision's "
    "ImageNet weights, BSD-3-Clause): download it once and say --vgg-weights model.safetensors"
)


class VGG16Features(nn.Module):
    """RGB (B, 3, H, W) in [-1, 1] -> relu4_3, after the ReLU, (B, 512, h / 8, w / 8); frozen.

    Pictures whose short side is above 256 are shrunk to it first: at 512 pixels these features cost three times the
    generator. Then [0, 1], then ImageNet's mean and deviation. Names of the weights are torchvision's and timm's.
    Differs: the authors fed [-1, 1] to a network that expects [0, 1] or [0, 255]; in the right range features are one
    to two orders smaller, so their weight of this loss does not carry over.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in widths:
            layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()] if width else [nn.MaxPool2d(2)]
            channels = width or channels
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1), persistent=False)
        self.eval().requires_grad_(False)

    def forward(self, color: Tensor) -> Tensor:
        features: Tensor = self.features(self.prepared(color))
        return features

    def prepared(self, color: Tensor) -> Tensor:
        """What the first convolution sees."""
        short = min(color.shape[2:])
        if short > LARGEST:
            size = [round(side * LARGEST / short) for side in color.shape[2:]]
            color = F.interpolate(color, size=size, mode="bilinear", antialias=True)
        return self.normalised(color)

    def normalised(self, color: Tensor) -> Tensor:
        """From [-1, 1] to [0, 1], less ImageNet's mean, through its deviation."""
        return ((color + 1) / 2 - self.mean) / self.deviation


def load_vgg(path: Path | None, device: torch.device) -> VGG16Features:
    """With the weights of a safetensors file; errors as `read_vgg`."""
    network = VGG16Features()
    network.load_state_dict(read_vgg(path))
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def random_vgg(device: torch.device) -> VGG16Features:
    """For tests only: random weights that keep the scale of their input; the same ones every time."""
    network = VGG16Features()
    random = torch.Generator().manual_seed(0)
    for layer in network.features:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, generator=random)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def read_vgg(path: Path | None) -> dict[str, Tensor]:
    """The tensors that relu4_3 needs, float32. UsageError says which file to get, and how, when it is not one."""
    if path is None or not path.is_file():
        there = "a feature loss needs VGG16 weights (--vgg-weights)" if path is None else f"{path}: no such file"
        raise UsageError(f"{there}; {GET_IT}")
    stamp = path.stat()
    return _tensors_of(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=1)
def _tensors_of(path: Path, modified_ns: int, size: int) -> dict[str, Tensor]:
    """Read once: a training asks for their hash, then for themselves."""
    wanted = {name: value.shape for name, value in VGG16Features().state_dict().items()}
    return read_named(path, wanted, "the plain VGG16", GET_IT)


def read_named(path: Path, wanted: Mapping[str, torch.Size], what: str, cure: str) -> dict[str, Tensor]:
    """The tensors of these names and shapes of a safetensors file, float32, whatever else it holds.

    UsageError (ending with `cure`) when it does not hold them, and so is not `what`; IntegrityError when they are not
    finite.
    """
    try:
        with open_regular(path), safe_open(path, framework="pt") as file:
            names = set(file.keys())
            tensors = {name: file.get_tensor(name).float() for name in wanted if name in names}
    except (SafetensorError, OSError) as error:
        raise UsageError(
            f"{path}: not a whole safetensors file ({error}); pickles (.pth) are never opened; {cure}"
        ) from error
    wrong = [name for name, shape in wanted.items() if name not in tensors or tensors[name].shape != shape]
    if wrong:
        raise UsageError(f"{path}: not {what} ({wrong[0]} is missing or of another shape); {cure}")
    if not all(bool(value.isfinite().all()) for value in tensors.values()):
        raise IntegrityError(f"{path}: holds weights that are not finite; download it again")
    return tensors
