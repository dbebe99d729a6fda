"""Which pages are listed for a person, and in which order."""

import pytest

from comicdata.panels.unsure import UNSURE, all_right, confidences, least_sure, unsure_line
from comicdata.records import Box, Panel


def panel(confidence, kind="panel"):
    return Panel(Box(0, 0, 9, 9), confidence, kind)


def test_the_least_sure_panel_decides_and_lettering_does_not():
    sure = confidences([panel(0.95), panel(0.91), panel(0.1, "text")])
    assert sure == [0.95, 0.91] and least_sure(sure) == 0.91 >= UNSURE
    assert least_sure(confidences([panel(0.95), panel(0.85)])) < UNSURE
    assert least_sure([]) == 1 and least_sure(confidences([panel(0.1, "text")])) == 1


def test_many_doubts_come_before_one():
    assert all_right([0.8] * 4) == pytest.approx(0.4096) and all_right([0.8] * 4) < all_right([0.5, 1.0, 1.0])
    assert all_right([]) == 1


def test_one_line_names_a_few():
    line = unsure_line(["a", "b", "c", "d", "e", "f"], 9, "look")
    assert line == "6 of 9 pages are unsure (a panel below 0.9): a, b, c, d, e, ...; look"
    assert unsure_line(["a"], 2, "look").startswith("1 of 2 pages is unsure")
