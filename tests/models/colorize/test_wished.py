"""What a person wishes: hints to the bit, what follows them, other choices, the background."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from comicdata.flats.colours import lab_of_colours
from comicdata.flats.hints import Area, Hint, Stroke, paint_hints
from comicdata.images import Image
from comicdata.models.colorize.chosen import PaletteColorizer, closed_regions, worth_telling
from comicdata.models.colorize.decoding import Choice, Drawing, region_chances
from comicdata.models.colorize.wished import background_regions, followers, news, samples, with_hints
from comicdata.models.colorize.wishes import Wishes
from comicdata.models.data.colours import rgb_of_lab
from comicdata.models.networks.palette import PaletteConfig
from comicdata.models.runs.overrides import resolve_config
from comicdata.models.runs.settings import options

PALETTE = np.array([[230, 60, 50], [40, 90, 220], [252, 252, 250], [90, 200, 120]], np.uint8)
ROOMS = 3  # of the drawing, in a row


def rooms(height: int = 96, width: int = 192) -> Image:
    outline = np.full((height, width), 255, np.uint8)
    for number in range(1, ROOMS):
        place = width * number // ROOMS
        outline[:, place : place + 2] = 0
    return outline


@pytest.fixture(scope="module")
def colorizer() -> PaletteColorizer:
    """Untrained, with a listener that has something to say."""
    torch.manual_seed(0)
    config = resolve_config("palette", "small", {"width": 8, "colors": 4, "size": 64})
    assert isinstance(config.network, PaletteConfig)
    network = config.network.build().eval().requires_grad_(False)
    network.palette.copy_(torch.from_numpy(PALETTE))
    torch.nn.init.normal_(network.listener.change.weight)
    return PaletteColorizer(network, options(config), torch.device("cpu"))


colors = st.tuples(*[st.integers(0, 255)] * 3)


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_a_hinted_region_has_its_colour_to_the_bit(colorizer: PaletteColorizer, data: st.DataObject) -> None:
    """Whatever the seed, the size, the order of the hints, the mood and the other wishes."""
    height, width = data.draw(st.integers(40, 160)), data.draw(st.integers(60, 300))
    outline = rooms(height, width)
    wanted = {room: data.draw(colors) for room in data.draw(st.sets(st.integers(0, ROOMS - 1), min_size=1))}
    places = {room: (width * room / ROOMS + width / (2 * ROOMS), height / 2) for room in wanted}
    hints = data.draw(st.permutations([Hint(*places[room], 1, color) for room, color in wanted.items()]))
    moods = [np.array([[data.draw(colors)]], np.uint8)] if data.draw(st.booleans()) else []
    background = data.draw(st.none() | colors)
    follow, count = data.draw(st.booleans()), data.draw(st.integers(1, 3))
    wishes = Wishes(data.draw(st.integers(0, 9)), count, background, hints, follow, moods, style="flats")
    for made in colorizer.paint(outline, wishes):
        for room, (x, y) in places.items():
            assert tuple(made.image[int(y), int(x)].tolist()) == wanted[room]


@pytest.mark.parametrize("style", ["flats", "soft"])
def test_without_following_a_hint_changes_its_own_region_alone(colorizer: PaletteColorizer, style: str) -> None:
    outline = rooms()
    plain = colorizer.colorize(outline, Wishes(style=style))  # type: ignore[arg-type]
    hint = Hint(96, 40, 2, (1, 250, 3))
    made = colorizer.colorize(outline, Wishes(hints=[hint], follow=False, style=style))  # type: ignore[arg-type]
    middle = closed_regions(outline).labels == closed_regions(outline).labels[40, 96]
    assert np.array_equal(made[~middle], plain[~middle]) and not np.array_equal(made[middle], plain[middle])


@pytest.mark.parametrize("palette", [None, 255 - PALETTE])
def test_a_dot_in_the_very_colour_that_was_guessed_changes_nothing(
    colorizer: PaletteColorizer, palette: Image | None
) -> None:
    """Suggested dots that a person leaves as they are; what is new beside them is heard as if it were alone."""
    outline = rooms()
    wishes = Wishes(style="flats", palette=palette, suggest=ROOMS - 1)
    (plain,) = colorizer.paint(outline, wishes)
    left = [one.hint for one in plain.suggested]
    assert len(left) == ROOMS - 1
    (same,) = colorizer.paint(outline, replace(wishes, hints=left))
    assert np.array_equal(same.image, plain.image)
    new = replace(left[0], color=(200, 30, 120))
    alone, among = (colorizer.colorize(outline, replace(wishes, hints=[new, *others])) for others in ([], left[1:]))
    settled = np.isin(
        closed_regions(outline).labels, [closed_regions(outline).labels[one.y, one.x] for one in left[1:]]
    )
    assert np.array_equal(alone[~settled], among[~settled]) and not np.array_equal(alone, plain.image)


@pytest.mark.parametrize("flat", [True, False])
def test_dots_as_guessed_are_told_in_soft_colours_beside_one_that_is_not(flat: bool) -> None:
    """An empty drawing that is surely red: two red dots tell nothing; a blue one is told, in soft colours all three."""
    outline = np.full((64, 64), 255, np.uint8)
    drawing = Drawing(closed_regions(outline).labels, outline >= 128, outline.shape)
    choice = Choice(torch.tensor([9.0, 0, 0, 0])[:, None, None].expand(4, 16, 16), PALETTE)
    red = paint_hints([Hint(at, at, 3, (230, 60, 50)) for at in (10, 50)], 64, 64)
    assert not worth_telling(red, choice, region_chances(choice, drawing), drawing, flat=flat).any()
    mixed = paint_hints([*(Hint(at, at, 3, (230, 60, 50)) for at in (10, 50)), Hint(30, 30, 3, (0, 0, 255))], 64, 64)
    told = worth_telling(mixed, choice, region_chances(choice, drawing), drawing, flat=flat)
    assert np.array_equal(told[30, 30], [0, 0, 255, 255]) and bool(told[10, 10].any()) != flat


def test_suggested_dots_have_the_colour_that_is_painted_at_their_place(colorizer: PaletteColorizer) -> None:
    for style in ("flats", "soft"):
        (made,) = colorizer.paint(rooms(), Wishes(style=style, suggest=ROOMS))  # type: ignore[arg-type]
        assert len(made.suggested) == ROOMS
        for one in made.suggested:
            assert tuple(made.color[int(one.hint.y), int(one.hint.x)].tolist()) == one.hint.color


def test_news_are_what_is_seen_to_differ_from_the_guess() -> None:
    """By distances in CIELAB: 3 is none, 8 is one, and where no hint is there is none."""
    lab = np.array([[[60, 20, 20], [60, 23, 20], [60, 28, 20], [60, 20, 20]]], np.float32)
    rgb = rgb_of_lab(lab)
    hints = np.dstack([rgb, np.array([[255, 255, 255, 0]], np.uint8)])
    hints[0, 3] = 0
    found = news(hints, np.broadcast_to(rgb[:, :1], rgb.shape))
    assert (found[..., 3] > 0).tolist() == [[False, False, True, False]]
    assert np.array_equal(found[0, 2], hints[0, 2])


@pytest.mark.parametrize(
    "hint",
    [
        Hint(96, 40, 1, (200, 30, 120)),
        Stroke(((86.0, 20.0), (106.0, 60.0)), 1, (200, 30, 120)),
        Area(((75.0, 20.0), (115.0, 20.0), (95.0, 60.0)), (200, 30, 120)),
    ],
)
def test_soft_colours_are_those_of_the_hint_at_the_hint(
    colorizer: PaletteColorizer, hint: Hint | Stroke | Area
) -> None:
    made = colorizer.colorize(rooms(), Wishes(hints=[hint], style="soft"))
    assert np.abs(made[40, 96].astype(int) - hint.color).max() <= 1


def test_a_painted_layer_is_a_hint_like_any_other(colorizer: PaletteColorizer) -> None:
    outline = rooms()
    layer = np.zeros((*outline.shape, 4), np.uint8)
    layer[30:50, 80:112] = (200, 30, 120, 255)
    made = colorizer.colorize(outline, Wishes(hints=[layer], style="flats"))
    assert made[10, 90].tolist() == [200, 30, 120]


def test_two_hints_in_soft_fade_into_each_other_and_never_cross_a_line() -> None:
    lab = np.zeros((60, 120, 3), np.float32) + 50
    regions = np.ones((60, 120), np.int32)
    regions[:, 60:] = 2
    hints = np.zeros((60, 120, 4), np.uint8)
    hints[30, 10], hints[30, 50] = (255, 0, 0, 255), (0, 0, 255, 255)
    paper = np.ones((60, 120), bool)
    found = with_hints(lab, regions, hints, paper, {1: (255, 0, 0)})
    for x, color in ((10, (255, 0, 0)), (50, (0, 0, 255))):
        assert np.abs(found[30, x] - lab_of_colours(np.array(color))).max() < 1e-3
    assert (found[:, 60:] == 50).all()
    far = np.abs(found[30, 10:16, 1] - 50)
    assert (np.diff(far) < 0).all()  # towards what it was


def test_what_is_the_same_thing_follows_and_paper_does_not() -> None:
    """Regions 1 and 2 are sleeves, 3 hair, 4 and 5 paper."""
    red, hair, paper = [0.9, 0.1, 0, 0], [0.1, 0.1, 0, 0.8], [0.05, 0, 0.95, 0]
    before = np.array([[0, 0, 0, 0], red, [0.7, 0.3, 0, 0], hair, paper, paper], np.float32)
    told = np.hstack([before, np.zeros((6, 1), np.float32)])
    every = np.vstack([PALETTE, [[1, 2, 3]]]).astype(np.uint8)
    assert followers(before, told, every, {1: (1, 2, 3)}) == {2: (1, 2, 3)}
    assert followers(before, told, every, {4: (1, 2, 3)}) == {}
    unlike = before.copy()
    unlike[2] = [0.45, 0.02, 0.2, 0.33]
    assert followers(unlike, told, every, {1: (1, 2, 3)}) == {}


def test_of_two_hints_a_follower_takes_the_one_that_is_likelier_there() -> None:
    before = np.array([[0, 0, 0, 0], *[[0.9, 0.1, 0, 0]] * 3], np.float32)
    told = np.zeros((4, 6), np.float32)
    told[3, 5] = 0.6
    every = np.vstack([PALETTE, [[1, 2, 3], [7, 8, 9]]]).astype(np.uint8)
    assert followers(before, told, every, {1: (1, 2, 3), 2: (7, 8, 9)}) == {3: (7, 8, 9)}


def test_samples_differ_the_likeliest_first_and_like_regions_change_together() -> None:
    chances = np.array([[0, 0, 0, 0], [0.6, 0.4, 0, 0], [0.6, 0.4, 0, 0], [0, 0, 1, 0]], np.float32)
    found = samples(chances, PALETTE, np.array([0, 50, 50, 50]), 8, 0)
    assert [one.tolist()[1:] for one in found] == [[0, 0, 2], [1, 1, 2]]  # there are no others
    sure = np.array([[0, 0, 0, 0], [0.4, 0, 0.6, 0], [0.6, 0.4, 0, 0]], np.float32)  # what is pale stays
    assert all(one[1] == 2 for one in samples(sure, PALETTE, np.array([0, 50, 50]), 4, 0))
    many = np.full((5, 4), 0.25, np.float32) + np.eye(5, 4, dtype=np.float32) * [[0], [0.5], [0.4], [0.3], [0.2]]
    found = samples(many, PALETTE, np.array([0, 40, 30, 20, 10]), 6, 1)
    keys = [PALETTE[one].tobytes() for one in found]
    assert len(set(keys)) == 6 and np.array_equal(
        found[0], samples(many, PALETTE, np.array([0, 40, 30, 20, 10]), 1, 9)[0]
    )


def test_the_background_is_what_has_most_of_the_border() -> None:
    regions = np.full((60, 90), 1, np.int32)
    regions[20:60, 30:50] = 2  # a figure that stands on the lower edge
    regions[:, 80:] = 3  # a strip of wall, of the same thing as the rest
    regions[2:10, 2:20] = 4
    assert background_regions(regions, np.array([9, 5, 6, 5, 5]), set()).tolist() == [1, 3]
    assert background_regions(regions, np.array([9, 5, 6, 7, 5]), {1, 3}).tolist() == []


@pytest.mark.parametrize("style", ["flats", "soft"])
def test_a_background_is_laid_and_hints_win_over_it(colorizer: PaletteColorizer, style: str) -> None:
    outline = np.full((100, 100), 255, np.uint8)
    outline[30:70, 30:70], outline[33:67, 33:67] = 0, 255
    (made,) = colorizer.paint(outline, Wishes(background=(12, 34, 56), style=style))  # type: ignore[arg-type]
    assert made.image[5, 5].tolist() == [12, 34, 56]
    assert made.layers["background"][5, 5] == 255 and made.layers["background"][50, 50] == 0
    hint = Hint(5, 5, 1, (200, 100, 0))
    (made,) = colorizer.paint(outline, Wishes(background=(12, 34, 56), hints=[hint], style=style))  # type: ignore[arg-type]
    assert made.image[5, 5].tolist() == [200, 100, 0]


def test_hints_on_nothing_but_ink_are_said_to_be_without_effect(colorizer: PaletteColorizer) -> None:
    ink, hint = np.zeros((64, 64), np.uint8), Hint(30, 30, 3, (255, 0, 0))
    assert "nothing but ink; its hints are without effect" in colorizer.paint(ink, Wishes(hints=[hint]))[0].notes
    assert not colorizer.paint(ink)[0].notes and not colorizer.paint(rooms(), Wishes(hints=[hint]))[0].notes
