"""The mixture is a distribution, the pixels see their past and nothing else, and the fast sampler is the slow one."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from typing import Literal

import numpy as np
import pytest
import torch
from skimage.metrics import mean_squared_error
from torch import Tensor

from comicdata.models.networks.mixture import LEVEL, bits_per_dimension, draw, log_likelihood
from comicdata.models.networks.pixelcnn import (
    PRESETS,
    LowResolutionColorizer,
    LowResolutionConfig,
    PixelCNN,
    sample_cached,
    sample_naively,
    shrink,
)

TINY = LowResolutionConfig(4, (1, 1, 1), width=8, layers=3, hidden=16, mixtures=3, dropout=0.0)
LEVELS = torch.arange(256) * LEVEL - 1


@pytest.fixture(scope="module", autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def test_the_mixture_over_all_colours_sums_to_one() -> None:
    """Two components, one of them narrow and beyond the edge, over all 256^3 colours."""
    parameters = torch.randn(1, 20, 1, 1)
    parameters[:, 2:8, 0, 0] = torch.tensor([1.01, -0.3, 0.2, 0.9, -1.0, 0.1])
    parameters[:, 8:14, 0, 0] = torch.tensor([-4.0, -1.0, -2.5, -6.5, -3.0, 0.0])
    plane = torch.stack(torch.meshgrid(LEVELS, LEVELS, indexing="ij"))
    total = 0.0
    for red in LEVELS:
        color = torch.cat([torch.full((1, 256, 256), float(red)), plane])[None]
        total += float(log_likelihood(parameters.expand(1, 20, 256, 256), color).double().exp().sum())
    assert total == pytest.approx(1, abs=1e-4)


def test_the_mixture_equals_the_formula_written_out() -> None:
    parameters, color = torch.randn(1, 30, 1, 1), torch.tensor([30, 255, 0]) * LEVEL - 1
    logits, means, scales, slopes = parameters[0, :, 0, 0].double().split([3, 9, 9, 9])
    red, green, blue = color.tolist()

    def cdf(value: float) -> float:
        return 1 / (1 + math.exp(-value))

    total = 0.0
    for k in range(3):
        lean = [0.0, math.tanh(slopes[k]) * red, math.tanh(slopes[3 + k]) * red + math.tanh(slopes[6 + k]) * green]
        mass = float(logits.softmax(0)[k])
        for channel, value in enumerate((red, green, blue)):
            mean, scale = float(means[3 * channel + k]) + lean[channel], math.exp(scales[3 * channel + k])
            low = 0.0 if value == -1 else cdf((value - mean - 1 / 255) / scale)
            high = 1.0 if value == 1 else cdf((value - mean + 1 / 255) / scale)
            mass *= high - low
        total += mass
    assert float(log_likelihood(parameters, color[None, :, None, None])) == pytest.approx(math.log(total), abs=1e-4)


def test_draws_follow_the_mixture() -> None:
    """The share of each level of green, beside its probability."""
    parameters = torch.zeros(1, 10, 1, 1)
    parameters[0, 4:7] = -3.0
    parameters[0, 2] = 0.1
    parameters[0, 7] = 0.5
    drawn = draw(parameters[..., 0, 0].expand(200_000, -1), torch.rand(200_000, 4))
    assert torch.equal(((drawn + 1) / LEVEL).round() * LEVEL - 1, drawn)
    seen = torch.bincount(((drawn[:, :2] + 1) / LEVEL).round().long() @ torch.tensor([256, 1]), minlength=65536)
    pairs = torch.tensor(list(product(LEVELS.tolist(), LEVELS.tolist())))
    expected = torch.zeros(65536)
    for blue in LEVELS:
        color = torch.cat([pairs, torch.full((65536, 1), float(blue))], dim=1).T.reshape(1, 3, 256, 256)
        expected += log_likelihood(parameters.expand(1, 10, 256, 256), color).exp().flatten()
    green_seen = seen.reshape(256, 256).sum(0) / 200_000
    green_expected = expected.reshape(256, 256).sum(0)
    assert float((green_seen - green_expected).abs().sum()) < 0.03
    red_green = float(torch.corrcoef(drawn[:, :2].T)[0, 1])
    slope = math.tanh(0.5)
    assert red_green == pytest.approx(slope / math.sqrt(1 + slope**2), abs=0.02)


def test_a_temperature_of_zero_draws_the_same_from_any_random_numbers() -> None:
    parameters = torch.randn(50, 30)
    one, other = (draw(parameters, torch.rand(50, 6), 0.0) for _ in range(2))
    assert torch.equal(one, other)
    assert not torch.equal(draw(parameters, torch.rand(50, 6)), draw(parameters, torch.rand(50, 6)))


@pytest.mark.parametrize("preset", ["small", "paper"])
def test_bits_at_the_start(preset: str) -> None:
    """Near the 8 bits of a uniform guess."""
    config = PRESETS[preset]
    network = PixelCNN(config)
    small = shrink(torch.rand(2, 3, 64, 64) * 2 - 1)
    bits = bits_per_dimension(network(small, torch.randn(2, config.width, 8, 8)), small)
    assert bool(((bits > 8.5) & (bits < 9.5)).all())


def test_paper_network_is_the_table() -> None:
    """Bottlenecks 3, 4 and 23 to 1024 channels, one layer of 7x7 and ten of 5x5, 1024 -> 100 channels."""
    with torch.device("meta"):
        network = LowResolutionColorizer(PRESETS["paper"])
    shapes = {name: tuple(value.shape) for name, value in network.named_parameters()}
    assert sum(name.endswith("path.3.weight") for name in shapes) == 30
    assert shapes["pixels.layers.0.vertical.weight"] == (128, 4, 3, 7)
    assert shapes["pixels.layers.10.vertical.weight"] == (128, 64, 3, 5)
    assert "pixels.layers.11.vertical.weight" not in shapes
    assert shapes["pixels.out.weight"] == (100, 1024, 1, 1)
    assert shapes["conditioning.trunk.33.weight"] == (64, 1024, 3, 3)
    assert network.conditioning(torch.zeros(1, 1, 256, 256, device="meta")).shape == (1, 64, 32, 32)


@pytest.mark.parametrize("place", [(0, 0), (0, 6), (3, 2), (4, 6), (6, 5)])
def test_a_pixel_changes_only_what_comes_after_it(place: tuple[int, int]) -> None:
    network, condition = PixelCNN(TINY).eval(), torch.randn(1, 8, 7, 7)
    color = torch.rand(1, 3, 7, 7)
    changed = color.clone()
    changed[..., place[0], place[1]] += 0.5
    before, after = (network(one, condition)[0].flatten(1) for one in (color, changed))
    index = place[0] * 7 + place[1]
    assert torch.equal(before[:, : index + 1], after[:, : index + 1])
    assert bool((before[:, index + 1] != after[:, index + 1]).any())


def test_no_blind_spot() -> None:
    """Every earlier pixel, and no other, moves what is said of a pixel in the middle."""
    network, color = PixelCNN(TINY).double().eval(), torch.rand(1, 3, 9, 9, dtype=torch.float64, requires_grad=True)
    network(color, torch.randn(1, 8, 9, 9, dtype=torch.float64))[0, :, 6, 4].sum().backward()
    assert color.grad is not None
    seen = color.grad.abs().sum(dim=(0, 1)).flatten() > 0
    assert seen.tolist() == [index < 6 * 9 + 4 for index in range(81)]


def test_the_condition_reaches_both_stacks_of_every_layer() -> None:
    network, condition = PixelCNN(TINY), torch.randn(1, 8, 7, 7)
    network(torch.rand(1, 3, 7, 7), condition).square().sum().backward()
    for layer in list(network.layers)[:-1]:  # the last vertical row feeds nobody
        gradient = layer.told.weight.grad
        assert isinstance(gradient, Tensor)
        assert bool((gradient.abs().sum(dim=(1, 2, 3)) > 0).all())


@pytest.mark.parametrize("shape", [(8, 8), (5, 11), (3, 1)])
@pytest.mark.parametrize("kernels", [(7, 5), (3, 3), (5, 7)])
def test_the_cached_sampler_equals_the_naive_one(shape: tuple[int, int], kernels: tuple[int, int]) -> None:
    config = LowResolutionConfig(
        4, (1, 1, 1), width=8, layers=3, hidden=16, mixtures=3, first_kernel=kernels[0], kernel=kernels[1]
    )
    network = PixelCNN(config).eval()
    for value in network.parameters():
        torch.nn.init.normal_(value, 0.0, 0.3)  # far from the start, so that the pixels matter to each other
    condition, uniform = torch.randn(3, 8, *shape), torch.rand(3, *shape, 6)
    fast = sample_cached(network, condition, uniform)
    slow = sample_naively(network, condition, uniform)
    assert float((fast - slow).abs().max()) < 1e-5
    assert mean_squared_error(fast[0].numpy(), fast[1].numpy()) > 0.01  # three pictures, not one three times


@pytest.mark.parametrize("trunk", ["residual", "unet"])
def test_the_guess_teaches_the_trunk_alone(trunk: Literal["residual", "unet"]) -> None:
    config = replace(TINY, trunk=trunk, trunk_depth=4, weight_guess=3.0)
    network = LowResolutionColorizer(config)
    outline, small = torch.randn(2, 1, 32, 48), shrink(torch.rand(2, 3, 32, 48) * 2 - 1)
    terms = network.terms(outline, small)
    told, guess = network.conditioning.with_guess(outline)
    assert told.shape == (2, 8, 4, 6)
    assert terms["guess"].item() == pytest.approx(3 * (guess - small).abs().mean().item())
    assert terms["bits"].item() == pytest.approx(network.bits(outline, small).mean().item())
    terms["guess"].backward()
    learned = {name for name, value in network.named_parameters() if value.grad is not None and bool(value.grad.any())}
    assert {".".join(name.split(".")[:2]) for name in learned} == {
        "conditioning.trunk",
        "conditioning.guess",
    }


@pytest.mark.slow
def test_the_outline_is_worth_bits(drawn: Callable[..., tuple[Tensor, Tensor, Tensor]]) -> None:
    """After a short training a shuffled outline makes fresh small pictures dearer; the right one makes them cheap."""
    outline, color, _ = drawn(200, seed=0)
    network = LowResolutionColorizer(LowResolutionConfig(16, (1, 1, 1), width=32, layers=3, hidden=64, dropout=0.0))
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    for _ in range(300):
        chosen = torch.randint(len(outline), (16,))
        optimizer.zero_grad()
        network.bits(outline[chosen], shrink(color[chosen])).mean().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    fresh, truth, _ = drawn(60, seed=99)
    with torch.no_grad():
        right = float(network.bits(fresh, shrink(truth)).mean())
        shuffled = float(network.bits(fresh.roll(1, 0), shrink(truth)).mean())
    assert right < 7
    assert shuffled - right > 0.2


def test_sampling_leaves_dropout_to_training() -> None:
    network = PixelCNN(LowResolutionConfig(4, (1, 1, 1), width=8, layers=2, hidden=16, mixtures=3, dropout=0.5)).train()
    condition, uniform = torch.randn(1, 8, 4, 4), torch.rand(1, 4, 4, 6)
    first = sample_cached(network, condition, uniform)
    assert torch.equal(first, sample_cached(network, condition, uniform))
    assert torch.equal(first, sample_naively(network.eval(), condition, uniform))


def test_samples_come_likeliest_first_and_differ() -> None:
    network = LowResolutionColorizer(TINY).eval()
    outline = torch.ones(1, 1, 64, 48)
    small, bits = network.ranked(outline, 4, torch.Generator().manual_seed(3))
    assert small.shape == (4, 3, 8, 6)
    assert bits.tolist() == sorted(bits.tolist())
    small, bits = small.clone(), bits.clone()
    assert torch.allclose(bits, network.bits(outline.expand(4, -1, -1, -1), small), atol=1e-4)
    assert len({one.numpy().tobytes() for one in small}) == 4
    again, _ = network.ranked(outline, 4, torch.Generator().manual_seed(3))
    assert torch.equal(small, again)


def test_small_pictures_are_means_on_the_levels() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (3, 16, 24))
    small = shrink(torch.from_numpy(picture).float()[None] / 127.5 - 1)
    means = picture.reshape(3, 2, 8, 3, 8).mean(axis=(2, 4))
    assert np.allclose((small[0].numpy() + 1) * 127.5, np.rint(means), atol=1e-3)
