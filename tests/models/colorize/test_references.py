"""References: what is kept of a coloured panel, which of them a drawing looks at, and what it takes over."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_runs import save_run

from comicdata.errors import PictureError, UsageError
from comicdata.flats.hints import Hint
from comicdata.images import Image
from comicdata.models.colorize import PaletteColorizer, Wishes, load_colorizer
from comicdata.models.colorize.pages import references_of
from comicdata.models.colorize.reference_files import read_references, reference_bytes
from comicdata.models.colorize.references import (
    AGREEING,
    MOST,
    READIER,
    REMEMBERED,
    SHARPER,
    Reference,
    answers_of,
    likest,
    places_of,
    with_answers,
)
from comicdata.models.evaluate import evaluate
from comicdata.models.networks.pointer import Pointer

RED, BLUE, SAND = (220, 40, 40), (40, 60, 220), (230, 200, 140)


@pytest.fixture(scope="module")
def colorizer(tmp_path_factory: pytest.TempPathFactory) -> PaletteColorizer:
    """Untrained: what holds, holds whatever the network says."""
    run = save_run(
        tmp_path_factory.mktemp("runs") / "references", width=8, colors=4, references=True, mutual=True, key=16
    )
    found = load_colorizer(run)
    assert isinstance(found, PaletteColorizer)
    return found


def panel(shift: int = 0) -> tuple[Image, Image]:
    """A blue square and a red one on sand, with their line art, (96, 96)."""
    color, outline = np.full((96, 96, 3), SAND, np.uint8), np.full((96, 96), 255, np.uint8)
    for left, fill in ((8 + shift, RED), (52, BLUE)):
        outline[19:61, left - 1 : left + 33] = 0
        outline[20:60, left : left + 32] = 255
        color[20:60, left : left + 32] = fill
    color[outline == 0] = 0
    return color, outline


def test_what_is_kept_has_the_colours_off_the_lines_small_regions_among_them(colorizer: PaletteColorizer) -> None:
    kept = colorizer.reference(*panel())
    assert {*map(tuple, kept.colors.tolist())} == {RED, BLUE, SAND}
    assert kept.keys.shape == (len(kept.colors), 16) and len(kept.colors) <= 384
    np.testing.assert_allclose(np.linalg.norm(kept.keys.astype(np.float32), axis=1), 1, atol=2e-3)


def test_what_is_kept_says_where_on_the_page_it_lay(colorizer: PaletteColorizer) -> None:
    """Two panels beside each other: each place has its colour in the page, and each square is a region of its own."""
    page = np.full((140, 300, 3), 255, np.uint8)
    for left in (20, 180):
        page[18:118, left - 2 : left + 98] = 0
        page[20:116, left : left + 96] = panel()[0]
    found = references_of(colorizer, page)
    assert len(found) == 2
    for one in found:
        x, y, region = one.spots.T
        assert (page[y, x] == one.colors).all()
        red, blue = ({*region[(one.colors == color).all(axis=1)].tolist()} for color in (RED, BLUE))
        assert len(red) == len(blue) == 1 and red != blue
    assert found[0].spots[:, 0].max() < 150 < found[1].spots[:, 0].min()


def test_a_drawing_takes_over_the_references_own_colours_to_the_bit(colorizer: PaletteColorizer) -> None:
    made = colorizer.paint(panel(5)[1], Wishes(references=[colorizer.reference(*panel())], style="flats"))[0]
    assert {*map(tuple, np.unique(made.color.reshape(-1, 3), axis=0).tolist())} <= {RED, BLUE, SAND}


def test_hints_win_over_references(colorizer: PaletteColorizer) -> None:
    _, outline = panel(5)
    wishes = Wishes(references=[colorizer.reference(*panel())], hints=[Hint(65, 40, 3, (1, 200, 2))], style="flats")
    assert colorizer.paint(outline, wishes)[0].color[30, 60].tolist() == [1, 200, 2]


SPOTS = np.array([[100, 100, 1], [100, 100, 1], [200, 200, 2]], np.int32)


def test_chances_are_shared_out_between_hints_references_and_the_palette() -> None:
    """By the formula: of what hints leave, references have their part, and the palette what those leave. Of the three
    places of each reference two lie together.
    """
    torch.manual_seed(1)
    near = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 2]]) / 2
    pointer = Pointer(8, 0, 8, mutual=True)
    keys = torch.nn.functional.normalize(torch.randn(6, 8), dim=1).numpy().astype(np.float16)
    shown = [
        Reference(keys[:3], np.array([RED, RED, BLUE], np.uint8), 0, SPOTS),
        Reference(keys[3:], np.array([BLUE] * 3, np.uint8), 1, SPOTS),
    ]
    query, null = torch.nn.functional.normalize(torch.randn(2, 3, 8), dim=2), 10 + 5 * torch.randn(2, 3)
    chances = torch.rand(5, 2, 3).softmax(dim=0)  # four of the palette, and what hints spread
    with torch.no_grad():
        answers, colors = answers_of((query, null), pointer, shown)
        made = with_answers(chances, answers, copies=True)
    assert {*map(tuple, colors.tolist())} == {RED, BLUE} and made.shape == (7, 2, 3)
    alike = SHARPER * 20 * (query.numpy() @ keys.astype(np.float32).T)
    left = 1 / (1 + np.exp(alike.max(axis=2) - SHARPER * (null.numpy() - READIER)))
    first = np.exp(alike) / np.exp(alike).sum(axis=2, keepdims=True)
    around = first.sum(axis=(0, 1)).reshape(2, 3) @ near.T  # all places of so small a drawing lie in one block
    taken = np.exp(alike) * around.ravel() ** AGREEING
    taken *= (1 - left[..., None]) / taken.sum(axis=2, keepdims=True)
    hinted = chances[-1].numpy()
    np.testing.assert_allclose(made.sum(dim=0), 1, rtol=1e-5)
    np.testing.assert_allclose(made[-1], hinted, rtol=1e-5)
    np.testing.assert_allclose(made[:4], chances[:4].numpy() * left, rtol=1e-3, atol=1e-7)
    red = colors.tolist().index([*RED])
    np.testing.assert_allclose(made[4 + red], (1 - hinted) * taken[..., :2].sum(axis=2), rtol=1e-3, atol=1e-7)


def test_a_body_has_its_colour_from_whom_the_head_above_it_is_like() -> None:
    """Two figures stand side by side in a reference, with the same body; the head tells which of them is drawn."""
    pointer = Pointer(8, 0, 8, mutual=True)
    left, right, body = np.eye(8, dtype=np.float16)[:3]
    spots = np.array([[50, 100, 1], [50, 140, 2], [450, 100, 3], [450, 140, 4], [0, 0, 5], [500, 500, 5]], np.int32)
    colors = np.array([SAND, RED, SAND, BLUE, SAND, SAND], np.uint8)
    shown = [Reference(np.stack([left, body, right, body, *np.eye(8, dtype=np.float16)[4:6]]), colors, 0, spots)]
    for head, expected in ((left, RED), (right, BLUE)):
        query = torch.from_numpy(np.stack([head, body]).astype(np.float32))[:, None]
        with torch.no_grad():
            answers, found = answers_of((query, torch.full((2, 1), -20.0)), pointer, shown)
        assert tuple(found[int(answers[:-1, 1, 0].argmax())]) == expected
        assert (
            0.75 < float(answers[:-1, 1, 0].max()) < 0.9
        )  # 3 answers against 1, squared, were all of them in one place


def test_those_are_looked_at_that_answer_most_together() -> None:
    """One answers the first question, a second the other, others neither; what is remembered comes last."""
    query = torch.eye(4)[:2]
    keys = np.eye(4, dtype=np.float16)
    of = [Reference(keys[[at]], np.zeros((1, 3), np.uint8), at) for at in (2, 0, 3, 2, 3, 2, 1)]
    chosen = [one.look for one in likest(query, of, [])]
    assert (len(chosen) == MOST and {*chosen[:2]} == {0, 1}) or {*chosen[:2]} == {1, 6}
    both = likest(query, of[:1], of)
    assert both[0] is of[0] and len(both) == 1 + REMEMBERED and {id(one) for one in both[1:]} == {id(of[1]), id(of[6])}
    assert len(likest(query, [], of)) == MOST


def test_near_copies_of_the_drawing_itself_are_left_out_unless_they_are_wished_for(colorizer: PaletteColorizer) -> None:
    color, outline = panel()
    wishes = Wishes(references=[colorizer.reference(color, outline)], style="flats")
    plain = colorizer.paint(outline, Wishes(style="flats"))[0]
    assert (colorizer.paint(outline, wishes)[0].color == plain.color).all()
    made = colorizer.paint(outline, replace(wishes, near_copies=True))[0]
    assert {*map(tuple, np.unique(made.color.reshape(-1, 3), axis=0).tolist())} <= {RED, BLUE, SAND}


def test_a_run_without_them_says_so(tmp_path: Path, colorizer: PaletteColorizer) -> None:
    other = load_colorizer(save_run(tmp_path / "run", width=8, colors=4))
    with pytest.raises(UsageError, match="knows nothing of --reference; train palette on pairs of 20 series"):
        other.paint(panel()[1], Wishes(references=[colorizer.reference(*panel())]))


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (np.full((1, 1, 3), 9, np.uint8), "1x1 pixels are too small"),
        (np.full((40, 40, 3), RED, np.uint8), "one colour, #dc2828, all over"),
        (np.random.default_rng(0).integers(0, 255, (40, 40, 1), np.uint8).repeat(3, axis=2), "black and white"),
    ],
)
def test_what_is_no_reference(colorizer: PaletteColorizer, picture: Image, why: str) -> None:
    with pytest.raises(PictureError, match=why):
        references_of(colorizer, picture)


def test_what_is_kept_comes_back_from_disk_for_the_same_weights_alone(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    kept = [
        Reference(
            random.random((count, 8)).astype(np.float16),
            random.integers(0, 256, (count, 3), np.uint8),
            2**63 + count,
            random.integers(0, 900, (count, 3), np.int32),
        )
        for count in (3, 0, 5)
    ]
    path = tmp_path / "p01.keys"
    path.write_bytes(reference_bytes(kept, "run", ["local/one"]))
    found = read_references(path, "run")
    assert [one.look for one in found] == [one.look for one in kept]
    for one, other in zip(found, kept, strict=True):
        assert all((getattr(one, part) == getattr(other, part)).all() for part in ("keys", "colors", "spots"))
    assert read_references(path, "another") == [] == read_references(tmp_path / "none", "run")
    path.write_bytes(path.read_bytes()[:-40])
    assert read_references(path, "run") == []


def test_places_are_the_same_for_the_same_drawing_and_never_ink() -> None:
    outline = panel()[1]
    places = places_of(outline, 100)
    assert (places == places_of(outline.copy(), 100)).all() and len({*places.tolist()}) == 100
    cells = outline.reshape(24, 4, 24, 4).max(axis=(1, 3)).ravel()
    assert (cells[places] == 255).all()
    assert not len(places_of(np.zeros((40, 40), np.uint8), 100))


def test_evaluate_says_what_references_are_worth(make: Callable[..., Path], tmp_path: Path) -> None:
    """By the names of the contract; a series with too few panels has no row for more, and one alone no other."""
    pairs = make(tmp_path / "pairs", train=2, validation=0, test=6, series=lambda number: f"s{number // 4}")
    run = save_run(tmp_path / "run", width=8, colors=4, references=True, mutual=True, key=16)
    found = evaluate(load_colorizer(run), pairs, "test", hints=False).document["references"]
    assert list(found) == ["windows", "0", "1", "3", "5", "other", "truth"] and found["windows"] == 6
    assert found["5"] is None and found["0"]["reachable"] is None
    assert found["truth"]["reachable"]["off_line"]["de2000"] <= found["truth"]["off_line"]["de2000"] + 1
    assert found["truth"]["off_line"]["de2000"] < found["0"]["off_line"]["de2000"]
    assert (
        evaluate(load_colorizer(run), pairs, "test", hints=False, references=False).document.get("references") is None
    )
