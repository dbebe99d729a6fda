"""The pointer: what a place takes from references is a softmax over likeness, and what it leaves goes on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from comicdata.models.networks.palette import SMALL, PaletteNetwork
from comicdata.models.networks.pointer import Pointer


def places(count: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(1, count, 8), dim=2)


def test_what_is_found_is_a_softmax_of_likeness_and_what_is_left_goes_by_the_best() -> None:
    """Against the formula, written out for one place; more of the same references change nothing."""
    torch.manual_seed(0)
    pointer = Pointer(8, 0, 8, mutual=True)
    query, key = places(3), places(5)
    null, known = 10 + 5 * torch.randn(1, 3), torch.tensor([[True, True, False, True, True]])
    for sharper in (1.0, 2.0):
        with torch.no_grad():
            shares, left = pointer.found(query, key, null, known, sharper)
            _, twice = pointer.found(query, key.repeat(1, 2, 1), null, known.repeat(1, 2), sharper)
        for place in range(3):
            alike = sharper * 20 * (key[0] @ query[0, place]).numpy()[known[0].numpy()]
            nothing = 1 / (1 + np.exp(alike.max() - sharper * float(null[0, place])))
            np.testing.assert_allclose(left[0, place], nothing, rtol=1e-3, atol=1e-7)
            np.testing.assert_allclose(
                shares[0, place, [0, 1, 3, 4]], np.exp(alike) / np.exp(alike).sum(), rtol=1e-3, atol=1e-7
            )
            assert float(shares[0, place, 2]) == 0
        np.testing.assert_allclose(twice, left, rtol=1e-4)


def test_older_runs_take_what_the_mean_of_all_likeness_says() -> None:
    torch.manual_seed(0)
    pointer = Pointer(8, 0, 8, mutual=False)
    query, key = places(3), places(5)
    null, known = torch.randn(1, 3), torch.tensor([[True, True, False, True, True]])
    with torch.no_grad():
        shares, left = pointer.found(query, key, null, known)
        everything = pointer.found(query, key[:, known[0]], null)
    for place in range(3):
        scores = np.exp(10 * (key[0] @ query[0, place]).numpy()) * known[0].numpy() / 4
        way_out = np.exp(float(null[0, place]))
        np.testing.assert_allclose(shares[0, place], scores / scores.sum(), rtol=1e-4)
        np.testing.assert_allclose(left[0, place], way_out / (scores.sum() + way_out), rtol=1e-4)
    np.testing.assert_allclose(everything[1], left, rtol=1e-4)


@pytest.mark.parametrize("mutual", [True, False])
def test_with_nothing_to_be_found_all_is_left(mutual: bool) -> None:
    pointer = Pointer(8, 0, 8, mutual=mutual)
    none = torch.zeros(1, 4, dtype=torch.bool)
    shares, left = pointer.found(torch.randn(1, 2, 8), torch.randn(1, 4, 8), torch.zeros(1, 2), none)
    assert left[0].tolist() == [1.0, 1.0] and shares.isfinite().all()


def test_the_same_drawing_finds_itself_in_a_network_that_learned_nothing() -> None:
    """Every place is most like itself, whatever is drawn."""
    torch.manual_seed(0)
    network = replace(SMALL, width=8, references=True, mutual=True, key=16).build()
    with torch.no_grad():
        own = network(torch.randn(1, 1, 64, 64))[2][0].flatten(1).T
        query, _ = network.pointer.asks(own)
        alike = query @ network.pointer.answers(own).T
    assert torch.allclose(alike.diagonal(), alike.amax(dim=1)) and torch.allclose(alike.diagonal(), torch.ones(256))


def test_coarser_levels_count_as_if_they_were_enlarged_first() -> None:
    torch.manual_seed(0)
    pointer = Pointer(4, 14, 8, mutual=True)
    finest, level, coarsest = (torch.randn(2, count, side, side) for count, side in ((4, 16), (6, 8), (8, 4)))
    larger = [
        one.repeat_interleave(16 // one.shape[2], 2).repeat_interleave(16 // one.shape[2], 3)
        for one in (level, coarsest)
    ]
    with torch.no_grad():
        made = pointer(torch.cat([finest, pointer.coarser([level, coarsest])], dim=1))
        expected = pointer.within(torch.cat([finest, *larger], dim=1))
    assert torch.allclose(made, expected, atol=1e-5)


def test_a_network_without_references_has_no_weights_for_them() -> None:
    assert not any(name.startswith("pointer") for name, _ in PaletteNetwork(SMALL).named_parameters())
