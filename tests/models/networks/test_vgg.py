"""VGG16 features: the right pictures go in, the right layer comes out, and only the right files are taken."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from comicdata.errors import IntegrityError, UsageError
from comicdata.files import read_jsonl
from comicdata.models.networks.auto_painter import feature_loss
from comicdata.models.networks.vgg import VGG16Features, load_vgg, random_vgg, read_vgg
from comicdata.models.runs.checkpoint import load_weights, vgg_hash
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.train import train
from comicdata.models.train.loop import TrainConfig

CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21)  # torchvision's vgg16().features, up to conv4_3
POOLED_BEFORE = (5, 10, 17)


@pytest.fixture(scope="module")
def network() -> VGG16Features:
    return random_vgg(torch.device("cpu"))


def weights_of(network: VGG16Features) -> dict[str, torch.Tensor]:
    """As a file holds them: rows after rows."""
    return {name: value.contiguous() for name, value in network.state_dict().items()}


@pytest.fixture(scope="module")
def file(network: VGG16Features, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As torchvision names them, with a classifier that nobody needs."""
    path = tmp_path_factory.mktemp("vgg") / "vgg16.safetensors"
    save_file({**weights_of(network), "classifier.0.weight": torch.zeros(3)}, path)
    return path


def test_names_are_those_of_torchvision_and_timm(network: VGG16Features) -> None:
    expected = {f"features.{number}.{part}" for number in CONVOLUTIONS for part in ("weight", "bias")}
    assert set(network.state_dict()) == expected
    assert sum(value.numel() for value in network.state_dict().values()) == 7_635_264


def test_pictures_are_normalised_as_imagenet_was(network: VGG16Features) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 40, 56))
    expected = (pixels / 255 - np.array([0.485, 0.456, 0.406])[:, None, None]) / np.array([0.229, 0.224, 0.225])[
        :, None, None
    ]
    color = torch.from_numpy(pixels / 127.5 - 1).float()
    assert np.allclose(network.prepared(color).numpy(), expected, atol=1e-5)


def test_the_tap_is_relu4_3(network: VGG16Features) -> None:
    color = torch.rand(1, 3, 32, 48) * 2 - 1
    value, state = network.prepared(color), network.state_dict()
    for number in CONVOLUTIONS:
        if number in POOLED_BEFORE:
            value = F.max_pool2d(value, 2)
        weight, bias = state[f"features.{number}.weight"], state[f"features.{number}.bias"]
        value = torch.clamp(F.conv2d(value, weight, bias, padding=1), min=0)
    assert value.shape == (1, 512, 4, 6)
    assert torch.allclose(network(color), value, atol=1e-4)


def test_large_pictures_are_seen_at_256(network: VGG16Features) -> None:
    assert network.prepared(torch.zeros(1, 3, 512, 768)).shape == (1, 3, 256, 384)
    assert network.prepared(torch.zeros(1, 3, 128, 64)).shape == (1, 3, 128, 64)


def test_the_gradient_reaches_the_output_alone(network: VGG16Features) -> None:
    output, truth = torch.zeros(1, 3, 16, 16, requires_grad=True), torch.ones(1, 3, 16, 16, requires_grad=True)
    feature_loss(network, output, truth).backward()
    assert output.grad is not None and float(output.grad.abs().sum()) > 0
    assert truth.grad is None
    assert all(not one.requires_grad for one in network.parameters())
    assert float(feature_loss(network, truth.detach(), truth)) == 0


def test_a_file_with_either_names_is_read(network: VGG16Features, file: Path, tmp_path: Path) -> None:
    color = torch.rand(1, 3, 16, 16)
    assert torch.equal(load_vgg(file, torch.device("cpu"))(color), network(color))
    timm = tmp_path / "model.safetensors"
    save_file({**weights_of(network), "pre_logits.fc1.weight": torch.zeros(2), "head.fc.bias": torch.zeros(2)}, timm)
    assert vgg_hash(timm) == vgg_hash(file)


def test_files_that_are_refused(network: VGG16Features, tmp_path: Path) -> None:
    state = weights_of(network)
    with pytest.raises(UsageError, match=r"no such file.*huggingface\.co/timm/vgg16\.tv_in1k.*--vgg-weights"):
        read_vgg(tmp_path / "nothing.safetensors")
    pickled = tmp_path / "vgg16.pth"
    pickled.write_bytes(b"PK\x03\x04 a pickle in a zip")
    with pytest.raises(UsageError, match=r"pickles \(\.pth\) are never opened"):
        read_vgg(pickled)
    other = tmp_path / "bn.safetensors"  # with batch normalisation the second convolution is features.3
    save_file({name.replace("features.2.", "features.3."): value for name, value in state.items()}, other)
    with pytest.raises(UsageError, match=r"not the plain VGG16 \(features\.2\.weight"):
        read_vgg(other)
    save_file({**state, "features.0.bias": torch.full((64,), torch.nan)}, other)
    with pytest.raises(IntegrityError, match="not finite"):
        read_vgg(other)


def tiny(**changes: object) -> TrainConfig:
    options = {"size": 64, "crop": 32, "width": 4, "depth": 4, "discriminator_width": 4, "batch_size": 2}
    every = {"log_every": 2, "sample_every": 4, "save_every": 2, "validation_pairs": 1, "device": "cpu"}
    return resolve_config("auto-painter", "paper", {**options, **every, "images": 4, **changes})


def test_a_run_learns_from_all_four_losses_and_remembers_its_vgg(
    network: VGG16Features, file: Path, make: Callable[..., Path], tmp_path: Path
) -> None:
    pairs, run = make(tmp_path / "pairs", train=2, validation=1), tmp_path / "run"
    train(tiny(vgg_weights=file), pairs, run)
    row = read_jsonl(run / "metrics.jsonl")[0]
    assert all(row[name] > 0 for name in ("l1", "feature", "adversarial", "tv", "d_real", "d_fake"))
    moved = tmp_path / "moved.safetensors"
    moved.write_bytes(file.read_bytes())
    assert train(tiny(vgg_weights=moved, images=6), pairs, run)["images"] == 6
    assert "vgg_weights" not in load_weights(run).config
    state = weights_of(network)
    save_file({**state, "features.0.bias": state["features.0.bias"] + 1}, moved)
    with pytest.raises(UsageError, match="vgg_sha256"):
        train(tiny(vgg_weights=moved, images=8), pairs, run)


def test_random_weights_only_where_a_test_says_so(pairs: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--vgg-weights"):
        tiny()
    assert train(tiny(random_vgg=True, images=2), pairs, tmp_path / "run")["loss"]["feature"] > 0
    with pytest.raises(UsageError, match="no such file"):
        train(replace(tiny(random_vgg=True), random_vgg=False, vgg_weights=tmp_path / "x"), pairs, tmp_path / "run")
