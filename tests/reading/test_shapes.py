"""Shapes: true is no number, text is none, nothing is lost on the way, and the first fault has its place."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, NotRequired, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comicdata.errors import IntegrityError
from comicdata.reading.numbers import whole_number
from comicdata.reading.shapes import MisshapenError, of_shape, shaped
from comicdata.reading.text import plain
from comicdata.records import EpisodeRecord, ImageRecord, Licence

NAME = st.text(max_size=8)
WHOLE = st.integers(0, 2**63 - 1)
IMAGES = st.builds(ImageRecord, NAME, NAME, WHOLE, WHOLE, WHOLE, NAME)
RECORDS = st.builds(
    EpisodeRecord,
    *(NAME, NAME, NAME, NAME, NAME, st.sampled_from(["ok", "partial"]), NAME),
    st.lists(IMAGES, max_size=3).map(tuple),
    missing=st.lists(st.tuples(NAME, NAME), max_size=2).map(tuple),
    licence=st.builds(Licence, NAME, NAME),
)


class Row(TypedDict):
    n: int
    share: NotRequired[float]
    kind: NotRequired[Literal["a", "b"]]
    best: NotRequired[int | None]
    named: NotRequired[dict[str, list[str]]]


@given(RECORDS)
def test_a_record_comes_back_from_what_was_written_of_it(record):
    assert of_shape(EpisodeRecord, plain(asdict(record))) == record


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "an object is expected, not a list"),
        (None, "an object is expected, not null"),
        ({}, "n: missing"),
        ({"n": True}, "n: a whole number is expected, not true"),
        ({"n": "5"}, "n: a whole number is expected, not '5'"),
        ({"n": 5.0}, "n: a whole number is expected, not 5.0"),
        ({"n": 2**63}, "n: a whole number"),
        ({"n": 1, "share": float("nan")}, "share: a number is expected, not nan"),
        ({"n": 1, "share": False}, "share: a number is expected, not false"),
        ({"n": 1, "kind": "c"}, "kind: one of a, b is expected, not 'c'"),
        ({"n": 1, "kind": ["a"]}, "kind: one of a, b is expected, not a list"),
        ({"n": 1, "best": "x"}, "best: a whole number"),
        ({"n": 1, "named": {"x": ["a", None]}}, "named.x.2: a text is expected, not null"),
        ({"n": 1, "named": []}, "named: an object is expected"),
    ],
)
def test_the_first_fault_is_named_by_its_place(value, words):
    with pytest.raises(IntegrityError) as caught:
        shaped(Row, value, "x.json:3", "write it anew")
    assert str(caught.value).startswith("x.json:3: ") and str(caught.value).endswith("; write it anew")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        {"n": 2**63 - 1, "share": 1, "best": None},
        {"n": -5, "kind": "b", "named": {"": []}},
        {"n": 0, "later": {"of": ["another", "version"]}},
    ],
)
def test_what_fits_passes_and_what_is_unknown_stays(value):
    assert of_shape(Row, value) == value


@dataclass(frozen=True)
class Inner:
    box: tuple[int, int]


@dataclass(frozen=True)
class Outer:
    inner: tuple[Inner, ...] = ()
    anything: Any = None


def test_records_inside_records_and_lists_of_a_fixed_length():
    made = of_shape(Outer, {"inner": [{"box": [1, 2]}, {"box": (3, 4)}], "anything": {"x": None}, "unknown": 1})
    assert made == Outer((Inner((1, 2)), Inner((3, 4))), {"x": None})
    for box, words in (([1], "of 1"), ([1, 2, 3], "of 3"), ([1, None], r"inner\.1\.box\.2"), ("12", "a list")):
        with pytest.raises(MisshapenError, match=words):
            of_shape(Outer, {"inner": [{"box": box}]})


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *(("7", 7), ("007", 7), (7, 7), ("0", 0), ("123456789", 123456789)),
        *(
            ("²", None),
            ("٣", None),
            ("１２", None),
            ("", None),
            ("-1", None),
            ("+1", None),
            (" 1", None),
            ("1_0", None),
        ),
        *((True, None), (None, None), (1.0, None), ("1234567890", None), ("1\n", None), ([1], None), (-3, None)),
    ],
)
def test_whole_numbers_are_plain_digits(value, number):
    assert whole_number(value) == number
    assert whole_number("1234567890", 10) == 1234567890
