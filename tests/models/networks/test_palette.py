"""palette: shapes, the tables, and a loss that asks for one colour and not for the mean of two."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from comicdata.errors import UsageError
from comicdata.flats.colours import lab_of_colours
from comicdata.models.data.colours import all_steps
from comicdata.models.networks.layers import Block
from comicdata.models.networks.palette import (
    CELL,
    NEVER,
    PaletteConfig,
    cell_targets,
    choice_loss,
    class_weights,
    color_of,
    draw_moods,
    exchange,
    exchanged,
    joined,
    likeness,
    mean_step,
    moods_of,
    nearness,
    no_spread,
    steps_of,
    table_of,
)

COLORS = np.array([[255, 0, 0], [0, 0, 255], [250, 250, 250], [10, 10, 10]], np.uint8)


def table() -> torch.Tensor:
    return table_of(torch.from_numpy(lab_of_colours(COLORS)), torch.from_numpy(all_steps()))


@pytest.mark.parametrize("nearness", [False, True])
@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize(("hints", "size"), [(True, (64, 128)), (False, (128, 64))])
def test_logits_at_a_quarter_of_the_size(nearness: bool, attention: bool, hints: bool, size: tuple[int, int]) -> None:
    config = PaletteConfig(colors=7, width=8, hints=hints, nearness=nearness, attention=attention)
    outline = torch.zeros(2, 1, *size)
    plain, told = config.build()(outline)
    assert plain.shape == (2, 7, size[0] // CELL, size[1] // CELL) and told.shape[:2] == (2, 8)
    assert (told[:, -1] < NEVER / 2).all()  # without hints there is nothing to copy


def test_hints_and_moods_are_heard_and_change_nothing_of_the_plain_answer() -> None:
    network = PaletteConfig(colors=7, width=8).build()
    torch.nn.init.normal_(network.listener.change.weight)  # as if it had learned
    outline = torch.ones(2, 1, 64, 64)
    spread, sources = no_spread(torch.zeros(len(outline), 16, 16))
    spread[0, 0] = 255
    spread[0, 3] = 40  # near enough to be heard, in the first picture alone
    mood = torch.zeros(2, 8)
    mood[0, [2, 7]] = 1
    plain, untold = network(outline)
    assert untold.shape == (2, 8, 16, 16)
    for said in ((spread, sources, None), (None, None, mood)):
        same, told = network(outline, *said)
        assert torch.equal(plain, same)
        assert not torch.equal(untold[0, :-1], told[0, :-1]) and torch.equal(untold[1], told[1])
        assert bool((told[0, -1] > NEVER / 2).all()) == (said[0] is not None)


def test_it_is_heard_what_a_hint_lies_on() -> None:
    network = PaletteConfig(colors=7, width=8).build()
    torch.nn.init.normal_(network.listener.change.weight)
    outline = torch.rand(1, 1, 64, 64)
    spread, sources = no_spread(torch.zeros(len(outline), 16, 16))
    spread[:, 3] = 40
    told = [network(outline, spread, torch.full_like(sources, cell))[1] for cell in (0, 200)]
    assert not torch.equal(*told)


def test_an_untaught_listener_changes_nothing() -> None:
    network = PaletteConfig(colors=7, width=8).build()
    plain, told = network(torch.ones(1, 1, 64, 64), mood=torch.ones(1, 8))
    assert torch.equal(told[:, :-1], plain)


def test_a_mood_is_heeded_as_much_as_the_listener_says() -> None:
    """2 for each root of a share that the mood has, -3 for each colour that it lacks, nothing for the copy."""
    network = PaletteConfig(colors=4, width=8).build()
    network.listener.heed.bias.data = torch.tensor([2.0, -3.0])
    mood = torch.tensor([[0.0, 0.5, 0.0, 1.0, 1.0], [0.0] * 5])  # the second has none
    plain, told = network(torch.ones(2, 1, 64, 64), mood=mood)
    wanted = torch.tensor([[-3.0, 1.0, -3.0, 2.0], [0.0] * 4])[..., None, None].expand_as(plain)
    assert torch.allclose(told[:, :-1] - plain, wanted, atol=1e-5) and (told[:, -1] == NEVER).all()


def test_a_coarse_map_is_joined_as_if_it_had_been_enlarged() -> None:
    block, below, beside = Block(3 + 5, 8), torch.randn(2, 3, 4, 6), torch.randn(2, 5, 8, 12)
    wanted = block(torch.cat([F.interpolate(below, scale_factor=2.0, mode="nearest"), beside], dim=1))
    assert torch.allclose(joined(block, below, beside), wanted, atol=1e-5)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"colors": 1}, "colors 1: 2 to 1024 is expected"),
        ({"width": 12}, "width 12: 1, 2, 4 or a multiple of 8"),
        ({"balance": 1.5}, "balance 1.5: a share"),
        ({"zoom": 0.5}, "zoom 0.5: a number from 1 to 4"),
    ],
)
def test_options_that_cannot_be_built(given: dict[str, float], wanted: str) -> None:
    with pytest.raises(UsageError, match=wanted):
        PaletteConfig(**given)  # type: ignore[arg-type]


def test_every_colour_finds_its_nearest_in_the_palette() -> None:
    colors = torch.tensor([[250, 12, 8], [20, 20, 240], [255, 255, 255], [0, 0, 0]]).float() / 127.5 - 1
    assert table()[steps_of(colors.T[None, :, None])].tolist() == [[[0, 1, 2, 3]]]


def test_a_target_is_a_colour_off_the_lines_and_never_a_mean() -> None:
    color = torch.zeros(1, 1, 8, 8)
    color[..., 2:] = 1
    outline = torch.ones(1, 1, 8, 8)
    outline[..., :, 2:4] = -1  # of the first column of cells only colour 0 is off the lines
    outline[..., 4:, 4:] = -1  # and the last cell is all ink
    targets, counts = cell_targets(color, outline)
    assert targets[0, 0, :, 0].tolist() == [0, 0] and int(targets[0, 0, 0, 1]) == 1
    assert counts.tolist() == [[[True, True], [True, False]]]


def test_both_colours_of_a_cell_have_their_turn() -> None:
    torch.manual_seed(0)
    color = torch.tensor([0.0, 0, 1, 1]).repeat(1, 1, 4, 100)
    targets, _ = cell_targets(color, torch.ones(1, 1, 4, 400))
    assert 30 < int(targets.sum()) < 70


def test_rare_colours_weigh_more_and_all_together_as_much_as_before() -> None:
    network = PaletteConfig(colors=4, width=8).build()
    network.share.copy_(torch.tensor([0.7, 0.2, 0.1, 0.0]))
    weights = class_weights(network)
    assert (weights[1:] > weights[:-1]).all() and math.isclose(float((weights * network.share).sum()), 1, rel_tol=1e-6)


def test_the_loss_is_the_logarithm_of_the_chance_of_the_colour() -> None:
    """Three colours and the copy at a quarter each; the second cell has no target."""
    logits, targets = torch.zeros(1, 4, 1, 2), torch.tensor([[[2, 1]]])
    counts, weights = torch.tensor([[[True, False]]]), torch.tensor([1.0, 1, 3])
    for alike, chance in ((0.0, 1 / 4), (1.0, 2 / 4), (0.5, 3 / 8)):
        loss = choice_loss(logits, targets, torch.full((1, 1, 2), alike), counts, weights)
        assert math.isclose(float(loss), -3 * math.log(chance) / 2, rel_tol=1e-3)
    loss = choice_loss(logits[:, :3], targets, None, counts, weights)
    assert math.isclose(float(loss), 3 * math.log(3) / 2, rel_tol=1e-5)


def test_the_best_answer_between_two_colours_is_one_of_them() -> None:
    """Red or blue at equal odds: what minimises the loss puts its chances on both, and nothing on what lies between."""
    logits = torch.zeros(1, 3, 1, 2, requires_grad=True)
    descent = torch.optim.SGD([logits], 5.0)
    for _ in range(200):
        shared = logits.mean(dim=3, keepdim=True).expand(-1, -1, -1, 2)
        loss = choice_loss(shared, torch.tensor([[[0, 2]]]), None, torch.ones(1, 1, 2), torch.ones(3))
        descent.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        descent.step()
    chances = logits.mean(dim=3).softmax(dim=1).flatten().tolist()
    assert chances[1] < 0.02 and abs(chances[0] - chances[2]) < 0.02


def test_copying_pays_where_the_spread_colour_is_right_and_nowhere_else() -> None:
    for alike, copies in ((1.0, True), (0.0, False)):
        logits = torch.zeros(1, 4, 1, 1, requires_grad=True)
        loss = choice_loss(
            logits, torch.zeros(1, 1, 1).long(), torch.full((1, 1, 1), alike), torch.ones(1, 1, 1), torch.ones(3)
        )
        loss.backward()  # type: ignore[no-untyped-call]
        assert logits.grad is not None
        assert bool(logits.grad[0, -1] < 0) == copies  # downhill is towards copying


def test_likeness_falls_with_the_distance() -> None:
    lab = torch.tensor([[50.0, 0, 0], [50, 3, 4], [50, 6, 8], [90, 0, 0]])
    wanted = [1, math.exp(-0.5), math.exp(-2), math.exp(-32)]
    assert np.allclose(likeness(lab, lab[:1]).tolist(), wanted, atol=1e-6)


def test_a_mood_is_the_root_of_the_shares_and_a_one() -> None:
    numbers = torch.tensor([[[0, 2], [2, 2]], [[1, 1], [1, 1]]])
    counts = torch.tensor([[[True, True], [True, False]], [[False, False], [False, False]]])
    found = moods_of(numbers, counts, 3)
    assert np.allclose(found[0].tolist(), [math.sqrt(1 / 3), 0, math.sqrt(2 / 3), 1]) and found[1].tolist() == [
        0,
        0,
        0,
        0,
    ]


def test_every_kind_of_mood_has_its_turn() -> None:
    torch.manual_seed(0)
    drawn = draw_moods(*(torch.full((3000, 2), float(kind)) for kind in (1, 2, 3)))
    shares = [float((drawn == kind).all(dim=1).float().mean()) for kind in range(4)]
    assert np.allclose(shares, 0.25, atol=0.04) and sum(shares) == 1


def steps(*colors: tuple[int, int, int]) -> torch.Tensor:
    return steps_of(torch.tensor(colors).float().T[None, :, None] / 127.5 - 1)


def test_the_mean_colour_is_that_of_the_paper() -> None:
    found = mean_step(steps((204, 44, 4), (100, 84, 4), (9, 9, 9)), torch.tensor([[[True, True, False]]]))
    assert found.flatten().tolist() == steps((152, 64, 4)).flatten().tolist()


def test_a_step_is_the_colours_around_its_middle() -> None:
    shown = color_of(steps((200, 40, 3)))[0, :, 0, 0]
    assert (shown - torch.tensor([200, 40, 3])).abs().max() <= 4
    assert steps_of(shown.float()[None, :, None, None] / 127.5 - 1).equal(steps((200, 40, 3)))


def test_hinted_colours_are_exchanged_and_no_others() -> None:
    torch.manual_seed(0)
    numbers = table()
    hinted = torch.zeros(400, len(COLORS), dtype=torch.bool)
    hinted[:, 1] = True
    others = exchange(numbers, hinted, 0.3)
    assert (others[:, [0, 2, 3]] == -1).all()
    assert 0.2 < float((others[:, 1] >= 0).float().mean()) < 0.4
    given = steps((255, 0, 0), (0, 0, 250)).expand(400, 1, 2)
    found = exchanged(given, numbers, others)
    assert torch.equal(found[..., 0], given[..., 0])
    changed = others[:, 1] >= 0
    assert torch.equal(found[changed][:, 0, 1], others[changed, 1]) and torch.equal(found[~changed], given[~changed])


def test_nearness_tells_how_far_a_line_is() -> None:
    outline = torch.ones(1, 1, 64, 64)
    outline[..., 32:34, :] = -1
    found = nearness(outline)[0, :, :, 8]  # (4, 32): row 16 of the half size holds the line
    assert [int((one > 0).sum()) for one in found] == [3, 7, 15, 31]
