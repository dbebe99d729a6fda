"""The one JSON and the one TOML parser: what is legal comes out as it stands, all else is said with its place."""

import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comicdata.reading.text import DEPTH, UnreadableError, parse_json, parse_toml, plain

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**40), 10**40) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab²\0\"\\", max_size=4), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(VALUES, st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32-le"]))
def test_what_json_can_hold_comes_out_as_it_went_in(value, ascii_only, encoding):
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert parse_json(text) == value == plain(value)
    assert parse_json(f"\n {text}  ".encode(encoding)) == value


@given(st.binary(max_size=60) | st.text('[]{}",:0123456789.eE-+truefalsnNaI\\u \n', max_size=60).map(str.encode))
def test_any_bytes_end_in_a_value_or_in_one_error(data):
    for parse in (parse_json, parse_toml):
        try:
            value = parse(data)
        except UnreadableError as error:
            assert str(error) and "\n" not in str(error)
        else:
            json.dumps(value, default=str, allow_nan=False, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 100_000, "line 1 column 101: nested more than 100 deep"),
        ('{"a":' * 100_000, "nested more than 100 deep"),
        ("[" * (DEPTH + 1) + "]" * (DEPTH + 1), "line 1 column 101: nested more than 100 deep"),
        ('["[[[[",\n' + '{"a": [' * 60 + "1" + "]}" * 60 + "]", "line 2 column 350: nested more than 100 deep"),
        ('{"a": "NaN",\n "b": NaN}', "line 2 column 7: NaN is no number"),
        ("[1, -Infinity]", "line 1 column 5: -Infinity is no number"),
        ("[1e400]", "line 1 column 2: 1e400 is no number"),
        ("[\n\n -1" + "0" * 4999 + "]", "line 3 column 2: -10000000000... (5001 characters) is no number"),
        ("[0." + "3" * 5000 + "]", "is no number"),
        ('{"a": 1', "line 1 column 8"),
        ('{"a": 1,}', "line 1"),
        ("[1] [2]", "Extra data: line 1 column 5"),
        ("[²]", "line 1 column 2"),
        ("[0x1f]", "line 1"),
        ("", "line 1 column 1"),
        (b'["\xed\xa0\x80"]', "no utf-8 text at byte 2"),
        (b'["\xff"]', "no utf-8 text at byte 2"),
        ('["a\0b"]', "control character"),
    ],
)
def test_what_is_no_json_is_said_with_its_place(text, words):
    with pytest.raises(UnreadableError) as caught:
        parse_json(text)
    assert words in str(caught.value) and len(str(caught.value)) < 120


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[" * 50 + "1" + "]" * 50, None),
        ("[" * DEPTH + "]" * DEPTH, None),
        ("[" + ",".join(["[]"] * 5000) + "]", [[]] * 5000),  # many, not deep
        (json.dumps("[" * 5000), "[" * 5000),
        ('{"id": "' + "9" * 5000 + '"}', {"id": "9" * 5000}),  # digits as text
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("[1e308, 1E-400, -0.0, 1e+2]", [1e308, 0.0, 0.0, 100.0]),
        ('["NaN", "1e400", "²"]', ["NaN", "1e400", "²"]),
        ('{"a": 1, "a": 2, "": 3}', {"a": 2, "": 3}),
        ('"\\u0000 \\ud83d\\ude00"', "\0 😀"),
        ('{"\\ud800": ["a\\udfffb", "\\\\ud800"]}', {"\ufffd": ["a\ufffdb", "\\ud800"]}),
    ],
)
def test_what_is_legal_passes(text, value):
    expected = json.loads(text) if value is None else value
    assert parse_json(text) == parse_json(text.encode()) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"color": "#fff",\n "color": "#000"}', "line 2 column 2: 'color' stands there twice"),
        ('[{"a": {"b": ":", "c": [1]}, "b": "a"}, {"a": 0, "\\u0061": 0}]', "line 1 column 50: 'a' stands there twice"),
        ('{"a": {"b": 1, "b": 2}, "a": 1}', "line 1 column 16: 'b' stands there twice"),
        ("{" + ",".join(f'"{"k" * 500}": {n}' for n in (1, 2)) + "}", "kkk' stands there twice"),
    ],
)
def test_of_what_a_person_wrote_no_key_is_lost(text, words):
    with pytest.raises(UnreadableError) as caught:
        parse_json(text, by_hand=True)
    assert words in str(caught.value) and len(str(caught.value)) < 120
    assert parse_json(text) == json.loads(text)
    assert parse_json('[{"a": 1, "b": {"a": 1}}, {"a": "b"}]', by_hand=True) == [{"a": 1, "b": {"a": 1}}, {"a": "b"}]


def test_more_than_was_allowed_is_not_read():
    assert parse_json(b"[1234]", 6) == [1234]
    with pytest.raises(UnreadableError, match="larger than"):
        parse_json(b"[12345]", 6)
    with pytest.raises(UnreadableError, match="larger than 1 MB"):
        parse_toml("# " + "x" * 1_000_000)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = " + "[" * 50_000, "nested more than 100 deep"),
        ("a = " + "[" * 150 + "]" * 150, "nested more than 100 deep"),
        ("a = " + "{a = " * 150 + "1" + "}" * 150, "nested more than 100 deep"),
        (f"{'a.' * 300_000}a = 1", "a name of more than 100 parts"),
        (f"[{'a.' * 300}a]", "a name of more than 100 parts"),
        (f"b = {{{'a.' * 300}a = 1}}", "a name of more than 100 parts"),
        ("[a]\nb = [1, nan]", "a.b.2: no number"),
        ("b = -inf", "b: no number"),
        ("b = 1e400", "b: no number"),
        (f"b = {'9' * 5000}", "limit"),
        (f"b = {'9' * 500}", "b: no number"),
        ("b = ²", "line 1"),
        ("b = 1\nb = 2\n", "Cannot overwrite"),
        (b"b = '\xff'", "no UTF-8 text at byte 5"),
    ],
)
def test_what_is_no_toml_is_said(text, words):
    with pytest.raises(UnreadableError) as caught:
        parse_toml(text)
    assert words in str(caught.value) and len(str(caught.value)) < 150


@pytest.mark.parametrize(
    "text",
    [
        "# a note\n[site]\nname = 'x' # behind it\r\n",
        "note = '" + "and so on ... " * 100 + "'",
        "a.b.c.d = 1\n[x.y]\nz = 1_000\nhex = 0x1f\nbig = 9223372036854775807",
        "a = [[[[[1], [2.5]]]]]\nb = {c = {d = true}}\n[[e]]\n[[e]]",
        'a = """\n= . . . .\n' + ". " * 200 + '\n"""',
    ],
)
def test_what_people_write_in_toml_passes(text):
    assert parse_toml(text) == parse_toml(b"\xef\xbb\xbf" + text.encode()) == tomllib.loads(text)
