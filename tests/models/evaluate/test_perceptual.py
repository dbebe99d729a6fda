"""LPIPS, KID and FID against plain rewrites and closed forms; the files of weights, and what is wrong with others."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from comicdata.errors import IntegrityError, UsageError
from comicdata.models.evaluate import perceptual
from comicdata.models.evaluate.perceptual import CHANNELS, Perceptual, VGG16Taps, fid, kid, lpips


def backbone() -> dict[str, Tensor]:
    """Weights of the right names and shapes that keep the scale of what goes through."""
    random = torch.Generator().manual_seed(3)
    shapes = {name: value.shape for name, value in VGG16Taps().state_dict().items()}
    scale = {name: (2 / shape[1:].numel()) ** 0.5 if len(shape) > 1 else 0.1 for name, shape in shapes.items()}
    return {name: torch.randn(shape, generator=random) * scale[name] for name, shape in shapes.items()}


def linear() -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(4)
    return {f"lin{at}.model.1.weight": torch.rand(1, n, 1, 1, generator=random) for at, n in enumerate(CHANNELS)}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("weights")
    contents = {"vgg": backbone(), "lin": linear(), "both": backbone() | linear()}
    contents["vgg"]["classifier.6.bias"] = torch.zeros(1000)  # what the published file has besides
    for name, tensors in contents.items():
        save_file(tensors, folder / f"{name}.safetensors")
    return {name: folder / f"{name}.safetensors" for name in contents}


def picture(seed: int, side: int = 48) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def seen_plainly(rgb: np.ndarray, weights: dict[str, Tensor]) -> list[Tensor]:
    """The five layers of VGG16 by the table of configuration D: convolutions in each block, pooling between."""
    value = torch.tensor(rgb / 255.0, dtype=torch.float32).permute(2, 0, 1)
    value = (value - torch.tensor([0.485, 0.456, 0.406])[:, None, None]) / torch.tensor([0.229, 0.224, 0.225])[
        :, None, None
    ]
    seen, numbers = [], iter(range(100))
    for block, convolutions in enumerate((2, 2, 3, 3, 3)):
        if block:
            next(numbers)
            value = F.max_pool2d(value, 2)
        for _ in range(convolutions):
            number = next(numbers)
            next(numbers)
            kernel, bias = weights[f"features.{number}.weight"], weights[f"features.{number}.bias"]
            value = F.relu(F.conv2d(value[None], kernel, bias, padding=1)[0])
        seen.append(value)
    return seen


def lpips_plainly(left: np.ndarray, right: np.ndarray) -> float:
    total = 0.0
    layers = zip(seen_plainly(left, backbone()), seen_plainly(right, backbone()), linear().values(), strict=True)
    for one, other, weight in layers:
        one, other = (value.double().numpy() for value in (one, other))
        height, width = one.shape[1:]
        for y, x in itertools.product(range(height), range(width)):
            first, second = (value[:, y, x] / (np.linalg.norm(value[:, y, x]) + 1e-10) for value in (one, other))
            total += float((weight.numpy().ravel() * (first - second) ** 2).sum()) / (height * width)
    return total


@pytest.mark.parametrize("given", [("vgg", "lin"), (None, "both")])
def test_lpips_is_the_plain_formula(files: dict[str, Path], given: tuple[str | None, str]) -> None:
    features, both = given
    eyes = Perceptual(None if features is None else files[features], files[both], "cpu")
    found = eyes.look({"model": picture(1), "other": picture(2), "none": None}, picture(2))
    assert set(found) == {"model", "other"}
    assert found["model"] == pytest.approx(lpips_plainly(picture(1), picture(2)), rel=1e-4)
    assert found["model"] > 0.01
    assert found["other"] == 0
    assert bool(eyes.distances("model")) == (features is not None)


def test_lpips_of_one_position_by_hand() -> None:
    left, right = torch.tensor([3.0, 4.0]).view(1, 2, 1, 1), torch.tensor([0.0, 2.0]).view(1, 2, 1, 1)
    weight = torch.tensor([2.0, 10.0]).view(1, 2, 1, 1)
    assert lpips([left], [right], [weight]).item() == pytest.approx(2 * 0.6**2 + 10 * 0.2**2)


@pytest.mark.parametrize("rows", [2, 1024])
def test_kid_by_double_sum(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptual, "ROWS", rows)
    random = np.random.default_rng(0)
    left, right = random.normal(size=(7, 5)), random.normal(0.5, 1, (9, 5))

    def kernel(one: np.ndarray, other: np.ndarray) -> float:
        return float((sum(a * b for a, b in zip(one, other, strict=True)) / 5 + 1) ** 3)

    within = [
        np.mean([kernel(one[i], one[j]) for i, j in itertools.permutations(range(len(one)), 2)])
        for one in (left, right)
    ]
    across = np.mean([kernel(one, other) for one, other in itertools.product(left, right)])
    assert kid(left, right) == pytest.approx(sum(within) - 2 * across)
    assert kid(left[:1], right) is None


def test_kid_is_unbiased_and_grows_with_the_distance() -> None:
    random = np.random.default_rng(1)
    same = [kid(random.normal(size=(10, 8)), random.normal(size=(10, 8))) for _ in range(400)]
    assert abs(np.mean(same)) < 3 * np.std(same) / 20
    assert min(same) < 0
    apart = [kid(random.normal(size=(200, 8)), random.normal(shift, 1, (200, 8))) for shift in (0.5, 1.0)]
    assert 0.1 < apart[0] < apart[1]


def exactly(mean: np.ndarray, covariance: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Samples whose mean and covariance are just these."""
    values = np.random.default_rng(seed).normal(size=(count, len(mean)))
    values -= values.mean(axis=0)
    values = values @ np.linalg.inv(np.linalg.cholesky(np.cov(values, rowvar=False))).T
    return values @ np.linalg.cholesky(covariance).T + mean


