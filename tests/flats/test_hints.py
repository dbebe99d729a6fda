"""Hints beyond dots: strokes and areas in JSON, painted layers."""

import json
from pathlib import Path

import numpy as np
import pytest

from comicdata.errors import UsageError
from comicdata.flats.hints import Area, Hint, Stroke, hints_of_layer, paint_hints, read_hints

RED = (255, 0, 0)


def read(place: Path, *entries: object) -> object:
    (place / "hints.json").write_text(json.dumps(entries))
    return read_hints(place / "hints.json")


def test_dots_strokes_and_areas_are_read(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {"x": 1, "y": 2, "radius": 3, "color": "#ff0000"},
        {"points": [[1, 2], [3.5, 4]], "radius": 2, "color": "#ff0000"},
        {"polygon": [[0, 0], [9, 0], [9, 9]], "color": "#ff0000"},
    )
    assert found == [
        Hint(1, 2, 3, RED),
        Stroke(((1, 2), (3.5, 4)), 2, RED),
        Area(((0, 0), (9, 0), (9, 9)), RED),
    ]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"points": [], "radius": 2, "color": "#ff0000"}, r"has points as a list of \[x, y\], 1 or more"),
        ({"points": [[1, 2, 3]], "radius": 2, "color": "#ff0000"}, "has points"),
        ({"points": [[1, -2]], "radius": 2, "color": "#ff0000"}, "has points"),
        ({"points": [[1, 2]], "radius": "2", "color": "#ff0000"}, "has x, y and radius as numbers"),
        ({"polygon": [[1, 2], [3, 4]], "color": "#ff0000"}, "has polygon as a list .* 3 or more"),
        ({"polygon": [[1, 2], [3, 4], [5, 6]], "radius": 1, "color": "#ff0000"}, "has exactly"),
        ({"polygon": [[1, 2], [3, 4], [5, 6]], "color": "red"}, "has a color like"),
    ],
)
def test_what_is_no_hint_is_refused_with_its_number(tmp_path: Path, entry: object, said: str) -> None:
    with pytest.raises(UsageError, match=f"hint 1: .*; a hint {said}"):
        read(tmp_path, entry)


def test_strokes_and_areas_are_painted_and_moved() -> None:
    stroke, area = Stroke(((2, 2), (12, 2)), 1, RED), Area(((0, 10), (10, 10), (10, 15), (0, 15)), (0, 0, 255))
    drawn = paint_hints([stroke, area], 20, 20)
    assert drawn[2, 2:13, 3].all() and not drawn[5, :, 3].any() and drawn[12, 5].tolist() == [0, 0, 255, 255]
    assert stroke.moved(1, 2) == Stroke(((3, 4), (13, 4)), 1, RED) and (area.moved(1, 2).x, area.moved(1, 2).y) == (
        1,
        12,
    )


def test_a_layer_means_what_it_covers_by_half_or_more() -> None:
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0] = (*RED, 128), (*RED, 127)
    rgba[1, 1] = 0, 0, 0, 255
    hints = hints_of_layer(rgba)
    assert hints.tolist() == [[[255, 0, 0, 255], [0, 0, 0, 0]], [[0, 0, 0, 0], [0, 0, 0, 255]]]
