"""The pointer: what a place takes from references is a softmax over likeness, and what it leaves goes on."""

import numpy as np
import torch

from comicdata.models.networks.palette import SMALL, PaletteNetwork
from comicdata.models.networks.pointer import Pointer


def test_what_is_found_is_a_softmax_of_likeness_with_one_way_out() -> None:
    """Against the formula, written out for one place; more of the same references change nothing."""
    torch.manual_seed(0)
    pointer = Pointer(8, 8)
    query, key = (torch.nn.functional.normalize(torch.randn(1, count, 8), dim=2) for count in (3, 5))
    null, known = torch.randn(1, 3), torch.tensor([[True, True, False, True, True]])
    found = pointer.found(query, key, null, known).exp().detach().numpy()[0]
    for place in range(3):
        scores = np.exp(10 * (key[0] @ query[0, place]).numpy()) * known[0].numpy() / 4
        way_out = np.exp(float(null[0, place]))
        expected = np.append(scores, way_out) / (scores.sum() + way_out)
        np.testing.assert_allclose(found[place], expected, rtol=1e-4)
    twice = pointer.found(query, key.repeat(1, 2, 1), null, known.repeat(1, 2)).exp()[0]
    np.testing.assert_allclose(twice[:, -1].detach().numpy(), found[:, -1], rtol=1e-4)


def test_with_nothing_to_be_found_all_is_left() -> None:
    pointer = Pointer(8, 8)
    none = torch.zeros(1, 4, dtype=torch.bool)
    found = pointer.found(torch.randn(1, 2, 8), torch.randn(1, 4, 8), torch.zeros(1, 2), none).exp()
    assert found[0, :, -1].tolist() == [1.0, 1.0] and found.isfinite().all()


def test_a_network_without_references_has_no_weights_for_them() -> None:
    assert not any(name.startswith("pointer") for name, _ in PaletteNetwork(SMALL).named_parameters())
