"""The networks and the terms of the losses, checked in numbers."""

from dataclasses import replace

import pytest
import torch

from comicdata.errors import UsageError
from comicdata.models.networks.auto_painter import (
    PRESETS,
    adversarial_loss,
    discriminator_terms,
    generator_terms,
    total_variation,
)
from comicdata.models.networks.layers import ResizeConv2d
from comicdata.models.networks.pix2pix import ColorizerConfig, PatchGAN, UNet
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.runs.settings import TRAINING, is_adversarial, is_due, learning_rate

TINY = ColorizerConfig(width=4, depth=4, discriminator_width=4, norm="group", discriminator_norm="none")


@pytest.mark.parametrize("config", [TINY, replace(TINY, kernel=3, in_channels=5), replace(TINY, norm="instance")])
def test_unet_keeps_the_size_and_the_range(config: ColorizerConfig) -> None:
    output = UNet(config)(torch.randn(2, config.in_channels, 32, 48))
    assert output.shape == (2, 3, 32, 48)
    assert output.abs().max() <= 1


def test_unet_sees_fine_lines_through_its_skips() -> None:
    network = UNet(TINY).eval()
    outline = torch.ones(1, 1, 32, 32)
    changed = outline.clone()
    changed[..., 7, 9] = -1
    difference = (network(outline) - network(changed)).abs().sum(dim=(0, 1))
    assert difference[7, 9] > 0


def test_paper_networks_have_the_published_numbers_of_weights() -> None:
    """54.41 and 2.77 million for three channels in; one channel in spares 2 * 64 * 4 * 4 of each."""
    with torch.device("meta"):
        generator, discriminator = UNet(PRESETS["pix2pix"]["paper"]), PatchGAN(PRESETS["pix2pix"]["paper"])
    assert sum(one.numel() for one in generator.parameters()) == pytest.approx(54.41e6, rel=2e-3)
    assert sum(one.numel() for one in discriminator.parameters()) == pytest.approx(2.77e6, rel=2e-3)


@pytest.mark.parametrize(("layers", "kernel", "field"), [(3, 4, 70), (4, 4, 142), (3, 3, 47)])
def test_receptive_field_of_the_discriminator(layers: int, kernel: int, field: int) -> None:
    network = PatchGAN(replace(TINY, discriminator_layers=layers, kernel=kernel))
    color = torch.randn(1, 3, 256, 256, requires_grad=True)
    logits = network(torch.randn(1, 1, 256, 256), color)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    assert color.grad is not None
    touched = color.grad.abs().sum(dim=(0, 1)) > 0
    assert touched.any(dim=1).sum() == field
    assert touched.any(dim=0).sum() == field


@pytest.mark.parametrize(("size", "patches"), [(256, 30), (512, 62)])
def test_map_of_the_discriminator(size: int, patches: int) -> None:
    assert PatchGAN(TINY)(torch.zeros(1, 1, size, size), torch.zeros(1, 3, size, size)).shape[2:] == (patches, patches)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (8, 8)])
def test_resize_convolution_is_doubling_then_convolving(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    layer, value = ResizeConv2d(3, 2), torch.randn(2, 3, *shape, requires_grad=True)
    torch.nn.init.normal_(layer.weight)
    doubled = value.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    expected = torch.nn.functional.conv2d(doubled, layer.weight.transpose(0, 1), layer.bias, padding=1)
    assert torch.allclose(layer(value), expected, atol=1e-5)


def test_resize_convolution_has_no_checkerboard() -> None:
    """A flat map stays flat inside; a transposed convolution of stride 2 and kernel 4 weighs even and odd unlike."""
    torch.manual_seed(0)
    for upsampling, flat in (("resize", True), ("transposed", False)):
        config = replace(TINY, upsampling=upsampling)  # type: ignore[arg-type]
        layer = UNet(config).up[-1][1]
        made = layer(torch.ones(1, 2 * TINY.width, 8, 8))[0, :, 2:-2, 2:-2]
        assert bool((made.std(dim=(1, 2)) < 1e-6).all()) == flat


def test_total_variation_equals_brute_force_and_moves_the_output() -> None:
    output = torch.randn(2, 3, 5, 6, requires_grad=True)
    expected = 0.0
    for y in range(4):
        for x in range(5):
            right = output[:, :, y, x + 1] - output[:, :, y, x]
            below = output[:, :, y + 1, x] - output[:, :, y, x]
            expected += float(torch.sqrt(right**2 + below**2 + 1e-6).sum().detach())
    value = total_variation(output)
    assert float(value.detach()) == pytest.approx(expected / (2 * 3 * 4 * 5), rel=1e-5)
    value.backward()
    assert output.grad is not None and float(output.grad.abs().sum()) > 0


def test_total_variation_of_a_flat_picture_has_a_finite_gradient() -> None:
    flat = torch.zeros(1, 3, 4, 4, requires_grad=True)
    total_variation(flat).backward()
    assert flat.grad is not None and bool(torch.isfinite(flat.grad).all())


def test_every_term_is_weighted_and_named() -> None:
    config = replace(TINY, weight_l1=10, weight_tv=3, weight_adversarial=2, weight_feature=5)
    output, truth = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)
    terms = generator_terms(config, output, truth, logits=torch.zeros(1, 1, 2, 2), features=lambda x: x + 1)
    assert {name: round(float(value), 3) for name, value in terms.items()} == {
        "l1": 10.0,
        "feature": 5.0,
        "tv": 0.003,
        "adversarial": 1.386,
    }


