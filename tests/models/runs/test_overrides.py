"""Options by their place: what a name means, what is refused, and what reaches the network."""

import re
from typing import Any

import pytest
import torch

from comicdata.cli.main import run
from comicdata.errors import UsageError
from comicdata.models.runs.overrides import check_stage, read_settings, resolve_config, resolve_stages
from comicdata.models.runs.settings import MODELS, network_of, options


def test_any_option_can_be_set_in_its_own_type() -> None:
    texts = ["weight_adversarial=1", "assignment=soft", "low-resolution.trunk_blocks=1,1", "compile=true"]
    read = read_settings("consistent", texts)
    expected = {"weight_adversarial": 1.0, "assignment": "soft", "low-resolution.trunk_blocks": (1, 1), "compile": True}
    assert read == expected
    stages = resolve_stages("consistent", "paper", read)
    assert stages["polishing"].network.unet.weight_adversarial == 1  # type: ignore[attr-defined]
    assert stages["background"].network.assignment == "soft"  # type: ignore[attr-defined]
    assert stages["low-resolution"].network.trunk_blocks == (1, 1)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["polishing.unet.kernel", "polishing.kernel"])
def test_an_option_is_set_where_its_place_says_and_nowhere_else(name: str) -> None:
    stages = resolve_stages("consistent", "small", {name: 3})
    assert stages["polishing"].network.unet.kernel == 3  # type: ignore[attr-defined]
    assert stages["background"].network.unet.kernel == 4  # type: ignore[attr-defined]
    assert stages["low-resolution"].network.kernel == 5  # type: ignore[attr-defined]


def test_options_of_the_training_hold_for_every_stage_or_for_the_one_named() -> None:
    assert [one.save_every for one in resolve_stages("consistent", "small", {"save_every": 64}).values()] == [64] * 3
    found = resolve_stages("two-step", "small", {"polishing.lr": 0.5, "seed": 4})
    assert [one.lr for one in found.values()] == [0.002, 0.5]
    assert [one.seed for one in found.values()] == [4, 4]


def test_a_model_of_one_network_needs_no_places() -> None:
    assert resolve_config("pix2pix", "small", read_settings("pix2pix", ["width=8"])).network.width == 8  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("model", "setting", "words"),
    [
        ("pix2pix", "lrr=1", "did you mean lr?"),
        ("pix2pix", "lr=fast", "valid number"),
        ("pix2pix", "assignment=hard", "option assignment: pix2pix has no such option"),
        ("pix2pix", "norm=batched", "Input should be"),
        ("pix2pix", "preset=paper", "option preset: pix2pix has no such option"),
        ("pix2pix", "in_channels=3", "option in_channels: pix2pix has no such option"),
        ("pix2pix", "lr", "valid number"),
        ("pix2pix", "unet.width=8", "did you mean"),
        (
            "consistent",
            "width=8",
            "low-resolution.width, background.unet.width, polishing.unet.width; name one of them",
        ),
        ("consistent", "background.temprature=1", "did you mean background.temperature?"),
        ("consistent", "background.unet.weight_l1=1", "consistent has no such option"),
        ("consistent", "polishing.background=false", "consistent has no such option"),
    ],
)
def test_settings_that_are_none(model: str, setting: str, words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        read_settings(model, [setting])


@pytest.mark.parametrize(
    ("model", "overrides", "words"),
    [
        ("pix2pix", {"width": 7}, "width 7: 1, 2, 4 or a multiple of 8"),
        ("pix2pix", {"width": 0}, "width 0: a number of channels from 1"),
        ("pix2pix", {"dropout": 2.0}, "dropout 2: a share"),
        ("pix2pix", {"dropout": 1.0}, "dropout 1: a share"),
        ("pix2pix", {"kernel": 5}, "kernel 5: 3 or 4"),
        ("pix2pix", {"lr": 0.0}, "lr 0: a number from"),
        ("pix2pix", {"lr": float("nan")}, "lr nan: a number from"),
        ("pix2pix", {"images": 10**30}, "images 1"),
        ("consistent", {"background.temperature": 0.0}, "stage background: temperature 0"),
        ("consistent", {"low-resolution.kernel": 4}, "stage low-resolution: kernel 4: an odd side"),
        ("consistent", {"low-resolution.trunk_depth": 3}, "trunk_depth 3: a number of levels from 4"),
        ("two-step", {"polishing.hidden_most": 1.5}, "stage polishing: hidden_most 1.5: a share from 0 to 1"),
        ("pix2pix", {"weight_adversarial": 0.0, "discriminator_layers": 2}, "discriminator_layers: does nothing"),
        ("pix2pix", {"decay_end": 0, "lr_floor": 0.1}, "lr_floor: does nothing"),
        ("pix2pix", {"vgg_weights": "vgg.safetensors"}, "vgg_weights: does nothing in pix2pix"),
        ("consistent", {"adversarial_start": 8}, "adversarial_start: does nothing in consistent"),
        ("consistent", {"trunk_blocks": (1, 1)}, "trunk_blocks: does nothing in consistent"),
        ("two-step", {"background_hidden": 0.1}, "background_hidden: does nothing"),
        ("consistent", {"background.temperature": 2.0, "assignment": "soft"}, "temperature: does nothing"),
    ],
)
def test_what_cannot_be_built_or_does_nothing_is_refused(model: str, overrides: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        resolve_stages(model, "small", overrides)


@pytest.mark.parametrize(
    ("model", "overrides"),
    [
        ("pix2pix", {"width": 4, "discriminator_layers": 2, "adversarial_start": 0}),
        ("auto-painter", {"weight_feature": 0.01, "vgg_weights": "vgg.safetensors"}),
        ("consistent", {"polishing.unet.weight_adversarial": 1.0, "discriminator_layers": 2, "adversarial_start": 8}),
        ("consistent", {"low-resolution.trunk": "residual", "trunk_blocks": (1, 1)}),
        ("two-step", {"adversarial_start": 8}),
    ],
)
def test_what_has_an_effect_beside_the_others_is_taken(model: str, overrides: dict[str, Any]) -> None:
    resolve_stages(model, "small", overrides)


EVERY = [(model, preset) for model, stages in MODELS.items() for preset in next(iter(stages.values())).networks]


@pytest.mark.parametrize(("model", "preset"), EVERY)
def test_every_network_is_built_from_its_saved_options(model: str, preset: str) -> None:
    given = {"random_vgg": True} if model == "auto-painter" and preset != "small" else {}
    for config in resolve_stages(model, preset, given).values():
        assert network_of(options(config)) == config.network
        assert config.size % config.network.multiple == 0
        with torch.device("meta"):
            assert sum(1 for _ in config.network.build().parameters())


def test_only_the_stage_that_is_trained_takes_settings() -> None:
    configs = resolve_stages("consistent", "small")
    check_stage(configs, "background", ["background.temperature", "lr"])
    with pytest.raises(UsageError, match="belongs to the stage polishing, but only background is trained"):
        check_stage(configs, "background", ["polishing.unet.width"])
    with pytest.raises(UsageError, match="pix2pix has only one stage"):
        check_stage(resolve_stages("pix2pix", "small"), "polishing", [])


def test_settings_are_refused_before_any_pairs_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    for more in ([], ["--dry-run"]):
        assert run(["train", "consistent", "--pairs", "none", "--run", "none", "--set", "kernel=3", *more]) == 2
        assert "name one of them" in capsys.readouterr().err
