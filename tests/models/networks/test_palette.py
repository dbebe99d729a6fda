"""palette: shapes, the tables, and a loss that asks for one colour and not for the mean of two."""

import math

import numpy as np
import pytest
import torch

from comicdata.errors import UsageError
from comicdata.flats.colours import lab_of_colours
from comicdata.models.data.colours import all_steps
from comicdata.models.networks.palette import (
    CELL,
    PaletteConfig,
    cell_targets,
    class_weights,
    nearness,
    palette_loss,
    softened,
    table_of,
    to_palette,
)

COLORS = np.array([[255, 0, 0], [0, 0, 255], [250, 250, 250], [10, 10, 10]], np.uint8)


def table() -> torch.Tensor:
    return table_of(torch.from_numpy(lab_of_colours(COLORS)), torch.from_numpy(all_steps()))


@pytest.mark.parametrize("nearness", [False, True])
@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize(("hints", "size"), [(True, (64, 128)), (False, (128, 64))])
def test_logits_at_a_quarter_of_the_size(nearness: bool, attention: bool, hints: bool, size: tuple[int, int]) -> None:
    config = PaletteConfig(colors=7, width=8, hints=hints, nearness=nearness, attention=attention)
    made = config.build()(torch.zeros(2, config.inputs, *size))
    assert made.shape == (2, 7, size[0] // CELL, size[1] // CELL)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"colors": 1}, "colors 1: 2 to 1024 is expected"),
        ({"width": 12}, "width 12: 1, 2, 4 or a multiple of 8"),
        ({"balance": 1.5}, "balance 1.5: a share"),
        ({"zoom": 0.5}, "zoom 0.5: a number from 1 to 4"),
        ({"soft": float("nan")}, "soft nan: a number from 0 to 50"),
    ],
)
def test_options_that_cannot_be_built(given: dict[str, float], wanted: str) -> None:
    with pytest.raises(UsageError, match=wanted):
        PaletteConfig(**given)  # type: ignore[arg-type]


def test_every_colour_finds_its_nearest_in_the_palette() -> None:
    colors = torch.tensor([[250, 12, 8], [20, 20, 240], [255, 255, 255], [0, 0, 0]]).float() / 127.5 - 1
    assert to_palette(colors.T[None, :, None], table()).tolist() == [[[0, 1, 2, 3]]]


def test_a_target_is_a_colour_off_the_lines_and_never_a_mean() -> None:
    index = torch.zeros(1, 8, 8, dtype=torch.long)
    index[:, :, 2:] = 1
    outline = torch.ones(1, 1, 8, 8)
    outline[..., :, 2:4] = -1  # of the first column of cells only colour 0 is off the lines
    outline[..., 4:, 4:] = -1  # and the last cell is all ink
    targets, counts = cell_targets(index, outline)
    assert targets[0, :, 0].tolist() == [0, 0] and int(targets[0, 0, 1]) == 1
    assert counts.tolist() == [[[True, True], [True, False]]]


def test_both_colours_of_a_cell_have_their_turn() -> None:
    torch.manual_seed(0)
    index = torch.tensor([0, 0, 1, 1]).repeat(1, 4, 100).contiguous()
    targets, _ = cell_targets(index, torch.ones(1, 1, 4, 400))
    assert 30 < int(targets.sum()) < 70


def test_rare_colours_weigh_more_and_all_together_as_much_as_before() -> None:
    network = PaletteConfig(colors=4, width=8).build()
    network.share.copy_(torch.tensor([0.7, 0.2, 0.1, 0.0]))
    weights = class_weights(network)
    assert (weights[1:] > weights[:-1]).all() and math.isclose(float((weights * network.share).sum()), 1, rel_tol=1e-6)


def test_the_loss_is_cross_entropy_over_cells_that_have_a_target() -> None:
    logits, targets = torch.zeros(1, 4, 1, 2), torch.tensor([[[2, 3]]])
    counts = torch.tensor([[[True, False]]])
    loss = palette_loss(logits, targets, counts, torch.tensor([1.0, 1, 3, 9]), None)
    assert math.isclose(float(loss), 3 * math.log(4) / 2, rel_tol=1e-6)


def test_the_best_answer_between_two_colours_is_one_of_them() -> None:
    """Red or blue at equal odds: what minimises the loss puts its chances on both, and nothing on what lies between."""
    logits = torch.zeros(1, 3, 1, 2, requires_grad=True)
    descent = torch.optim.SGD([logits], 5.0)
    for _ in range(200):
        shared = logits.mean(dim=3, keepdim=True).expand(-1, -1, -1, 2)
        loss = palette_loss(shared, torch.tensor([[[0, 2]]]), torch.ones(1, 1, 2), torch.ones(3), None)
        descent.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        descent.step()
    chances = logits.mean(dim=3).softmax(dim=1).flatten().tolist()
    assert chances[1] < 0.02 and abs(chances[0] - chances[2]) < 0.02


def test_soft_labels_stay_near_and_leave_out_what_the_comic_lacks() -> None:
    palette, share = torch.tensor([[50.0, 0, 0], [52, 0, 0], [50, 60, 0], [51, 0, 0]]), torch.tensor([0.5, 0.3, 0.2, 0])
    near = softened(palette, share, 3.0)
    assert near is not None and torch.allclose(near.sum(dim=1), torch.ones(4))
    assert near[0, 1] > 0.3 and near[0, 2] < 1e-6 and near[:, 3].tolist() == [0, 0, 0, 0]
    assert softened(palette, share, 0.0) is None


def test_nearness_tells_how_far_a_line_is() -> None:
    outline = torch.ones(1, 1, 64, 64)
    outline[..., 32:34, :] = -1
    found = nearness(outline)[0, :, :, 8]  # (4, 32): row 16 of the half size holds the line
    assert [int((one > 0).sum()) for one in found] == [3, 7, 15, 31]