def test_discriminator_starts_undecided() -> None:
    terms = discriminator_terms(TINY, torch.zeros(2, 1, 3, 3), torch.zeros(2, 1, 3, 3))
    assert float(sum(terms.values())) == pytest.approx(0.6931, abs=1e-3)


def test_least_squares_form() -> None:
    assert float(adversarial_loss("lsgan", torch.full((2, 1), 0.5), real=True)) == 0.25


def test_the_two_models_differ_only_by_hints_and_the_weights_of_feature_and_tv() -> None:
    for preset in ("small", "paper"):
        painter, pix2pix = PRESETS["auto-painter"][preset], PRESETS["pix2pix"][preset]
        shared = replace(painter, model="pix2pix", hints=False, weight_feature=0.0, weight_tv=0.0)
        assert replace(shared, upsampling="transposed") == pix2pix
        assert painter.upsampling == ("resize" if preset == "small" else "transposed")


def test_presets() -> None:
    for model, presets in TRAINING.items():
        for preset, config in presets.items():
            network = PRESETS[model][preset]
            assert config.crop % network.multiple == 0
            assert config.crop <= config.size
            assert network.model == model
    paper = PRESETS["auto-painter"]["paper"]
    assert (paper.weight_l1, paper.weight_feature, paper.weight_adversarial, paper.weight_tv) == (100, 0.01, 1, 1e-4)
    assert resolve_config("pix2pix", "paper").network.weight_feature == 0
    assert resolve_config("auto-painter", "small").network.weight_feature == 0


@pytest.mark.parametrize("preset", ["paper", "authors"])
def test_a_feature_loss_without_weights_is_refused_in_one_line(preset: str) -> None:
    with pytest.raises(
        UsageError,
        match=r"^auto-painter, preset .*--vgg-weights FILE.*/timm/vgg16.tv_in1k.*--preset small[^\n]*$",
    ):
        resolve_config("auto-painter", preset)
    assert resolve_config("auto-painter", preset, {"weight_feature": 0.0}).size == 512


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"speed": 3}, "speed"),
        ({"crop": 100}, "crop 100"),
        ({"images": 0}, "images 0"),
        ({"seed": -1}, "seed -1"),
        ({"decay_start": 10, "decay_end": 5}, "decay_end 5"),
    ],
)
def test_settings_that_cannot_work(overrides: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve_config("pix2pix", "small", overrides)


def test_overrides_that_are_none_leave_the_preset() -> None:
    assert resolve_config("pix2pix", "small", {"size": None}) == resolve_config("pix2pix", "small")


def test_published_schedules_depend_on_images_seen_and_not_on_the_budget() -> None:
    short, long = (resolve_config("pix2pix", "paper", {"images": n}) for n in (10, 1_000_000))
    for images in (0, 5_600, 40_000, 41_000, 80_000, 90_000):
        assert learning_rate(short, images) == learning_rate(long, images)
        assert is_adversarial(short, images) == is_adversarial(long, images)
    assert learning_rate(long, 40_000) == long.lr
    assert learning_rate(long, 60_000) == pytest.approx(2e-4 * (0.5 + 0.5 * 0.01))
    assert learning_rate(long, 90_000) == pytest.approx(2e-4 * 0.01)


def test_the_rate_depends_on_the_budget_only_in_its_last_fifth() -> None:
    changes = {"batch_size": 4, "lr": 0.5, "lr_floor": 0.1, "warmup": 16}
    short, long = (resolve_config("pix2pix", "small", {**changes, "images": n}) for n in (79, 400))
    assert (short.total, short.fall_start, long.fall_start) == (80, 64, 320)
    rates = [learning_rate(short, images) for images in range(0, 80, 4)]
    assert rates[:4] == [0.125, 0.25, 0.375, 0.5]
    assert rates[:17] == [learning_rate(long, images) for images in range(0, 68, 4)]
    assert rates[16:] == pytest.approx([0.5, 0.5 * (1 - 0.9 / 4), 0.5 * (1 - 0.9 / 2), 0.5 * (1 - 2.7 / 4)])
    assert is_adversarial(short, 5_600) and is_adversarial(long, 5_600) and not is_adversarial(short, 5_592)


@pytest.mark.parametrize(
    ("images", "batch", "start"), [(1, 8, 8), (32, 8, 32), (40, 8, 32), (41, 8, 40), (12, 1, 10), (8_000, 8, 6_400)]
)
def test_where_the_fall_begins(images: int, batch: int, start: int) -> None:
    assert resolve_config("pix2pix", "small", {"images": images, "batch_size": batch}).fall_start == start


@pytest.mark.parametrize("changes", [{"decay_start": 8}, {"decay_end": 8}])
def test_half_a_schedule_of_ones_own_is_refused(changes: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=r"^decay_.*: give decay_start and decay_end together, or neither"):
        resolve_config("pix2pix", "small", changes)
    assert resolve_config("pix2pix", "paper", {"decay_end": 50_000}).decay_start == 40_000
    assert resolve_config("pix2pix", "small", {"decay_end": 0}).fall_start is None


def test_is_due_at_every_multiple_even_when_steps_jump_over_it() -> None:
    assert [images for images in range(0, 60, 6) if is_due(10, images, images + 6)] == [6, 18, 24, 36, 48, 54]
