"""Errors and differences against numbers worked out by hand and by numpy."""

import math

import numpy as np
import pytest

from comicdata.errors import UsageError
from comicdata.models.evaluate.differences import differences, estimate, standard_errors
from comicdata.models.evaluate.scores import Panel, Scores


def windows(l1: list[float], made: list[float], true: list[float], panels: str) -> list[Panel]:
    """One window each, of the panels named by the letters."""
    return [
        Panel(f"w{at}", Scores({"all": {"l1": value, "psnr": math.inf}}, (own, other), math.nan), {}, name)
        for at, (value, own, other, name) in enumerate(zip(l1, made, true, panels, strict=True))
    ]


def test_one_window_a_panel_is_the_textbook() -> None:
    """Mean 3; deviations -2, -1, 0, 3; their squares 14; 14 / 3 / 4 under the root."""
    assert estimate([(1.0, 1.0), (2.0, 1.0), (3.0, 1.0), (6.0, 1.0)], "abcd") == (3, pytest.approx(math.sqrt(14 / 12)))
    values = np.random.default_rng(1).normal(size=50)
    mean, error = estimate([(value, 1.0) for value in values], [str(at) for at in range(50)])  # type: ignore[misc]
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(values.std(ddof=1) / math.sqrt(50))


def test_windows_of_one_panel_stand_together() -> None:
    """a: 1 and 3, b: 5. Mean 3; sums of deviations -2 and 2; sqrt((4 + 4) * 2 / 1) / 3."""
    parts = [(1.0, 1.0), (3.0, 1.0), (5.0, 1.0)]
    assert estimate(parts, "aab") == (3, pytest.approx(4 / 3))
    twice = [(value, 1.0) for value in (1.0, 1.0, 2.0, 2.0, 6.0, 6.0)]  # every window twice tells nothing new
    assert estimate(twice, "aabbcc") == pytest.approx(estimate(twice[::2], "abc"))
    assert estimate(parts, "aaa") == (3, None)


def test_a_ratio_of_sums() -> None:
    """3 and 1 over 4 and 4: a half; deviations 1 and -1; sqrt(2 * 2) / 8."""
    assert estimate([(3.0, 4.0), (1.0, 4.0)], "ab") == (0.5, pytest.approx(0.25))
    random = np.random.default_rng(2)
    true = random.uniform(20, 60, 400)
    made = 0.6 * true + random.normal(0, 5, 400)
    ratio, error = estimate(list(zip(made, true, strict=True)), [str(at) for at in range(400)])  # type: ignore[misc]
    drawn = random.integers(0, 400, (4000, 400))
    again = made[drawn].sum(axis=1) / true[drawn].sum(axis=1)  # the bootstrap
    assert ratio == pytest.approx(made.sum() / true.sum())
    assert error == pytest.approx(again.std(), rel=0.1)


def test_what_is_no_number_is_left_out() -> None:
    assert estimate([(math.nan, 1.0), (math.inf, 1.0), (2.0, 1.0), (4.0, 1.0)], "abcd") == (3, pytest.approx(1))
    assert estimate([(math.nan, 1.0)], "a") is None
    assert estimate([(2.0, 0.0), (3.0, 0.0)], "ab") is None
    assert estimate([], "") is None


def test_the_difference_is_paired() -> None:
    """Panels differ by much and runs by little: 0.1, 0.3 and 0.2 apart, so 0.2 with 0.1 / sqrt(3)."""
    one = windows([1.0, 5.0, 9.0], [2, 4, 6], [4, 4, 8], "abc")
    other = windows([1.1, 5.3, 9.2], [3, 4, 7], [4, 4, 8], "abc")
    found = differences(one, other)
    assert found["l1"] == {"mean": pytest.approx(0.2), "error": pytest.approx(0.1 / math.sqrt(3))}
    assert standard_errors(one)["l1"] == pytest.approx(4 / math.sqrt(3))
    assert found["colourfulness_ratio"]["mean"] == pytest.approx(14 / 16 - 12 / 16)
    # gains 1, 0, 1 over 4, 4, 8: an eighth; deviations 1/2, -1/2, 0
    assert found["colourfulness_ratio"]["error"] == pytest.approx(math.sqrt(0.5 * 3 / 2) / 16)
    assert "psnr" not in found and "background_consistency" not in found  # no window has a number
    assert {figure: value["mean"] for figure, value in differences(one, one).items()} == {
        "l1": 0,
        "colourfulness_ratio": 0,
    }


def test_other_windows_are_refused() -> None:
    one = windows([1.0, 2.0], [1, 1], [1, 1], "ab")
    with pytest.raises(UsageError, match="not measured on the same windows"):
        differences(one, one[:1])
