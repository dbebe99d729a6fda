"""The background detector, the polishing network and the adversarial small pictures: layers, channels and losses."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from comicdata.models.networks.background import (
    BackgroundConfig,
    BackgroundDetector,
    Layers,
    background_loss,
    composite,
    mean_color,
)
from comicdata.models.networks.pix2pix import ColorizerConfig
from comicdata.models.networks.polishing import PolishingConfig, PolishingNetwork, enlarge, gather, hide
from comicdata.models.networks.two_step import (
    PRESETS,
    SmallPictureJudge,
    SmallPicturePainter,
    TwoStepConfig,
    judge_terms,
    painter_terms,
)

UNET = ColorizerConfig(width=8, depth=4, norm="group", dropout=0.0)
TEN = replace(UNET, in_channels=10, weight_adversarial=0.0)
TINY = TwoStepConfig(width=4, depth=5, norm="group", discriminator_width=4, discriminator_norm="none")


@pytest.fixture(autouse=True)
def seeded() -> None:
    torch.manual_seed(0)


def test_the_mean_is_over_the_mask() -> None:
    color, mask = torch.rand(2, 3, 6, 5), (torch.rand(2, 1, 6, 5) > 0.7).float()
    found = mean_color(color, mask)[..., 0, 0].numpy()
    for index in range(2):
        chosen = mask[index, 0].numpy() > 0
        assert np.allclose(found[index], color[index].numpy()[:, chosen].mean(axis=1), atol=1e-6)


def test_an_empty_mask_has_a_mean_and_a_gradient() -> None:
    maps = torch.stack([torch.ones(1, 6, 6), torch.zeros(1, 6, 6)], dim=1).requires_grad_()
    loss = background_loss(Layers(torch.zeros(1, 3, 6, 6), maps), torch.rand(1, 3, 6, 6))
    loss.backward()
    assert maps.grad is not None
    assert bool(torch.isfinite(loss)) and bool(torch.isfinite(maps.grad).all())


@pytest.mark.parametrize("assignment", ["gumbel", "soft"])
def test_the_two_maps_sum_to_one_and_learn(assignment: str) -> None:
    network = BackgroundDetector(BackgroundConfig(UNET, assignment))  # type: ignore[arg-type]
    layers = network.decide(torch.randn(2, 1, 32, 48))
    assert layers.own.shape == (2, 3, 32, 48)
    assert layers.maps.shape == (2, 2, 32, 48)
    assert torch.allclose(layers.maps.sum(dim=1), torch.ones(2, 32, 48), atol=1e-5)
    hard = bool(((layers.maps - layers.maps.round()).abs() < 1e-5).all())
    assert hard == (assignment == "gumbel")
    background_loss(layers, torch.rand(2, 3, 32, 48)).backward()
    last = network.unet.up[-1][1].weight.grad
    assert isinstance(last, Tensor)
    assert bool((last.abs().sum(dim=(0, 2, 3)) > 0).all())  # all five channels hear of the loss


def test_the_background_has_exactly_one_colour_and_the_foreground_its_own() -> None:
    network, color = BackgroundDetector(BackgroundConfig(UNET)), torch.rand(2, 3, 32, 32) * 2 - 1
    outline = torch.randn(2, 1, 32, 32)
    mask = network.mask(outline)
    mask[:, :, :8] = 1
    layers = Layers(network(outline).own, torch.cat([1 - mask, mask], dim=1))
    picture = composite(layers, color)
    for index in range(2):
        inside = mask[index, 0] > 0
        one = picture[index][:, inside]
        assert torch.equal(one, one[:, :1].expand_as(one))
        assert torch.allclose(one[:, 0], color[index][:, inside].mean(dim=1), atol=1e-5)
        assert torch.equal(picture[index][:, ~inside], layers.own[index][:, ~inside])


def panels(count: int, size: int = 32) -> tuple[Tensor, Tensor, Tensor]:
    """Outline, colour and true background: one box, always red, on a flat background of any colour."""
    random = np.random.default_rng(count)
    outline, truth = np.ones((count, 1, size, size), np.float32), np.ones((count, 1, size, size), bool)
    color = np.broadcast_to(random.uniform(-1, 1, (count, 3, 1, 1)), (count, 3, size, size)).astype(np.float32)
    for index in range(count):
        top, left = random.integers(2, size // 2, 2)
        bottom, right = top + random.integers(8, size // 2 - 2), left + random.integers(8, size // 2 - 2)
        color[index, :, top:bottom, left:right] = np.array([0.8, -0.6, -0.6])[:, None, None]
        edge = np.zeros((size, size), bool)
        edge[top:bottom, left:right] = True
        edge[top + 1 : bottom - 1, left + 1 : right - 1] = False
        color[index][:, edge] = outline[index][:, edge] = -1
        truth[index, 0, top:bottom, left:right] = False
    return torch.from_numpy(outline), torch.from_numpy(color), torch.from_numpy(truth)


def overlap(network: BackgroundDetector, outline: Tensor, truth: Tensor) -> tuple[float, float]:
    """Intersection over union with the true background off the lines; share of the background found on lines."""
    found, paper = network.mask(outline) > 0, outline > 0.9
    both, either = (found & truth & paper).sum(), ((found | truth) & paper).sum()
    return float(both / either), float((found & ~paper).sum() / found.sum().clamp_min(1))


@pytest.mark.parametrize("assignment", ["gumbel", "soft"])
def test_backgrounds_are_found_by_colour_alone(assignment: str) -> None:
    network = BackgroundDetector(BackgroundConfig(UNET, assignment))  # type: ignore[arg-type]
    outline, color, _ = panels(64)
    optimizer = torch.optim.Adam(network.parameters(), 4e-3, (0.5, 0.999))
    for _ in range(80):
        chosen = torch.randint(64, (8,))
        optimizer.zero_grad()
        background_loss(network.decide(outline[chosen]), color[chosen]).backward()
        optimizer.step()
    fresh, _, truth = panels(20)
    found, on_lines = overlap(network, fresh, truth)
    assert found > 0.8
    assert on_lines < 0.2


@pytest.mark.slow
def test_backgrounds_of_the_drawn_comic(drawn: Callable[..., tuple[Tensor, Tensor, Tensor]]) -> None:
    """150 iterations on 64 x 64 pixels, judged on panels it never saw."""
    outline, color, _ = drawn(200, seed=0)
    network = BackgroundDetector(BackgroundConfig(replace(UNET, width=16, depth=5)))
    optimizer = torch.optim.Adam(network.parameters(), 2e-3, (0.5, 0.999))
    for _ in range(150):
        chosen = torch.randint(len(outline), (8,))
        optimizer.zero_grad()
        background_loss(network.decide(outline[chosen]), color[chosen]).backward()
        optimizer.step()
    fresh, _, truth = drawn(60, seed=99)
    found, on_lines = overlap(network, fresh, truth)
    assert found > 0.8
    assert on_lines < 0.2


def test_ten_channels_in_the_order_of_the_paper() -> None:
    small, outline = torch.rand(2, 3, 4, 6) * 2 - 1, torch.randn(2, 1, 32, 48)
    visible = (torch.rand(2, 1, 4, 6) > 0.5).float()
    background = (torch.rand(2, 1, 32, 48) > 0.5).float()
    channels = gather(small, visible, outline, background)
    assert channels.shape == (2, 10, 32, 48)
    large = torch.nn.functional.interpolate(small, scale_factor=8, mode="bilinear")
    shown = visible.repeat_interleave(8, 2).repeat_interleave(8, 3)
    assert torch.allclose(channels[:, :3], large * shown, atol=1e-6)
    assert torch.equal(channels[:, 3:4], shown)
    assert torch.equal(channels[:, 4:5], outline)
    assert torch.equal(channels[:, 5:6], 1 - background)
    assert torch.equal(channels[:, 6:7], background)
    for index in range(2):
        inside = background[index, 0] > 0
        expected = large[index][:, inside].mean(dim=1)
        assert torch.allclose(channels[index, 7:][:, inside], expected[:, None].expand(3, int(inside.sum())), atol=1e-5)
        assert float(channels[index, 7:][:, ~inside].abs().max()) == 0
    given = gather(small, visible, outline, background, torch.full((2, 3, 1, 1), 0.25))
    assert torch.equal(given[:, 7:], 0.25 * background.expand(-1, 3, -1, -1))


def test_an_empty_background_gives_finite_channels() -> None:
    channels = gather(
        torch.rand(1, 3, 4, 4), torch.ones(1, 1, 4, 4), torch.ones(1, 1, 32, 32), torch.zeros(1, 1, 32, 32)
    )
    assert bool(torch.isfinite(channels).all())
    assert float(channels[:, 7:].abs().max()) == 0


def test_with_everything_hidden_the_colour_of_the_background_still_counts() -> None:
    network = PolishingNetwork(PolishingConfig(TEN))
    color = torch.zeros(1, 3, 1, 1, requires_grad=True)
    background = torch.ones(1, 1, 32, 32)
    network(
        gather(torch.rand(1, 3, 4, 4), 1 - background, torch.ones(1, 1, 32, 32), background, color)
    ).sum().backward()
    assert color.grad is not None and bool((color.grad != 0).all())


def test_five_channels_without_a_background() -> None:
    channels = gather(torch.rand(1, 3, 4, 4), torch.ones(1, 1, 4, 4), torch.ones(1, 1, 32, 32))
    assert channels.shape == (1, 5, 32, 32)


def test_what_is_hidden() -> None:
    """Whole small pixels at rates up to a half; the background, with a hole, in half of the pictures."""
    background = torch.zeros(400, 1, 32, 32)
    background[:, :, :16] = 1
    background[:, :, 3, 5] = 0
    visible = hide(PolishingConfig(), background, (400, 4, 4))
    assert visible.shape == (400, 1, 32, 32)
    assert set(visible.unique().tolist()) == {0.0, 1.0}
    below = visible[:, :, 16:].reshape(400, 2, 8, 4, 8)
    assert torch.equal(below.amin(dim=(2, 4)), below.amax(dim=(2, 4)))
    assert 0.2 < float((1 - below).mean()) < 0.3
    seen_above = (visible * background).flatten(1).sum(dim=1) > 0
    assert 0.4 < float(seen_above.float().mean()) < 0.6
    assert float(visible[~seen_above][:, 0, 3, 5].mean()) > 0.5
    assert float(hide(PolishingConfig(hidden_most=0.0), None, (3, 4, 4)).min()) == 1


def test_enlarging_keeps_a_flat_colour() -> None:
    assert torch.allclose(enlarge(torch.full((1, 3, 2, 3), 0.4), (16, 24)), torch.full((1, 3, 16, 24), 0.4))


def test_the_painter_makes_small_pictures() -> None:
    output = SmallPicturePainter(TINY)(torch.randn(2, 1, 64, 96))
    assert output.shape == (2, 3, 8, 12)
    assert float(output.detach().abs().max()) <= 1


def test_the_painters_widths_are_those_described() -> None:
    with torch.device("meta"):
        network = SmallPicturePainter(PRESETS["paper"])
    down = [part.out_channels for layer in network.down for part in layer if isinstance(part, torch.nn.Conv2d)]
    assert down == [64, 128, 256, *[512] * 5]
    assert [layer[1].out_channels for layer in network.up] == [512, 512, 512, 512, 256]
    assert [any(isinstance(part, torch.nn.Dropout) for part in layer) for layer in network.up] == [True] * 3 + [
        False
    ] * 2


def test_field_of_the_judge() -> None:
    small = torch.rand(1, 3, 64, 64, requires_grad=True)
    network = SmallPictureJudge(TINY)
    logits = network.map(torch.randn(1, 1, 512, 512), small)
    logits[0, 0, logits.shape[2] // 2, logits.shape[3] // 2].backward()
    assert small.grad is not None
    touched = small.grad.abs().sum(dim=(0, 1)) > 0
    assert (int(touched.any(dim=1).sum()), int(touched.any(dim=0).sum())) == (22, 22)


def test_the_judge_says_one_thing_of_a_picture() -> None:
    outline, small = torch.randn(3, 1, 256, 256), torch.rand(3, 3, 32, 32)
    network = SmallPictureJudge(TINY)
    assert torch.allclose(network(outline, small), network.map(outline, small).mean(dim=(1, 2, 3)))
    assert network(outline, small).shape == (3,)


def test_terms_of_two_steps() -> None:
    """Means in units of [-1, 1]: black against white is 2; a judge at 0 is undecided, ln 2."""
    black, white, zero = torch.full((2, 3, 4, 4), -1.0), torch.ones(2, 3, 4, 4), torch.zeros(2)
    terms = painter_terms(TINY, black, white, zero)
    assert {name: round(float(value), 4) for name, value in terms.items()} == {"l1": 200.0, "adversarial": 0.6931}
    judged = judge_terms(TINY, torch.full((2,), 2.0), torch.full((2,), -2.0))
    softplus = float(np.log1p(np.exp(-2)))
    assert float(judged["d_real"]) == pytest.approx(0.5 * (softplus + 0.2 * 2))
    assert float(judged["d_fake"]) == pytest.approx(0.5 * softplus)