def test_fid_of_gaussians_in_closed_form() -> None:
    first = exactly(np.array([0.0, 1, 2]), np.diag([1.0, 4, 9]), 50, 0)
    second = exactly(np.array([2.0, 1, 0]), np.diag([4.0, 4, 1]), 80, 1)
    assert fid(first, second) == pytest.approx(8 + (1 - 2) ** 2 + 0 + (3 - 1) ** 2)
    turned = np.array([[2.0, 0.9, 0], [0.9, 1, 0.3], [0, 0.3, 3]])
    third = exactly(np.array([2.0, 1, 0]), turned, 80, 2)
    shared = np.sqrt(np.linalg.eigvals(np.diag([1.0, 4, 9]) @ turned)).sum()
    assert fid(first, third) == pytest.approx(8 + 14 + 6 - 2 * shared)
    assert fid(first, first) == pytest.approx(0, abs=1e-9)


def test_fid_wants_more_samples_than_dimensions() -> None:
    values = np.random.default_rng(0).normal(size=(9, 8))
    assert fid(values, values) is not None
    assert fid(values[:8], values) is None and fid(values, values[:8]) is None


def test_sets_are_the_pooled_last_layer(files: dict[str, Path]) -> None:
    eyes = Perceptual(files["vgg"], None, "cpu")
    outputs, truths = [picture(at, 32) for at in range(3)], [picture(at, 32) for at in range(3, 6)]
    for output, truth in zip(outputs, truths, strict=True):
        assert eyes.look({"model": output}, truth) == {}
    pooled = [
        np.stack([seen_plainly(one, backbone())[-1].mean(dim=(1, 2)).double().numpy() for one in some])
        for some in (outputs, truths)
    ]
    assert eyes.distances("model") == {"kid_vgg16": pytest.approx(kid(*pooled), rel=1e-3), "fid_vgg16": None}
    assert eyes.distances("nobody") == {"kid_vgg16": None, "fid_vgg16": None}


def test_files_that_hold_something_else(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"not the plain VGG16 \(features\.0\.(weight|bias)"):
        Perceptual(None, files["lin"], "cpu")  # without the backbone
    with pytest.raises(UsageError, match=r"not the linear layers of LPIPS \(lin0.*docs/evaluate\.md"):
        Perceptual(files["vgg"], files["vgg"], "cpu")
    with pytest.raises(UsageError, match="no such file"):
        Perceptual(tmp_path / "nothing", None, "cpu")
    (tmp_path / "x.pth").write_bytes(b"\x80\x02}q")
    with pytest.raises(UsageError, match="pickles"):
        Perceptual(tmp_path / "x.pth", None, "cpu")
    save_file(linear() | {"lin2.model.1.weight": torch.full((1, 256, 1, 1), torch.nan)}, tmp_path / "nan.safetensors")
    with pytest.raises(IntegrityError, match="not finite"):
        Perceptual(files["vgg"], tmp_path / "nan.safetensors", "cpu")
