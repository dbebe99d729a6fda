"""A mood is heeded, and what the network is sure of stays."""

import numpy as np
import pytest
import torch

from comicdata.flats.colours import lab_of_colours
from comicdata.models.colorize.moods import MOST, expected_mood, in_mood, mood_of

PALETTE = np.array([[200, 60, 50], [40, 90, 220], [60, 180, 70], [255, 255, 255]], np.uint8)
RED, BLUE, GREEN, WHITE = range(4)
REGIONS = np.repeat(np.arange(1, 17, dtype=np.int32), 16).reshape(16, 16)  # a row each


def undecided() -> torch.Tensor:
    """Logits (4, 16, 16) that lean to red, here more and there less."""
    torch.manual_seed(0)
    logits = 0.3 * torch.randn(4, 16, 16)
    logits[RED] += 1
    return logits


def shares(logits: torch.Tensor) -> list[float]:
    chosen = logits[:4].argmax(dim=0).flatten()
    return (torch.bincount(chosen, minlength=4) / len(chosen)).tolist()


def picture(*parts: tuple[int, int]) -> np.ndarray:
    """Colours of the palette by number, so many pixels of each."""
    return np.concatenate([np.repeat(PALETTE[None, number : number + 1], count, axis=1) for number, count in parts], 1)


def test_the_picture_gets_the_colours_of_the_mood() -> None:
    mood = mood_of([picture((BLUE, 60), (GREEN, 40))], PALETTE)
    assert mood is not None and np.allclose(mood.shares, [0, 0.6, 0.4, 0])
    assert shares(undecided())[RED] > 0.8
    found = shares(in_mood(undecided(), PALETTE, mood, REGIONS))
    assert found[BLUE] > 0.45 and found[GREEN] > 0.25 and found[RED] < 0.05


def test_two_pictures_count_alike_whatever_their_size() -> None:
    mood = mood_of([picture((BLUE, 1)), picture((GREEN, 300))], PALETTE)
    assert mood is not None and np.allclose(mood.shares, [0, 0.5, 0.5, 0])
    assert np.allclose(mood.told[0].square(), [0, 0.5, 0.5, 0, 1]) and mood_of([], PALETTE) is None


@pytest.mark.parametrize("color", [(150, 90, 110), (90, 90, 160), (120, 120, 90)])
def test_one_colour_is_the_mean_of_the_picture(color: tuple[int, int, int]) -> None:
    wished = np.full((1, 1, 3), color, np.uint8)
    mood = mood_of([wished], PALETTE)
    assert mood is not None

    def off(logits: torch.Tensor) -> float:
        mean = np.array(shares(logits)) @ lab_of_colours(PALETTE)
        return float(np.linalg.norm(mean - lab_of_colours(wished[0])))

    before = undecided()
    assert off(in_mood(before, PALETTE, mood, REGIONS)) < off(before) / 2


def test_what_is_sure_stays_and_what_is_hinted_is_hinted() -> None:
    """White balloons at night; the last row of the logits, what is copied from a hint, is as it was."""
    logits = torch.cat([undecided(), torch.full((1, 16, 16), -1e4)])
    logits[WHITE, :2], logits[4, 4:6] = 2 * MOST + 8, 20
    mood = mood_of([picture((BLUE, 1))], PALETTE)
    assert mood is not None
    found = in_mood(logits, PALETTE, mood, REGIONS)
    assert (found[:, :2].argmax(dim=0) == WHITE).all() and (found[:, 4:6].argmax(dim=0) == 4).all()
    assert torch.equal(found[4], logits[4]) and (found[:4] - logits[:4]).abs().max() <= MOST + 1e-5
    assert (found[:4, 8:].argmax(dim=0) == BLUE).float().mean() > 0.5


def test_a_mood_of_what_the_picture_has_changes_little() -> None:
    logits = undecided()
    own = picture(*((number, round(1000 * share)) for number, share in enumerate(shares(logits))))
    mood = mood_of([own], PALETTE)
    assert mood is not None
    assert np.abs(np.subtract(shares(in_mood(logits, PALETTE, mood, REGIONS)), shares(logits))).max() < 0.15


def test_what_is_expected_is_the_mean_of_the_chances_freed_of_the_weights() -> None:
    """Two places; by hand. Red weighed three times: of odds 3 to 1 are 1 to 1."""
    chances = torch.tensor([[0.6, 0.3], [0.2, 0.3], [0.1, 0.2], [0.1, 0.2]])
    weights = torch.tensor([3.0, 1.0, 1.0, 1.0])
    freed = np.array([[0.2, 0.2, 0.1, 0.1], [0.1, 0.3, 0.2, 0.2]])
    wanted = (freed / freed.sum(axis=1, keepdims=True)).mean(axis=0)
    logits = chances.log()[:, None]
    found = expected_mood(logits, weights, PALETTE)
    assert np.allclose(found.shares, wanted, atol=1e-6)
    assert np.allclose(found.color, wanted @ lab_of_colours(PALETTE), atol=1e-3)


def test_in_the_mood_that_is_expected_the_likeliest_is_not_everything() -> None:
    """Six of ten are expected to be red; chosen place by place nearly all would be."""
    logits = undecided()
    expected = expected_mood(logits, torch.ones(4), PALETTE)
    before, after = (
        np.array(shares(one)) - expected.shares.numpy() for one in (logits, in_mood(logits, PALETTE, expected, REGIONS))
    )
    assert before[RED] > 0.3 and np.abs(after).max() < np.abs(before).max() / 2
