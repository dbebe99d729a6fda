"""The drawn comic: deterministic, true to its own truth, and a web site that a crawler can read."""

import json
import re

import numpy as np
import pytest

from comicdata.drawn import cut_slices, draw_episode, write_site
from comicdata.drawn.cast import CAST
from comicdata.errors import UsageError
from comicdata.images import decode


@pytest.fixture(scope="module")
def episode():
    return draw_episode(3, 1)


def test_same_seed_same_bytes_other_seed_other_bytes(episode):
    assert (draw_episode(3, 1).strip == episode.strip).all()
    other = draw_episode(4, 1).strip
    assert other.shape != episode.strip.shape or (other != episode.strip).any()


def test_panels_lie_in_order_inside_the_strip_and_apart(episode):
    height, width = episode.strip.shape[:2]
    for panel in episode.panels:
        assert panel.box.x0 >= 0 and panel.box.x1 <= width and panel.box.y1 <= height
    for upper, lower in zip(episode.panels, episode.panels[1:], strict=False):
        gap = episode.strip[upper.box.y1 : lower.box.y0]
        assert len(gap) >= 50 and (gap[0] == gap[0, 0]).all()


def test_truth_has_the_shape_of_its_panel(episode):
    for panel in episode.panels:
        shape = (panel.box.height, panel.box.width)
        assert panel.background.shape == shape and panel.flats.shape == (*shape, 3)
        assert 0.2 < panel.background.mean() < 0.95


def test_a_flat_background_is_one_colour_in_picture_and_flats():
    flat = [
        (episode, panel)
        for episode in (draw_episode(3, number) for number in (1, 2))
        for panel in episode.panels
        if panel.background_kind == "flat"
    ]
    assert flat
    for episode, panel in flat:
        box = panel.box
        picture = episode.strip[box.y0 : box.y1, box.x0 : box.x1]
        assert np.ptp(picture[panel.background].astype(int), axis=0).max() <= 2  # rounding of the area mean
        assert len(np.unique(panel.flats[panel.background], axis=0)) == 1


def test_the_cast_keeps_its_colours_and_backgrounds_do_not():
    episodes = [draw_episode(3, number) for number in range(1, 6)]
    fixed = {who.hair for who in CAST.people} | {who.top for who in CAST.people} | {CAST.cat}
    for colour in fixed:
        seen = [any((panel.flats == colour).all(axis=2).any() for panel in episode.panels) for episode in episodes]
        assert sum(seen) >= 2, colour
    backgrounds = {tuple(panel.flats[panel.background][0]) for episode in episodes for panel in episode.panels}
    assert len(backgrounds) >= 15


def test_fills_are_brighter_than_the_black_of_the_outline(episode):
    for panel in episode.panels:
        assert (panel.flats.mean(axis=2) < 80).mean() < 0.05


def test_slices_stack_to_the_strip_and_cut_through_panels(episode):
    slices = cut_slices(episode.strip, 1)
    assert (np.concatenate(slices) == episode.strip).all()
    borders = np.cumsum([len(one) for one in slices])[:-1]
    assert any(panel.box.y0 < border < panel.box.y1 for panel in episode.panels for border in borders)


def test_the_site_holds_what_its_pages_link_to(tmp_path):
    write_site(tmp_path, seed=3, episodes=2, panels=2)
    links = re.findall(r'href="([^"]+)"', (tmp_path / "index.html").read_text())
    assert len(links) == 2
    for link in links:
        page = tmp_path / link
        pictures = re.findall(r'data-url="([^"]+)"', page.read_text())
        stacked = np.concatenate([decode((page.parent / one).read_bytes(), one) for one in pictures])
        truth = json.loads((tmp_path / "truth.json").read_text())
        number = int(page.parent.name)
        drawn = draw_episode(3, number, panels=2)
        assert truth[f"e{number:03d}"] == [panel.box.as_list() for panel in drawn.panels]
        assert np.abs(stacked.astype(int) - drawn.strip).mean() < 3


@pytest.mark.parametrize("options", [{"panels": 0}, {"width": 100}])
def test_impossible_episodes_are_refused(options):
    with pytest.raises(UsageError):
        draw_episode(0, 1, **options)
