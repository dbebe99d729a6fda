"""Weights that no training left, whatever hashes they state: nothing is coloured by them, and verify says so."""

import numpy as np
import pytest
import torch

from comicdata.cli.main import run
from comicdata.images import encode_png
from comicdata.models.networks.pix2pix import UNet
from comicdata.models.runs.checkpoint import load_weights, save_weights
from comicdata.models.runs.folder import write_config
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.runs.settings import options


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The configuration and the tensors of an untrained run, and a drawing."""
    place = tmp_path_factory.mktemp("weights")
    torch.manual_seed(1)
    config = resolve_config("pix2pix", "small", {"width": 4, "depth": 4, "size": 256, "crop": 64})
    lines = np.full((40, 50), 255, np.uint8)
    lines[10:30, 12] = 0
    (place / "1.png").write_bytes(encode_png(lines))
    return place / "1.png", config, UNet(config.network).state_dict()


@pytest.fixture
def colour(made, tmp_path, capsys):
    """What verify and colorize end with, and colorize says, for a run of these tensors with right hashes."""
    drawing, config, state = made

    def colour(change, **network):
        values = options(config)
        values["network"] = {**values["network"], **network}
        header = {"config": values, "data_hash": "0", "images": 0}
        save_weights(tmp_path / "run" / "weights.safetensors", change(state), header)
        write_config(tmp_path / "run", values, 0, "0")
        capsys.readouterr()
        verified = run(["verify", str(tmp_path / "run"), "-q"])
        capsys.readouterr()
        ended = run(["colorize", str(tmp_path / "run"), str(drawing), "--out", str(tmp_path / "out"), "-q"])
        assert (tmp_path / "out" / "1.png").exists() is (ended == 0)
        return verified, ended, capsys.readouterr().err

    return colour


def filled(value):
    return lambda state: {name: torch.full_like(one, value) for name, one in state.items()}


def one_filled(value):
    return lambda state: {**state, (name := min(state)): torch.full_like(state[name], value)}


def of_type(kind):
    return lambda state: {name: one.to(kind) for name, one in state.items()}


@pytest.mark.parametrize("kind", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_every_kind_of_fraction_colour(kind, colour):
    verified, ended, said = colour(of_type(kind))
    assert (verified, ended, said) == (0, 0, "")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused_though_their_hash_is_right(value, colour):
    verified, ended, said = colour(one_filled(value))
    assert (verified, ended) == (6, 6) and "holds weights that are not finite" in said


@pytest.mark.parametrize(
    "kind", [torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64, torch.int64, torch.uint8, torch.bool]
)
def test_numbers_that_are_no_weights_are_refused(kind, colour):
    verified, ended, said = colour(of_type(kind))
    assert (verified, ended) == (6, 6) and "numbers in place of weights" in said and said.count("\n") == 1


@pytest.mark.parametrize("value", [3e38, -3e38, 1e30])
def test_weights_that_blow_up_colour_nothing(value, colour):
    verified, ended, said = colour(filled(value))
    assert (verified, ended) == (0, 9) and "values that are no colours" in said


@pytest.mark.parametrize(
    ("change", "network"),
    [
        (lambda state: dict([*state.items()][1:]), {}),
        (lambda state: {**state, "more": torch.zeros(3)}, {}),
        (lambda state: {"a": torch.zeros(0)}, {}),
        (lambda state: {name: one.flatten() for name, one in state.items()}, {}),
        (lambda state: state, {"width": 8}),
        (lambda state: state, {"width": 10**9}),
        (lambda state: state, {"depth": 5}),
    ],
)
def test_weights_that_fit_no_network_are_refused_in_one_short_line(change, network, colour):
    verified, ended, said = colour(change, **network)
    assert (verified, ended) == (6, 6) and "do not fit their own description" in said and len(said) < 600


def test_what_the_header_says_of_other_things_does_not_matter(colour, tmp_path):
    assert colour(lambda state: state)[:2] == (0, 0)
    assert load_weights(tmp_path / "run").header["images"] == 0
