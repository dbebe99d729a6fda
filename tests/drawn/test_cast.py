"""Casts of their own: the comic of before stays as it was, a series keeps its looks, no colour is taken for ink."""

from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from scipy.ndimage import label

from comicdata.drawn import CAST, any_cast, draw_episode
from comicdata.drawn.art import Canvas
from comicdata.drawn.cast import any_colour, any_skin
from comicdata.drawn.figures import draw_head
from comicdata.drawn.heads import any_head


def test_without_a_cast_the_comic_is_the_one_of_before_to_the_byte():
    episode = draw_episode(3, 1)
    assert sha256(episode.strip.tobytes()).hexdigest() == (
        "8523ea7fae383d44f6e93833fea8a8850f271dadc7973d22ccec0b536314eeed"
    )


@pytest.mark.parametrize("shapes", [False, True])
def test_a_cast_changes_the_figures_and_nothing_else(shapes):
    plain = draw_episode(3, 1, panels=2)
    other = draw_episode(3, 1, panels=2, cast=any_cast(5, 1, shapes=shapes))
    again = draw_episode(3, 1, panels=2, cast=any_cast(5, 1, shapes=shapes))
    assert (other.strip == again.strip).all()
    assert [one.box for one in other.panels] == [one.box for one in plain.panels]
    for one, two in zip(plain.panels, other.panels, strict=True):
        assert (one.background == two.background).all() != shapes
        both = one.background & two.background
        assert (one.flats[both] == two.flats[both]).all()
        assert (one.flats != two.flats).any(axis=2).mean() > 0.02


def test_every_series_has_a_cast_of_its_own_and_the_heads_of_before_unless_shapes_are_asked_for():
    casts = [any_cast(5, number) for number in range(20)]
    assert len({cast.cat for cast in casts}) == len({cast.people[0].hair for cast in casts}) == 20
    for cast in casts:
        assert [who.head for who in cast.people] == [who.head for who in CAST.people]
        assert len({who.shoes for who in cast.people}) == 1
    outlines = {any_cast(5, number, shapes=True).people[0].head.over[0].outline.tobytes() for number in range(20)}
    assert len(outlines) == 20


def test_no_colour_of_a_cast_is_ink_in_its_shade_neither():
    rng = np.random.default_rng(1)
    colours = [any_colour(rng) for _ in range(300)] + [any_skin(rng) for _ in range(300)]
    assert 0.82 * np.array(colours).mean(axis=1).min() > 80  # the outline takes less than 80 for black


def test_any_head_hangs_together_and_leaves_the_face_free():
    for number in range(40):
        who = replace(CAST.people[0], head=any_head(np.random.default_rng(number)))
        canvas = Canvas(200, 240)
        draw_head(canvas, who, 100, 130, 45, "happy")
        _, flats, background = canvas.finish()
        assert (flats[135:165, 75:125] == who.skin).all(axis=2).mean() > 0.3
        assert label(~background)[1] == 1
