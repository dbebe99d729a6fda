"""What only steers is shown as what it is; what people write in any script stays."""

import json

import pytest

from comicdata.outputs.escapes import for_html, for_json, for_markdown, visible

STEERING = {
    "\x1b[2J": "\\x1b[2J",
    "\x9b31m": "\\x9b31m",
    "a\rb\nc": "a\\x0db\\x0ac",
    "\x00\x07": "\\x00\\x07",
    "\u202egnp.exe": "\\u202egnp.exe",
    "\u2066x\u2069": "\\u2066x\\u2069",
    "\udcff.png": "\\udcff.png",
    "a\u2028b": "a\\u2028b",
}
PLAIN = [
    "Ordinary, with: signs!",
    "무지개 1화",
    "אבג \u200f12",
    "👩\u200d🎨",
    "می\u200cخواهم",
    "[bold]x[/bold] :smile:",
    "e\u0301",
]


@pytest.mark.parametrize(("text", "shown"), STEERING.items())
def test_what_steers_is_shown(text, shown):
    assert visible(text) == shown
    assert visible(visible(text)) == shown


@pytest.mark.parametrize("text", PLAIN)
def test_what_people_write_stays(text):
    assert visible(text) == text and json.loads(for_json(text)) == text


@pytest.mark.parametrize("text", [text for text in STEERING if "\udcff" not in text])
def test_json_has_the_same_value_and_steers_nothing(text):
    line = for_json({"title": text})
    assert json.loads(line) == {"title": text}
    assert line.isprintable()


def test_json_of_a_name_that_is_no_utf_8_can_be_printed():
    assert for_json("\udcff").encode() == b'"\\udcff"'


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("\" onload='x' &lt;", "&quot; onload=&#x27;x&#x27; &amp;lt;"),
        ("\x1b[2J\u202e", "\\x1b[2J\\u202e"),
        ("two\nlines", "two\nlines"),
        (7, "7"),
    ],
)
def test_html(text, shown):
    assert for_html(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b", r"a \| b"),
        ("[x](javascript:1) ![y](z)", r"\[x\](javascript:1) !\[y\](z)"),
        ("<img src=x>`code`", "&lt;img src=x>\\`code\\`"),
        ("one\n# two", "one # two"),
        ("low_ink & more * 2", "low_ink & more * 2"),
    ],
)
def test_markdown(text, shown):
    assert for_markdown(text) == shown
